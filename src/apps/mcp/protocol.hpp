// What both ends of the Model Context Protocol (modelcontextprotocol.io, revision 2025-11-25) share: the names of its
// revisions, of its errors, and the values that tools are described and answered with. Pure values and functions.
#pragma once

#include <array>
#include <ec/json/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ec::apps::mcp {

/// Those that begin with initialize, newest first.
inline constexpr std::array<std::string_view, 4> kRevisions = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
inline constexpr std::string_view kNewestRevision = kRevisions.front();
[[nodiscard]] bool is_revision(std::string_view text);
/// The revision a server goes on with when a client asked for `wanted`: that one, or the newest there is here.
[[nodiscard]] std::string_view agreed_revision(std::string_view wanted);

/// The revision without a handshake or sessions: each request says in its `_meta` what it speaks.
inline constexpr std::string_view kStatelessRevision = "2026-07-28";

inline constexpr int kResourceNotFound = -32002;  ///< before kStatelessRevision, which has kInvalidParams
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kUnsupportedRevision = -32022;

/// Who speaks: serverInfo or clientInfo.
struct Implementation {
    std::string name;
    std::string title = {};
    std::string version;
};

struct TextContent {
    std::string text;
};
/// `data` is Base64; image/… or audio/…, which is how the two are told apart on the way out.
struct MediaContent {
    std::string data;
    std::string mime_type;
};
/// The contents of a resource: `blob` (Base64) when it is not text.
struct ResourceContents {
    std::string uri;
    std::string mime_type;
    std::string text = {};
    std::optional<std::string> blob = {};
};
struct ResourceLink {
    std::string uri;
    std::string name;
    std::string description = {};
    std::string mime_type = {};
};
using ContentBlock = std::variant<TextContent, MediaContent, ResourceContents, ResourceLink>;

/// Hints of a tool about itself; absent: not said. A client believes them only of a server it trusts.
struct ToolAnnotations {
    std::optional<bool> read_only = {};
    std::optional<bool> destructive = {};
    std::optional<bool> idempotent = {};
    std::optional<bool> open_world = {};
};

struct ToolDescription {
    std::string name;
    std::string title = {};
    std::string description;
    json::Object input_schema;
    std::optional<json::Object> output_schema = {};
    ToolAnnotations annotations = {};
};

/// What a tool call gave. A tool that could not do its work says so with `is_error`, in words a model can act on.
struct ToolResult {
    std::vector<ContentBlock> content;
    std::optional<json::Object> structured = {};
    bool is_error = false;
};
[[nodiscard]] ToolResult text_result(std::string text);
[[nodiscard]] ToolResult error_result(std::string text);

[[nodiscard]] json::Object encode(const Implementation& implementation);
[[nodiscard]] json::Object encode(const ContentBlock& block);
/// As an element of resources/read's `contents`.
[[nodiscard]] json::Object encode(const ResourceContents& contents);
[[nodiscard]] json::Object encode(const ToolDescription& tool);
[[nodiscard]] json::Object encode(const ToolResult& result);

}  // namespace ec::apps::mcp
