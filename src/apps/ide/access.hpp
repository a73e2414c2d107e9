// Who may ask: whoever has the token of the service, as an API key in any of the places where clients put one.
#pragma once

#include <ec/net/http_server.hpp>
#include <string>

namespace ec::apps::ide {

/// `Authorization: Bearer`, `x-api-key` or `api-key`; compared in constant time.
bool has_token(const net::ServerRequest& request, const std::string& token);

/// The route, with everybody refused (401) who does not have the token.
net::Route guarded(net::Route route, const std::string& token);

}  // namespace ec::apps::ide
