#include "url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/net/allow_rule.hpp>

namespace ec::net {
namespace {

constexpr std::size_t kLongest = 16U << 10;

std::unexpected<Error> wrong(std::string_view reason) {
    return fail(ErrorCode::invalid_argument, fmt::format("this is no http or https address: {}", reason));
}

std::uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

bool is_graphic(char c) { return c > 0x20 && c < 0x7f; }

std::string encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_graphic(c))
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
    return out;
}

bool has_scheme(std::string_view text) {
    const std::size_t colon = text.find(':');
    return colon != std::string_view::npos && colon < text.find_first_of("/?#");
}

std::string authority(const Url& url) {
    const std::string_view open = url.host.find(':') == std::string::npos ? "" : "[";
    return fmt::format("{}{}{}", open, url.host, open.empty() ? "" : "]");
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
    if (text.size() > kLongest) return wrong("it is too long");
    if (!std::ranges::all_of(text, is_graphic)) return wrong("it holds a space or a character that is not ASCII");
    const std::size_t end = text.find("://");
    if (end == std::string_view::npos) return wrong("it begins with neither http:// nor https://");
    Url url;
    url.scheme = lower_case(text.substr(0, end));
    if (url.scheme != "http" && url.scheme != "https") return wrong("it begins with neither http:// nor https://");
    text.remove_prefix(end + 3);
    if (text.find('#') != std::string_view::npos) return wrong("a fragment has no place here");
    // A backslash is a slash to browsers and part of the host to others: whoever sends one is up to something.
    if (text.find('\\') != std::string_view::npos) return wrong("it holds a backslash");
    const std::size_t path = std::min(text.find_first_of("/?"), text.size());
    auto parsed = Authority::parse_local(text.substr(0, path), default_port(url.scheme));
    if (!parsed) return wrong(parsed.error().message);
    url.host = parsed->host.name;
    url.port = parsed->port;
    text.remove_prefix(path);
    url.target = fmt::format("{}{}", text.starts_with('/') ? "" : "/", text);
    return url;
}

std::string Url::text() const {
    const std::string shown = port == default_port(scheme) ? "" : fmt::format(":{}", port);
    return fmt::format("{}://{}{}{}", scheme, authority(*this), shown, target);
}

bool Url::loopback() const {
    if (host == "localhost") return true;
    const auto address = Address::parse(host);
    return address && is_loopback(*address);
}

// A form of IPv6 that carries 127.0.0.1 has its class, and may still be routed to a gateway elsewhere.
bool is_loopback(const Address& address) {
    return address.v6 ? address == Address::parse("::1") : classify(address) == AddressClass::loopback;
}

std::string origin(const Url& url) { return fmt::format("{}://{}:{}", url.scheme, authority(url), url.port); }

std::string lower_case(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

Result<Url> resolve_location(const Url& base, std::string_view location) {
    location = location.substr(0, location.find('#'));
    const std::string text = encoded(location);
    if (has_scheme(text)) return Url::parse(text);
    if (text.starts_with("//")) return Url::parse(base.scheme + ":" + text);
    std::string target = base.target;
    if (text.starts_with('/')) {
        target = text;
    } else if (text.starts_with('?')) {
        target = target.substr(0, target.find('?')) + text;
    } else if (!text.empty()) {
        target = target.substr(0, target.find('?'));
        target = target.substr(0, target.rfind('/') + 1) + text;
    }
    return Url::parse(origin(base) + target);
}

}  // namespace ec::net
