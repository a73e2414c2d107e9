// The tools of all configured servers, for an agent: starts what serves them, offers them, asks before it calls one.
//
// Threads: one caller; servers are started beside one another, each in a thread that ends with the call.
#pragma once

#include <ec/agent/tool_source.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "approvals.hpp"
#include "connection.hpp"

namespace ec::apps::mcp {

/// Starts a program or prepares an address. Called from several threads at once.
using OpenWire = std::function<Result<std::unique_ptr<Wire>>(const ServerEntry&)>;

class ToolBelt final : public agent::ToolSource {
public:
    ToolBelt(std::vector<ServerEntry> entries, OpenWire open, Approvals approvals);

    std::vector<model::ToolSpec> offer(agent::AgentEvents& events, std::stop_token stop) override;
    agent::ToolReply call(const model::ToolCall& call, agent::Person& person, std::stop_token stop) override;

private:
    struct Server {
        ServerEntry entry;
        std::unique_ptr<Connection> connection;  ///< null: not started, or not to be had
        std::vector<OfferedTool> tools;
        std::vector<std::string> notes;  ///< not told yet
        unsigned failures = 0;           ///< in a row
    };
    Status start(Server& server, std::stop_token stop) const;
    void try_to_start(Server& server, std::stop_token stop) const;
    agent::ToolReply use(Server& server, const OfferedTool& tool, json::Object arguments, agent::Person& person,
                         std::stop_token stop);
    /// The arguments to send, or what the model is told instead.
    std::expected<json::Object, std::string> agree(const Server& server, const OfferedTool& tool,
                                                   json::Object arguments, agent::Person& person) const;

    OpenWire open_;
    Approvals approvals_;
    std::vector<Server> servers_;
};

}  // namespace ec::apps::mcp
