// Lying about how the tests went: by ending early, by the exit code, and by what lies where the report should be.
//
// Code that rewrites the runner it is loaded into can still claim anything (docs/sandbox.md, known gaps); these are the
// lies that need no knowledge of ours, and what must hold for all: a failing test next to them never becomes a pass.
#include <ec/executor/test_command.hpp>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

using Verdict = TestReport::Verdict;

class AttackVerdicts : public testing::AttackTest {
protected:
    TestReport tests(const std::string& command = "/usr/bin/python3 -m pytest -q -p no:cacheprovider") {
        const TestCommand recognised = recognise_test_command(command, root());
        RunSpec spec = test_run(recognised);
        spec.limits.wall = spec.limits.cpu = std::chrono::seconds(60);
        return read_test_report(recognised, attack(std::move(spec)), root());
    }
    void expect_no_pass(const TestReport& report, const std::string& what) {
        EXPECT_NE(report.verdict, Verdict::passed) << what;
        for (const TestCase& test : report.tests) {
            EXPECT_TRUE(test.id.find("bad") == std::string::npos || test.outcome != TestOutcome::passed) << what;
        }
    }
    // Where our plugin writes, found the way code under test would find it.
    static constexpr const char* kFindReports =
        "import glob, os\ndef reports(): return [p for p in glob.glob('/run/edgecoder/*/*') if '/lib/' not in p]\n";
};

TEST_F(AttackVerdicts, EndingEarlyWithSuccessIsNoPass) {
    const std::string bad = "def test_bad(): assert 1 == 2\n";
    const std::pair<const char*, std::string> files[] = {
        {"conftest.py", "import os\nos._exit(0)\n"},
        {"conftest.py", "import sys\nsys.exit(0)\n"},
        {"conftest.py", "import os\ndef pytest_collection_modifyitems(items): os._exit(0)\n"},
        {"conftest.py", "def pytest_collection_modifyitems(items): items.clear()\n"},
        {"conftest.py", "import os\ndef pytest_sessionfinish(session): os._exit(0)\n"},
        {"conftest.py", "def pytest_sessionfinish(session): session.exitstatus = 0\n"},
        {"conftest.py", "import atexit, os\natexit.register(lambda: os._exit(0))\n"},
        {"conftest.py", "import os, threading\nthreading.Timer(0.3, lambda: os._exit(0)).start()\n"},
        {"conftest.py", "import signal, os\ndef pytest_runtest_setup(item): os.kill(os.getpid(), signal.SIGKILL)\n"},
        {"test_aaa.py", "import os\ndef test_first(): os._exit(0)\n"},
        {"test_aaa.py", "import os\nos._exit(0)\n"},
        {"test_aaa.py", "def test_first(): raise SystemExit(0)\n"},
        {"test_aaa.py", "import os\ndef test_first(): os.execv('/bin/true', ['true'])\n"},
        {"test_aaa.py", "import os\ndef test_first():\n    if os.fork(): os._exit(0)\n"},
        {"test_aaa.py", "def test_first(): raise KeyboardInterrupt\n"},
        {"pytest.ini", "[pytest]\naddopts = --collect-only\n"},
        {"pytest.ini", "[pytest]\naddopts = --version\n"},
        {"pytest.ini", "[pytest]\naddopts = --deselect test_it.py::test_bad -k nothing\n"},
    };
    for (const auto& [file, content] : files) {
        write("test_it.py", bad);
        write(file, content);
        expect_no_pass(tests(), content);
        std::filesystem::remove(root() / file);
    }
}

TEST_F(AttackVerdicts, EndingEarlyInNodeIsNoPass) {
    const std::string bad = "const { test } = require('node:test');\ntest('bad', () => { throw new Error(); });\n";
    for (const char* lie :
         {"setTimeout(() => process.exit(0), 0);", "process.exitCode = 0; process.on('exit', () => process.exit(0));",
          "process.kill(process.pid, 'SIGKILL');", "process.abort();",
          "process.on('exit', () => { process.reallyExit(0); });"}) {
        write("bad.test.js", bad + lie + "\n");
        expect_no_pass(tests("node --test"), lie);
    }
}

// node --test itself calls such a file passed.
TEST_F(AttackVerdicts, ANodeFileThatLeavesBeforeItsTestsIsNoPass) {
    for (const char* lie : {"process.exit(0);", "process.reallyExit(0);"}) {
        write("bad.test.js", std::string("require('node:test').test('bad', () => { throw new Error(); });\n") + lie);
        expect_no_pass(tests("node --test"), lie);
    }
}

TEST_F(AttackVerdicts, AReportPlantedBesideTheRealOneMakesNoPass) {
    write("test_it.py", std::string(kFindReports) + R"py(
def test_bad():
    for p in reports():
        forged = os.path.join(os.path.dirname(p), 'events-99-0.jsonl')
        open(forged, 'w').write('{"e":"begin","runner":"pytest"}\n{"e":"test","id":"test_it.py::test_bad","outcome":"passed","us":1}\n'
                                '{"e":"end","exit":0,"tests":1}\n')
    assert False
)py");
    expect_no_pass(tests(), "planted");
}

TEST_F(AttackVerdicts, AReportThatIsSomethingElseIsIncompleteAndHoldsNobodyUp) {
    const std::string head = std::string(kFindReports) +
                             "import atexit, stat\ndef test_bad(): assert False\ndef lie():\n    for p in reports():\n";
    for (const char* lie :
         {"        os.unlink(p); os.mkfifo(p)\n", "        os.unlink(p); os.mkdir(p)\n", "        os.unlink(p)\n",
          "        os.unlink(p); os.symlink(os.environ.get('C', '/etc/passwd'), p)\n",
          "        os.truncate(p, 60 << 20)\n", "        os.truncate(p, 0)\n",
          "        open(p, 'wb').write(b'\\xff' * 1000000)\n", "        open(p, 'w').write('{\"e\":' * 100000)\n",
          "        open(p, 'w').write('[' * 1000000)\n"}) {
        write("test_it.py", head + lie + "    os._exit(0)\natexit.register(lie)\n");
        const TestReport report = tests();
        EXPECT_EQ(report.verdict, Verdict::incomplete) << lie;
        EXPECT_FALSE(report.reason.empty()) << lie;
    }
}

TEST_F(AttackVerdicts, AnXmlBombInTheReportIsNoPass) {
    const std::string head =
        "import atexit, os, sys\ndef test_bad(): assert False\ndef lie():\n"
        "    p = [a.split('=', 1)[1] for a in sys.argv if a.startswith('--junitxml=')][0]\n";
    for (const char* lie :
         {"    laughs = ''.join('<!ENTITY l%d \"%s\">' % (i, ('&l%d;' % (i - 1)) * 10 if i else 'ha') for i in "
          "range(12))\n"
          "    open(p, 'w').write('<!DOCTYPE x [' + laughs + ']><testsuites><testsuite tests=\"1\"><testcase "
          "classname=\"&l11;\" "
          "name=\"bad\"/></testsuite></testsuites>')\n",
          "    open(p, 'w').write('<testsuites>' + '<testsuite>' * 400000)\n",
          "    open(p, 'w').write('<!DOCTYPE x [<!ENTITY f SYSTEM \"file://%s\">]><testsuites><testsuite><testcase "
          "name=\"bad\">&f;</testcase></testsuite></testsuites>' % os.environ.get('C'))\n",
          "    open(p, 'w').write('<testsuites><testsuite>' + '<testcase name=\"x\"/>' * 700000 + "
          "'</testsuite></testsuites>')\n"}) {
        write("test_it.py", head + lie + "atexit.register(lie)\n");
        const TestReport report = tests("/usr/bin/python3 -I -m pytest -q -p no:cacheprovider");
        EXPECT_NE(report.verdict, Verdict::passed) << lie;
        for (const TestCase& test : report.tests) EXPECT_EQ(test.details.find(testing::kCanary), std::string::npos);
    }
}

TEST_F(AttackVerdicts, AnExitCodeThatLiesIsNoPass) {
    write("test_it.py", "def test_bad(): assert False\n");
    for (const char* command :
         {"/usr/bin/python3 -m pytest -q || true", "/usr/bin/python3 -m pytest -q; exit 0",
          "/usr/bin/python3 -m pytest -q | cat", "sh -c '/usr/bin/python3 -m pytest -q & wait; exit 0'",
          "trap 'exit 0' EXIT; /usr/bin/python3 -m pytest -q"}) {
        expect_no_pass(tests(command), command);
    }
}

TEST_F(AttackVerdicts, TheProgramCannotForgeItsReport) {
    // Descriptors 3 and up are where the records would go; nothing is open there.
    const RunResult result = python(
        "import os\n"
        "for n in range(3,64):\n"
        "    try: os.write(n,b'Z\\0\\0\\0\\0')\n"
        "    except OSError: pass\n"
        "os._exit(5)");
    EXPECT_EQ(result.exit_code, 5);
    EXPECT_EQ(result.status, RunStatus::failed);
}

}  // namespace
}  // namespace ec::executor
