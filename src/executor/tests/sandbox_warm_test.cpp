// Sandboxes made ahead of time: a run in one must look like a run in one that was made for it.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <thread>

#include "sandbox_fixture.hpp"
#include "warm_program.hpp"

namespace ec::executor {
namespace {

using testing::SandboxTest;
using Words = std::vector<std::string>;

class SandboxWarm : public SandboxTest {
protected:
    void SetUp() override {
        open();
        SandboxOptions options;
        options.workspace = root();
        options.box = testing::box_program();
        options.warm_python = 1;
        options.warm_node = 1;
        auto opened = open_sandbox(options);
        ASSERT_TRUE(opened) << opened.error().message;
        warm_ = std::move(*opened);
    }

    RunResult run_warm(const RunSpec& spec) {
        EXPECT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
        auto result = warm_->run(spec);
        if (!result) {
            ADD_FAILURE() << result.error().message;
            return {};
        }
        EXPECT_TRUE(result->warm) << spec.argv.front();
        return std::move(*result);
    }
    RunResult run_warm(Words argv) {
        RunSpec spec;
        spec.argv = std::move(argv);
        return run_warm(spec);
    }

    void expect_same(const RunSpec& spec) {
        const RunResult cold = run(spec);
        const RunResult warm = run_warm(spec);
        const std::string name =
            spec.argv.front() + " " + spec.argv.at(1) + (spec.argv.size() > 2 ? " " + spec.argv[2] : "");
        EXPECT_FALSE(cold.warm);
        EXPECT_EQ(warm.status, cold.status) << name << "\n" << warm.err;
        EXPECT_EQ(warm.exit_code, cold.exit_code) << name;
        EXPECT_EQ(warm.signal, cold.signal) << name;
        EXPECT_EQ(warm.out, cold.out) << name;
        EXPECT_EQ(warm.err, cold.err) << name;
        EXPECT_EQ(paths(warm), paths(cold)) << name;
        EXPECT_EQ(warm.tier, cold.tier) << name;
    }
    void expect_same(Words argv) {
        RunSpec spec;
        spec.argv = std::move(argv);
        expect_same(spec);
    }

    static bool have_node() {
        return ::access("/usr/bin/node", X_OK) == 0 || ::access("/usr/local/bin/node", X_OK) == 0;
    }

    std::unique_ptr<Sandbox> warm_;
};

TEST_F(SandboxWarm, PythonBehavesAsOneThatWasStartedForTheRun) {
    write("pkg/__init__.py", "");
    write("pkg/__main__.py", "import sys; print(sys.argv[1:], __name__, __package__, __spec__.name)");
    write("pkg/part.py", "value = 7");
    write("script.py",
          "import os, sys, pkg.part\n"
          "print(sys.argv, sys.path[0], __name__, __file__, __package__, __spec__, type(__loader__).__name__)\n"
          "print(pkg.part.value, os.getcwd(), sorted(k for k in globals() if k != 'pkg'))\n");
    write("fails.py", "import sys\ndef f():\n    raise ValueError('no')\nprint('before')\nf()\n");
    write("bad.py", "x = = 1\n");
    write("latin.py", "# -*- coding: latin-1 -*-\nprint(len('\xe4'))\n");
    write("crlf.py", "print(1)\r\nprint(2)\r\n");
    write("sub/inner.py", "import sys, os; print(sys.path[0], os.getcwd())");
    const Words cases[] = {
        {"python3", "-c", "print(1)"},
        {"python3", "-c", "import sys; print(sys.argv, sys.orig_argv, sys.path[:1], sys.flags, __name__)", "a", "b c"},
        {"python3", "-c", "print(sorted(globals()), __spec__, __builtins__)"},
        {"python3", "-c", "import sys; print(sorted(sys.modules)==0); sys.exit(7)"},
        {"python3", "-c", "import sys; sys.exit('a reason')"},
        {"python3", "-c", "raise SystemExit"},
        {"python3", "-c", "1/0"},
        {"python3", "-c", "def f(: pass"},
        {"python3", "-c", "import os; os._exit(3)"},
        {"python3", "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"},
        {"python3", "-c", "import atexit; atexit.register(print, 'bye'); print('hi')"},
        {"python3", "-c", "import sys; sys.excepthook=lambda *a: print('hook', a[0].__name__); 1/0"},
        {"python3", "-c", "import sys; print(repr(sys.stdin.read()))"},
        {"python3", "-c", "import os; print(sorted(os.listdir('/proc/self/fd')))"},
        {"python3", "-c", "import os; print(sorted(os.environ.items()))"},
        {"python3", "-c", "import pathlib; pathlib.Path('made').write_text('x'); pathlib.Path('bad.py').unlink()"},
        {"python3", "-c", "import threading; t=threading.Thread(target=print,args=('thread',)); t.start()"},
        {"python3", "-c",
         "import multiprocessing as m\nif __name__=='__main__':\n with m.get_context('fork').Pool(2) as p: "
         "print(p.map(abs,[-1,-2]))"},
        {"python3", "script.py", "one", "--two"},
        {"python3", "./script.py"},
        {"python3", "fails.py"},
        {"python3", "bad.py"},
        {"python3", "latin.py"},
        {"python3", "crlf.py"},
        {"python3", "sub/inner.py"},
        {"python3", "absent.py"},
        {"python3", "-m", "pkg", "x", "-y"},
        {"python3", "-m", "no_such_module"},
        {"python3", "-m", "unittest", "--help"},
    };
    for (const Words& argv : cases) expect_same(argv);
}

TEST_F(SandboxWarm, NodeBehavesAsOneThatWasStartedForTheRun) {
    if (!have_node()) GTEST_SKIP() << "no node in /usr/bin or /usr/local/bin";
    write("script.js",
          "const part = require('./part'); console.log(process.argv.slice(1), require.main === module, __filename, "
          "part.value,\n"
          "process.cwd(), module.id, module.children.length, process.execArgv, Object.keys(require.cache).length);");
    write("part.js", "exports.value = 7;");
    write("mod.mjs",
          "import fs from 'node:fs'; console.log(import.meta.url, typeof require, await "
          "Promise.resolve(fs.existsSync('part.js')));");
    write("throws.js", "console.log('before'); process.exitCode = 3; setTimeout(() => {}, 1);");
    write("bad.cjs", "let x = = 1;");
    const Words cases[] = {
        {"node", "-e", "console.log(1)"},
        {"node", "-e",
         "console.log(process.argv.length, typeof require, typeof module, __filename, __dirname, process.execArgv)"},
        {"node", "-e", "console.log(fs.readdirSync('.').sort(), os.EOL.length, path.sep)"},
        {"node", "-e", "process.exit(7)"},
        {"node", "-e", "fs.writeFileSync('made', 'x'); fs.unlinkSync('bad.cjs')"},
        {"node", "-e", "console.log(Object.keys(process.env).sort().join())"},
        {"node", "-e", "setTimeout(() => console.log('later'), 5)"},
        {"node", "-e", "require('child_process').fork('./part.js').on('exit', (c) => console.log('child', c))"},
        {"node", "-e",
         "new (require('worker_threads').Worker)('./throws.js').on('exit', (c) => console.log('worker', c))"},
        {"node", "-e", "process.kill(process.pid, 'SIGKILL')"},
        {"node", "script.js", "one", "--two"},
        {"node", "mod.mjs"},
        {"node", "throws.js"},
    };
    for (const Words& argv : cases) expect_same(argv);
    // The words of an error name the place in the program, not our start-up code.
    for (const Words& argv :
         {Words{"node", "-e", "throw new Error('no')"}, Words{"node", "bad.cjs"}, Words{"node", "absent.js"}}) {
        const RunResult result = run_warm(argv);
        EXPECT_EQ(result.exit_code, 1);
        EXPECT_EQ(result.err.find("Error") == std::string::npos, false) << result.err;
    }
}

TEST_F(SandboxWarm, ProgramsOnStandardInputAndTheirWordsArrive) {
    RunSpec spec;
    spec.argv = {"python3", "-", "word"};
    spec.stdin_text = "import sys\nprint(sys.argv, repr(sys.stdin.read()))\n1/0\n";
    expect_same(spec);
    if (!have_node()) return;
    spec.argv = {"node", "-"};
    spec.stdin_text = "console.log(process.argv.slice(1), typeof require)";
    expect_same(spec);
}

TEST_F(SandboxWarm, EditsSupportFilesArtifactsDirectoryAndVariablesReachTheRun) {
    write("sub/x.txt", "old");
    RunSpec spec;
    spec.argv = {
        "python3", "-c",
        "import os\nprint(open('x.txt').read(), open('/run/edgecoder/lib/help.txt').read(), os.environ['MINE'])\n"
        "open(os.environ['OUT']+'/report','w').write('r')\nopen('y.txt','w').write('y')"};
    spec.directory = "sub";
    spec.edits = {{"sub/x.txt", "edited"}};
    spec.support_files = {{"help.txt", "help"}};
    spec.artifact_dir = artifact_dir();
    spec.environment = {{"MINE", "value"}, {"OUT", spec.artifact_dir}};
    spec.collect_change_contents = true;
    const RunResult result = run_warm(spec);
    EXPECT_EQ(result.out, "edited help value\n") << result.err;
    EXPECT_EQ(result.artifacts.at("report"), "r");
    EXPECT_EQ(paths(result), Words{"+sub/y.txt"});
    EXPECT_EQ(result.changes.at(0).content, "y");
}

TEST_F(SandboxWarm, TheWorkspaceIsTheOneOfTheMomentOfTheRun) {
    ASSERT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
    write("late.txt", "written after the sandbox was made");
    EXPECT_EQ(run_warm({"python3", "-c", "print(open('late.txt').read())"}).out,
              "written after the sandbox was made\n");
}

TEST_F(SandboxWarm, AWorkspaceThatWasMadeAnewIsNotShownAsItWas) {
    ASSERT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
    const auto aside = root().string() + "-aside";
    const auto place = root();
    std::filesystem::rename(place, aside);
    std::filesystem::create_directory(place);
    ASSERT_EQ(::chmod(place.c_str(), 0755), 0);
    std::ofstream(place / "new.txt") << "new";
    RunSpec spec;
    spec.argv = {"python3", "-c", "import os; print(os.listdir('.'))"};
    const auto result = warm_->run(spec);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out, "['new.txt']\n") << result->reason << result->err;
    std::filesystem::remove_all(aside);
}

TEST_F(SandboxWarm, EveryLimitOfTheRunHolds) {
    RunSpec spec;
    spec.limits.wall = std::chrono::milliseconds(300);
    spec.argv = {"python3", "-c", "import time; time.sleep(60)"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::timeout);
    spec.limits.wall = std::chrono::seconds(30);
    spec.limits.cpu = std::chrono::seconds(1);
    spec.argv = {"python3", "-c", "while True: pass"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::cpu);
    spec.limits.cpu = std::chrono::seconds(30);
    spec.limits.memory_bytes = 64 << 20;
    spec.argv = {"python3", "-c", "x = bytearray(300 << 20)"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::memory);
    spec.limits.memory_bytes = 512 << 20;
    spec.limits.processes = 16;
    spec.argv = {"python3", "-c", "import subprocess\na=[subprocess.Popen(['sleep','60']) for i in range(40)]"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::pids);
    spec.limits.processes = 128;
    spec.limits.new_file_bytes = 2 << 20;
    spec.argv = {"python3", "-c", "open('big','wb').write(bytes(8 << 20))"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::disk);
    spec.argv = {"python3", "-c", "for i in range(9): open('f%d'%i,'wb').write(bytes(1 << 20))"};
    EXPECT_EQ(run_warm(spec).status, RunStatus::disk);
    spec.limits.output_flood_bytes = 1 << 20;
    spec.limits.kept_output_bytes = 1000;
    spec.argv = {"python3", "-c", "while True: print('x' * 1000)"};
    const RunResult flood = run_warm(spec);
    EXPECT_EQ(flood.status, RunStatus::output);
    EXPECT_LT(flood.out.size(), 2000U);
    spec.limits.open_files = 32;
    spec.argv = {"python3", "-c",
                 "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE), r.getrlimit(r.RLIMIT_CORE))"};
    EXPECT_EQ(run_warm(spec).out, "(32, 32) (1, 1)\n");
}

TEST_F(SandboxWarm, NothingOutsideCanBeReachedAndNothingReadOnlyWritten) {
    const RunResult result = run_warm(
        {"python3", "-c",
         "import os, ctypes\n"
         "l=ctypes.CDLL(None,use_errno=True)\n"
         "print([p for p in ['/old','/new','/layers','/etc/shadow','/home','/var','/sys'] if os.path.exists(p)])\n"
         "bad=[]\n"
         "for p in "
         "['/x','/usr/x','/etc/passwd','/run/x','/run/edgecoder/x','/run/edgecoder/lib/ec_wait.py','/dev/x']:\n"
         "    try: open(p,'a'); bad.append(p)\n"
         "    except OSError: pass\n"
         "for f in ['mem','maps','environ','fd','root','cwd']:\n"
         "    try: os.readlink('/proc/1/'+f); bad.append(f)\n"
         "    except OSError: pass\n"
         "    try: open('/proc/1/'+f,'rb').read(1); bad.append(f)\n"
         "    except OSError: pass\n"
         "print(bad, l.unshare(0x10000000), l.unshare(0x20000), l.mount(b'none',b'/tmp',b'tmpfs',0,0))\n"
         "print([i.split() for i in open('/proc/self/status') if i[:3]=='Cap' and int(i.split()[1],16)])\n"
         "print(os.getuid(), open('/proc/self/uid_map').read().split()[0])\n"
         "try: os.kill(1, 9)\n"
         "except PermissionError: print('no')\n"});
    EXPECT_EQ(result.out, "[]\n[] -1 -1 -1\n[]\n1000 1000\nno\n") << result.err;
}

TEST_F(SandboxWarm, EachServesOneRun) {
    EXPECT_EQ(run_warm({"python3", "-c", "open('/tmp/left','w').write('x'); open('here','w').write('x')"}).status,
              RunStatus::ok);
    EXPECT_EQ(run_warm({"python3", "-c", "import os; print(os.path.exists('/tmp/left'), os.path.exists('here'))"}).out,
              "False False\n");
}

TEST_F(SandboxWarm, WithoutOneThatWaitsARunIsStartedCold) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "print(1)"};
    ASSERT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
    std::set<bool> kinds;
    for (int i = 0; i < 4; ++i) {
        const auto result = warm_->run(spec);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->out, "1\n") << result->reason;
        kinds.insert(result->warm);
    }
    EXPECT_TRUE(kinds.contains(true));
}

TEST_F(SandboxWarm, AStopTokenEndsAWarmRun) {
    ASSERT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
    std::stop_source source;
    RunSpec spec;
    spec.argv = {"python3", "-c", "import time; time.sleep(1000)"};
    spec.limits.wall = std::chrono::seconds(1000);
    std::optional<Result<RunResult>> result;
    std::jthread runner([&] { result.emplace(warm_->run(spec, source.get_token())); });
    source.request_stop();
    runner.join();
    ASSERT_FALSE(*result);
    EXPECT_EQ(result->error().code, ErrorCode::cancelled);
}

TEST_F(SandboxWarm, AKilledWaitingSandboxCostsTheRunNothing) {
    ASSERT_TRUE(warm_->warm_up(std::chrono::seconds(60)));
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto status = read_file(entry.path() / "status", 1 << 16);
        if (!status || status->find("\nPPid:\t" + std::to_string(::getpid()) + "\n") == std::string::npos) continue;
        if (status->starts_with("Name:\tedgecoder-box")) ::kill(std::stoi(entry.path().filename()), SIGKILL);
    }
    RunSpec spec;
    spec.argv = {"python3", "-c", "print('still')"};
    const auto result = warm_->run(spec);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out, "still\n") << result->reason;
}

TEST(WarmProgram, RunsThatWouldHaveStartedTheInterpreterOtherwiseAreStartedCold) {
    const auto fits = [](Words argv, std::vector<std::pair<std::string, std::string>> environment = {},
                         std::string input = {}) {
        RunSpec spec;
        spec.argv = std::move(argv);
        spec.environment = std::move(environment);
        spec.stdin_text = std::move(input);
        return warm_program(spec, "/w").has_value();
    };
    EXPECT_TRUE(fits({"python3", "-c", "x"}));
    EXPECT_TRUE(fits({"python3", "a.py"}, {{"A", "b"}}));
    EXPECT_TRUE(fits({"python3", "-"}, {}, "x"));
    EXPECT_FALSE(fits({"python3"}));
    EXPECT_FALSE(fits({"python3", "-O", "a.py"}));
    EXPECT_FALSE(fits({"python3", "-m", "-x"}));
    EXPECT_FALSE(fits({"python3", "folder"}));
    EXPECT_FALSE(fits({"/usr/bin/python3", "a.py"}));
    EXPECT_FALSE(fits({"python3", "a.py"}, {{"PYTHONHASHSEED", "1"}}));
    EXPECT_FALSE(fits({"python3", "a.py"}, {{"LD_PRELOAD", "x"}}));
    EXPECT_FALSE(fits({"python3", "a.py"}, {}, "text for its input"));
    EXPECT_TRUE(fits({"node", "a.mjs"}));
    EXPECT_FALSE(fits({"node", "a.ts"}));
    EXPECT_FALSE(fits({"node", "--test"}));
    EXPECT_FALSE(fits({"node", "-e", "await 1"}));
    EXPECT_FALSE(fits({"node", "a.js"}, {{"NODE_OPTIONS", "x"}}));
    EXPECT_FALSE(fits({"sh", "-c", "x"}));
}

}  // namespace
}  // namespace ec::executor
