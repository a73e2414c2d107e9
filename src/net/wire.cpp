#include "wire.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace ec::net {
namespace {

class PlainWire final : public Wire {
public:
    explicit PlainWire(int socket) : socket_(socket) {}

    State greet() override { return State::moved; }
    Moved read(std::span<char> into) override {
        const ssize_t size = ::recv(socket_, into.data(), into.size(), 0);
        if (size > 0) return {State::moved, static_cast<std::size_t>(size)};
        if (size == 0) return {State::ended};
        return {would_block() ? State::wants_read : State::broken};
    }
    Moved write(std::string_view bytes, bool more) override {
        const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
        if (size > 0) return {State::moved, static_cast<std::size_t>(size)};
        return {would_block() ? State::wants_write : State::broken};
    }
    [[nodiscard]] bool holds() const override { return false; }
    void part() override {}

private:
    static bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }
    const int socket_;
};

}  // namespace

std::unique_ptr<Wire> plain_wire(int socket) { return std::make_unique<PlainWire>(socket); }

}  // namespace ec::net
