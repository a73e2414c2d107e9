#include <gtest/gtest.h>

#include <deque>
#include <ec/inference/plan.hpp>

namespace ec::inference {
namespace {

class ScriptedModel final : public model::ChatModel {
public:
    explicit ScriptedModel(std::deque<std::string> replies) : replies_(std::move(replies)) {}
    [[nodiscard]] const model::ModelFacts& facts() const override { return facts_; }
    Result<model::ChatReply> complete(const model::ChatRequest& request, const model::OnDelta&,
                                      std::stop_token) override {
        requests.push_back(request);
        if (replies_.empty()) return fail(ErrorCode::unavailable, "the server went away");
        model::ChatReply reply;
        reply.text = replies_.front();
        replies_.pop_front();
        return reply;
    }
    std::vector<model::ChatRequest> requests;

private:
    model::ModelFacts facts_;
    std::deque<std::string> replies_;
};

Question question() {
    Question asked;
    asked.task = "In the app:\n- mend a\n- mend b";
    asked.files = {"a.py", "b.py"};
    return asked;
}

constexpr const char* kGood = R"({"parts":[{"key":"one","task":"the first","covers":[1],"files":["a.py"]},)"
                              R"({"key":"two","task":"the second","covers":[2],"files":["b.py"],"after":["one"]}]})";

TEST(PlanWithModel, keeps_the_persons_words_in_every_part) {
    ScriptedModel model({std::string("Sure!\n```json\n") + kGood + "\n```"});
    const auto plan = plan_with_model(model, question(), {});
    ASSERT_TRUE(plan) << plan.error().message;
    EXPECT_EQ(plan->by, "model");
    ASSERT_EQ(plan->parts.size(), 2U);
    EXPECT_EQ(plan->parts[0].task, "In the app:\n\n- mend a\n\nThis part: the first");
    EXPECT_EQ(plan->parts[1].after, (std::vector<std::string>{"one"}));
}

TEST(PlanWithModel, tells_the_model_once_what_was_wrong) {
    ScriptedModel model({R"({"parts":[{"key":"one","task":"x","covers":[1]}]})", kGood});
    ASSERT_TRUE(plan_with_model(model, question(), {}));
    ASSERT_EQ(model.requests.size(), 2U);
    EXPECT_EQ(model.requests[1].messages.back().text,
              "That is no plan: no part covers statement 2: \"- mend b\". Answer again.");
}

TEST(PlanWithModel, gives_up_on_a_model_that_cannot) {
    for (const char* nonsense : {"I would rather not", "{\"parts\": 3}", "{\"parts\":[]}",
                                 R"({"parts":[{"key":"one","task":"x","covers":[1,2,99]}]})",
                                 R"({"parts":[{"key":"one","task":"x","covers":[1,2],"files":["/etc/passwd"]}]})",
                                 R"({"parts":[{"key":"one","task":"x","covers":[1,2],"after":["one"]}]})"}) {
        ScriptedModel model({nonsense, nonsense});
        const auto plan = plan_with_model(model, question(), {});
        ASSERT_FALSE(plan) << nonsense;
        EXPECT_EQ(plan.error().code, ErrorCode::corrupt) << nonsense;
    }
}

TEST(PlanWithModel, hands_on_what_the_model_fails_with) {
    ScriptedModel model({});
    EXPECT_EQ(plan_with_model(model, question(), {}).error().code, ErrorCode::unavailable);
}

}  // namespace
}  // namespace ec::inference
