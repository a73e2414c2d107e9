#include "line_channel.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

namespace ec::apps::rpc {
namespace {

constexpr std::size_t kPiece = 64U << 10;
constexpr std::chrono::seconds kPatience{60};  // that the other side may leave what we write unread
constexpr std::chrono::seconds kFarewell{1};   // after a stop
constexpr int kLook = 100;                     // milliseconds between two looks for a stop

/// Written to when a stop is requested, so that poll() wakes.
class StopPipe {
public:
    StopPipe() {
        std::array<int, 2> ends{};
        if (::pipe(ends.data()) != 0) return;
        read_.reset(ends[0]);
        write_.reset(ends[1]);
    }
    [[nodiscard]] int readable() const { return read_.get(); }
    void wake() const {
        const char byte = 1;
        static_cast<void>(!::write(write_.get(), &byte, 1));
    }

private:
    UniqueFd read_;
    UniqueFd write_;
};

/// write() without the signal that a pipe nobody reads any more sends to this thread.
ssize_t write_quietly(int out, const char* bytes, std::size_t size) {
    sigset_t pipe_signal;
    sigset_t before;
    sigset_t pending;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigpending(&pending);
    ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t put = ::write(out, bytes, size);
    const int error = errno;
    if (put < 0 && error == EPIPE && sigismember(&pending, SIGPIPE) == 0) {
        int taken = 0;
        ::sigwait(&pipe_signal, &taken);
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return put;
}

}  // namespace

DescriptorLines::DescriptorLines(int in, int out, std::size_t longest, std::stop_token stop)
    : in_(in), out_(out), longest_(longest), stop_(std::move(stop)) {}

Result<std::optional<std::string>> DescriptorLines::read(std::stop_token stop) {
    const StopPipe pipe;
    const std::stop_callback wake(stop, [&pipe] { pipe.wake(); });
    const std::stop_callback unheard(unheard_.get_token(), [&pipe] { pipe.wake(); });
    while (true) {
        if (unheard_.stop_requested()) return fail(ErrorCode::io, "the other side stopped reading");
        if (const std::size_t end = buffer_.find('\n', searched_); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            searched_ = 0;
            if (!line.empty() && line.back() == '\r') line.pop_back();
            return line;
        }
        searched_ = buffer_.size();
        if (ended_) return std::nullopt;  // half a line is no message
        if (buffer_.size() > longest_) return fail(ErrorCode::too_large, "a message is longer than we take");
        std::array<pollfd, 2> ready{pollfd{in_, POLLIN, 0}, pollfd{pipe.readable(), POLLIN, 0}};
        if (::poll(ready.data(), ready.size(), -1) < 0 && errno != EINTR) return fail(from_errno("cannot wait", errno));
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        if (ready[0].revents == 0) continue;
        const std::size_t before = buffer_.size();
        buffer_.resize(before + kPiece);
        const ssize_t got = ::read(in_, buffer_.data() + before, kPiece);
        const int error = errno;
        buffer_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && error != EINTR && error != EAGAIN) return fail(from_errno("cannot read", error));
        ended_ = got == 0;
    }
}

Status DescriptorLines::write(std::string_view line) {
    const std::lock_guard lock(writing_);
    if (broken_) return fail(ErrorCode::io, "the other side stopped reading");
    const Status written = write_all(std::string(line) + '\n');
    broken_ = !written;
    if (broken_) unheard_.request_stop();
    return written;
}

Status DescriptorLines::write_all(std::string_view rest) const {
    auto taken = std::chrono::steady_clock::now();
    while (!rest.empty()) {
        // Polled first and written in pieces a pipe takes whole, so that a descriptor that blocks, and is perhaps
        // shared with others, need not be changed.
        pollfd ready{out_, POLLOUT, 0};
        const int count = ::poll(&ready, 1, kLook);
        if (count < 0 && errno != EINTR) return fail(from_errno("cannot wait", errno));
        const auto waited = std::chrono::steady_clock::now() - taken;
        if (count <= 0) {
            if (waited < (stop_.stop_requested() ? kFarewell : kPatience)) continue;
            return fail(ErrorCode::timeout, "the other side does not read");
        }
        const ssize_t put = write_quietly(out_, rest.data(), std::min<std::size_t>(rest.size(), 4096));
        if (put < 0 && errno != EINTR && errno != EAGAIN) return fail(from_errno("cannot write", errno));
        if (put <= 0) continue;
        rest.remove_prefix(static_cast<std::size_t>(put));
        taken = std::chrono::steady_clock::now();
    }
    return {};
}

}  // namespace ec::apps::rpc
