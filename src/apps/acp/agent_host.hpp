// The port through which a session of the protocol reaches its agent. Threads: one at a time, the session's own.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor.hpp"
#include "encode.hpp"
#include "messages.hpp"
#include "session/host.hpp"

namespace ec::apps::acp {

struct History {
    std::vector<model::Message> conversation;
    std::vector<Turn> turns;
};

class AgentHost {
public:
    virtual ~AgentHost() = default;
    virtual session::SessionHost& host() = 0;
    /// Canonical path of the project.
    [[nodiscard]] virtual std::filesystem::path root() const = 0;
    /// Goes on with a session that was kept; `not_found` for one that never was.
    virtual Result<History> resume(const std::string& session) = 0;
    /// Keeps the conversation as it is now.
    virtual void keep() = 0;
    /// Tokens that the model takes; 0: unknown, or no model.
    [[nodiscard]] virtual std::int64_t context() const = 0;
    /// A text that came attached, as a model may see it: `denied` for a file that is kept from the agent, secrets taken
    /// out. `path` is relative to the project, or empty for something else.
    virtual Result<std::string> shown(const std::string& path, const std::string& text) = 0;
};

struct OpenRequest {
    std::string session;
    std::filesystem::path cwd;
    Editor* editor = nullptr;  ///< outlives the host
    /// What the editor offers; whoever opens the host decides, and the session says that none is used.
    std::vector<McpServer> mcp_servers;
};

struct KeptSession {
    std::string id;
    std::filesystem::path cwd;
    std::string title;
    std::int64_t time_s = 0;
};

struct AgentPorts {
    std::function<Result<std::unique_ptr<AgentHost>>(const OpenRequest&)> open;
    std::function<Result<std::vector<KeptSession>>(const std::filesystem::path& cwd)> list;
    /// An id that no session has.
    std::function<std::string()> fresh_session;
};

}  // namespace ec::apps::acp
