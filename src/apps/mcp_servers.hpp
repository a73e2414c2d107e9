// The servers of config.toml put together with what they stand on: the sandbox, the proxy, the HTTP client, the ledger.
#pragma once

#include <ec/agent/secret_files.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "mcp/client/approvals.hpp"
#include "mcp/client/server_entry.hpp"
#include "mcp/client/tool_belt.hpp"

namespace ec::apps {

/// [mcp.servers.*] of the person's config.toml; none where there is no such file.
Result<std::vector<mcp::ServerEntry>> load_servers();

struct ServerPlace {
    std::filesystem::path project;  ///< of which a program sees a copy, where its entry lets it
    /// Files that programs find empty; called in one thread at a time. May be empty.
    std::function<const agent::SecretFiles&()> secrets;
    std::string who = "tools";  ///< for the egress ledger
};

/// Starts programs in the sandbox, each with what its entry allows and nothing else, and prepares addresses.
mcp::OpenWire server_opener(ServerPlace place);

/// What this person allowed, in their data directory.
mcp::Approvals tool_approvals();

}  // namespace ec::apps
