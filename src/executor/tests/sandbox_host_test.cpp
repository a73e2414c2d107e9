// The sandbox and the machine around it: which workspaces it takes, who it runs as, what it leaves behind.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <set>
#include <thread>

#include "sandbox_fixture.hpp"
#include "toolchains.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::fingerprint;
using testing::SandboxTest;
using Names = std::vector<std::string>;

class SandboxHost : public SandboxTest {
protected:
    static Error refused(const fs::path& workspace) {
        SandboxOptions options;
        options.workspace = workspace;
        options.box = testing::box_program();
        auto opened = open_sandbox(options);
        return opened ? Error{ErrorCode::internal, "was not refused", {}} : opened.error();
    }

    static std::set<std::string> processes_named(const std::string& name) {
        std::set<std::string> pids;
        for (const auto& entry : fs::directory_iterator("/proc")) {
            const auto text = read_file(entry.path() / "cmdline", 1 << 20);
            if (text && text->find(name) != std::string::npos) pids.insert(entry.path().filename().string());
        }
        return pids;
    }
};

TEST_F(SandboxHost, RefusesWorkspacesThatAreNoProjects) {
    EXPECT_EQ(refused("/").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused("/usr").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused("/tmp").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused("/proc/self").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused("").code, ErrorCode::not_found);
    EXPECT_EQ(refused("/no/such/folder").code, ErrorCode::not_found);
    write("file", "x");
    EXPECT_EQ(refused(root() / "file").code, ErrorCode::invalid_argument);
}

TEST_F(SandboxHost, RefusesAHomeDirectoryAlsoThroughALink) {
    const char* before = std::getenv("HOME");
    const std::string kept = before == nullptr ? "" : before;
    fs::create_directories(root() / "home/me");
    fs::create_directory_symlink(root() / "home/me", root() / "alias");
    ASSERT_EQ(::setenv("HOME", (root() / "home/me").c_str(), 1), 0);
    EXPECT_EQ(refused(root() / "home/me").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused(root() / "alias").code, ErrorCode::invalid_argument);
    EXPECT_EQ(refused(root() / "home").code, ErrorCode::invalid_argument) << "a folder that holds the home directory";
    ASSERT_EQ(::setenv("HOME", kept.c_str(), 1), 0);
}

TEST_F(SandboxHost, AMissingHelperIsUnavailableWithARemedy) {
    SandboxOptions options;
    options.workspace = root();
    options.box = root() / "no-box";
    const auto opened = open_sandbox(options);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(opened.error().remedy.empty());
}

TEST_F(SandboxHost, RunsThatMakeNoSenseAreInvalidArguments) {
    const auto code = [&](const std::function<void(RunSpec&)>& change) {
        RunSpec spec;
        spec.argv = {"true"};
        change(spec);
        const auto result = sandbox_->run(spec);
        return result ? ErrorCode::internal : result.error().code;
    };
    EXPECT_EQ(code([](RunSpec& s) { s.argv.clear(); }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.directory = "../x"; }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.edits = {{"../x", "y"}}; }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.edits = {{"/etc/passwd", "y"}}; }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.artifact_dir = "/etc/x"; }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.artifact_dir = "/run/edgecoder/../../etc"; }), ErrorCode::invalid_argument);
    EXPECT_EQ(code([](RunSpec& s) { s.environment = {{"A=B", "c"}}; }), ErrorCode::invalid_argument);
}

TEST_F(SandboxHost, AStrictUmaskOfTheCallerDoesNotLockTheProgramOut) {
    const mode_t before = ::umask(077);
    RunSpec spec;
    spec.argv = {"sh", "-c", "cat /etc/hostname edited && umask && touch made && stat -c %a made"};
    spec.edits = {{"edited", "new\n"}};
    const RunResult result = run(spec);
    ::umask(before);
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(result.out, "sandbox\nnew\n0022\n644\n");
}

TEST_F(SandboxHost, AnEditThroughALinkIsRefusedInOneSentence) {
    fs::create_directories(root() / "real");
    fs::create_directory_symlink("real", root() / "link");
    RunSpec spec;
    spec.argv = {"true"};
    spec.edits = {{"link/x", "y"}};
    const auto result = sandbox_->run(spec);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, RunStatus::sandbox_error);
    EXPECT_NE(result->reason.find("link/x cannot be edited"), std::string::npos) << result->reason;
}

TEST_F(SandboxHost, WhateverARunDoesTheRealWorkspaceStaysAsItWas) {
    write("a.txt", "a");
    write("dir/b.txt", "b");
    write(".git/config", "c");
    fs::create_symlink("a.txt", root() / "ln");
    const auto before = fingerprint(root());
    sh("rm -rf .git dir; echo x >> a.txt; chmod 777 a.txt; touch -d 2001-01-01 ln; rm ln; mv a.txt z; mkdir dir; echo "
       "y > dir/b.txt; truncate -s 0 z");
    EXPECT_EQ(fingerprint(root()), before);
}

TEST_F(SandboxHost, AReadOnlyProjectWorks) {
    write("a.py", "print('read only')\n");
    ASSERT_EQ(::chmod((root() / "a.py").c_str(), 0444), 0);
    ASSERT_EQ(::chmod(root().c_str(), 0555), 0);
    EXPECT_EQ(run({"python3", "a.py"}).out, "read only\n");
    ASSERT_EQ(::chmod(root().c_str(), 0755), 0);
}

TEST_F(SandboxHost, OddNamesInThePathOfTheWorkspaceWork) {
    const fs::path odd = root() / "a b,c:d\\e\"'\xc3\xa4";
    fs::create_directories(odd);
    ASSERT_TRUE(write_file_atomic(odd / "f.txt", "content"));
    SandboxOptions options;
    options.workspace = odd;
    options.box = testing::box_program();
    auto opened = open_sandbox(options);
    ASSERT_TRUE(opened) << opened.error().message;
    RunSpec spec;
    spec.argv = {"sh", "-c", "cat f.txt; pwd; echo n > new"};
    const auto result = (*opened)->run(spec);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->out, "content" + odd.string() + "\n") << result->reason;
    EXPECT_EQ(paths(*result), Names{"+new"});
}

TEST_F(SandboxHost, ManyFilesCostNothingUntilTheyAreTouched) {
    for (int i = 0; i < 5000; ++i) write("d" + std::to_string(i % 50) + "/f" + std::to_string(i), "x");
    EXPECT_EQ(paths(sh("find . -type f | wc -l >&2; rm d1/f1; echo y > d2/f2")), (Names{"-d1/f1", "*d2/f2"}));
}

TEST_F(SandboxHost, LeavesNoProcessMountOrControlGroup) {
    const auto mounts = *read_file("/proc/self/mountinfo");
    const std::string box = testing::box_program().filename().string();
    for (int i = 0; i < 3; ++i) sh("sleep 100 & sleep 100 & echo x > f");
    {
        RunSpec spec;
        spec.argv = {"sleep", "100"};
        auto session = sandbox_->open(spec);
        ASSERT_TRUE(session);
    }
    sandbox_.reset();
    EXPECT_EQ(*read_file("/proc/self/mountinfo"), mounts);
    // Children of ours: all boxes were reaped.
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    const std::string mine = "edgecoder-" + std::to_string(::getpid()) + "-";
    std::error_code ignored;
    for (const char* dir : {"/sys/fs/cgroup/memory", "/sys/fs/cgroup"}) {
        for (auto it = fs::recursive_directory_iterator(dir, fs::directory_options::skip_permission_denied, ignored);
             it != fs::recursive_directory_iterator(); it.increment(ignored)) {
            EXPECT_FALSE(it->path().filename().string().starts_with(mine)) << it->path();
            if (it.depth() > 4) it.disable_recursion_pending();
        }
    }
}

TEST_F(SandboxHost, TheSandboxDiesWithItsExecutor) {
    const std::string mark = "ec-orphan-" + std::to_string(::getpid());
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t executor = ::fork();
    if (executor == 0) {
        RunSpec spec;
        spec.argv = {"bash", "-c", "exec -a " + mark + " sleep 1000"};
        auto session = sandbox_->open(spec);
        const char byte = session ? '+' : '-';
        if (::write(ready[1], &byte, 1) != 1) ::_exit(1);
        ::pause();
        ::_exit(0);
    }
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    EXPECT_EQ(byte, '+');
    const auto becomes_empty = [&](bool empty) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        // One look decides: between two names a process has none.
        while (processes_named(mark).empty() != empty) {
            if (std::chrono::steady_clock::now() > until) return false;
            std::this_thread::yield();
        }
        return true;
    };
    // A session is open before its program has its own name.
    EXPECT_TRUE(becomes_empty(false));
    ::kill(executor, SIGKILL);
    ::waitpid(executor, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    EXPECT_TRUE(becomes_empty(true));
}

TEST_F(SandboxHost, AStopTokenEndsARunAtOnce) {
    std::stop_source source;
    RunSpec spec;
    spec.argv = {"sleep", "1000"};
    spec.limits.wall = std::chrono::seconds(1000);
    auto running = std::async(std::launch::async, [&] { return sandbox_->run(spec, source.get_token()); });
    source.request_stop();
    const auto result = running.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

TEST_F(SandboxHost, AStopTokenEndsWaitingForASession) {
    RunSpec spec;
    spec.argv = {"sleep", "1000"};
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session);
    std::stop_source source;
    source.request_stop();
    EXPECT_EQ((*session)->receive(std::chrono::seconds(100), source.get_token()).error().code, ErrorCode::cancelled);
    const RunResult result = (*session)->finish(std::chrono::milliseconds(0));
    EXPECT_EQ(result.status, RunStatus::signal);
    EXPECT_EQ(result.signal, SIGKILL);
}

TEST_F(SandboxHost, ASessionWhoseProgramEndsSaysSo) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "echo bye; exit 9"};
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session);
    EXPECT_EQ((*session)->receive(std::chrono::seconds(60)).error().code, ErrorCode::io);
    const RunResult result = (*session)->finish(std::chrono::seconds(60));
    EXPECT_EQ(result.exit_code, 9);
    EXPECT_EQ(result.out, "bye\n");
}

TEST_F(SandboxHost, ThreadsShareOneSandbox) {
    std::vector<std::jthread> threads;
    std::atomic<int> good{0};
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&, t] {
            for (int i = 0; i < 5; ++i) {
                const std::string name = std::to_string(t) + "-" + std::to_string(i);
                RunSpec spec;
                spec.argv = {"sh", "-c", "echo " + name + " > " + name + "; cat *"};
                const auto result = sandbox_->run(spec);
                if (result && result->out == name + "\n" && paths(*result) == Names{"+" + name}) ++good;
            }
        });
    }
    threads.clear();
    EXPECT_EQ(good, 20);
}

TEST_F(SandboxHost, ProbingSaysWhatThisMachineEnforces) {
    const auto isolation = probe_isolation(testing::box_program());
    ASSERT_TRUE(isolation) << isolation.error().message;
    EXPECT_TRUE(isolation->tier == "A" || isolation->tier == "A+");
    EXPECT_EQ(isolation->memory_limit == "soft", isolation->tier == "A");
    EXPECT_TRUE(isolation->seccomp);
}

// A home that only its owner may enter, with an interpreter and a project in it, as pyenv and nvm leave them.
TEST_F(SandboxHost, AnInterpreterAndAProjectBelowAPrivateHomeWork) {
    const fs::path home = root() / "home";
    const fs::path version = home / ".pyenv/versions/9.9.9/bin";
    fs::create_directories(version);
    fs::create_directories(home / ".pyenv/shims");
    fs::create_directories(home / ".ssh");
    fs::create_directories(home / "project/.venv/bin");
    const fs::path python = fs::canonical("/usr/bin/python3");
    fs::copy_file(python, version / "python9");
    ASSERT_TRUE(write_file_atomic(home / ".pyenv/version", "9.9.9\n"));
    ASSERT_TRUE(write_file_atomic(home / ".pyenv/shims/python9", "#!/bin/sh\nexit 1\n", 0755));
    ASSERT_TRUE(write_file_atomic(home / ".ssh/id", "secret"));
    ASSERT_TRUE(write_file_atomic(home / "project/.venv/pyvenv.cfg", "home = " + version.string() + "\n"));
    fs::create_symlink(version / "python9", home / "project/.venv/bin/python");
    ASSERT_TRUE(write_file_atomic(home / "project/main.py",
                                  "import os; print('ran', os.path.exists('" + (home / ".ssh").string() + "'))\n"));
    ASSERT_EQ(::chmod((home / "project").c_str(), 0700), 0);
    ASSERT_EQ(::chmod(home.c_str(), 0700), 0);

    const std::string old_path = std::getenv("PATH");
    const char* old_home = std::getenv("HOME");
    const std::string kept_home = old_home == nullptr ? "" : old_home;
    ASSERT_EQ(::setenv("PATH", ((home / ".pyenv/shims").string() + ":" + old_path).c_str(), 1), 0);
    ASSERT_EQ(::setenv("HOME", home.c_str(), 1), 0);
    SandboxOptions options;
    options.workspace = home / "project";
    options.box = testing::box_program();
    auto opened = open_sandbox(options);
    ASSERT_EQ(::setenv("PATH", old_path.c_str(), 1), 0);
    ASSERT_EQ(::setenv("HOME", kept_home.c_str(), 1), 0);
    ASSERT_TRUE(opened) << opened.error().message;
    for (const char* program : {"python9", ".venv/bin/python"}) {
        RunSpec spec;
        spec.argv = {program, "main.py"};
        const auto result = (*opened)->run(spec);
        ASSERT_TRUE(result);
        EXPECT_EQ(result->out, "ran False\n") << program << ": " << result->reason << result->err;
    }
}

// A project that was cloned a minute ago says where its interpreter lies, and where its modules do.
TEST_F(SandboxHost, AProjectCannotNameAFolderOfItsUserToSeeIt) {
    const TempDir home = std::move(*TempDir::create());
    const fs::path secrets = fs::canonical(home.path()) / ".ssh";
    fs::create_directories(secrets / "bin");
    ASSERT_TRUE(write_file_atomic(secrets / "id", "secret"));
    ASSERT_TRUE(write_file_atomic(secrets / "bin/python", "secret"));
    write("one/pyvenv.cfg", "home = " + secrets.string() + "\n");
    write("two/pyvenv.cfg", "home = " + (secrets / "bin").string() + "\n");
    write("three/pyvenv.cfg", "");
    fs::create_directories(root() / "three/bin");
    fs::create_symlink(secrets / "id", root() / "three/bin/python");
    fs::create_symlink(secrets / "bin/python", root() / "three/bin/node");
    fs::create_directory_symlink(secrets, root() / "node_modules");
    open();
    const RunResult result =
        sh("cat " + (secrets / "id").string() + " node_modules/id three/bin/python three/bin/node");
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(sh("ls -d " + secrets.string()).out, "");
}

TEST_F(SandboxHost, AVirtualEnvironmentOfAnInterpreterElsewhereWorks) {
    const TempDir home = std::move(*TempDir::create());
    const fs::path prefix = fs::canonical(home.path()) / "opt/python9";
    fs::create_directories(prefix / "bin");
    fs::create_directories(prefix / "lib/python9.9");
    ASSERT_TRUE(write_file_atomic(prefix / "lib/python9.9/os.py", ""));
    ASSERT_TRUE(write_file_atomic(prefix / "bin/python9", "#!/bin/sh\necho nine\n", 0755));
    write("env/pyvenv.cfg", "home = " + (prefix / "bin").string() + "\n");
    fs::create_directories(root() / "env/bin");
    fs::create_symlink(prefix / "bin/python9", root() / "env/bin/python");
    open();
    EXPECT_EQ(run({"env/bin/python"}).out, "nine\n");
}

TEST_F(SandboxHost, AWorkspaceThatBecomesALinkIsNotFollowed) {
    const TempDir elsewhere = std::move(*TempDir::create());
    ASSERT_TRUE(write_file_atomic(elsewhere.path() / "id", "secret"));
    const fs::path project = root() / "project";
    fs::create_directories(project);
    SandboxOptions options;
    options.workspace = project;
    options.box = testing::box_program();
    const auto sandbox = open_sandbox(options);
    ASSERT_TRUE(sandbox) << sandbox.error().message;
    fs::rename(project, root() / "moved");
    fs::create_directory_symlink(fs::canonical(elsewhere.path()), project);
    RunSpec spec;
    spec.argv = {"cat", "id"};
    const auto result = (*sandbox)->run(spec);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, RunStatus::sandbox_error);
    EXPECT_EQ(result->out, "");
}

TEST_F(SandboxHost, SecretsAreToldByTheirNames) {
    for (const char* name :
         {"GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "api_key", "DB_PASSWORD", "NODE_EXTRA_CA_CERTS"}) {
        EXPECT_TRUE(looks_secret(name)) << name;
    }
    for (const char* name : {"LANG", "PATH", "PYENV_ROOT", "LC_ALL"}) EXPECT_FALSE(looks_secret(name)) << name;
}

// Started by root, whatever owns the files: the payload must be able to change its view of them.
TEST_F(SandboxHost, RootMayWorkInSomebodyElsesProject) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    write("a.txt", "a");
    for (const fs::path& path : {root(), root() / "a.txt"}) ASSERT_EQ(::chown(path.c_str(), 4321, 4321), 0);
    ASSERT_EQ(::chmod((root() / "a.txt").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(root().c_str(), 0700), 0);
    open();
    const RunResult result = sh("id -u; cat a.txt; echo b >> a.txt; echo c > new; stat -c %u a.txt new .");
    EXPECT_EQ(result.out, "1000\na1000\n1000\n1000\n") << result.err;
    EXPECT_EQ(paths(result), (Names{"*a.txt", "+new"}));
}

}  // namespace
}  // namespace ec::executor
