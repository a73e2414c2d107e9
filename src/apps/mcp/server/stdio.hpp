// An MCP server at the two ends of a pipe (revision 2025-11-25, transports, stdio): one message a line.
#pragma once

#include <stop_token>

#include "conversation.hpp"
#include "rpc/line_channel.hpp"

namespace ec::apps::mcp {

/// Serves one conversation until the other side closes or a stop is requested; calls that run then are stopped. Errors
/// are those of the channel.
Status serve_lines(rpc::LineChannel& channel, const Registry& registry, CallThreads& threads, std::stop_token stop);

}  // namespace ec::apps::mcp
