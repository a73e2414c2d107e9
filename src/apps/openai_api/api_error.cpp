#include "api_error.hpp"

#include <ec/core/http_reason.hpp>
#include <string_view>

namespace ec::apps::openai {
namespace {

std::string_view type_of(int status) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 429:
            return "rate_limit_error";
        default:
            return status >= 500 ? "server_error" : "invalid_request_error";
    }
}

}  // namespace

ApiError api_error(const Error& error) {
    ApiError made{.status = http_status(error.code), .code = std::string(name(error.code)), .message = error.message};
    if (!error.remedy.empty()) made.message += ": " + error.remedy;
    // What a model's process or server said is no fault of the request's form.
    if (error.code == ErrorCode::corrupt) made.status = 503;
    return made;
}

json::Object error_member(const ApiError& error) {
    json::Object member{{"message", error.message}, {"type", type_of(error.status)}, {"code", error.code}};
    if (error.param.empty())
        member["param"] = nullptr;
    else
        member["param"] = error.param;
    return member;
}

std::string error_body(const ApiError& error) {
    json::Object problem{{"type", "about:blank"},
                         {"title", http_reason(error.status)},
                         {"status", error.status},
                         {"code", error.code},
                         {"detail", error.message}};
    if (!error.param.empty()) problem["fields"] = json::Array{json::Value(error.param)};
    problem["error"] = error_member(error);
    return json::write(problem) + "\n";
}

}  // namespace ec::apps::openai
