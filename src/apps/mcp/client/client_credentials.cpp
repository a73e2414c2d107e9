#include "client_credentials.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/core/time_or_stop.hpp>
#include <ec/json/json.hpp>

#include "offered_tool.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::uint64_t kAnswerBytes = 64U << 10;
constexpr std::size_t kTokenBytes = 16U << 10;

// application/x-www-form-urlencoded (RFC 6749 appendix B).
std::string form(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_')
            out += c;
        else
            out += fmt::format("%{:02X}", byte);
    }
    return out;
}

// RFC 4648 section 4.
std::string base64(std::string_view bytes) {
    static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
        for (std::size_t i = 0; i < 4; ++i) out += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
    }
    return out;
}

std::string text_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

}  // namespace

Result<Secret> fetch_token(net::HttpClient& http, const ClientCredentials& credentials) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = credentials.token_url;
    request.why = "mcp";
    request.body_limit = kAnswerBytes;
    request.body = fmt::format("grant_type=client_credentials&resource={}", form(credentials.resource));
    if (!credentials.scope.empty()) request.body += "&scope=" + form(credentials.scope);
    request.headers = {
        {"Content-Type", "application/x-www-form-urlencoded"},
        {"Accept", "application/json"},
        {"Authorization", fmt::format("Basic {}", base64(fmt::format("{}:{}", form(credentials.client_id),
                                                                     form(credentials.secret.reveal()))))}};
    const TimeOrStop limit({}, kPatience);
    EC_ASSIGN(const net::HttpResponse response, http.send(request, {}, limit.token()));
    const auto answer = json::parse(response.body);
    const json::Object* object = answer ? answer->if_object() : nullptr;
    if (response.status != 200) {
        const std::string error = object == nullptr ? "" : tame(text_at(*object, "error"), 80);
        return fail(ErrorCode::denied,
                    fmt::format("no token is given (HTTP {}{}{})", response.status, error.empty() ? "" : ", ", error),
                    "look at token_url, client_id and client_secret_file of its entry");
    }
    const std::string token = object == nullptr ? "" : text_at(*object, "access_token");
    std::string type = object == nullptr ? "" : text_at(*object, "token_type");
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const bool plain = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7f; });
    if (type != "bearer" || token.empty() || token.size() > kTokenBytes || !plain)
        return fail(ErrorCode::corrupt, "what gives tokens answers with none");
    return Secret(token);
}

}  // namespace ec::apps::mcp
