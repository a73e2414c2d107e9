#include "agent_fixture.hpp"

namespace ec::agent {
namespace {

using Status = TaskResult::Status;

std::string change_to(const std::string& line) {
    return "calc.py\n<<<<<<< SEARCH\n    return a - b\n=======\n    " + line + "\n>>>>>>> REPLACE\n";
}

class UntestedTest : public AgentTest {
protected:
    void SetUp() override {
        put("calc.py", "def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return a * 2\n");
        settings_.test = "";
        settings_.approach = Approach::pipeline;
        settings_.samples = 4;
    }
};

TEST_F(UntestedTest, TakesTheVersionThatAgreesWithTheOthersAndTheGeneratedTests) {
    model_.says(change_to("return a * b"));
    model_.says(change_to("return a + b"));
    model_.says(change_to("return b + a"));
    model_.says(change_to("return a ** b"));
    model_.says("assert add(2, 3) == 5\nassert add(0, 4) == 4\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_FALSE(result.tested);
    EXPECT_EQ(result.explanation, "agrees with 2 of 4 versions and 2 of 2 generated tests");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
    ASSERT_EQ(model_.requests.size(), 7U);
    // The tests are asked for behind the task, before any version was seen, and once for each sample of them.
    const auto& asked = model_.requests[4].messages;
    ASSERT_EQ(asked.size(), model_.requests[0].messages.size());
    EXPECT_TRUE(asked.back().text.starts_with(model_.requests[0].messages.back().text));
    EXPECT_NE(asked.back().text.find("for add."), std::string::npos);
    // What stays in the conversation is the task and the answer that was taken.
    EXPECT_NE(agent().conversation().back().text.find("return a + b"), std::string::npos);
}

TEST_F(UntestedTest, KeepsTheFirstVersionWhenTheTestsTellNothing) {
    model_.says(change_to("return a + b"));
    model_.says(change_to("return a * b"));
    model_.says(change_to("return a * b"));
    model_.says(change_to("return a * b"));
    model_.says("I would rather not.");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed);
    EXPECT_EQ(result.explanation, "");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

TEST_F(UntestedTest, AsksForNoTestsWhenAllVersionsAreOne) {
    model_.says(change_to("return a + b"));
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 4U);
}

TEST_F(UntestedTest, BuysNoFurtherVersionsOfWhatCannotBeCompared) {
    put("notes.txt", "hello\n");
    model_.says("notes.txt\n<<<<<<< SEARCH\nhello\n=======\nhallo\n>>>>>>> REPLACE\n");
    EXPECT_EQ(run("translate the notes").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 1U);
}

TEST_F(UntestedTest, ShowsNoSecretsToTheVersions) {
    settings_.samples = 2;
    put(".env", "KEY=1\n");
    secrets_ = {{".env"}, {}};
    model_.says(change_to("return 5 if open('.env').read() else 0"));
    model_.says(change_to("return a + b"));
    model_.says("assert add(2, 3) == 5\n");
    EXPECT_EQ(run("make add work").value().explanation, "agrees with 1 of 2 versions and 1 of 1 generated tests");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

TEST_F(UntestedTest, WaitsForNoVersionBeyondTheTimeOfTheTask) {
    settings_.samples = 2;
    settings_.budget = std::chrono::seconds(3);
    model_.says(change_to("return a + b"));
    model_.says(
        "calc.py\n<<<<<<< SEARCH\ndef add(a, b):\n=======\nimport time\ntime.sleep(1000)\ndef add(a, b):\n>>>>>>> "
        "REPLACE\n");
    model_.says("assert add(2, 3) == 5\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

TEST_F(UntestedTest, LetsAHostileVersionSpoilNothing) {
    settings_.samples = 3;
    model_.says(change_to("__import__('os')._exit(0)"));
    model_.says(change_to("return a + b"));
    model_.says(change_to("print('t 0 1\\nt 1 1', flush=True)"));
    model_.says("assert add(2, 3) == 5\nassert add(0, 4) == 4\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.explanation, "agrees with 1 of 3 versions and 2 of 2 generated tests");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

/// A suite that is green before and says nothing of what is asked for.
class FewTestsTest : public UntestedTest {
protected:
    void SetUp() override {
        UntestedTest::SetUp();
        put("test_calc.py",
            "import unittest\nfrom calc import add, double\n\n\nclass T(unittest.TestCase):\n"
            "    def test_zero(self):\n        self.assertEqual(add(2, 0), 2)\n\n"
            "    def test_double(self):\n        self.assertEqual(double(4), 8)\n");
        settings_.test = "python3 -m unittest";
    }
};

TEST_F(FewTestsTest, TakesOfThoseThatPassTheOneThatAgreesWithTheOthers) {
    model_.says(change_to("return a"));
    model_.says(change_to("return a * 7"));  // fails the suite: no say in the choice
    model_.says(change_to("return a + b"));
    model_.says(change_to("return b + a"));
    model_.says("assert add(2, 3) == 5\nassert add(0, 4) == 4\n");
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    EXPECT_TRUE(result.tested);
    EXPECT_EQ(result.explanation, "agrees with 2 of 3 versions and 2 of 2 generated tests");
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

TEST_F(FewTestsTest, BuysNothingMoreWhenATestDecided) {
    put("test_calc.py",
        "import unittest\nfrom calc import add, double\n\n\nclass T(unittest.TestCase):\n"
        "    def test_add(self):\n        self.assertEqual(add(2, 3), 5)\n\n"
        "    def test_double(self):\n        self.assertEqual(double(4), 8)\n");
    model_.says(change_to("return a + b"));
    EXPECT_EQ(run("make add work").value().status, Status::fixed);
    EXPECT_EQ(model_.requests.size(), 1U);
}

TEST_F(FewTestsTest, KeepsAVersionThatPassesWhenTheModelFailsAfterwards) {
    model_.says(change_to("return a + b"));
    model_.does([this](const model::ChatRequest&) {
        model_.fails = true;
        return model::ChatReply{};
    });
    const TaskResult result = run("make add work").value();
    EXPECT_EQ(result.status, Status::fixed) << result.reason;
    ASSERT_EQ(written_.size(), 1U);
    EXPECT_NE(written_[0].after.find("return a + b"), std::string::npos);
}

}  // namespace
}  // namespace ec::agent
