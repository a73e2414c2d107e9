// A client of the HTTP server that sends whatever bytes it likes, for its tests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace ec::net {

/// A client that sends whatever bytes it likes.
class RawClient {
public:
    explicit RawClient(std::uint16_t port, std::uint32_t from = INADDR_LOOPBACK)
        : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in here{};
        here.sin_family = AF_INET;
        here.sin_addr.s_addr = htonl(from);
        static_cast<void>(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&here), sizeof here));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        const timeval patience{60, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    [[nodiscard]] bool connected() const { return connected_; }
    [[nodiscard]] int descriptor() const { return fd_.get(); }
    void send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    /// One response: head and as many bytes of body as it says.
    std::string receive() {
        for (;;) {
            const std::size_t end = kept_.find("\r\n\r\n");
            if (end != std::string::npos) {
                std::size_t size = 0;
                if (const std::size_t at = kept_.find("Content-Length: "); at < end)
                    size = std::stoul(kept_.substr(at + 16));
                if (kept_.size() >= end + 4 + size) {
                    std::string one = kept_.substr(0, end + 4 + size);
                    kept_.erase(0, one.size());
                    return one;
                }
            }
            char buffer[4096];
            const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (n <= 0) return std::exchange(kept_, {});
            kept_.append(buffer, static_cast<std::size_t>(n));
        }
    }
    [[nodiscard]] bool ended() {
        char byte = 0;
        return kept_.empty() && ::recv(fd_.get(), &byte, 1, 0) == 0;
    }
    /// What comes until `end` has come, it included; what came when there is no more.
    std::string receive_to(std::string_view end) {
        std::size_t at = 0;
        while ((at = kept_.find(end)) == std::string::npos) {
            char buffer[4096];
            const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
            if (n <= 0) return std::exchange(kept_, {});
            kept_.append(buffer, static_cast<std::size_t>(n));
        }
        std::string one = kept_.substr(0, at + end.size());
        kept_.erase(0, one.size());
        return one;
    }
    /// All that comes until the other end closes.
    std::string receive_all() {
        std::string all;
        for (std::string some; !(some = receive_to("\n")).empty();) all += some;
        return all;
    }
    void close() { fd_.reset(); }
    void close_sending() const { ::shutdown(fd_.get(), SHUT_WR); }
    /// Closes as a machine does that crashed and came back.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        fd_.reset();
    }
    /// The kernel takes less on our behalf. Before the server sends.
    void read_little() const {
        const int bytes = 4096;
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }

private:
    UniqueFd fd_;
    std::string kept_;
    bool connected_ = false;
};

inline int status_of(std::string_view response) {
    return response.starts_with("HTTP/1.1 ") ? std::stoi(std::string(response.substr(9, 3))) : 0;
}

/// As many of `wanted` connections as this process may hold beside what it needs.
inline unsigned connections_to_be_had(unsigned wanted) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    constexpr rlim_t kOthers = 400;
    const rlim_t need = wanted + kOthers;
    if (limit.rlim_cur < need) {
        limit.rlim_cur = std::min(need, limit.rlim_max);
        static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
    }
    return static_cast<unsigned>(std::min<rlim_t>(wanted, limit.rlim_cur - std::min(limit.rlim_cur, kOthers)));
}

// 127.0.0.1 to 127.0.0.254 all lead here, so that one machine can be many.
inline std::uint32_t address_number(unsigned n) { return (INADDR_LOOPBACK & ~0xffU) | n; }

}  // namespace ec::net
