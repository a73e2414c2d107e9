// What an editor says to us in the Agent Client Protocol, version 1 (agentclientprotocol.com, schema/v1), as values.
// Only what we act on; other fields are ignored, as the protocol asks.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace ec::apps::acp {

inline constexpr int kProtocolVersion = 1;

struct ClientCapabilities {
    bool read_text_file = false;
    bool write_text_file = false;
    bool notices = false;
    bool operator==(const ClientCapabilities&) const = default;
};
struct InitializeRequest {
    int version = 0;
    ClientCapabilities client;
};

/// A server of the Model Context Protocol that the editor would have us use.
struct McpServer {
    enum class Kind { stdio, http, sse };
    Kind kind = Kind::stdio;
    std::string name;
    std::string command;  ///< stdio
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string url;  ///< http, sse
    std::vector<std::pair<std::string, std::string>> headers;
    bool operator==(const McpServer&) const = default;
};

/// session/new, session/load and session/resume.
struct SessionRequest {
    std::string session;  ///< empty: a new one
    std::filesystem::path cwd;
    std::vector<McpServer> mcp_servers;
};

struct ListRequest {
    std::optional<std::filesystem::path> cwd;
    std::size_t from = 0;  ///< what our own cursor said
};

struct TextBlock {
    std::string text;
};
struct LinkBlock {
    std::string uri;
    std::string name;
};
/// A resource with its text, which may be a part of a file or one that nobody has saved.
struct ResourceBlock {
    std::string uri;
    std::string text;
};
/// A resource whose bytes are no text.
struct BlobBlock {
    std::string uri;
};
using Block = std::variant<TextBlock, LinkBlock, ResourceBlock, BlobBlock>;

struct PromptRequest {
    std::string session;
    std::vector<Block> blocks;
};
struct ModeRequest {
    std::string session;
    std::string mode;
};
struct ConfigRequest {
    std::string session;
    std::string option;
    std::string value;
};

/// The editor's answer to session/request_permission.
struct PermissionOutcome {
    bool cancelled = false;
    std::string option;
};

}  // namespace ec::apps::acp
