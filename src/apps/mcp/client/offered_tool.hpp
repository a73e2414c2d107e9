// A tool as a server describes it: hostile text made into something that can be offered to a model.
//
// A description can hold anything, and a model reads it as if it were ours. So texts are plain, short and said to be
// the server's own, names are our own, and a schema that cannot be made so is refused. Pure functions.
#pragma once

#include <ec/crypto/sha256.hpp>
#include <ec/json/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::mcp {

struct ServerEntry;

inline constexpr std::size_t kMostTools = 64;  ///< of one server

struct OfferedTool {
    std::string name;         ///< the server's own
    std::string offered_as;   ///< mcp_SERVER_NAME, for the model
    std::string description;  ///< plain and cut
    std::string parameters;   ///< a JSON Schema with plain and cut descriptions
    /// Of all that the server says of it and of who the server is; another one is another tool.
    crypto::Sha256Digest fingerprint;
};

/// What a person and a model are shown of a server's words: plain text, at most so many bytes.
std::string tame(std::string_view text, std::size_t bytes);

/// JSON of which a person sees every character: invisible ones, and those that turn the line around, are escapes.
std::string visible_json(const json::Value& value);

/// Tools as they come page by page.
class ToolList {
public:
    explicit ToolList(const ServerEntry& entry) : entry_(entry) {}
    /// Takes one element of `tools`. What cannot be offered is noted.
    void add(const json::Value& tool);
    [[nodiscard]] bool full() const { return tools_.size() >= kMostTools; }
    /// Sorted by name.
    [[nodiscard]] std::vector<OfferedTool> tools() const;
    /// One sentence each for what was left out.
    [[nodiscard]] std::vector<std::string> notes() const;

private:
    void leave_out(std::string_view name, std::string_view why);
    [[nodiscard]] std::string offered_name(const std::string& name) const;

    const ServerEntry& entry_;
    std::vector<OfferedTool> tools_;
    std::vector<std::string> notes_;
    std::size_t left_out_ = 0;
};

}  // namespace ec::apps::mcp
