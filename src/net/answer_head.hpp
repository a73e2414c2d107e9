// The head of an answer as it goes over the wire. Private to the HTTP server; pure functions.
#pragma once

#include <cstddef>
#include <ec/net/http_server.hpp>
#include <optional>
#include <string>

namespace ec::net {

/// `length` of the body that follows; none: it comes in chunks. What a handler says of framing, and what of its fields
/// would begin another, does not get through.
std::string answer_head(const ServerResponse& response, std::optional<std::size_t> length, bool keep);

/// 204 and 304 have none.
bool may_have_body(int status);

}  // namespace ec::net
