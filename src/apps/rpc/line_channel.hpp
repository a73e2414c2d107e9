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
    /// after which the channel is of no more use; `cancelled` on stop; `io` once write() failed. One thread at a time.
    virtual Result<std::optional<std::string>> read(std::stop_token stop) = 0;
    /// `line` holds no line feed. Any thread; lines of several do not mix. `io` when the other side is gone, `timeout`
    /// when it takes nothing for a minute; after either the channel writes no more, for a line may have been cut.
    virtual Status write(std::string_view line) = 0;
};

/// Over two descriptors of pipes, sockets or files, which may be the same.
class DescriptorLines final : public LineChannel {
public:
    static constexpr std::size_t kLongestLine = 32U << 20;
    /// Borrows the descriptors. After `stop` what is written has a second to be taken: whoever ends need not wait for
    /// one who does not read.
    DescriptorLines(int in, int out, std::size_t longest = kLongestLine, std::stop_token stop = {});
    Result<std::optional<std::string>> read(std::stop_token stop) override;
    Status write(std::string_view line) override;

private:
    Status write_all(std::string_view rest) const;

    int in_;
    int out_;
    std::size_t longest_;
    std::stop_token stop_;
    std::string buffer_;
    std::size_t searched_ = 0;
    bool ended_ = false;
    std::mutex writing_;
    bool broken_ = false;       ///< under writing_
    std::stop_source unheard_;  ///< ends reading with it: what cannot be answered need not be read
};

}  // namespace ec::apps::rpc
