#include "web.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ec/core/text.hpp>
#include <ec/core/token.hpp>
#include <optional>

namespace ec::apps {
namespace {

int digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

std::string decoded(std::string_view text) {
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
        value += escape           ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]))
                 : text[i] == '+' ? ' '
                                  : text[i];
        if (escape) i += 2;
    }
    return value;
}

}  // namespace

Result<Form> Form::parse(std::string_view body) {
    Form form;
    for (const std::string_view pair : split(body, '&')) {
        if (pair.empty()) continue;
        if (form.fields_.size() == kMostFields) return fail(ErrorCode::too_large, "the form has too many fields");
        const std::size_t equals = pair.find('=');
        form.fields_.emplace_back(decoded(pair.substr(0, equals)),
                                  equals == std::string_view::npos ? "" : decoded(pair.substr(equals + 1)));
    }
    return form;
}

std::string Form::value(std::string_view name) const {
    const auto found = std::ranges::find(fields_, name, &std::pair<std::string, std::string>::first);
    return found == fields_.end() ? std::string() : found->second;
}

bool Form::has(std::string_view name) const {
    return std::ranges::find(fields_, name, &std::pair<std::string, std::string>::first) != fields_.end();
}

std::string Form::repeated() const {
    for (std::size_t i = 1; i < fields_.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (fields_[i].first == fields_[j].first) return fields_[i].first;
        }
    }
    return {};
}

Result<std::int64_t> parse_number(std::string_view text, std::string_view name, std::int64_t low, std::int64_t most) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < low || value > most)
        return fail_field(std::string(name), fmt::format("{} must be a whole number from {} to {}", name, low, most));
    return value;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain)
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

std::string html_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string bearer_token(const net::ServerRequest& request) {
    constexpr std::string_view kScheme = "bearer ";
    const std::string field = request.header("authorization");
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (field.size() < kScheme.size() ||
        !std::ranges::equal(std::string_view(field).substr(0, kScheme.size()), kScheme, {}, lower))
        return {};
    return field.substr(kScheme.size());
}

net::Route get_route(std::string path, std::string summary,
                     std::function<net::ServerResponse(const net::ServerRequest&)> handle) {
    return {.method = "GET",
            .path = std::move(path),
            .summary = std::move(summary),
            .statuses = {200},
            .request_type = "",
            .handle = std::move(handle)};
}

net::Route behind_bearer(net::Route route, const std::string& token, std::string_view where) {
    route.secured = true;
    if (std::ranges::find(route.statuses, 401) == route.statuses.end()) route.statuses.push_back(401);
    route.turn_away =
        [token, where = std::string(where)](const net::ServerRequest& head) -> std::optional<net::ServerResponse> {
        if (same_secret(bearer_token(head), token)) return std::nullopt;
        return bearer_wanted(where);
    };
    return route;
}

net::ServerResponse bearer_wanted(std::string_view where) {
    net::ServerResponse refused = net::problem(401, "unauthorized", fmt::format("this needs the token in {}", where));
    refused.headers.emplace_back("WWW-Authenticate", "Bearer");
    return refused;
}

namespace {

net::Route openapi_route(std::string text) {
    return get_route("/openapi.json", "This document",
                     [text = std::move(text)](const net::ServerRequest&) { return json_answer(text); });
}

}  // namespace

void add_openapi(std::vector<net::Route>& routes, std::string_view title,
                 const std::function<net::Route(net::Route)>& guard) {
    routes.push_back(guard(openapi_route({})));  // it is part of the table that it describes
    routes.back() = guard(openapi_route(net::openapi_document(title, EC_VERSION, routes)));
}

void add_openapi(std::vector<net::Route>& routes, std::string (*describe)(const std::vector<net::Route>&)) {
    routes.push_back(openapi_route({}));
    routes.back() = openapi_route(describe(routes));
}

net::ServerResponse text_answer(std::string text) {
    return {.type = "text/plain", .body = std::move(text), .headers = {}};
}

net::ServerResponse json_answer(std::string body, int status) {
    return {.status = status, .type = "application/json", .body = std::move(body) + "\n", .headers = {}};
}

net::ServerResponse metrics_answer(std::string text) {
    return {.type = "text/plain; version=0.0.4", .body = std::move(text), .headers = {}};
}

net::ServerResponse html_response(int status, std::string body, std::string_view form_targets) {
    return {.status = status,
            .type = "text/html; charset=utf-8",
            .body = std::move(body),
            .headers = {{"Content-Security-Policy",
                         fmt::format("default-src 'none'; style-src 'unsafe-inline'; form-action 'self'{}{}; base-uri "
                                     "'none'; frame-ancestors 'none'",
                                     form_targets.empty() ? "" : " ", form_targets)},
                        {"X-Frame-Options", "DENY"},
                        {"Referrer-Policy", "no-referrer"}}};
}

std::string own_origin(const net::ServerRequest& request) { return "http://" + request.header("host"); }

bool from_other_page(const net::ServerRequest& request) {
    const std::string site = request.header("sec-fetch-site");
    if (!site.empty() && site != "none" && site != "same-origin") return true;
    const std::string origin = request.header("origin");
    return !origin.empty() && origin != own_origin(request);
}

}  // namespace ec::apps
