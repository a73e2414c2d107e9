// Real runners on small projects: what they report reaches the caller.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/executor/test_command.hpp>
#include <fstream>

#include "tests/bare_runner.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using Verdict = TestReport::Verdict;

class RunnerTest : public ::testing::Test {
protected:
    RunnerTest() : room_(TempDir::create("ec-report-").value()) {}

    void write(const std::string& path, std::string_view content) {
        fs::create_directories((workspace() / path).parent_path());
        std::ofstream(workspace() / path) << content;
    }
    TestReport run(std::string_view text, std::chrono::milliseconds wall = std::chrono::seconds(60)) {
        command_ = recognise_test_command(text, workspace());
        RunSpec spec = test_run(command_);
        spec.limits.wall = wall;
        result_ = testing::run_bare(spec, workspace());
        TestReport report = read_test_report(command_, result_, workspace());
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
    [[nodiscard]] const fs::path& workspace() const { return room_.path(); }

    TempDir room_;
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
    EXPECT_FALSE(fs::exists(workspace() / ".pytest_cache"));
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
    write("Makefile", "test:\n\tPYTHONPATH=. /usr/bin/python3 -m pytest -q\n");
    const TestReport hidden = run("make test");
    EXPECT_EQ(hidden.verdict, Verdict::passed) << hidden.reason;
    EXPECT_THAT(lines(hidden), ElementsAre("passed make test"));
}

}  // namespace
}  // namespace ec::executor
