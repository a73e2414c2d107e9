#include <fmt/format.h>

#include <ec/agent/reviewer.hpp>
#include <ec/model/chat.hpp>

namespace ec::agent {
namespace {

class ChatReviewer final : public Reviewer {
public:
    ChatReviewer(model::ChatModel& model, ReviewerFacts facts) : model_(model), facts_(std::move(facts)) {}

    [[nodiscard]] const ReviewerFacts& facts() const override { return facts_; }

    // One message and no other: what was shown is all that is sent.
    Result<ReviewAnswer> ask(const ReviewPackage& package, std::stop_token stop) override {
        model::ChatRequest request;
        request.messages.push_back({.role = model::Role::user, .text = package.text, .calls = {}, .call_id = {}});
        request.sampling.max_tokens = facts_.most_answer_tokens;
        EC_ASSIGN(model::ChatReply reply, model_.complete(request, {}, std::move(stop)));
        ReviewAnswer answer;
        answer.text = std::move(reply.text);
        answer.cut = reply.finish == model::Finish::length;
        answer.warnings = std::move(reply.warnings);
        // A server that counts nothing says 0, which no question has.
        if (reply.usage.prompt_tokens > 0) {
            answer.prompt_tokens = reply.usage.prompt_tokens;
            answer.answer_tokens = reply.usage.completion_tokens;
        }
        return answer;
    }

    Result<ReviewAnswer> look(const std::string& /*ticket*/, std::stop_token /*stop*/) override {
        return fail(ErrorCode::not_found, fmt::format("{} answers at once or not at all", facts_.name));
    }

private:
    model::ChatModel& model_;
    ReviewerFacts facts_;
};

}  // namespace

std::unique_ptr<Reviewer> make_chat_reviewer(model::ChatModel& model, ReviewerFacts facts) {
    return std::make_unique<ChatReviewer>(model, std::move(facts));
}

}  // namespace ec::agent
