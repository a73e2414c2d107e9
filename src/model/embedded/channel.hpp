// Frames over a stream socket. Sending and receiving may happen on two threads; each of them on one at a time. A side
// uses either send() or post() and flush().
#pragma once

#include <chrono>
#include <cstddef>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ec::model::embedded {

class Channel {
public:
    Channel() = default;
    explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}

    /// Writes one frame. `io` when the other side is gone or takes nothing for `patience`.
    Status send(std::string_view frame, std::chrono::milliseconds patience);

    /// The next frame; nothing when `wait` is over or `wake_fd` (-1: none) becomes readable first. `io` when the other
    /// side is gone, `corrupt` when it announces a frame beyond the limit.
    Result<std::optional<std::string>> receive(std::chrono::milliseconds wait, int wake_fd = -1);

    /// Sends what the other side takes at once and keeps the rest for flush(), so that nothing waits for a reader.
    /// `too_large` when more than one frame of the largest size would be kept.
    Status post(std::string_view frame);
    Status flush();
    /// Bytes that flush() has still to send.
    [[nodiscard]] std::size_t unsent() const { return out_.size() - sent_; }

    /// A frame has begun to arrive and is not complete.
    [[nodiscard]] bool midway() const { return !in_.empty(); }
    [[nodiscard]] std::size_t midway_bytes() const { return in_.size(); }
    /// The other side has closed its end; what it said before may still be received.
    [[nodiscard]] bool hung_up() const;
    [[nodiscard]] int fd() const { return socket_.get(); }
    [[nodiscard]] bool open() const { return socket_.valid(); }
    void close() { socket_.reset(); }

private:
    Result<std::optional<std::string>> take();

    UniqueFd socket_;
    std::string in_;
    std::string out_;
    std::size_t sent_ = 0;  ///< of out_
};

/// Both ends of a connected pair; neither is passed on to programs that are started.
struct SocketPair {
    UniqueFd ours;
    UniqueFd theirs;
};
Result<SocketPair> make_socket_pair();

}  // namespace ec::model::embedded
