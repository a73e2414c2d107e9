// What the HTTP client reads itself, fed with arbitrary bytes: URLs, redirect targets, server-sent events. The first
// byte picks the reader, the second how the rest is cut into pieces.
#include <algorithm>
#include <cstdint>
#include <ec/net/http_client.hpp>
#include <string>
#include <string_view>

#include "fuzzing.hpp"
#include "url.hpp"

namespace {

using namespace ec::net;
using ec::fuzzing::require;

void check_url(const Url& url) {
    require(url.scheme == "http" || url.scheme == "https");
    require(url.port != 0 && url.target.starts_with('/'));
    const std::string text = url.text();
    require(std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; }));
    require(text.find_first_of("#\\") == std::string::npos);
    require(origin(url).find('@') == std::string::npos);
    const auto again = Url::parse(text);
    require(again && *again == url);
}

void read_url(std::string_view text) {
    if (const auto url = Url::parse(text)) check_url(*url);
    for (const char* base : {"https://a.example/dir/file?q", "http://[::1]:8080/"}) {
        if (const auto url = resolve_location(*Url::parse(base), text)) check_url(*url);
    }
}

std::string events_of(std::string_view bytes, std::size_t step) {
    constexpr std::size_t kLimit = 2000;
    SseParser parser(kLimit);
    std::string out;
    for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
        const auto events = parser.feed(bytes.substr(0, step));
        if (!events) return "too large";  // which may show earlier or later
        for (const auto& event : *events) {
            require(event.data.size() <= kLimit && !event.type.empty());
            require(event.id.find('\0') == std::string::npos);
            out.append(event.type).append("|").append(event.id).append("|").append(event.data).append("\n");
        }
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    if (data[0] % 2 == 0) {
        read_url(text);
    } else {
        require(events_of(text, 1 + data[1]) == events_of(text, text.size()));
    }
    return 0;
}
