// A whole MCP server over Streamable HTTP, on this machine only.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "gate.hpp"
#include "registry.hpp"
#include "service_start.hpp"

namespace ec::apps::mcp {

/// Tool calls at once, of all clients together.
inline constexpr std::size_t kMostCalls = 16;

/// Serves /mcp and `further` routes until a stop is requested, then stops what runs. `ready` hears the endpoint's URL.
/// Errors are those of net::start_http_server().
Status serve_http(const Registry& registry, Gate& gate, std::vector<net::Route> further, const ListenAddress& listen,
                  const std::stop_token& stop, const std::function<void(const std::string& url)>& ready);

}  // namespace ec::apps::mcp
