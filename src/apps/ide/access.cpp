#include "access.hpp"

#include <ec/core/token.hpp>
#include <optional>

#include "../web.hpp"
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
    bool right = same_secret(bearer_token(request), token);
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
