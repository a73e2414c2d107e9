#include <fmt/format.h>

#include "http_sessions.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kMostEvents = 256;
constexpr std::size_t kMostBytes = 1 << 20;
constexpr unsigned kRetryMs = 1000;

}  // namespace

void EventStream::say(const std::string& piece) {
    if (responder_ && !responder_->write(piece)) responder_.reset();
}

void EventStream::attach(std::shared_ptr<net::Responder> responder, std::uint64_t after) {
    const std::lock_guard lock(mutex_);
    if (responder_) responder_->end();
    responder_ = std::move(responder);
    net::ServerResponse head{.type = "text/event-stream",
                             .body = {},
                             .headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
    if (kind_ == Kind::primed) head.body = fmt::format("id: {}-{}\nretry: {}\ndata: \n\n", number_, after, kRetryMs);
    for (const auto& [number, event] : events_) {
        if (number > after) head.body += event;
    }
    responder_->begin(std::move(head));
    if (finished_) std::exchange(responder_, nullptr)->end();
}

void EventStream::send(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    if (kind_ == Kind::passing) return say(fmt::format("event: message\ndata: {}\n\n", text));
    const std::uint64_t number = next_++;
    events_.emplace_back(number, fmt::format("id: {}-{}\nevent: message\ndata: {}\n\n", number_, number, text));
    bytes_ += events_.back().second.size();
    while (events_.size() > 1 && (events_.size() > kMostEvents || bytes_ > kMostBytes)) {
        bytes_ -= events_.front().second.size();
        events_.pop_front();
    }
    say(events_.back().second);
}

void EventStream::hang_up() {
    const std::lock_guard lock(mutex_);
    if (responder_) std::exchange(responder_, nullptr)->end();
}

void EventStream::finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    if (responder_) std::exchange(responder_, nullptr)->end();
}

void EventStream::beat() {
    const std::lock_guard lock(mutex_);
    say(": still here\n\n");
}

bool EventStream::finished() const {
    const std::lock_guard lock(mutex_);
    return finished_;
}

bool EventStream::attached() const {
    const std::lock_guard lock(mutex_);
    return responder_ != nullptr && !responder_->gone().stop_requested();
}

}  // namespace ec::apps::mcp
