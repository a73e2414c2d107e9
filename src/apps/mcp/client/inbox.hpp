// What came from a server over several connections, in one bounded queue for the thread that asked it something.
#pragma once

#include <condition_variable>
#include <deque>
#include <ec/core/result.hpp>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace ec::apps::mcp {

class Inbox {
public:
    static constexpr std::size_t kMost = 256;
    static constexpr std::size_t kMostBytes = 16U << 20;  ///< of those that wait; one alone may be longer

    /// Waits while the queue is full: a connection is read only as fast as its messages are taken. False on stop.
    bool put(std::string message, const std::stop_token& stop);

    /// A request is under way until end() says how its connection ended.
    void begin();
    void end(Status status);
    /// The next message; nothing on stop, and nothing when the request's connection has ended and no message is left.
    std::optional<std::string> next(const std::stop_token& stop);
    /// How it ended; nothing while it has not.
    std::optional<Status> ended();

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::string> messages_;  // under mutex_, as what follows
    std::size_t bytes_ = 0;             // of messages_
    std::optional<Status> ended_;
};

}  // namespace ec::apps::mcp
