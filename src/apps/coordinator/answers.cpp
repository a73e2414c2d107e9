#include "answers.hpp"

#include <fmt/format.h>

namespace ec::apps::coordinator {
namespace {

std::string told(const Error& error) {
    return error.remedy.empty() ? error.message : fmt::format("{}: {}", error.message, error.remedy);
}

net::ServerResponse come_again(std::string_view code, std::string_view detail) {
    net::ServerResponse response = net::problem(503, code, detail);
    response.headers.emplace_back("Retry-After", "1");
    return response;
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
            return come_again(name(error.code), told(error));
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
