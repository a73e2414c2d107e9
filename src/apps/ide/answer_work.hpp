// One answer of a model to one client: asks when its turn comes and passes every piece on as it is made.
#pragma once

#include <chrono>
#include <ec/model/chat.hpp>
#include <ec/net/http_server.hpp>
#include <functional>
#include <memory>
#include <mutex>

#include "lane.hpp"
#include "openai_api/forms.hpp"

namespace ec::apps::ide {

/// Asks the model; what it passes to `on_delta` is streamed.
using Ask = std::function<Result<model::ChatReply>(const model::OnDelta& on_delta, std::stop_token stop)>;

struct AnswerSettings {
    bool stream = false;
    net::Headers headers;                          ///< of the answer, with the route
    std::chrono::milliseconds keep_alive{15'000};  ///< of silence, then a stream gets a comment
};

class AnswerWork final : public Work {
public:
    AnswerWork(std::shared_ptr<net::Responder> responder, std::unique_ptr<openai::AnswerForm> form, Ask ask,
               AnswerSettings settings);

    Status run(std::stop_token stop) override;
    void refuse(const openai::ApiError& error) override;
    void supersede() override;
    void beat() override;
    [[nodiscard]] std::stop_token gone() const override { return responder_->gone(); }

private:
    using Clock = std::chrono::steady_clock;
    void say(const model::Delta& delta);
    void begin();
    void send(std::string_view bytes);
    void finish(const model::ChatReply& reply);

    std::shared_ptr<net::Responder> responder_;
    std::unique_ptr<openai::AnswerForm> form_;
    Ask ask_;
    AnswerSettings settings_;
    std::mutex mutex_;
    bool begun_ = false;           ///< guarded by mutex_
    bool ended_ = false;           ///< guarded by mutex_
    Clock::time_point last_sent_;  ///< guarded by mutex_
};

/// An error as an answer; 401, 429 and 503 with what else belongs to them.
net::ServerResponse error_response(const openai::ApiError& error);

}  // namespace ec::apps::ide
