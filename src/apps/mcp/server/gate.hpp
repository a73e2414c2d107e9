// Who may come in over HTTP: the port between the transport and whatever authorizes.
#pragma once

#include <ec/net/http_server.hpp>
#include <expected>
#include <string_view>

#include "grants.hpp"

namespace ec::apps::mcp {

/// Any thread.
class Gate {
public:
    virtual ~Gate() = default;
    /// Who asks, or the answer that turns them away.
    virtual std::expected<Bearer, net::ServerResponse> admit(const net::ServerRequest& request) = 0;
    /// The answer to somebody whose token does not allow `scope`.
    virtual net::ServerResponse forbid(const net::ServerRequest& request, std::string_view scope) = 0;
};

}  // namespace ec::apps::mcp
