// Keeps the head and the tail of a stream and counts all of it.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <string>
#include <string_view>

namespace ec::executor {

class Capture {
public:
    explicit Capture(std::uint64_t keep) : half_(keep / 2) {}

    /// For a stream that has begun before it was known how much to keep.
    void keep(std::uint64_t bytes) { half_ = bytes / 2; }

    void add(std::string_view bytes) {
        total_ += bytes.size();
        const std::size_t room = static_cast<std::size_t>(half_) - std::min<std::size_t>(half_, head_.size());
        head_.append(bytes.substr(0, room));
        if (bytes.size() <= room) return;
        tail_.append(bytes.substr(room));
        // Trimmed only when it has doubled, so that each byte is moved about once.
        if (tail_.size() > 2 * half_) {
            tail_.erase(0, tail_.size() - static_cast<std::size_t>(half_));
        }
    }

    /// Takes in what a pipe that does not block has now, and closes it at its end.
    void drain(UniqueFd& fd) {
        char buffer[65536];
        // A bounded number of reads, so that a flood on one pipe does not starve the others.
        for (int i = 0; i < 16 && fd.valid(); ++i) {
            const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
            if (n > 0) {
                add({buffer, static_cast<std::size_t>(n)});
            } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                fd.reset();
            } else {
                return;
            }
        }
    }

    [[nodiscard]] std::uint64_t total() const { return total_; }
    [[nodiscard]] bool truncated() const { return total_ > 2 * half_; }

    /// What was kept, with a line saying how much is missing where something is.
    [[nodiscard]] std::string text() const {
        if (!truncated()) return head_ + tail_;
        const std::string_view tail = std::string_view(tail_).substr(tail_.size() > half_ ? tail_.size() - half_ : 0);
        const std::uint64_t missing = total_ - head_.size() - tail.size();
        return head_ + "\n[... " + std::to_string(missing) + " bytes left out ...]\n" + std::string(tail);
    }

private:
    std::uint64_t half_;
    std::uint64_t total_ = 0;
    std::string head_;
    std::string tail_;
};

}  // namespace ec::executor
