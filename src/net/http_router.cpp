#include "http_router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/core/http_reason.hpp>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>
#include <set>

namespace ec::net {
namespace {

constexpr std::size_t kLongestParam = 200;
constexpr std::size_t kMostCounts = 4096;

bool unreserved(std::string_view text) {
    return !text.empty() && text.size() <= kLongestParam && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '~' || c == '-';
    });
}

bool is_param(std::string_view segment) {
    return segment.size() > 2 && segment.starts_with('{') && segment.ends_with('}');
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// What problem() writes.
json::Object problem_schema() {
    const json::Object text{{"type", "string"}};
    return {{"type", "object"},
            {"required", json::Array{"type", "title", "status", "code", "detail"}},
            {"properties", json::Object{{"type", text},
                                        {"title", text},
                                        {"status", json::Object{{"type", "integer"}}},
                                        {"code", text},
                                        {"detail", text},
                                        {"fields", json::Object{{"type", "array"}, {"items", text}}}}}};
}

json::Object operation(const Route& route) {
    json::Object responses;
    std::set<int> statuses(route.statuses.begin(), route.statuses.end());
    statuses.insert({400, 408, 421, 429, 503});  // the server's own
    if (!route.request_type.empty()) statuses.insert({413, 415});
    for (const int status : statuses) {
        json::Object response{{"description", http_reason(status)}};
        if (status >= 400) {
            const json::Object schema{{"$ref", "#/components/schemas/Problem"}};
            response["content"] = json::Object{{"application/problem+json", json::Object{{"schema", schema}}}};
        }
        responses[std::to_string(status)] = std::move(response);
    }
    json::Object operation{{"summary", route.summary}, {"responses", std::move(responses)}};
    json::Array parameters;
    for (const std::string_view segment : split(route.path, '/')) {
        if (!is_param(segment)) continue;
        parameters.push_back(json::Object{{"name", segment.substr(1, segment.size() - 2)},
                                          {"in", "path"},
                                          {"required", true},
                                          {"schema", json::Object{{"type", "string"}}}});
    }
    if (!parameters.empty()) operation["parameters"] = std::move(parameters);
    if (!route.request_type.empty()) {
        operation["requestBody"] =
            json::Object{{"required", true}, {"content", json::Object{{route.request_type, json::Object{}}}}};
    }
    if (route.secured) operation["security"] = json::Array{json::Object{{"bearer", json::Array{}}}};
    return operation;
}

}  // namespace

std::string ServerRequest::header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

ServerResponse problem(int status, std::string_view code, std::string_view detail,
                       const std::vector<std::string>& fields) {
    json::Object object{{"type", "about:blank"},
                        {"title", http_reason(status)},
                        {"status", status},
                        {"code", code},
                        {"detail", to_valid_utf8(detail)}};
    if (!fields.empty()) {
        json::Array names;
        for (const std::string& field : fields) names.emplace_back(field);
        object["fields"] = std::move(names);
    }
    ServerResponse response;
    response.status = status;
    response.type = "application/problem+json";
    response.body = json::write(object) + "\n";
    return response;
}

ServerResponse problem(const Error& error) {
    ServerResponse response = problem(http_status(error.code), name(error.code), error.message, error.fields);
    if (error.retry_s > 0) response.headers.emplace_back("Retry-After", std::to_string(error.retry_s));
    return response;
}

std::string openapi_document(std::string_view title, std::string_view version, const std::vector<Route>& routes) {
    json::Object paths;
    for (const Route& route : routes) {
        json::Object& path =
            paths.contains(route.path) ? paths[route.path].as_object() : paths[route.path].emplace_object();
        path[lower(route.method)] = operation(route);
    }
    const json::Object bearer{{"type", "http"}, {"scheme", "bearer"}};
    return json::write(
        json::Object{{"openapi", "3.1.0"},
                     {"info", json::Object{{"title", title}, {"version", version}}},
                     {"paths", std::move(paths)},
                     {"components", json::Object{{"securitySchemes", json::Object{{"bearer", bearer}}},
                                                 {"schemas", json::Object{{"Problem", problem_schema()}}}}}});
}

Status check_routes(const std::vector<Route>& routes) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const Route& route : routes) {
        bool good = route.path.starts_with('/') && !route.method.empty() &&
                    (route.handle != nullptr) != (route.take != nullptr);
        for (const std::string_view segment : split(std::string_view(route.path).substr(good ? 1 : 0), '/')) {
            good = good && (route.path == "/" ||
                            unreserved(is_param(segment) ? segment.substr(1, segment.size() - 2) : segment));
        }
        if (!good || !seen.emplace(route.method, route.path).second)
            return fail(ErrorCode::invalid_argument, fmt::format("{} {} is no route", route.method, route.path));
    }
    return {};
}

RouteTable::RouteTable(std::vector<Route> routes) {
    for (Route& route : routes) {
        Entry entry;
        for (const std::string_view segment : split(route.path, '/')) {
            const bool param = is_param(segment);
            entry.segments.emplace_back(std::string(param ? segment.substr(1, segment.size() - 2) : segment), param);
        }
        entry.route = std::move(route);
        entries_.push_back(std::move(entry));
    }
}

Match RouteTable::match(std::string_view method, std::string_view path) const {
    Match match;
    const auto given = split(path, '/');
    const auto fits = [&](const Entry& entry) {
        if (entry.segments.size() != given.size()) return false;
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (entry.segments[i].param ? !unreserved(given[i]) : entry.segments[i].text != given[i]) return false;
        }
        return true;
    };
    for (const Entry& entry : entries_) {
        if (!fits(entry)) continue;
        if (entry.route.method != method) {
            match.methods.push_back(entry.route.method);
            continue;
        }
        match.route = &entry.route;
        match.methods.clear();
        for (std::size_t i = 0; i < given.size(); ++i) {
            if (entry.segments[i].param) match.params.emplace(entry.segments[i].text, given[i]);
        }
        return match;
    }
    return match;
}

bool is_our_host(std::string_view host, const std::vector<std::string>& hosts) {
    std::string name = lower(host);
    const std::size_t colon = name.rfind(':');
    if (colon != std::string::npos && name.find(']', colon) == std::string::npos) {
        // The field is repeated in addresses of ours: no port but a number.
        if (name.find_first_not_of("0123456789", colon + 1) != std::string::npos) return false;
        name.resize(colon);
    }
    if (name == "localhost" || name == "127.0.0.1" || name == "[::1]") return true;
    return std::ranges::any_of(hosts, [&](const std::string& ours) { return lower(ours) == name; });
}

bool is_foreign_page(const Headers& headers, const std::vector<std::string>& origins) {
    return std::ranges::any_of(headers, [&](const auto& field) {
        if (field.first == "origin") return std::ranges::find(origins, field.second) == origins.end();
        return field.first == "sec-fetch-site" && field.second != "none" && field.second != "same-origin";
    });
}

bool RateLimiter::admit(std::string_view peer, const Route& route, std::chrono::nanoseconds now) {
    if (route.per_minute == 0) return true;
    const std::int64_t minute = std::chrono::duration_cast<std::chrono::minutes>(now).count();
    if (minute != minute_) {
        minute_ = minute;
        counts_.clear();
    }
    auto key = std::pair(std::string(peer), &route);
    if (!counts_.contains(key) && counts_.size() >= kMostCounts) key.first.clear();
    return ++counts_[std::move(key)] <= route.per_minute;
}

}  // namespace ec::net
