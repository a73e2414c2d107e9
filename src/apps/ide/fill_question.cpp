#include "fill_question.hpp"

#include <ec/model/tokens.hpp>
#include <functional>

namespace ec::apps::ide {
namespace {

/// Watches a completion grow and ends it when all of it is there.
class Watcher {
public:
    Watcher(const FillQuestion& question, const std::stop_token& stop)
        : end_(question.extent, question.request.prompt, question.indent),
          longest_(question.predict_time),
          forward_(stop, [this] { enough_.request_stop(); }) {}

    void take(const model::Delta& delta) {
        if (delta.kind != model::Delta::Kind::text) return;
        if (pieces_++ == 0) begun_ = Clock::now();
        text_ += delta.text;
        cut_ = end_.find(text_);
        const bool late = longest_.count() > 0 && text_.contains('\n') && Clock::now() - begun_ > longest_;
        if (!cut_ && !late) return;
        ended_here_ = true;
        enough_.request_stop();
    }
    [[nodiscard]] std::stop_token token() const { return enough_.get_token(); }
    [[nodiscard]] bool ended_here() const { return ended_here_; }

    /// What came until then. The model did not get to count it.
    [[nodiscard]] model::ChatReply reply(const model::TextRequest& request) const {
        model::ChatReply reply;
        reply.text = text_;
        reply.usage.prompt_tokens = static_cast<std::int64_t>(model::estimate_tokens(request.prompt) +
                                                              model::estimate_tokens(request.suffix.value_or("")));
        reply.usage.completion_tokens = pieces_;
        reply.usage.completion_time = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun_);
        return reply;
    }
    void cut(std::string& text) const {
        if (const auto at = end_.find(text)) text.resize(*at);
    }

private:
    using Clock = std::chrono::steady_clock;
    CompletionEnd end_;
    std::chrono::milliseconds longest_;
    std::stop_source enough_;
    std::stop_callback<std::function<void()>> forward_;
    Clock::time_point begun_ = Clock::now();
    std::string text_;
    std::optional<std::size_t> cut_;
    std::int64_t pieces_ = 0;
    bool ended_here_ = false;
};

}  // namespace

Result<model::ChatReply> fill(model::ChatModel& model, const FillQuestion& question, const std::stop_token& stop) {
    Watcher watcher(question, stop);
    model::TextRequest request = question.request;
    if (question.only_read) request.sampling.max_tokens = 1;
    if (question.extent == Extent::line) request.sampling.stop.emplace_back("\n");
    auto reply = model.complete_text(request, [&](const model::Delta& delta) { watcher.take(delta); }, watcher.token());
    if (!reply && watcher.ended_here() && !stop.stop_requested()) reply = watcher.reply(request);
    if (!reply) return reply;
    if (question.only_read) {
        reply->text.clear();
        reply->usage.completion_tokens = 0;
    }
    watcher.cut(reply->text);
    if (question.extent != Extent::raw) reply->text = without_overlap(reply->text, request.suffix.value_or(""));
    return reply;
}

}  // namespace ec::apps::ide
