// What the judge makes of unittest, doctest and plain scripts, and of sources in every encoding and shape.
#include "judge_fixture.hpp"

namespace ec::repair {
namespace {

using testing::JudgeTest;
using Ids = std::vector<std::string>;
using namespace std::chrono_literals;

class FrameworkJudge : public JudgeTest {
protected:
    void SetUp() override {
        JudgeTest::SetUp();
        write("calc.py",
              "LIMIT = 3\n"
              "def add(a, b):\n"
              "    \"\"\"\n"
              "    >>> add(1, 2)\n"
              "    3\n"
              "    \"\"\"\n"
              "    return a - b\n");
    }
    /// The fix, a wrong edit, and an edit outside of any function together with the fix.
    void expect_fix_found(const Ids& tests) {
        const Candidate fix = replace("calc.py", "a - b", "a + b");
        Candidate both = replace("calc.py", "LIMIT = 3", "LIMIT = 30");
        both.edits.push_back(fix.edits[0]);
        const auto judged =
            judge({fix, replace("calc.py", "a - b", "a * b"), both, replace("calc.py", "a - b", "exit(0)")}, tests);
        EXPECT_EQ(judged[0].verdict, Verdict::pass) << judged[0].message;
        EXPECT_EQ(judged[1].verdict, Verdict::fail);
        EXPECT_EQ(judged[2].verdict, Verdict::pass) << judged[2].message;
        EXPECT_EQ(judged[3].verdict, Verdict::fail);
    }
};

TEST_F(FrameworkJudge, RunsUnittestWithItsClassFixturesAndSubtests) {
    write("test_calc.py",
          "import unittest\n"
          "from calc import add\n"
          "class AddTest(unittest.TestCase):\n"
          "    @classmethod\n"
          "    def setUpClass(cls): cls.two = 2\n"
          "    def test_add(self): self.assertEqual(add(self.two, 3), 5)\n"
          "    def test_zero(self): self.assertEqual(add(0, 0), 0)\n"
          "    def test_many(self):\n"
          "        for i in range(3):\n"
          "            with self.subTest(i=i): self.assertEqual(add(i, 1), i + 1)\n"
          "    @unittest.skip('not today')\n"
          "    def test_skipped(self): pass\n"
          "class BrokenTest(unittest.TestCase):\n"
          "    @classmethod\n"
          "    def setUpClass(cls): raise ValueError('no set-up')\n"
          "    def test_a(self): pass\n");
    observe("python3 -m unittest");
    EXPECT_EQ(failing(), (Ids{"test_calc.AddTest.test_add", "test_calc.AddTest.test_many"}));
    EXPECT_EQ(passing(), (Ids{"test_calc.AddTest.test_zero"}));
    EXPECT_EQ(ids(executor::TestOutcome::skipped), (Ids{"test_calc.AddTest.test_skipped"}));
    EXPECT_EQ(test("test_calc.BrokenTest.test_a").test.message, "ValueError: no set-up");
    EXPECT_EQ(test("test_calc.AddTest.test_add").lines.at("calc.py"), (std::set<int>{7}));
    expect_fix_found(failing());
    EXPECT_EQ(judge(replace("calc.py", "a - b", "a + b"), {failing()[0], "test_calc.AddTest.test_skipped"}).verdict,
              Verdict::pass);
}

TEST_F(FrameworkJudge, NamesAUnittestModuleThatDoesNotLoadAndJudgesItsRepair) {
    write("calc.py", "LIMIT = len(3)\ndef add(a, b):\n    return a + b\n");
    write("test_calc.py",
          "import unittest, calc\nclass T(unittest.TestCase):\n    def test_a(self): self.assertEqual(calc.add(1, 2), "
          "3)\n");
    observe("python3 -m unittest");
    const Ids broken = ids(executor::TestOutcome::error);
    ASSERT_EQ(broken, (Ids{"unittest.loader._FailedTest.test_calc"}));
    EXPECT_EQ(test(broken[0]).test.message, "TypeError: object of type 'int' has no len()");
    ASSERT_FALSE(test(broken[0]).test.frames.empty());
    EXPECT_EQ(test(broken[0]).test.frames.back(), (executor::TraceFrame{"calc.py", 1, "<module>"}));
    EXPECT_EQ(judge(replace("calc.py", "len(3)", "3"), broken).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("calc.py", "len(3)", "abs('')"), broken).verdict, Verdict::fail);
}

TEST_F(FrameworkJudge, RunsDoctestsByDocstring) {
    observe("python3 -m doctest calc.py");
    EXPECT_EQ(failing(), (Ids{"calc.add:3"}));
    EXPECT_EQ(test("calc.add:3").lines.at("calc.py"), (std::set<int>{7}));
    expect_fix_found(failing());
}

TEST_F(FrameworkJudge, RunsAPlainScriptByItsExitStatus) {
    write("check.py", "import sys, calc\nassert calc.add(2, 3) == int(sys.argv[1]), 'wrong sum'\nsys.exit(0)\n");
    observe("python3 check.py 5");
    EXPECT_EQ(failing(), (Ids{"check.py"}));
    EXPECT_EQ(test("check.py").test.message, "AssertionError: wrong sum");
    EXPECT_EQ(test("check.py").lines.at("calc.py"), (std::set<int>{1, 2, 7}));
    expect_fix_found(failing());
}

TEST_F(FrameworkJudge, CountsBytesNotCharactersAndKeepsEncodingsAndLineEnds) {
    write("utf8.py", "NAME = 'grün, 日本'  # é\ndef f(a, b):\n    '''ü'''\n    return a - b\n");
    write("latin.py",
          "# -*- coding: latin-1 -*-\nNAME = 'gr\xfcn'\ndef f(a, b):\n    s = 'm\xfcll'\n    return (a - b, s)\n");
    write("dos.py", "# \xc3\xa9\r\ndef f(a, b):\r\n    if a:\r\n        return a - b\r\n    return 0\r\n");
    write("mark.py",
          "\xef\xbb\xbf"
          "def f(a, b):\n    return a - b\n");
    write("tab.py", "class C:\n\tdef f(self, a, b):\n\t\treturn a - b\n");
    write("test_all.py",
          "import unittest, utf8, latin, dos, mark, tab\n"
          "class T(unittest.TestCase):\n"
          "    def test_utf8(self): self.assertEqual(utf8.f(2, 3), 5)\n"
          "    def test_latin(self): self.assertEqual(latin.f(2, 3), (5, 'müll'))\n"
          "    def test_dos(self): self.assertEqual(dos.f(2, 3), 5)\n"
          "    def test_mark(self): self.assertEqual(mark.f(2, 3), 5)\n"
          "    def test_tab(self): self.assertEqual(tab.C().f(2, 3), 5)\n");
    observe("python3 -m unittest test_all");
    ASSERT_EQ(failing().size(), 5U);
    for (const std::string name : {"utf8", "latin", "dos", "mark", "tab"}) {
        const Candidate fix = replace(name + ".py", "a - b", "a + b");
        EXPECT_EQ(judge(fix, {"test_all.T.test_" + name}).verdict, Verdict::pass) << name;
        EXPECT_EQ(judge(Candidate{}, {"test_all.T.test_" + name}).verdict, Verdict::fail) << name;
    }
    Candidate bytes = replace("latin.py", "'m\xfcll'", "'m\xfcll' ");
    bytes.edits.push_back(replace("latin.py", "a - b", "a + b").edits[0]);
    EXPECT_EQ(judge(bytes, {"test_all.T.test_latin"}).verdict, Verdict::pass);
}

TEST_F(FrameworkJudge, ReachesMethodsClosuresDecoratedAndInnerFunctions) {
    write("shapes.py",
          "import functools\n"
          "def twice(function):\n"
          "    @functools.wraps(function)\n"
          "    def wrapper(*args):\n"
          "        return function(*args) * 1\n"
          "    return wrapper\n"
          "@twice\n"
          "def doubled(x): return x\n"
          "@functools.lru_cache(maxsize=None)\n"
          "def cached(x): return x - 1\n"
          "class Base:\n"
          "    def name(self): return 'base'\n"
          "class Box(Base):\n"
          "    def __init__(self, v): self.v = v\n"
          "    @property\n"
          "    def half(self): return self.v / 3\n"
          "    @staticmethod\n"
          "    def one(): return 2\n"
          "    def name(self): return 'box'\n"
          "def outer(n):\n"
          "    def inner(k): return k + n - 1\n"
          "    return [inner(i) for i in range(n + 1)]\n"
          "def default(x=1): return x\n"
          "TABLE = [doubled(1)]\n");
    write("test_shapes.py",
          "import unittest, shapes\n"
          "class T(unittest.TestCase):\n"
          "    def test_doubled(self): self.assertEqual(shapes.doubled(4), 8)\n"
          "    def test_cached(self): self.assertEqual(shapes.cached(4), 5)\n"
          "    def test_half(self): self.assertEqual(shapes.Box(4).half, 2)\n"
          "    def test_one(self): self.assertEqual(shapes.Box.one(), 1)\n"
          "    def test_name(self): self.assertEqual(shapes.Box(1).name(), 'base box')\n"
          "    def test_outer(self): self.assertEqual(shapes.outer(2), [2, 3])\n"
          "    def test_default(self): self.assertEqual(shapes.default(), 2)\n"
          "    def test_table(self): self.assertEqual(shapes.TABLE, [2])\n");
    observe("python3 -m unittest");
    ASSERT_EQ(failing().size(), 8U);
    Candidate outer = replace("shapes.py", "k + n - 1", "k + n");
    outer.edits.push_back(replace("shapes.py", "range(n + 1)", "range(n)").edits[0]);
    const std::vector<std::pair<std::string, Candidate>> cases = {
        {"doubled", replace("shapes.py", "* 1", "* 2")},
        {"table", replace("shapes.py", "* 1", "* 2")},
        {"cached", replace("shapes.py", "x - 1", "x + 1")},
        {"half", replace("shapes.py", "/ 3", "/ 2")},
        {"one", replace("shapes.py", "return 2", "return 1")},
        {"name", replace("shapes.py", "return 'box'", "return super().name() + ' box'")},
        {"outer", outer},
        {"default", replace("shapes.py", "x=1", "x=2")}};
    for (const auto& [name, fix] : cases) {
        const Judgement judged = judge(fix, {"test_shapes.T.test_" + name});
        EXPECT_EQ(judged.verdict, Verdict::pass) << name << ": " << judged.message;
    }
}

TEST_F(FrameworkJudge, AProgramThatATestStartsSeesTheCandidate) {
    write("tool.py", "import calc\nprint(calc.add(2, 3))\n");
    write("test_tool.py",
          "import subprocess, sys, unittest\n"
          "class T(unittest.TestCase):\n"
          "    def test_tool(self): self.assertEqual(subprocess.check_output([sys.executable, 'tool.py']), b'5\\n')\n");
    write("test_calc.py",
          "import unittest, calc\nclass T(unittest.TestCase):\n    def test_add(self): self.assertEqual(calc.add(2, "
          "3), 5)\n");
    observe("python3 -m unittest");
    const Candidate fix = replace("calc.py", "a - b", "a + b");
    EXPECT_EQ(judge(fix, {"test_tool.T.test_tool"}, 10s).verdict, Verdict::pass);
    EXPECT_EQ(judge(Candidate{}, {"test_tool.T.test_tool"}, 10s).verdict, Verdict::fail);
    EXPECT_EQ(judge(replace("calc.py", "a - b", "a * b"), {"test_tool.T.test_tool"}, 10s).verdict, Verdict::fail);
    EXPECT_EQ(judge(fix, {"test_calc.T.test_add", "test_tool.T.test_tool"}, 10s).verdict, Verdict::pass);
}

}  // namespace
}  // namespace ec::repair
