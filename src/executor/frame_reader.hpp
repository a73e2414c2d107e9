// Session frames out of a stream of bytes: a little-endian u32 byte count, then that many bytes; or lines. Pure; one
// thread at a time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ec::executor {

inline constexpr std::size_t kLargestFrame = 64U << 20;

class FrameReader {
public:
    /// Not 0: frames are lines without their end, at most so many bytes each.
    explicit FrameReader(std::size_t line_bytes = 0) : line_bytes_(line_bytes) {}

    void feed(std::string_view bytes) { in_.append(bytes); }

    /// The next whole frame, if there is one.
    std::optional<std::string> next();

    /// The bytes that nobody has taken yet.
    [[nodiscard]] std::string_view waiting() const { return std::string_view(in_).substr(at_); }

    /// A frame larger than largest() was announced or begun; no further frame comes.
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] std::size_t largest() const { return line_bytes_ > 0 ? line_bytes_ : kLargestFrame; }

    /// More waits than anybody who answers requests has to say: whoever fills this reader stops until some is taken.
    [[nodiscard]] bool full() const { return broken_ || in_.size() - at_ >= 4 + largest(); }

private:
    std::optional<std::string> next_counted();
    std::optional<std::string> next_line();
    std::string take(std::size_t from, std::size_t size, std::size_t end);
    void give_up();

    std::size_t line_bytes_;
    std::string in_;
    std::size_t at_ = 0;        ///< how much of in_ has been taken
    std::size_t searched_ = 0;  ///< where to look for the next end of a line
    bool broken_ = false;
};

}  // namespace ec::executor
