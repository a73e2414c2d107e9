// What is being written on a connection: a head, a body and what ends it. Private to the HTTP server; on its loop.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "wire.hpp"

namespace ec::net {

class Outgoing {
public:
    Outgoing(std::string head, std::string body, std::string_view tail)
        : head_(std::move(head)),
          body_(std::move(body)),
          tail_(tail),
          body_at_(head_.size()),
          body_size_(body_.size()) {
        if (body_size_ > kOnePiece) return;
        head_ += body_;
        head_ += tail_;
        body_.clear();
        tail_ = {};
    }

    /// Writes what the wire takes now: `moved` when that was all, else what it waits for.
    Wire::State write(Wire& wire) {
        for (std::string_view part = next(); !part.empty(); part = next()) {
            const bool more = written_ + part.size() < head_.size() + body_.size() + tail_.size();
            const Wire::Moved moved = wire.write(part, more);
            if (moved.state != Wire::State::moved) return moved.state;
            written_ += moved.bytes;
            moved_ = true;
        }
        return Wire::State::moved;
    }
    /// Whether something was written since the last call.
    bool take_progress() { return std::exchange(moved_, false); }
    /// How many bytes of the body were written since the last call.
    std::size_t take_told() {
        const std::size_t so_far = std::min(written_ > body_at_ ? written_ - body_at_ : 0, body_size_);
        return so_far - std::exchange(told_, so_far);
    }

private:
    static constexpr std::size_t kOnePiece = 16 << 10;  // a body up to this long goes out in one piece with its head

    [[nodiscard]] std::string_view next() const {
        std::size_t at = written_;
        for (const std::string_view part : {std::string_view(head_), std::string_view(body_), tail_}) {
            if (at < part.size()) return part.substr(at);
            at -= part.size();
        }
        return {};
    }

    std::string head_;
    std::string body_;
    std::string_view tail_;
    std::size_t body_at_;
    std::size_t body_size_;
    std::size_t written_ = 0;
    std::size_t told_ = 0;
    bool moved_ = false;
};

}  // namespace ec::net
