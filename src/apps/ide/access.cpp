#include "access.hpp"

#include <ec/core/token.hpp>

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
    if (route.take) {
        route.take = [token, take = std::move(route.take)](net::ServerRequest request,
                                                           std::shared_ptr<net::Responder> responder) {
            if (!has_token(request, token)) return responder->answer(unauthorized());
            take(std::move(request), std::move(responder));
        };
    } else {
        route.handle = [token, handle = std::move(route.handle)](const net::ServerRequest& request) {
            return has_token(request, token) ? handle(request) : unauthorized();
        };
    }
    return route;
}

}  // namespace ec::apps::ide
