#include "answer_work.hpp"

#include <utility>

namespace ec::apps::ide {

net::ServerResponse error_response(const openai::ApiError& error) {
    net::ServerResponse response{
        .status = error.status, .type = "application/problem+json", .body = openai::error_body(error), .headers = {}};
    if (error.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    // Elsewhere a 503 is what a person has to mend: trying again soon is of no use.
    if (error.status == 429 || error.code == "shutting_down") response.headers.emplace_back("Retry-After", "5");
    return response;
}

AnswerWork::AnswerWork(std::shared_ptr<net::Responder> responder, std::unique_ptr<openai::AnswerForm> form, Ask ask,
                       AnswerSettings settings)
    : responder_(std::move(responder)),
      form_(std::move(form)),
      ask_(std::move(ask)),
      settings_(std::move(settings)),
      last_sent_(Clock::now()) {}

Status AnswerWork::run(std::stop_token stop) {
    const auto on_delta = [this](const model::Delta& delta) { say(delta); };
    const auto reply = ask_(settings_.stream ? model::OnDelta(on_delta) : model::OnDelta(), stop);
    if (reply) {
        finish(*reply);
        return {};
    }
    if (reply.error().code != ErrorCode::cancelled) refuse(openai::api_error(reply.error()));
    return fail(reply.error());
}

void AnswerWork::say(const model::Delta& delta) {
    const std::scoped_lock lock(mutex_);
    if (ended_ || delta.text.empty() || delta.kind == model::Delta::Kind::prompt_progress) return;
    begin();
    send(delta.kind == model::Delta::Kind::text ? form_->text(delta.text) : form_->thinking(delta.text));
}

// With mutex_. The head goes out with the first piece, so that what fails before it has a status of its own.
void AnswerWork::begin() {
    if (std::exchange(begun_, true)) return;
    net::ServerResponse head{
        .status = 200, .type = "text/event-stream", .body = form_->begin(), .headers = settings_.headers};
    head.headers.emplace_back("Cache-Control", "no-store");
    responder_->begin(std::move(head));
}

void AnswerWork::send(std::string_view bytes) {
    last_sent_ = Clock::now();
    responder_->write(bytes);
}

void AnswerWork::finish(const model::ChatReply& reply) {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    if (!settings_.stream) {
        responder_->answer(
            {.status = 200, .type = "application/json", .body = form_->whole(reply), .headers = settings_.headers});
        return;
    }
    begin();
    send(form_->finish(reply));
    responder_->end();
}

void AnswerWork::refuse(const openai::ApiError& error) {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(ended_, true)) return;
    if (!begun_) {
        responder_->answer(error_response(error));
        return;
    }
    send(form_->fail(error));
    responder_->end();
}

void AnswerWork::supersede() { finish(model::ChatReply{}); }

void AnswerWork::beat() {
    const std::scoped_lock lock(mutex_);
    if (!settings_.stream || ended_ || Clock::now() - last_sent_ < settings_.keep_alive) return;
    begin();
    send(openai::kKeepAlive);
}

}  // namespace ec::apps::ide
