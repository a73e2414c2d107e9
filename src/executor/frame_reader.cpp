#include "frame_reader.hpp"

#include <ec/box/wire.hpp>

namespace ec::executor {

std::optional<std::string> FrameReader::next() {
    if (broken_ || in_.size() - at_ < 4) return std::nullopt;
    box::Parser head(std::string_view(in_).substr(at_, 4));
    const std::size_t size = head.u32();
    if (size > kLargestFrame) {
        broken_ = true;
        in_ = {};
        at_ = 0;
        return std::nullopt;
    }
    if (in_.size() - at_ - 4 < size) return std::nullopt;
    std::string frame = in_.substr(at_ + 4, size);
    at_ += 4 + size;
    // Moved up only when more than half of it is gone, so that each byte is moved about once.
    if (at_ > in_.size() / 2) {
        in_.erase(0, at_);
        at_ = 0;
    }
    return frame;
}

}  // namespace ec::executor
