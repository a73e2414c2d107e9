// Session frames out of a stream of bytes: a little-endian u32 byte count, then that many bytes. Pure; one thread at a
// time.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ec::executor {

inline constexpr std::size_t kLargestFrame = 64U << 20;

class FrameReader {
public:
    void feed(std::string_view bytes) { in_.append(bytes); }

    /// The next whole frame, if there is one.
    std::optional<std::string> next();

    /// The bytes that nobody has taken yet.
    [[nodiscard]] std::string_view waiting() const { return std::string_view(in_).substr(at_); }

    /// A frame larger than kLargestFrame was announced; no further frame comes.
    [[nodiscard]] bool broken() const { return broken_; }

    /// More waits than anybody who answers requests has to say: whoever fills this reader stops until some is taken.
    [[nodiscard]] bool full() const { return broken_ || in_.size() - at_ >= 4 + kLargestFrame; }

private:
    std::string in_;
    std::size_t at_ = 0;  ///< how much of in_ has been taken
    bool broken_ = false;
};

}  // namespace ec::executor
