// A model that says what a test tells it to, and remembers what it was asked.
#pragma once

#include <condition_variable>
#include <deque>
#include <ec/model/chat.hpp>
#include <functional>
#include <mutex>

namespace ec::agent {

class ScriptedModel final : public model::ChatModel {
public:
    using Turn = std::function<model::ChatReply(const model::ChatRequest&)>;

    ScriptedModel() { facts_.name = "scripted"; }
    /// Answers in this order; the last one again and again.
    void says(std::string text) {
        turns_.push_back([text](const model::ChatRequest&) {
            model::ChatReply reply;
            reply.text = text;
            return reply;
        });
    }
    void calls(std::string tool, json::Object arguments) {
        turns_.push_back([=, id = turns_.size()](const model::ChatRequest&) {
            model::ChatReply reply;
            reply.calls.push_back({"call_" + std::to_string(id), tool, arguments});
            reply.finish = model::Finish::tool_calls;
            return reply;
        });
    }
    void does(Turn turn) { turns_.push_back(std::move(turn)); }

    [[nodiscard]] const model::ModelFacts& facts() const override { return facts_; }
    model::ModelFacts& facts() { return facts_; }
    Result<model::ChatReply> complete(const model::ChatRequest& request, const model::OnDelta& on_delta,
                                      std::stop_token stop) override {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        requests.push_back(request);
        if (drips) {
            std::mutex mutex;
            std::condition_variable_any never;
            std::unique_lock lock(mutex);
            never.wait(lock, stop, [] { return false; });
            return fail(ErrorCode::cancelled, "stopped");
        }
        if (fails) return fail(ErrorCode::unavailable, "the server went away");
        if (turns_.empty()) return fail(ErrorCode::unavailable, "nothing scripted");
        const model::ChatReply reply = turns_.front()(request);
        if (turns_.size() > 1) turns_.pop_front();
        if (on_delta) on_delta({model::Delta::Kind::text, reply.text, 0});
        return reply;
    }

    std::vector<model::ChatRequest> requests;
    bool fails = false;  ///< from now on
    bool drips = false;  ///< an answer that never ends

private:
    model::ModelFacts facts_;
    std::deque<Turn> turns_;
};

}  // namespace ec::agent
