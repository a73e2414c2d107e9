#include "http_status.hpp"

#include <fmt/format.h>

#include <ec/net/http_client.hpp>

namespace ec::model::library {

Error status_error(const net::HttpResponse& response, const std::string& what) {
    switch (response.status) {
        case 401:
        case 403:
            return {
                ErrorCode::denied, fmt::format("the source wants a login for {} (HTTP {})", what, response.status),
                "agree to the model's terms at its page and set HF_TOKEN, or check the name: some sources answer so "
                "for what they do not have"};
        case 404:
        case 410:
            return {ErrorCode::not_found, fmt::format("the source has no {}", what), "check the name"};
        case 429:
            return {ErrorCode::unavailable, fmt::format("the source has had too many requests for {}", what),
                    "try again later; what came is kept"};
        default:
            return {response.status >= 500 ? ErrorCode::unavailable : ErrorCode::corrupt,
                    fmt::format("the source answers {} with HTTP {}", what, response.status), "try again later"};
    }
}

}  // namespace ec::model::library
