// Requests of revision 2026-07-28, each of which stands for itself: it says in `_meta` which revision it speaks and
// what its client can, and its result says that it is complete and for how long it may be kept. Pure functions.
#pragma once

#include <ec/net/http_server.hpp>
#include <expected>
#include <optional>

#include "registry.hpp"

namespace ec::apps::mcp {

/// What a request says of itself.
struct RequestTerms {
    std::optional<LogLevel> level;  ///< none: nothing may be logged to it
};

/// Whether it names a revision in its `_meta`; one without belongs to a conversation that began with initialize.
[[nodiscard]] bool is_stateless(const rpc::Request& request);
[[nodiscard]] std::expected<RequestTerms, rpc::RpcError> request_terms(const rpc::Request& request);
/// Whether the revision has the method, and this server offers it.
[[nodiscard]] bool has_stateless_method(const Registry& registry, std::string_view method);
/// What is wrong with header fields that have to repeat what the request says; nothing when all is right.
[[nodiscard]] std::optional<rpc::RpcError> header_mismatch(const net::ServerRequest& fields,
                                                           const rpc::Request& request);

/// The answer to server/discover, without what completed() adds.
[[nodiscard]] json::Object discovery(const Registry& registry);
/// What the server can do, as initialize and server/discover say it.
[[nodiscard]] json::Object capabilities(const Registry& registry, bool stateless);
/// The answer to `method` with what the revision has in every one.
[[nodiscard]] rpc::Answer completed(rpc::Answer answer, std::string_view method, const Registry& registry);

}  // namespace ec::apps::mcp
