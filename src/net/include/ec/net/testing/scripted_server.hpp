// An HTTP/1.1 server for tests: a real socket on a free loopback port, with answers that the test writes byte by byte,
// wrong ones included. No program includes this.
//
// One thread accepts and each connection has one of its own; all end with the server, whose destruction shuts their
// sockets down. The script runs on the connection's thread, once a request; several may run at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <ec/core/fd.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace ec::net::testing {

struct SeenRequest {
    std::string method;
    std::string target;
    std::string head;  ///< request line and headers as they came
    std::string body;

    bool has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

/// The client's end of one connection.
class Peer {
public:
    explicit Peer(int fd) : fd_(fd) {}

    /// False once the client is gone.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    /// A whole answer with its length.
    bool answer(int status, std::string_view body, std::string_view headers = "") const {
        std::string text = "HTTP/1.1 " + std::to_string(status) + " Reason\r\n";
        text.append(headers).append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
        return send(text.append(body));
    }
    /// The head of a chunked answer.
    bool begin(int status, std::string_view type) const {
        return send("HTTP/1.1 " + std::to_string(status) + " Reason\r\nContent-Type: " + std::string(type) +
                    "\r\nTransfer-Encoding: chunked\r\n\r\n");
    }
    /// One chunk; an empty one ends the answer.
    bool chunk(std::string_view bytes) const {
        char size[20];
        const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
        return send(std::string(size, end).append("\r\n").append(bytes).append("\r\n"));
    }
    /// The connection will end with a reset instead of a farewell.
    void reset() const {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    /// Until the client closes, or the server ends.
    void wait_for_end() const {
        char byte;
        while (::recv(fd_, &byte, 1, 0) > 0) continue;
    }

private:
    int fd_;
};

class ScriptedServer {
public:
    /// Returning false closes the connection.
    using Script = std::function<bool(const SeenRequest&, const Peer&)>;

    explicit ScriptedServer(Script script) : script_(std::move(script)) {
        listener_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* raw = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), raw, sizeof address) != 0 || ::listen(listener_.get(), 64) != 0) std::abort();
        if (::getsockname(listener_.get(), raw, &size) != 0) std::abort();
        port_ = ntohs(address.sin_port);
        acceptor_ = std::jthread([this](const std::stop_token& stop) { accept(stop); });
    }
    ~ScriptedServer() {
        acceptor_.request_stop();
        acceptor_.join();
        const std::lock_guard lock(mutex_);
        for (const auto& connection : connections_) ::shutdown(connection->fd.get(), SHUT_RDWR);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view target = "") const {
        return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
    }
    std::vector<SeenRequest> requests() {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::size_t connections() {
        const std::lock_guard lock(mutex_);
        return connections_.size();
    }

private:
    struct Connection {
        UniqueFd fd;
        std::jthread thread;
    };

    void accept(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            pollfd wait{listener_.get(), POLLIN, 0};
            if (::poll(&wait, 1, 20) != 1) continue;
            const int fd = ::accept(listener_.get(), nullptr, nullptr);
            if (fd < 0) continue;
            const std::lock_guard lock(mutex_);
            Connection& added = *connections_.emplace_back(std::make_unique<Connection>());
            added.fd.reset(fd);
            added.thread = std::jthread([this, fd, &added] { serve(fd, added); });
        }
    }

    void serve(int fd, Connection& connection) {
        std::string buffer;
        SeenRequest request;
        bool more = true;
        while (more && read(fd, buffer, request)) {
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            more = script_(request, Peer(fd));
        }
        const std::lock_guard lock(mutex_);
        connection.fd.reset();
    }

    static bool read(int fd, std::string& buffer, SeenRequest& request) {
        std::size_t head = 0;
        while ((head = buffer.find("\r\n\r\n")) == std::string::npos) {
            if (!receive(fd, buffer)) return false;
        }
        request.head = buffer.substr(0, head + 2);
        const std::size_t length = find_length(request.head);
        while (buffer.size() < head + 4 + length) {
            if (!receive(fd, buffer)) return false;
        }
        request.body = buffer.substr(head + 4, length);
        buffer.erase(0, head + 4 + length);
        const std::size_t space = request.head.find(' ');
        request.method = request.head.substr(0, space);
        request.target = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
        return true;
    }

    static bool receive(int fd, std::string& buffer) {
        char bytes[16384];
        const ssize_t n = ::recv(fd, bytes, sizeof bytes, 0);
        if (n > 0) buffer.append(bytes, static_cast<std::size_t>(n));
        return n > 0;
    }

    static std::size_t find_length(const std::string& head) {
        const std::size_t at = head.find("\r\nContent-Length: ");
        return at == std::string::npos ? 0 : std::strtoul(head.c_str() + at + 18, nullptr, 10);
    }

    Script script_;
    UniqueFd listener_;
    std::uint16_t port_ = 0;
    std::mutex mutex_;
    std::vector<SeenRequest> requests_;
    std::vector<std::unique_ptr<Connection>> connections_;
    std::jthread acceptor_;
};

}  // namespace ec::net::testing
