// Frames over a stream socket. Sending and receiving may happen on two threads; each of them on one at a time.
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

    [[nodiscard]] bool open() const { return socket_.valid(); }
    void close() { socket_.reset(); }

private:
    Result<std::optional<std::string>> take();

    UniqueFd socket_;
    std::string in_;
};

/// Both ends of a connected pair; neither is passed on to programs that are started.
struct SocketPair {
    UniqueFd ours;
    UniqueFd theirs;
};
Result<SocketPair> make_socket_pair();

}  // namespace ec::model::embedded
