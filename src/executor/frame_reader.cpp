#include "frame_reader.hpp"

#include <algorithm>
#include <ec/box/wire.hpp>

namespace ec::executor {

std::optional<std::string> FrameReader::next() {
    if (broken_) return std::nullopt;
    return line_bytes_ > 0 ? next_line() : next_counted();
}

std::optional<std::string> FrameReader::next_counted() {
    if (in_.size() - at_ < 4) return std::nullopt;
    box::Parser head(std::string_view(in_).substr(at_, 4));
    const std::size_t size = head.u32();
    if (size > kLargestFrame) {
        give_up();
        return std::nullopt;
    }
    if (in_.size() - at_ - 4 < size) return std::nullopt;
    return take(at_ + 4, size, at_ + 4 + size);
}

std::optional<std::string> FrameReader::next_line() {
    const std::size_t end = in_.find('\n', std::max(searched_, at_));
    searched_ = end == std::string::npos ? in_.size() : end;
    if (searched_ - at_ > line_bytes_) give_up();
    if (broken_ || end == std::string::npos) return std::nullopt;
    return take(at_, end - at_, end + 1);
}

std::string FrameReader::take(std::size_t from, std::size_t size, std::size_t end) {
    std::string frame = in_.substr(from, size);
    at_ = end;
    // Moved up only when more than half of it is gone, so that each byte is moved about once.
    if (at_ > in_.size() / 2) {
        in_.erase(0, at_);
        at_ = 0;
        searched_ = 0;
    }
    return frame;
}

void FrameReader::give_up() {
    broken_ = true;
    in_ = {};
    at_ = 0;
}

}  // namespace ec::executor
