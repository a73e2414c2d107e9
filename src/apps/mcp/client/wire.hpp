// How messages get to a server and back. One exchange at a time, and what a server says outside of one waits for the
// next: whatever it sends is read only as fast as somebody asks it something.
#pragma once

#include <chrono>
#include <ec/core/result.hpp>
#include <functional>
#include <stop_token>
#include <string_view>

namespace ec::apps::mcp {

/// The longest message that is taken of a server.
inline constexpr std::size_t kLongestMessage = 8U << 20;

class Wire {
public:
    /// Hears one message as text; true: the exchange is over.
    using Hear = std::function<Result<bool>(std::string_view text)>;

    virtual ~Wire() = default;
    /// Sends a request and hears what comes until `hear` has what it wants. post() may be called meanwhile. `timeout`
    /// after `patience`, `cancelled` on stop, else the server's end or what is wrong with what it sends.
    virtual Status exchange(std::string_view request, const Hear& hear, std::chrono::milliseconds patience,
                            std::stop_token stop) = 0;
    /// Sends what has no answer.
    virtual Status post(std::string_view message) = 0;
    /// The revision of the protocol that both sides speak from now on.
    virtual void agreed(std::string_view /*revision*/) {}
    /// What the server said of its troubles, such as its standard error; may be empty. Ends it.
    virtual std::string last_words() { return {}; }
};

}  // namespace ec::apps::mcp
