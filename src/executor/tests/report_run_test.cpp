// Real runners on small projects: what they report reaches the caller.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ec/executor/test_command.hpp>

#include "tests/sandbox_fixture.hpp"

namespace ec::executor {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Verdict = TestReport::Verdict;

class RunnerTest : public testing::SandboxTest {
protected:
    TestReport run(std::string_view text, std::chrono::milliseconds wall = std::chrono::seconds(60)) {
        command_ = recognise_test_command(text, root());
        RunSpec spec = test_run(command_);
        spec.limits.wall = wall;
        spec.limits.cpu = std::chrono::seconds(60);
        result_ = SandboxTest::run(spec);
        TestReport report = read_test_report(command_, result_, root());
        if (std::getenv("EC_SHOW") != nullptr) {
            std::cerr << result_.out << result_.err;
            for (const auto& [file, content] : result_.artifacts) std::cerr << file << ":\n" << content;
        }
        return report;
    }
    static std::vector<std::string> lines(const TestReport& report) {
        std::vector<std::string> out;
        for (const TestCase& test : report.tests) out.push_back(std::string(name(test.outcome)) + " " + test.id);
        return out;
    }

    TestCommand command_;
    RunResult result_;
};

constexpr std::string_view kPytestFile = R"(
import pytest, unittest
from lib import divide
def test_good(): assert divide(4, 2) == 2
def test_bad(): assert divide(4, 2) == 3
def test_raises(): divide(1, 0)
@pytest.mark.parametrize("n", [1, 2])
def test_each(n): assert n
@pytest.mark.skip(reason="later")
def test_skipped(): pass
@pytest.mark.xfail
def test_expected(): assert False
@pytest.fixture
def broken(): raise ValueError("no fixture")
def test_fixture(broken): pass
class TestGroup:
    def test_in_class(self): pass
)";

TEST_F(RunnerTest, PytestTestsComeBackWithOutcomeMessageAndFrames) {
    write("lib.py", "def divide(a, b):\n    return a // b\n");
    write("test_lib.py", kPytestFile);
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_EQ(report.runner, "pytest");
    EXPECT_THAT(lines(report), ElementsAre("passed test_lib.py::test_good", "failed test_lib.py::test_bad",
                                           "failed test_lib.py::test_raises", "passed test_lib.py::test_each[1]",
                                           "passed test_lib.py::test_each[2]", "skipped test_lib.py::test_skipped",
                                           "skipped test_lib.py::test_expected", "error test_lib.py::test_fixture",
                                           "passed test_lib.py::TestGroup::test_in_class"));
    const TestCase* raises = report.find("test_lib.py::test_raises");
    ASSERT_NE(raises, nullptr);
    EXPECT_THAT(raises->message, HasSubstr("ZeroDivisionError"));
    EXPECT_THAT(raises->frames,
                ElementsAre(TraceFrame{"test_lib.py", 6, "test_raises"}, TraceFrame{"lib.py", 2, "divide"}));
    EXPECT_THAT(report.find("test_lib.py::test_bad")->message, HasSubstr("assert 2 == 3"));
}

TEST_F(RunnerTest, APassingPytestRunPasses) {
    write("test_a.py", "def test_a(): pass\n");
    const TestReport report = run("pytest");
    EXPECT_EQ(report.verdict, Verdict::passed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("passed test_a.py::test_a"));
    EXPECT_THAT(result_.changes, IsEmpty());
}

TEST_F(RunnerTest, UnittestReportsEveryMethodOnce) {
    write("test_u.py", R"(
import unittest
class T(unittest.TestCase):
    def test_ok(self): pass
    def test_fail(self): self.assertEqual(1, 2)
    def test_sub(self):
        for i in range(3):
            with self.subTest(i=i): self.assertEqual(i, 1)
    @unittest.skip("no")
    def test_skip(self): pass
    @unittest.expectedFailure
    def test_unexpected(self): pass
class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls): raise OSError("down")
    def test_never(self): pass
)");
    write("test_import.py", "import does_not_exist\n");
    const TestReport report = run("/usr/bin/python3 -m unittest");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report),
                UnorderedElementsAre("passed test_u.T.test_ok", "failed test_u.T.test_fail", "failed test_u.T.test_sub",
                                     "skipped test_u.T.test_skip", "failed test_u.T.test_unexpected",
                                     "error setUpClass (test_u.Broken)", "error test_import"));
    EXPECT_THAT(report.find("test_u.T.test_sub")->message, HasSubstr("(i=0) AssertionError: 0 != 1"));
}

TEST_F(RunnerTest, DoctestsAreReportedByTheirDocstring) {
    write("shape.py",
          "def area(w, h):\n    \"\"\"\n    >>> area(2, 3)\n    6\n    \"\"\"\n    return w + h\n\ndef one():\n"
          "    \"\"\"\n    >>> one()\n    1\n    \"\"\"\n    return 1\n");
    const TestReport report = run("/usr/bin/python3 -m doctest shape.py");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("failed shape.area", "passed shape.one"));
    EXPECT_EQ(report.tests[0].message, "expected 6, got 5");
}

TEST_F(RunnerTest, NodeTestsAreNamedByFileSuiteAndTest) {
    write("lib.js", "exports.sum = (a, b) => a - b;\n");
    write("a.test.js", R"(
const {test, describe, it} = require('node:test'); const assert = require('node:assert'); const {sum} = require('./lib.js');
describe('sum', () => { it('adds', () => { assert.strictEqual(sum(1, 2), 3); }); it('zero', () => { assert.strictEqual(sum(0, 0), 0); }); });
test('top', async (t) => { await t.test('inner', () => {}); });
test('later', {skip: true}, () => {});
)");
    write("sub/b.test.js", "const {test} = require('node:test'); test('b', () => {});\n");
    const TestReport report = run("node --test");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("failed a.test.js > sum > adds", "passed a.test.js > sum > zero",
                                           "passed a.test.js > top > inner", "passed a.test.js > top",
                                           "skipped a.test.js > later", "passed sub/b.test.js > b"));
    EXPECT_THAT(report.tests[0].message, HasSubstr("Expected values to be strictly equal"));
}

TEST_F(RunnerTest, AnyOtherCommandIsOneTest) {
    write("check.py", "def f(): return [][1]\nf()\n");
    const TestReport report = run("/usr/bin/python3 check.py");
    EXPECT_EQ(report.verdict, Verdict::failed);
    EXPECT_THAT(lines(report), ElementsAre("failed /usr/bin/python3 check.py"));
    EXPECT_EQ(report.tests[0].message, "IndexError: list index out of range");
    EXPECT_THAT(report.tests[0].frames,
                ElementsAre(TraceFrame{"check.py", 2, "<module>"}, TraceFrame{"check.py", 1, "f"}));
}

TEST_F(RunnerTest, PytestInsideAShellCommandIsReportedToo) {
    write("Makefile", "test:\n\t/usr/bin/python3 -m pytest -q\n");
    write("test_a.py", "def test_a(): pass\n");
    EXPECT_THAT(lines(run("make test")), ElementsAre("passed test_a.py::test_a"));
    for (const char* text :
         {"sh -c 'cd . && /usr/bin/python3 -m pytest -q'", "/usr/bin/python3 -m pytest -q 2>&1 | cat"}) {
        EXPECT_THAT(lines(run(text)), ElementsAre("passed test_a.py::test_a")) << text;
    }
    write("Makefile", "test:\n\tPYTHONPATH=. /usr/bin/python3 -m pytest -q\n");
    const TestReport hidden = run("make test");
    EXPECT_EQ(hidden.verdict, Verdict::passed) << hidden.reason;
    EXPECT_THAT(lines(hidden), ElementsAre("passed make test"));
}

TEST_F(RunnerTest, ATestThatHangsIsNamedAndTheFinishedOnesAreKept) {
    write("test_a.py",
          "import time\ndef test_quick(): pass\ndef test_hangs(): time.sleep(600)\ndef test_never(): pass\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q", std::chrono::seconds(15));
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_EQ(report.reason, "the run was stopped at its time limit");
    EXPECT_THAT(lines(report), ElementsAre("passed test_a.py::test_quick", "error test_a.py::test_hangs"));
    EXPECT_EQ(report.tests[1].message, "did not finish");
}

TEST_F(RunnerTest, ANodeTestFileThatTheRunnerDidNotSurviveIsNamed) {
    write("a.test.js",
          "const {test} = require('node:test'); test('quick', () => {});"
          "test('kills', () => { process.kill(process.ppid, 'SIGKILL'); for (;;); });\n");
    const TestReport report = run("node --test");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(report.reason, HasSubstr("signal 9"));
    EXPECT_THAT(lines(report), ElementsAre("error a.test.js"));  // it never came back to its event loop to say more
}

TEST_F(RunnerTest, ACrashInTheMiddleIsNeverAPass) {
    write("test_a.py", "import os\ndef test_a(): pass\ndef test_b(): os._exit(0)\ndef test_c(): assert False\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(result_.exit_code, 0);
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_EQ(report.reason, "the test runner stopped before its end");
    EXPECT_THAT(lines(report), ElementsAre("passed test_a.py::test_a", "error test_a.py::test_b"));
}

TEST_F(RunnerTest, ARunWithoutATestIsNeverAPass) {
    write("test_a.py", "x = 1\n");
    for (const char* text : {"/usr/bin/python3 -m pytest -q", "sh -c '/usr/bin/python3 -m pytest -q || true'",
                             "/usr/bin/python3 -m unittest"}) {
        SCOPED_TRACE(text);
        const TestReport report = run(text);
        EXPECT_EQ(report.verdict, Verdict::incomplete);
        EXPECT_EQ(report.reason, "no test was run");
    }
}

TEST_F(RunnerTest, OnlySkippedTestsAreNeverAPass) {
    write("test_a.py", "import pytest\n@pytest.mark.skip\ndef test_a(): pass\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(result_.exit_code, 0);
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_EQ(report.reason, "every test was skipped");
}

TEST_F(RunnerTest, AGoodReportDoesNotOutweighABadExitCode) {
    write("conftest.py", "def pytest_sessionfinish(session): session.exitstatus = 1\n");
    write("test_a.py", "def test_a(): pass\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(result_.exit_code, 1);
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(report.reason, HasSubstr("no test failed, but the run ended with exit code 1"));
}

TEST_F(RunnerTest, AModuleThatCannotBeImportedIsAnErrorOfItsOwn) {
    write("lib.py", "def broken(:\n");
    write("test_a.py", "import lib\ndef test_a(): pass\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(report.verdict, Verdict::failed);
    EXPECT_THAT(lines(report), ElementsAre("error test_a.py"));
    EXPECT_THAT(report.tests[0].message, HasSubstr("SyntaxError"));
    EXPECT_THAT(report.tests[0].frames, Contains(TraceFrame{"lib.py", 1, "<module>"}));
}

TEST_F(RunnerTest, ARunnerThatIsNotThereSaysSo) {
    const TestReport report = run("/usr/bin/python3 -S -m pytest");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(report.reason, HasSubstr("No module named pytest"));
}

TEST_F(RunnerTest, AWrongOptionOfTheRunnerIsTheReason) {
    const TestReport report = run("/usr/bin/python3 -m pytest --no-such-option");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(report.reason, HasSubstr("unrecognized arguments: --no-such-option"));
}

TEST_F(RunnerTest, AnIsolatedPythonReportsThroughJunit) {
    write("tests/test_a.py", "class TestG:\n    def test_a(self): pass\n    def test_b(self): assert 1 == 2\n");
    const TestReport report = run("/usr/bin/python3 -E -m pytest -q");
    EXPECT_EQ(report.runner, "pytest");
    EXPECT_THAT(lines(report),
                ElementsAre("passed tests/test_a.py::TestG::test_a", "failed tests/test_a.py::TestG::test_b"));
}

TEST_F(RunnerTest, TheTestsDoNotSeeHowTheyAreObserved) {
    write("test_a.py",
          "import os\ndef test_a():\n    names = [n for n in os.environ if n.startswith('EC_') or n == "
          "'PYTEST_ADDOPTS']\n"
          "    assert not names and 'edgecoder' not in os.environ.get('PYTHONPATH', '')\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(report.verdict, Verdict::passed) << report.tests.at(0).details;
}

TEST_F(RunnerTest, AChildOfTheTestsCannotWriteIntoTheReport) {
    write("test_a.py",
          "import os\ndef test_a():\n    if os.fork() == 0:\n        return\n    os.wait()\ndef test_b(): pass\n");
    const TestReport report = run("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(report.verdict, Verdict::passed) << report.reason;
    EXPECT_EQ(report.tests.size(), 2U);
}

TEST_F(RunnerTest, ANodeFileThatCannotBeLoadedSaysWhy) {
    write("a.test.js", "require('./missing');\n");
    const TestReport report = run("node --test");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("error a.test.js"));
    EXPECT_THAT(report.tests[0].message, HasSubstr("Cannot find module './missing'"));
    EXPECT_THAT(report.tests[0].frames, Contains(TraceFrame{"a.test.js", 1, "Object.<anonymous>"}));
}

TEST_F(RunnerTest, NodeTestsBehindAShellAreReported) {
    write("a.test.js", "const {test} = require('node:test'); test('a', () => {});\n");
    const TestReport report = run("true && node --test a.test.js");
    EXPECT_EQ(report.runner, "node-test");
    EXPECT_EQ(report.verdict, Verdict::passed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("passed a.test.js > a"));
}

TEST_F(RunnerTest, TapOnTheOutputOfAnyCommandIsRead) {
    write("t.py", "print('TAP version 13\\n1..2\\nok 1 - a\\nnot ok 2 - b')\n");
    const TestReport report = run("/usr/bin/python3 t.py");
    EXPECT_EQ(report.runner, "tap");
    EXPECT_EQ(report.verdict, Verdict::failed);
    EXPECT_THAT(lines(report), ElementsAre("passed a", "failed b"));
}

TEST_F(RunnerTest, CtestWritesItsReport) {
    write("CTestTestfile.cmake",
          "add_test(good \"/bin/true\")\nadd_test(bad \"/bin/sh\" \"-c\" \"echo broken; exit 3\")\n");
    const TestReport report = run("ctest");
    EXPECT_EQ(report.runner, "ctest");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("passed good", "failed bad"));
    EXPECT_EQ(report.tests[1].message, "broken");
}

TEST_F(RunnerTest, APlainScriptThatPassesIsOnePassedTest) {
    write("check.py", "assert 1 + 1 == 2\n");
    const TestReport report = run("/usr/bin/python3 check.py");
    EXPECT_EQ(report.verdict, Verdict::passed);
    EXPECT_EQ(report.runner, "command");
}

}  // namespace
}  // namespace ec::executor
