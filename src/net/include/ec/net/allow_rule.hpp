// Host names and the rules that say which of them a run may reach.
//
// Untrusted text becomes a Host here and nowhere else: lower case, ASCII, at least two labels, no trailing dot; or an
// IP literal in its one canonical spelling. What a resolver would take for a number in disguise (0x7f.1, 2130706433,
// 0177.1) is refused. Values, any thread.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/address.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ec::net {

struct Host {
    std::string name;                ///< normalised; an IPv6 literal without brackets
    std::optional<Address> literal;  ///< when it is an address and needs no resolver

    /// `invalid_argument` with the reason. IPv6 literals stand in brackets.
    static Result<Host> parse(std::string_view text);
    /// As parse(), and names of one word: for servers that a person named, such as localhost.
    static Result<Host> parse_local(std::string_view text);
    /// As it stands in a URL: IPv6 literals in brackets.
    [[nodiscard]] std::string text() const;
    bool operator==(const Host&) const = default;
};

struct Authority {
    Host host;
    std::uint16_t port = 0;

    /// HOST[:PORT], as RFC 3986 without user information; `default_port` 0 means that the port must be there.
    static Result<Authority> parse(std::string_view text, std::uint16_t default_port);
    /// As parse(), and hosts of one word.
    static Result<Authority> parse_local(std::string_view text, std::uint16_t default_port);
    [[nodiscard]] std::string text() const;
    bool operator==(const Authority&) const = default;
};

/// `example.com`, `*.example.com` (every name below it, not itself), a public IP literal; with `:PORT`, or 443.
class AllowRule {
public:
    static Result<AllowRule> parse(std::string_view text);
    [[nodiscard]] bool matches(const Authority& wanted) const;
    [[nodiscard]] std::string text() const;

private:
    Authority authority_;
    bool below_ = false;
};

}  // namespace ec::net
