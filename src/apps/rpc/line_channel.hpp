// Messages as lines: what one side writes in one go, the other reads in one go.
#pragma once

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::apps::rpc {

class LineChannel {
public:
    virtual ~LineChannel() = default;
    /// The next line without its end; nothing once the other side has closed. `too_large` for a line beyond the limit,
    /// after which the channel is of no more use; `cancelled` on stop. One thread at a time.
    virtual Result<std::optional<std::string>> read(std::stop_token stop) = 0;
    /// `line` holds no line feed. Any thread; lines of several do not mix. `io` when the other side is gone, `timeout`
    /// when it takes nothing for a minute; after either the channel writes no more, for a line may have been cut.
    virtual Status write(std::string_view line) = 0;
};

/// Over two descriptors of pipes, sockets or files, which may be the same.
class DescriptorLines final : public LineChannel {
public:
    static constexpr std::size_t kLongestLine = 32U << 20;
    /// Borrows the descriptors. After `end` a write waits for a moment only.
    DescriptorLines(int in, int out, std::size_t longest = kLongestLine, std::stop_token end = {});
    Result<std::optional<std::string>> read(std::stop_token stop) override;
    Status write(std::string_view line) override;

private:
    Status write_all(std::string_view rest) const;
    int wait_to_write() const;

    int in_;
    int out_;
    std::size_t longest_;
    std::stop_token end_;
    std::string buffer_;
    std::size_t searched_ = 0;
    bool ended_ = false;
    std::mutex writing_;
    bool broken_ = false;  ///< under writing_
};

}  // namespace ec::apps::rpc
