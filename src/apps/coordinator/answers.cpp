#include "answers.hpp"

#include <fmt/format.h>

#include <charconv>

namespace ec::apps::coordinator {
namespace {

std::string told(const Error& error) {
    return error.remedy.empty() ? error.message : fmt::format("{}: {}", error.message, error.remedy);
}

/// "budget_s must be …; tasks.key: a stands twice": the fields that a reader of the protocol found fault with.
std::vector<std::string> fields_in(std::string_view faults) {
    std::vector<std::string> fields;
    while (!faults.empty()) {
        const std::size_t end = faults.find("; ");
        const std::string_view fault = faults.substr(0, end);
        const std::size_t name =
            fault.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.[]");
        const bool named = name != std::string_view::npos && name > 0 &&
                           (fault.substr(name).starts_with(" must be ") || fault.substr(name).starts_with(": "));
        if (named) fields.emplace_back(fault.substr(0, name));
        faults = end == std::string_view::npos ? std::string_view() : faults.substr(end + 2);
    }
    return fields;
}

net::ServerResponse come_again(std::string_view code, std::string_view detail, int status = 503, int seconds = 1) {
    net::ServerResponse response = net::problem(status, code, detail);
    response.headers.emplace_back("Retry-After", fmt::format("{}", seconds));
    return response;
}

/// "retry after 10 s" as the queue says it; else a second.
int seconds_in(std::string_view remedy) {
    constexpr std::string_view kWords = "retry after ";
    int seconds = 1;
    if (const std::size_t at = remedy.find(kWords); at != std::string_view::npos)
        std::from_chars(remedy.data() + at + kWords.size(), remedy.data() + remedy.size(), seconds);
    return seconds;
}

}  // namespace

net::ServerResponse refused(const Error& error) {
    switch (error.code) {
        case ErrorCode::io:
            // Of the database's own errors nothing goes out but that there is one.
            if (error.message.find("full") != std::string::npos)
                return come_again("storage_full", "the coordinator's disk is full; nothing was stored");
            return come_again("storage", "the coordinator's storage does not answer; nothing was stored");
        case ErrorCode::unavailable:
        case ErrorCode::timeout:
            // An account that has too much waiting is asked to slow down; the service itself is well.
            return come_again(name(error.code), told(error),
                              error.message.find("of this account") != std::string::npos ? 429 : 503,
                              seconds_in(error.remedy));
        case ErrorCode::invalid_argument:
            return net::problem(400, name(error.code), told(error), fields_in(error.message));
        case ErrorCode::internal:
            return net::problem(500, "internal", "the coordinator could not do this");
        default:
            return net::problem(http_status(error.code), name(error.code), told(error));
    }
}

net::ServerResponse not_let_in(const Error& error, std::int64_t now_ms) {
    net::ServerResponse response =
        error.code == ErrorCode::denied ? net::problem(401, "denied", told(error)) : refused(error);
    response.headers.emplace_back("Edgecoder-Time", fmt::format("{}", now_ms));
    return response;
}

}  // namespace ec::apps::coordinator
