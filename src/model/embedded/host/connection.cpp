#include "connection.hpp"

#include <algorithm>
#include <utility>

namespace ec::model::embedded {
namespace {

constexpr std::size_t kMostWaiting = 64;
constexpr std::size_t kMostWaitingBytes = 2 * kLargestFrame;

Failed cancelled_answer(std::int64_t id) { return {id, {ErrorCode::cancelled, "the request was cancelled", {}}}; }

}  // namespace

std::int64_t number(const ToHost& request) {
    if (const auto* chat = std::get_if<Chat>(&request)) return chat->id;
    if (const auto* text = std::get_if<Text>(&request)) return text->id;
    if (const auto* embed = std::get_if<Embed>(&request)) return embed->id;
    return 0;
}

bool Waiting::goes_first() const {
    if (std::holds_alternative<Load>(request)) return !takes_long;
    const auto* text = std::get_if<Text>(&request);
    return text != nullptr && text->request.suffix.has_value();
}

Result<std::optional<std::string>> Connection::receive(Moment now) {
    const bool was_midway = channel_.midway();
    Result<std::optional<std::string>> frame = channel_.receive(std::chrono::milliseconds(0));
    if (greeted_ && (!was_midway || (frame && *frame))) since_ = now;
    return frame;
}

std::optional<Moment> Connection::owing() const {
    if (greeted_ && !channel_.midway()) return std::nullopt;
    return since_;
}

void Connection::say(const FromHost& message) { say_encoded(encode(message)); }

void Connection::say_encoded(std::string_view frame) {
    if (!gone_ && !channel_.post(frame)) leave();
}

void Connection::leave_saying(const Failed& why) {
    say(why);
    leave();
}

void Connection::flush() {
    if (!gone_ && !channel_.flush()) leave();
}

void Connection::enqueue(Waiting waiting) {
    const std::int64_t id = number(waiting.request);
    if (cancelled(id)) return say(cancelled_answer(id));
    if (queue_.size() >= kMostWaiting || queued_bytes_ + waiting.bytes > kMostWaitingBytes) {
        return say(Failed{id, {ErrorCode::too_large, "too many requests of this program wait already", {}}});
    }
    queued_bytes_ += waiting.bytes;
    queue_.push_back(std::move(waiting));
}

void Connection::return_to_front(Waiting waiting) {
    const std::int64_t id = number(waiting.request);
    if (cancelled(id)) return say(cancelled_answer(id));
    queued_bytes_ += waiting.bytes;
    queue_.push_front(std::move(waiting));
}

Waiting Connection::take_front(std::uint64_t turn) {
    Waiting first = std::move(queue_.front());
    queue_.pop_front();
    queued_bytes_ -= first.bytes;
    turn_ = turn;
    return first;
}

void Connection::cancel(std::int64_t up_to) {
    cancelled_ = std::max(cancelled_, up_to);
    std::deque<Waiting> kept;
    for (Waiting& waiting : std::exchange(queue_, {})) {
        if (const std::int64_t id = number(waiting.request); cancelled(id)) {
            queued_bytes_ -= waiting.bytes;
            say(cancelled_answer(id));
        } else {
            kept.push_back(std::move(waiting));
        }
    }
    if (!gone_) queue_ = std::move(kept);
}

void Connection::remind(Moment now, std::chrono::milliseconds patience) {
    if (!waits() || now - queue_.front().told < patience) return;
    queue_.front().told = now;
    say(Progress{number(queue_.front().request), 0});
}

void Connection::pause(Moment now) {
    if (paused_) return;
    pause_spent_ -= std::min(pause_spent_, now - changed_);
    changed_ = now;
    paused_ = true;
}

void Connection::resume(Moment now, std::chrono::milliseconds most) {
    if (!paused_) return;
    pause_spent_ = most - pause_left(now, most);
    changed_ = now;
    paused_ = false;
}

Moment::duration Connection::pause_left(Moment now, std::chrono::milliseconds most) const {
    return std::max(Moment::duration(0), most - pause_spent_ - (now - changed_));
}

void Connection::leave() {
    gone_ = true;
    queue_.clear();
    queued_bytes_ = 0;
    paused_ = false;
}

}  // namespace ec::model::embedded
