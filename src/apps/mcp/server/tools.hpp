// The tools of `edgecoder mcp`: what other agents lack. Each works below the roots that a person named when the server
// was started, and nowhere else, whatever a client says its own roots are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "arguments.hpp"
#include "registry.hpp"

namespace ec::apps::mcp {

inline constexpr std::string_view kReadScope = "mcp:read";
inline constexpr std::string_view kRunScope = "mcp:run";
inline constexpr std::string_view kApplyScope = "mcp:apply";

/// The projects that may be worked on: real paths of folders. Never empty.
class Roots {
public:
    /// `not_found` for what is no folder here, `invalid_argument` for `/`.
    static Result<Roots> open(const std::vector<std::string>& folders);

    [[nodiscard]] const std::vector<std::filesystem::path>& all() const { return roots_; }
    /// Whether a real path is a root or lies below one.
    [[nodiscard]] bool hold(const std::filesystem::path& real) const;
    /// "root" (where there are several) and "directory", for an input schema.
    void describe(json::Object& properties) const;
    /// The root that the arguments name, the first by default.
    std::filesystem::path root(Arguments& arguments) const;
    /// "directory" as it was given, a relative path that does not climb; "." by default.
    static std::string directory(Arguments& arguments);
    /// The real folder that root and directory name; one that a link leads out of the root is refused.
    std::filesystem::path folder(Arguments& arguments) const;

private:
    std::vector<std::filesystem::path> roots_;
};

Tool run_in_sandbox_tool(const Roots& roots);
/// `allow_apply`: whether a person agreed that clients may write fixes to the project.
Tool fix_failing_tests_tool(const Roots& roots, bool allow_apply);
Tool search_code_tool(const Roots& roots);
Tool review_queue_tool(const Roots& roots);

/// All of them; `roots` outlives the registry.
Registry server_registry(const Roots& roots, bool allow_apply);

/// A result whose text is its structured content, for clients that know only text.
ToolResult structured_result(json::Object document, bool is_error = false);
/// "what happened; what helps"
ToolResult error_result(const Error& error);

}  // namespace ec::apps::mcp
