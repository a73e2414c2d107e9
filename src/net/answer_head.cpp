#include "answer_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/core/http_reason.hpp>
#include <iterator>
#include <string_view>

namespace ec::net {
namespace {

constexpr std::size_t kUsualBytes = 256;

bool same(std::string_view a, std::string_view b) {
    const auto lower = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

bool frames(std::string_view name) {
    return same(name, "content-length") || same(name, "transfer-encoding") || same(name, "connection");
}

bool good_name(std::string_view name) {
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
    });
}

void append(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    const std::size_t begin = out.size();
    out += value;
    // A handler may pass on words of strangers: they end neither the field nor the head.
    for (std::size_t i = begin; i < out.size(); ++i) {
        if (std::iscntrl(static_cast<unsigned char>(out[i])) != 0 && out[i] != '\t') out[i] = ' ';
    }
    out += "\r\n";
}

}  // namespace

bool may_have_body(int status) { return status != 204 && status != 304; }

std::string answer_head(const ServerResponse& response, std::optional<std::size_t> length, bool keep) {
    std::string out;
    out.reserve(kUsualBytes);
    fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\n", response.status, http_reason(response.status));
    const auto given = [&](std::string_view name) {
        return std::ranges::any_of(response.headers, [&](const auto& field) { return same(field.first, name); });
    };
    if (!given("content-type")) append(out, "Content-Type", response.type);
    if (!given("cache-control")) out += "Cache-Control: no-store\r\n";
    if (!given("x-content-type-options")) out += "X-Content-Type-Options: nosniff\r\n";
    for (const auto& [name, value] : response.headers) {
        if (good_name(name) && !frames(name)) append(out, name, value);
    }
    if (!keep) out += "Connection: close\r\n";
    if (!length) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (may_have_body(response.status)) {
        fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", *length);
    }
    out += "\r\n";
    return out;
}

}  // namespace ec::net
