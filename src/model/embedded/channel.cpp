#include "channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <utility>

#include "protocol.hpp"

namespace ec::model::embedded {
namespace {

using SteadyClock = std::chrono::steady_clock;

int left_until(SteadyClock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now());
    return left.count() < 0 ? 0 : static_cast<int>(left.count());
}

std::unexpected<Error> gone() { return fail(ErrorCode::io, "the other side has closed the connection"); }

Status append_frame(std::string& bytes, std::string_view frame) {
    if (frame.size() > kLargestFrame) return fail(ErrorCode::too_large, "a message may hold at most 64 MiB");
    bytes.reserve(bytes.size() + frame.size() + 4);
    for (unsigned i = 0; i < 4; ++i) bytes.push_back(static_cast<char>((frame.size() >> (8 * i)) & 0xff));
    bytes += frame;
    return {};
}

}  // namespace

Status Channel::send(std::string_view frame, std::chrono::milliseconds patience) {
    std::string bytes;
    EC_TRY(append_frame(bytes, frame));
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::send(socket_.get(), bytes.data() + done, bytes.size() - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            done += static_cast<std::size_t>(n);
            continue;
        }
        if (n < 0 && errno == EINTR) continue;
        if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) return gone();
        pollfd waits{socket_.get(), POLLOUT, 0};
        if (::poll(&waits, 1, static_cast<int>(patience.count())) == 0) {
            return fail(ErrorCode::io, "the other side does not read what it is sent");
        }
    }
    return {};
}

Result<std::optional<std::string>> Channel::receive(std::chrono::milliseconds wait, int wake_fd) {
    const auto until = SteadyClock::now() + wait;
    for (;;) {
        EC_ASSIGN(std::optional<std::string> frame, take());
        if (frame) return frame;
        pollfd waits[2] = {{socket_.get(), POLLIN, 0}, {wake_fd, POLLIN, 0}};
        const int ready = ::poll(waits, 2, left_until(until));
        if (ready < 0 && errno != EINTR) return fail(from_errno("cannot wait for a message", errno));
        if (ready == 0 || (waits[1].revents != 0 && waits[0].revents == 0)) return std::nullopt;
        if (waits[0].revents == 0) continue;
        char buffer[65536];
        const ssize_t n = ::recv(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (n > 0) {
            in_.append(buffer, static_cast<std::size_t>(n));
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            return gone();
        }
    }
}

Status Channel::post(std::string_view frame) {
    if (unsent() > 0 && unsent() + frame.size() > kLargestFrame) {
        return fail(ErrorCode::too_large, "the other side does not read what it is sent");
    }
    EC_TRY(append_frame(out_, frame));
    return flush();
}

Status Channel::flush() {
    while (unsent() > 0) {
        const ssize_t n = ::send(socket_.get(), out_.data() + sent_, unsent(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            sent_ += static_cast<std::size_t>(n);
        } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            out_.erase(0, std::exchange(sent_, 0));
            return {};
        } else if (n == 0 || errno != EINTR) {
            return gone();
        }
    }
    out_.clear();
    sent_ = 0;
    return {};
}

bool Channel::hung_up() const {
    pollfd asked{socket_.get(), 0, 0};
    return ::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

Result<std::optional<std::string>> Channel::take() {
    if (in_.size() < 4) return std::nullopt;
    std::size_t size = 0;
    for (unsigned i = 0; i < 4; ++i) size |= std::size_t{static_cast<std::uint8_t>(in_[i])} << (8 * i);
    if (size > kLargestFrame) return fail(ErrorCode::corrupt, "a message of more than 64 MiB was announced");
    if (in_.size() - 4 < size) return std::nullopt;
    std::string frame = in_.substr(4, size);
    in_.erase(0, 4 + size);
    return frame;
}

Result<SocketPair> make_socket_pair() {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) return fail(from_errno("cannot make a socket", errno));
    SocketPair pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
    for (const int fd : fds) {
        if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) return fail(from_errno("cannot set up a socket", errno));
    }
    return pair;
}

}  // namespace ec::model::embedded
