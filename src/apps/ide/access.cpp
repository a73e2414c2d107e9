#include "access.hpp"

#include <ec/core/token.hpp>
#include <optional>

#include "answer_work.hpp"

namespace ec::apps::ide {
namespace {

net::ServerResponse unauthorized() {
    return error_response({401,
                           "invalid_api_key",
                           "this needs the token of the service as the API key: it is in secrets/ide-token of the "
                           "data directory",
                           {}});
}

}  // namespace

bool has_token(const net::ServerRequest& request, const std::string& token) {
    const std::string bearer = request.header("authorization");
    constexpr std::string_view kScheme = "bearer ";
    // The scheme's letters may be of any case (RFC 9110, section 11.1).
    bool is_bearer = bearer.size() > kScheme.size();
    for (std::size_t i = 0; is_bearer && i < kScheme.size(); ++i)
        is_bearer = (bearer[i] >= 'A' && bearer[i] <= 'Z' ? bearer[i] + ('a' - 'A') : bearer[i]) == kScheme[i];
    const std::string_view given = is_bearer ? std::string_view(bearer).substr(kScheme.size()) : std::string_view();
    bool right = same_secret(given, token);
    for (const char* name : {"x-api-key", "api-key"}) right = same_secret(request.header(name), token) || right;
    return right;
}

net::Route guarded(net::Route route, const std::string& token) {
    route.secured = true;
    route.statuses.push_back(401);
    route.turn_away = [token](const net::ServerRequest& head) {
        return has_token(head, token) ? std::nullopt : std::optional(unauthorized());
    };
    return route;
}

}  // namespace ec::apps::ide
