#include "inbox.hpp"

namespace ec::apps::mcp {

bool Inbox::put(std::string message, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto room = [&] {
        return messages_.empty() || (messages_.size() < kMost && bytes_ + message.size() <= kMostBytes);
    };
    if (!changed_.wait(lock, stop, room)) return false;
    bytes_ += message.size();
    messages_.push_back(std::move(message));
    changed_.notify_all();
    return true;
}

void Inbox::begin() {
    const std::lock_guard lock(mutex_);
    ended_.reset();
}

void Inbox::end(Status status) {
    const std::lock_guard lock(mutex_);
    ended_ = std::move(status);
    changed_.notify_all();
}

std::optional<std::string> Inbox::next(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait(lock, stop, [&] { return !messages_.empty() || ended_; }) || messages_.empty())
        return std::nullopt;
    std::string message = std::move(messages_.front());
    messages_.pop_front();
    bytes_ -= message.size();
    changed_.notify_all();
    return message;
}

std::optional<Status> Inbox::ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
}

}  // namespace ec::apps::mcp
