// What the coordinator's routes answer with when something is wrong.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/net/http_server.hpp>
#include <string>

namespace ec::apps::coordinator {

/// The problem that an Error stands for, with its remedy; 429 and 503 ask to come again.
net::ServerResponse refused(const Error& error);
/// refused() for whoever could not show who they are: 401, or 403 for a node that is known and not let in.
net::ServerResponse not_let_in(const Error& error, std::int64_t now_ms);
/// The answer, with the header that says where it was given before.
net::ServerResponse maybe_replayed(net::ServerResponse answer, bool again);

}  // namespace ec::apps::coordinator
