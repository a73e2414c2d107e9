#include <ec/agent/worker_agent.hpp>

#include "agent_fixture.hpp"

namespace ec::agent {
namespace {

class WorkerAgentTest : public AgentTest {
protected:
    Result<WorkResult> work(const WorkItem& item, std::stop_token stop = {}) {
        executor::SandboxOptions options;
        options.workspace = dir_.path();
        sandbox_ = executor::open_sandbox(options).value();
        return WorkerAgent(model_, *sandbox_, files_, clock_).work(item, std::move(stop));
    }
    WorkItem item_ = [] {
        WorkItem item;
        item.task = "make add work";
        item.test = "python3 -m unittest";
        item.files = {"calc.py"};
        return item;
    }();
};

TEST_F(WorkerAgentTest, ReturnsTheFirstAnswerThatPasses) {
    model_.says("no idea");
    model_.says("calc.py\n```\ndef add(a, b):\n    return 5\n\n\ndef double(a):\n    return a\n```\n");
    model_.says(kFix);
    const WorkResult result = work(item_).value();
    EXPECT_TRUE(result.verified);
    EXPECT_EQ(result.tried, 2U);
    ASSERT_EQ(result.files.size(), 1U);
    EXPECT_NE(result.patch.find("+    return a + b"), std::string::npos);
    EXPECT_EQ(files_.read("calc.py"), read_file(dir_.path() / "calc.py").value());
}

TEST_F(WorkerAgentTest, ChangesNoFileThatItWasNotGiven) {
    model_.says("test_calc.py\n```\nprint('all well')\n```\n");
    const WorkResult result = work(item_).value();
    EXPECT_FALSE(result.verified);
    EXPECT_TRUE(result.files.empty());
    EXPECT_EQ(result.tried, 0U);
}

TEST_F(WorkerAgentTest, RefusesAnItemThatNamesNothingToDo) {
    for (WorkItem item : {WorkItem{}, [&] {
                              WorkItem none = item_;
                              none.files.clear();
                              return none;
                          }()}) {
        EXPECT_EQ(work(item).error().code, ErrorCode::invalid_argument);
    }
}

TEST_F(WorkerAgentTest, StopsWhenTold) {
    std::stop_source source;
    source.request_stop();
    model_.says(kFix);
    EXPECT_EQ(work(item_, source.get_token()).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ec::agent
