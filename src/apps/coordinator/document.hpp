// The OpenAPI document of the coordinator: that of its routes, with what a table of routes does not hold.
#pragma once

#include <ec/net/http_server.hpp>
#include <string>
#include <vector>

namespace ec::apps::coordinator {

/// Who is asked for a signature and not for a token, and what stands in queries, headers and bodies.
std::string coordinator_document(const std::vector<net::Route>& routes);

}  // namespace ec::apps::coordinator
