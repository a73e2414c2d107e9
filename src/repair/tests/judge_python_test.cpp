#include "judge_fixture.hpp"

namespace ec::repair {
namespace {

using testing::JudgeTest;
using Ids = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr const char* kCalc =
    "LIMIT = 3\n"
    "\n"
    "def add(a, b):\n"
    "    return a - b\n"
    "\n"
    "def total(numbers):\n"
    "    s = 0\n"
    "    for i in range(len(numbers) - 1):\n"
    "        s += numbers[i]\n"
    "    return s\n";

constexpr const char* kPytest =
    "import pytest\n"
    "import calc\n"
    "from calc import add, total\n"
    "def test_add():\n"
    "    assert add(2, 3) == 5\n"
    "def test_limit():\n"
    "    assert calc.LIMIT == 3\n"
    "@pytest.fixture\n"
    "def numbers():\n"
    "    return [1, 2, 3]\n"
    "def test_total(numbers, tmp_path):\n"
    "    assert total(numbers) == 6\n";

class PytestJudge : public JudgeTest {
protected:
    void SetUp() override {
        JudgeTest::SetUp();
        write("calc.py", kCalc);
        write("tests/test_calc.py", kPytest);
        write("conftest.py", "");
    }
    const std::string add_ = "tests/test_calc.py::test_add";
    const std::string limit_ = "tests/test_calc.py::test_limit";
    const std::string total_ = "tests/test_calc.py::test_total";
};

TEST_F(PytestJudge, NamesOutcomesFramesCoverageAndConstants) {
    observe("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(failing(), (Ids{add_, total_}));
    EXPECT_EQ(passing(), (Ids{limit_}));
    EXPECT_EQ(test(add_).test.message, "AssertionError: assert -1 == 5");
    EXPECT_EQ(test(add_).test.frames, (std::vector<executor::TraceFrame>{{"tests/test_calc.py", 5, "test_add"}}));
    EXPECT_EQ(test(add_).lines.at("calc.py"), (std::set<int>{4}));
    EXPECT_EQ(test(total_).lines.at("calc.py"), (std::set<int>{7, 8, 9, 10}));
    EXPECT_EQ(baseline_.import_lines.at("calc.py"), (std::set<int>{1, 3, 6}));
    EXPECT_FALSE(test(add_).flaky);
    EXPECT_NE(std::ranges::find(baseline_.constants, "5"), baseline_.constants.end());
}

TEST_F(PytestJudge, SeesTheRareLineOfAFailingTestBehindALongLoopOfAPassingOne) {
    write("calc.py", "def step(i):\n    if i == 6000:\n        return 0\n    return i\n");
    write("tests/test_calc.py",
          "from calc import step\n"
          "def test_many():\n    for i in range(5000):\n        assert step(i) == i\n"
          "def test_deep():\n    for i in range(5990, 6001):\n        assert step(i) == i\n"
          "def test_after():\n    assert step(1) == 1\n");
    observe("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(test("tests/test_calc.py::test_many").lines.at("calc.py"), (std::set<int>{2, 4}));
    EXPECT_EQ(test("tests/test_calc.py::test_deep").lines.at("calc.py"), (std::set<int>{2, 3, 4}));
    EXPECT_EQ(test("tests/test_calc.py::test_after").lines.at("calc.py"), (std::set<int>{2, 4}));
}

TEST_F(PytestJudge, SeesTheLinesOfATestThatDoesNotEnd) {
    write("calc.py", "def spin(n):\n    while n:\n        pass\n    return n\n");
    write("tests/test_calc.py", "from calc import spin\ndef test_spin():\n    assert spin(1) == 0\n");
    observe("/usr/bin/python3 -m pytest -q");
    EXPECT_TRUE(test("tests/test_calc.py::test_spin").hung);
    EXPECT_EQ(test("tests/test_calc.py::test_spin").lines.at("calc.py"), (std::set<int>{2, 3}));
}

TEST_F(PytestJudge, AFixPassesAndAWrongEditFails) {
    observe("/usr/bin/python3 -m pytest -q");
    const auto judged = judge({replace("calc.py", "a - b", "a + b"), replace("calc.py", "a - b", "a * b"), Candidate{}},
                              {add_, limit_});
    EXPECT_EQ(judged[0].verdict, Verdict::pass);
    EXPECT_EQ(judged[0].passed, 2U);
    EXPECT_EQ(judged[1].verdict, Verdict::fail);
    EXPECT_EQ(judged[1].stopped_at, add_);
    EXPECT_EQ(judged[1].message, "AssertionError: assert 6 == 5");
    EXPECT_EQ(judged[2].verdict, Verdict::fail);
}

TEST_F(PytestJudge, RunsTestsWithFixtures) {
    observe("/usr/bin/python3 -m pytest -q");
    EXPECT_EQ(judge(replace("calc.py", "len(numbers) - 1", "len(numbers)"), {total_, limit_}).verdict, Verdict::pass);
}

TEST_F(PytestJudge, JudgesModuleLevelEdits) {
    observe("/usr/bin/python3 -m pytest -q");
    const auto judged = judge(
        {replace("calc.py", "LIMIT = 3", "LIMIT = 4"), replace("calc.py", "LIMIT = 3", "LIMIT = 1 + 2")}, {limit_});
    EXPECT_EQ(judged[0].verdict, Verdict::fail);
    EXPECT_EQ(judged[1].verdict, Verdict::pass);
}

TEST_F(PytestJudge, JudgesModuleLevelEditsOfAFileThatHoldsItsTests) {
    write("test_lone.py", "LIMIT = 3\ndef low(x):\n    return x < LIMIT\ndef test_low():\n    assert low(3)\n");
    observe("/usr/bin/python3 -m pytest -q test_lone.py");
    EXPECT_EQ(failing(), (Ids{"test_lone.py::test_low"}));
    EXPECT_EQ(judge(replace("test_lone.py", "= 3", "= 4"), failing()).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("test_lone.py", "= 3", "= 2"), failing()).verdict, Verdict::fail);
}

TEST_F(PytestJudge, AModuleLevelEditThatPassesTheFirstFileOfTestsIsJudgedByTheOthersToo) {
    write("tests/test_other.py", "import calc\ndef test_less():\n    assert calc.LIMIT < 4\n");
    observe("/usr/bin/python3 -m pytest -q");
    const Ids both{limit_, "tests/test_other.py::test_less"};
    EXPECT_EQ(judge(replace("calc.py", "= 3", "= 1 + 2"), both).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("calc.py", "= 3", "= 4"), both).stopped_at, limit_);
    write("tests/test_calc.py", "def test_limit():\n    pass\n");
    observe("/usr/bin/python3 -m pytest -q");
    const Judgement judged = judge(replace("calc.py", "= 3", "= 4"), both);
    EXPECT_EQ(judged.verdict, Verdict::fail);
    EXPECT_EQ(judged.stopped_at, both[1]);
    EXPECT_EQ(judged.passed, 1U);
}

TEST_F(PytestJudge, AProcessThatATestForkedAndLeftDoesNotHoldItUp) {
    write("tests/test_calc.py",
          "import multiprocessing, time\nfrom calc import add\ndef test_add():\n"
          "    multiprocessing.get_context('fork').Process(target=time.sleep, args=(1000,), daemon=True).start()\n"
          "    assert add(2, 3) == 5\n");
    observe("/usr/bin/python3 -m pytest -q");
    EXPECT_FALSE(test(add_).hung);
    EXPECT_EQ(judge(replace("calc.py", "a - b", "a + b"), {add_}).verdict, Verdict::pass);
}

TEST_F(PytestJudge, AHangCostsItsLimitAndTimesOut) {
    observe("/usr/bin/python3 -m pytest -q");
    const auto judged = judge(
        {replace("calc.py", "return a - b", "while True: pass"), replace("calc.py", "a - b", "a + b")}, {add_}, 1500ms);
    EXPECT_EQ(judged[0].verdict, Verdict::timeout);
    EXPECT_EQ(judged[0].stopped_at, add_);
    EXPECT_GE(judged[0].duration, 1500ms);
    EXPECT_EQ(judged[1].verdict, Verdict::pass);
}

TEST_F(PytestJudge, LeavingEarlyIsNoPass) {
    observe("/usr/bin/python3 -m pytest -q");
    for (const char* cheat :
         {"import sys; sys.exit(0)", "import os; os._exit(0)", "import os; os.kill(os.getpid(), 9)"})
        EXPECT_EQ(judge(replace("calc.py", "return a - b", cheat), {add_}).verdict, Verdict::fail) << cheat;
}

TEST_F(PytestJudge, ATextThatDoesNotParseIsInvalid) {
    observe("/usr/bin/python3 -m pytest -q");
    const Judgement judged = judge(replace("calc.py", "a - b", "a - "), {add_});
    EXPECT_EQ(judged.verdict, Verdict::invalid);
    EXPECT_NE(judged.message.find("SyntaxError"), std::string::npos) << judged.message;
}

TEST_F(PytestJudge, LeavesTheWorkspaceByteForByte) {
    observe("/usr/bin/python3 -m pytest -q");
    static_cast<void>(judge(replace("calc.py", "return a - b", "open('calc.py', 'w').write('x')"), {add_}));
    EXPECT_EQ(read("calc.py"), kCalc);
    EXPECT_FALSE(std::filesystem::exists(root_ / "__pycache__"));
}

TEST_F(PytestJudge, ManyCandidatesAreEachJudgedAsIfAlone) {
    write("calc.py",
          "SEEN = []\n"
          "def add(a, b, kept=[]):\n"
          "    return a - b\n");
    write("tests/test_calc.py",
          "import calc, math\n"
          "def test_add():\n"
          "    assert calc.add(2, 3) == 5\n"
          "    assert math.pi > 3\n"
          "    assert calc.SEEN == []\n");
    observe("/usr/bin/python3 -m pytest -q");
    std::vector<Candidate> candidates;
    const Candidate fix = replace("calc.py", "a - b", "a + b");
    for (const char* spoiler : {"SEEN.append(1)", "kept.append(1)", "calc.SEEN = [1]", "global SEEN; SEEN = 3",
                                "add.mark = 1", "import math; math.pi = 3"}) {
        candidates.push_back(replace("calc.py", "return a - b", std::string(spoiler) + "; return a - b"));
        candidates.push_back(replace("calc.py", "return a - b", std::string("assert not kept; ") + "return a + b"));
        candidates.push_back(fix);
    }
    const auto judged = judge(candidates, failing());
    for (std::size_t i = 0; i < judged.size(); ++i)
        EXPECT_EQ(judged[i].verdict, i % 3 == 0 ? Verdict::fail : Verdict::pass) << i;
}

TEST_F(PytestJudge, ObservesHowCandidatesBehaveOnGeneratedInputs) {
    observe("/usr/bin/python3 -m pytest -q");
    const std::vector<Candidate> candidates = {
        Candidate{}, replace("calc.py", "a - b", "-b + a"), replace("calc.py", "a - b", "a + b"),
        replace("calc.py", "return a - b", "return b + a"), replace("calc.py", "return a - b", "while True: pass")};
    const auto observed = judge_->observe(0, candidates, "calc.py", 4, 7, {});
    ASSERT_TRUE(observed) << observed.error().message;
    ASSERT_EQ(observed->size(), candidates.size());
    EXPECT_GE(observed->at(0).digests.size(), 20U);
    EXPECT_EQ(observed->at(0).digests, observed->at(1).digests);
    EXPECT_EQ(observed->at(2).digests, observed->at(3).digests);
    EXPECT_NE(observed->at(0).digests, observed->at(2).digests);
    EXPECT_EQ(std::set<std::uint64_t>(observed->at(4).digests.begin(), observed->at(4).digests.end()).size(), 1U);
    const auto again = judge_->observe(0, candidates, "calc.py", 4, 7, {});
    ASSERT_TRUE(again);
    EXPECT_EQ(again->at(2).digests, observed->at(2).digests);
}

}  // namespace
}  // namespace ec::repair
