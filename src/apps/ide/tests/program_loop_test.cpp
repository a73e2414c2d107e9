// POST /run: the program in an answer, and how often a model gets to mend it.
#include "ide/program_loop.hpp"

#include <gtest/gtest.h>

namespace ec::apps::ide {
namespace {

/// Says its texts one after the other and keeps the conversations.
class Parrot final : public model::ChatModel {
public:
    explicit Parrot(std::vector<std::string> texts) : texts_(std::move(texts)) {}
    [[nodiscard]] const model::ModelFacts& facts() const override { return facts_; }
    Result<model::ChatReply> complete(const model::ChatRequest& request, const model::OnDelta&,
                                      std::stop_token) override {
        asked.push_back(request);
        model::ChatReply reply;
        reply.text = texts_.at(std::min(asked.size(), texts_.size()) - 1);
        return reply;
    }
    std::vector<model::ChatRequest> asked;

private:
    std::vector<std::string> texts_;
    model::ModelFacts facts_;
};

RunProgram outcome(std::vector<executor::RunStatus> statuses, std::vector<executor::RunSpec>& specs) {
    return [statuses = std::move(statuses), &specs](const executor::RunSpec& spec,
                                                    const std::stop_token&) -> Result<executor::RunResult> {
        specs.push_back(spec);
        executor::RunResult result;
        result.status = statuses.at(specs.size() - 1);
        result.exit_code = result.ok() ? 0 : 1;
        result.err = result.ok() ? "" : "NameError: x";
        return result;
    };
}

TEST(Programs, AreTheFirstFenceOfAnAnswer) {
    EXPECT_EQ(program_in("```python\nprint(1)\n```"), "print(1)\n");
    EXPECT_EQ(program_in("Here:\n```js\na\nb\n```\nand\n```\nc\n```"), "a\nb\n");
    EXPECT_EQ(program_in("print(1)\n"), "print(1)\n");
    EXPECT_EQ(program_in("```\nnot closed"), "not closed\n");
    EXPECT_EQ(program_in("```"), "");
    EXPECT_EQ(program_in("```\n```"), "");
}

TEST(ProgramLoop, EndsWithTheFirstProgramThatRuns) {
    Parrot model({"a plan", "```\nx\n```", "```\nprint(1)\n```"});
    std::vector<executor::RunSpec> specs;
    using Status = executor::RunStatus;
    const auto result = write_program({"count", "python"}, model, outcome({Status::failed, Status::ok}, specs), {});
    ASSERT_TRUE(result);
    EXPECT_EQ(result->plan, "a plan");
    ASSERT_EQ(result->history.size(), 2U);
    EXPECT_TRUE(result->history[1].run.ok);
    EXPECT_EQ(specs[1].edits.at(0).content, "print(1)\n");
    EXPECT_EQ(specs[1].argv, (std::vector<std::string>{"python3", "program.py"}));
    // The plan and the error stand in what the model sees.
    EXPECT_EQ(model.asked[2].messages[2].text, "a plan");
    EXPECT_TRUE(model.asked[2].messages.back().text.contains("NameError: x"));
    EXPECT_FALSE(program_object(*result).at("runResult").at("queueForCloud").as_bool());
}

TEST(ProgramLoop, GivesUpAfterThreeTriesAndSaysWhy) {
    using Status = executor::RunStatus;
    for (const auto& [last, reason] :
         {std::pair{Status::failed, "model_limit"}, {Status::timeout, "timeout"}, {Status::memory, "outside_subset"}}) {
        Parrot model({"x"});
        std::vector<executor::RunSpec> specs;
        const auto result =
            write_program({"count", "javascript"}, model, outcome({Status::failed, Status::failed, last}, specs), {});
        ASSERT_TRUE(result);
        const json::Object body = program_object(*result);
        EXPECT_EQ(body.at("iterations"), 3);
        EXPECT_EQ(body.at("runResult").at("queueReason"), reason);
        EXPECT_EQ(specs[0].argv.at(0), "node");
    }
}

TEST(ProgramLoop, FailsWhereNothingCanBeIsolated) {
    Parrot model({"x"});
    std::vector<executor::RunSpec> specs;
    const auto result =
        write_program({"count", "python"}, model, outcome({executor::RunStatus::sandbox_error}, specs), {});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ec::apps::ide
