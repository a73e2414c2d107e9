// MCP's Streamable HTTP transport (revision 2025-11-25, transports): the one endpoint /mcp.
//
// Who may do what: nobody anything without passing the gate; whoever passed it may open sessions and use their own, and
// of another owner's learns not even that it exists. What a web page of another origin sends is refused.
#pragma once

#include <ec/net/http_server.hpp>
#include <vector>

#include "gate.hpp"
#include "http_sessions.hpp"

namespace ec::apps::mcp {

/// POST, GET and DELETE of /mcp. All four outlive the server that has the routes.
std::vector<net::Route> mcp_routes(const Registry& registry, CallThreads& threads, HttpSessions& sessions, Gate& gate);

}  // namespace ec::apps::mcp
