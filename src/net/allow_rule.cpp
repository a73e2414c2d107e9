#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/net/allow_rule.hpp>

namespace ec::net {
namespace {

constexpr std::size_t kLongestName = 253;
constexpr std::size_t kLongestLabel = 63;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_label_character(char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_'; }

// The WHATWG rule for what a resolver may take for an IPv4 address in some base: the last label is a number.
bool ends_in_a_number(std::string_view label) {
    if (std::ranges::all_of(label, is_digit)) return true;
    return label.starts_with("0x") &&
           std::ranges::all_of(label.substr(2), [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}

std::unexpected<Error> wrong(std::string reason) { return fail(ErrorCode::invalid_argument, std::move(reason)); }

Result<Host> parse_literal(std::string_view text) {
    const auto address = Address::parse(text);
    if (!address) return wrong("this is not an IP address in its canonical spelling");
    return Host{address->text(), address};
}

}  // namespace

Result<Host> Host::parse(std::string_view text) {
    EC_ASSIGN(Host host, parse_local(text));
    if (!host.literal && host.name.find('.') == std::string::npos) {
        return wrong("a host name of one word is a local name");
    }
    return host;
}

Result<Host> Host::parse_local(std::string_view text) {
    if (text.starts_with('[')) {
        if (!text.ends_with(']') || text.find(':') == std::string_view::npos)
            return wrong("brackets hold an IPv6 address");
        return parse_literal(text.substr(1, text.size() - 2));
    }
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty()) return wrong("the host is missing");
    if (text.size() > kLongestName) return wrong("the host name is too long");
    std::string name(text);
    std::ranges::transform(name, name.begin(), lower);
    const auto labels = split(name, '.');
    for (const std::string_view label : labels) {
        if (label.empty() || label.size() > kLongestLabel) return wrong("a part of the host name is empty or too long");
        if (!std::ranges::all_of(label, is_label_character)) {
            const bool ascii = std::ranges::all_of(label, [](char c) { return c > 0x20 && c < 0x7f; });
            return wrong(ascii ? "the host name holds a character that no host name has"
                               : "write an international host name in its xn-- form");
        }
        if (label.front() == '-' || label.back() == '-')
            return wrong("a part of the host name begins or ends with '-'");
    }
    if (ends_in_a_number(labels.back())) return parse_literal(text);
    return Host{std::move(name), std::nullopt};
}

std::string Host::text() const { return literal && literal->v6 ? fmt::format("[{}]", name) : name; }

namespace {

struct HostAndPort {
    std::string_view host;
    std::uint16_t port = 0;
};

Result<HostAndPort> split_authority(std::string_view text, std::uint16_t default_port) {
    if (text.find('@') != std::string_view::npos) return wrong("user information has no place before a host");
    const std::size_t close = text.rfind(']');
    const std::size_t colon = text.rfind(':');
    std::string_view host = text;
    std::uint32_t port = default_port;
    if (colon != std::string_view::npos && (close == std::string_view::npos || colon > close)) {
        host = text.substr(0, colon);
        const std::string_view digits = text.substr(colon + 1);
        if (digits.empty() || digits.size() > 5 || digits.front() == '0' || !std::ranges::all_of(digits, is_digit)) {
            return wrong("a port is a number from 1 to 65535");
        }
        port = 0;
        for (const char c : digits) port = port * 10 + static_cast<std::uint32_t>(c - '0');
        if (port > 65535) return wrong("a port is a number from 1 to 65535");
    }
    if (port == 0) return wrong("the port is missing");
    return HostAndPort{host, static_cast<std::uint16_t>(port)};
}

}  // namespace

Result<Authority> Authority::parse(std::string_view text, std::uint16_t default_port) {
    EC_ASSIGN(const HostAndPort parts, split_authority(text, default_port));
    EC_ASSIGN(Host host, Host::parse(parts.host));
    return Authority{std::move(host), parts.port};
}

Result<Authority> Authority::parse_local(std::string_view text, std::uint16_t default_port) {
    EC_ASSIGN(const HostAndPort parts, split_authority(text, default_port));
    EC_ASSIGN(Host host, Host::parse_local(parts.host));
    return Authority{std::move(host), parts.port};
}

std::string Authority::text() const { return fmt::format("{}:{}", host.text(), port); }

Result<AllowRule> AllowRule::parse(std::string_view text) {
    AllowRule rule;
    std::string_view rest = text;
    rule.below_ = rest.starts_with("*.");
    if (rule.below_) rest.remove_prefix(2);
    auto authority = Authority::parse(rest, 443);
    if (!authority) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' names no host to allow: {}", ellipsize(to_valid_utf8(text), 100),
                                authority.error().message),
                    "write HOST, HOST:PORT or *.HOST");
    }
    rule.authority_ = *std::move(authority);
    const Host& host = rule.authority_.host;
    if (host.literal && rule.below_) return fail(ErrorCode::invalid_argument, "there are no names below an IP address");
    if (host.literal && classify(*host.literal) != AddressClass::global) {
        return fail(ErrorCode::invalid_argument, fmt::format("{} is {}, which a sandbox never reaches", host.name,
                                                             describe(classify(*host.literal))));
    }
    return rule;
}

bool AllowRule::matches(const Authority& wanted) const {
    if (wanted.port != authority_.port) return false;
    if (!below_) return wanted.host == authority_.host;
    if (wanted.host.literal) return false;
    const std::string& base = authority_.host.name;
    const std::string& name = wanted.host.name;
    return name.size() > base.size() + 1 && name.ends_with(base) && name[name.size() - base.size() - 1] == '.';
}

std::string AllowRule::text() const { return (below_ ? "*." : "") + authority_.text(); }

}  // namespace ec::net
