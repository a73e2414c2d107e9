// Code under test that hangs, eats memory, kills, writes and lies: the judge says what happened and goes on.
#include <thread>

#include "judge_fixture.hpp"

namespace ec::repair {
namespace {

using testing::JudgeTest;
using Ids = std::vector<std::string>;
using namespace std::chrono_literals;

constexpr const char* kPytest = "/usr/bin/python3 -m pytest -q";

class HostileJudge : public JudgeTest {
protected:
    void SetUp() override {
        JudgeTest::SetUp();
        write("calc.py", "def add(a, b):\n    return a - b\n");
        write("test_calc.py",
              "import calc\ndef test_add():\n    assert calc.add(2, 3) == 5\ndef test_one():\n    assert 1 == 1\n");
    }
    [[nodiscard]] Candidate body(const std::string& text) const { return replace("calc.py", "return a - b", text); }
    [[nodiscard]] Candidate fix() const { return body("return a + b"); }
    const Ids add_{"test_calc.py::test_add"};
};

TEST_F(HostileJudge, DeepRecursionAndEndlessMemoryAreFailures) {
    observe(kPytest);
    const auto judged =
        judge({body("return add(a, b)"), body("return [0] * 10**12"),
               body("x = []\n    while True: x.append(' ' * 10**7)"), body("raise KeyboardInterrupt"), fix()},
              add_, 10s);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(judged[i].verdict, Verdict::fail) << i << ": " << judged[i].message;
    EXPECT_EQ(judged[4].verdict, Verdict::pass);
}

TEST_F(HostileJudge, ADriverThatIsKilledComesBackAndOnlyTheKillerPays) {
    observe(kPytest);
    const std::vector<Candidate> candidates = {fix(), body("import os, signal; os.kill(-1, 9)"),
                                               fix(), body("import os; os.kill(os.getppid(), 9)"),
                                               fix(), body("return a * b"),
                                               fix()};
    const auto judged = judge(candidates, add_);
    for (const std::size_t good : {0U, 2U, 4U, 6U})
        EXPECT_EQ(judged[good].verdict, Verdict::pass) << good << ": " << judged[good].message;
    for (const std::size_t bad : {1U, 3U, 5U}) EXPECT_NE(judged[bad].verdict, Verdict::pass) << bad;
}

TEST_F(HostileJudge, NothingThatACandidateStartedOutlivesIt) {
    write("test_calc.py",
          "import calc\n"
          "def test_add():\n"
          "    assert calc.add(2, 3) == 5\n"
          "def test_alone():\n"
          "    import os\n"
          "    names = []\n"
          "    for pid in filter(str.isdigit, os.listdir('/proc')):\n"
          "        try: names.append(open('/proc/%s/cmdline' % pid).read())\n"
          "        except OSError: pass\n"
          "    assert not [name for name in names if 'straggler' in name]\n");
    observe(kPytest);
    const std::string start =
        "import os\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n"
        "        if os.fork() == 0: os.execvp('sleep', ['straggler', '1000'])\n"
        "        os._exit(0)\n"
        "    os.wait()\n"
        "    return 1";
    const auto judged = judge({body(start), fix()}, {"test_calc.py::test_add", "test_calc.py::test_alone"}, 5s);
    EXPECT_EQ(judged[0].verdict, Verdict::fail);
    EXPECT_EQ(judged[1].verdict, Verdict::pass) << judged[1].message;
}

TEST_F(HostileJudge, PrintingClosingAndForgettingDoNotDisturbTheDriver) {
    observe(kPytest);
    const auto judged = judge(
        {body("print('x' * 10**7); return a - b"), body("import os; os.closerange(0, 1000); return a - b"),
         body("import sys; sys.modules.clear(); return a - b"), body("import os; os.chdir('/'); os.environ.clear()"),
         body("import os; os.write(4, b'\\xff' * 100); return a - b"), fix()},
        add_, 5s);
    for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(judged[i].verdict, Verdict::fail) << i;
    EXPECT_EQ(judged[5].verdict, Verdict::pass);
}

TEST_F(HostileJudge, WhatTestsWriteIsPutBackBetweenCandidates) {
    write("data.txt", "original");
    write("test_calc.py",
          "import calc, os\n"
          "def test_add():\n"
          "    assert open('data.txt').read() == 'original' and not os.path.exists('new.txt')\n"
          "    open('data.txt', 'w').write('changed'); open('new.txt', 'w').write('x')\n"
          "    assert calc.add(2, 3) == 5\n");
    observe(kPytest, 2);
    EXPECT_FALSE(test(add_[0]).flaky);
    EXPECT_EQ(test(add_[0]).test.message, "AssertionError: assert -1 == 5");
    for (std::size_t lane = 0; lane < 2; ++lane)
        for (const Judgement& judged : judge({fix(), fix(), fix()}, add_, 5s, lane))
            EXPECT_EQ(judged.verdict, Verdict::pass) << judged.message;
    EXPECT_EQ(read("data.txt"), "original");
}

TEST_F(HostileJudge, AFlakyTestIsNamed) {
    write("test_calc.py",
          "import os\n"
          "def test_turns():\n"
          "    seen = os.path.exists('/tmp/seen')\n"
          "    open('/tmp/seen', 'w').close()\n"
          "    assert seen\n"
          "def test_always():\n"
          "    assert 0\n");
    observe(kPytest);
    EXPECT_TRUE(test("test_calc.py::test_turns").flaky);
    EXPECT_FALSE(test("test_calc.py::test_always").flaky);
}

TEST_F(HostileJudge, AHangInTheUnchangedProgramIsAFailureWithItsPlace) {
    write("calc.py", "def add(a, b):\n    while a:\n        b += 0\n    return b\n");
    observe(kPytest);
    EXPECT_EQ(failing(), add_);
    EXPECT_EQ(test(add_[0]).test.message, "timed out: the test did not end in its time");
    ASSERT_FALSE(test(add_[0]).test.frames.empty());
    EXPECT_EQ(test(add_[0]).test.frames.back().file, "calc.py");
    EXPECT_TRUE(test(add_[0]).lines.at("calc.py").contains(3));
    EXPECT_EQ(judge(replace("calc.py", "b += 0", "b += 1; a -= 1"), add_).verdict, Verdict::pass);
}

TEST_F(HostileJudge, ATestFileThatDoesNotParseIsReported) {
    write("test_bad.py", "def test_x(:\n");
    observe(kPytest);
    const Ids broken = ids(executor::TestOutcome::error);
    ASSERT_EQ(broken, (Ids{"test_bad.py"}));
    EXPECT_NE(test("test_bad.py").test.message.find("SyntaxError"), std::string::npos)
        << test("test_bad.py").test.message;
    EXPECT_EQ(judge(fix(), add_).verdict, Verdict::pass);
    EXPECT_EQ(judge(fix(), broken).verdict, Verdict::fail);
}

TEST_F(HostileJudge, AModuleThatDoesNotLoadIsReportedAndItsRepairJudged) {
    write("calc.py", "BASE = {}['x']\ndef add(a, b):\n    return a + b\n");
    observe(kPytest);
    const Ids broken = ids(executor::TestOutcome::error);
    ASSERT_EQ(broken, (Ids{"test_calc.py"}));
    EXPECT_EQ(test("test_calc.py").test.message, "KeyError: 'x'");
    EXPECT_EQ(test("test_calc.py").test.frames.back(), (executor::TraceFrame{"calc.py", 1, "<module>"}));
    EXPECT_EQ(judge(replace("calc.py", "{}['x']", "{}"), broken).verdict, Verdict::pass);
    EXPECT_EQ(judge(replace("calc.py", "{}['x']", "{}['y']"), broken).verdict, Verdict::fail);
}

TEST_F(HostileJudge, ServesHundredsOfTestsFromTwoLanesAtOnce) {
    write("test_calc.py",
          "import pytest, calc\n"
          "@pytest.mark.parametrize('n', range(400))\n"
          "def test_add(n):\n"
          "    assert calc.add(n, 3) == n + 3\n");
    observe(kPytest, 2);
    ASSERT_EQ(failing().size(), 400U);
    std::vector<std::vector<Judgement>> judged(2);
    {
        std::vector<std::jthread> threads;
        for (std::size_t lane = 0; lane < 2; ++lane)
            threads.emplace_back([&, lane] {
                judged[lane] = judge({body("return a + 4"), fix(), body("return b")}, failing(), 10s, lane);
            });
    }
    for (const auto& lane : judged) {
        ASSERT_EQ(lane.size(), 3U);
        EXPECT_EQ(lane[0].verdict, Verdict::fail);
        EXPECT_EQ(lane[1].verdict, Verdict::pass) << lane[1].message;
        EXPECT_EQ(lane[1].passed, 400U);
        EXPECT_EQ(lane[2].passed, 1U);
    }
}

TEST_F(HostileJudge, StopsWhenToldTo) {
    observe(kPytest);
    std::stop_source stop;
    std::jthread later([&] {
        // The request is on its way or being answered: both must end.
        stop.request_stop();
    });
    const auto result =
        judge_->judge(0, std::vector<Candidate>(50, body("while True: pass")), {add_, 10s}, stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_EQ(judge(fix(), add_).verdict, Verdict::pass);
}

TEST_F(HostileJudge, SaysWhyItCannotServe) {
    executor::SandboxOptions options;
    options.workspace = root_;
    options.box = std::filesystem::path(std::getenv("EC_BIN_DIR")) / "edgecoder-box";
    auto sandbox = executor::open_sandbox(options);
    ASSERT_TRUE(sandbox);
    auto spec = python_driver(executor::recognise_test_command("python3 -m unittest", root_), root_);
    ASSERT_TRUE(spec);
    spec->framework = "nose";
    const auto judge = DriverJudge::start(**sandbox, *spec, 1, 1);
    ASSERT_FALSE(judge);
    EXPECT_EQ(judge.error().code, ErrorCode::unavailable);
    EXPECT_NE(judge.error().message.find("nose"), std::string::npos) << judge.error().message;
    EXPECT_EQ(python_driver(executor::recognise_test_command("make check", root_), root_).error().code,
              ErrorCode::not_found);
}

}  // namespace
}  // namespace ec::repair
