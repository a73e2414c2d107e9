#include "tools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec::apps::mcp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestPath = 4096;

bool lies_in(const fs::path& real, const fs::path& root) {
    const auto [rest, at] = std::ranges::mismatch(root, real);
    return rest == root.end();
}

}  // namespace

Result<Roots> Roots::open(const std::vector<std::string>& folders) {
    Roots roots;
    for (const std::string& folder : folders) {
        std::error_code error;
        const fs::path real = fs::canonical(folder, error);
        if (error || !fs::is_directory(real, error))
            return fail(ErrorCode::not_found, fmt::format("there is no folder {}", to_valid_utf8(folder)));
        if (real == "/") return fail(ErrorCode::invalid_argument, "/ is no project", "name a folder with --root");
        if (std::ranges::find(roots.roots_, real) == roots.roots_.end()) roots.roots_.push_back(real);
    }
    return roots;
}

bool Roots::hold(const fs::path& real) const {
    return std::ranges::any_of(roots_, [&](const fs::path& root) { return lies_in(real, root); });
}

void Roots::describe(json::Object& properties) const {
    if (roots_.size() > 1) {
        json::Object schema = text_schema("Which project (default: the first)");
        json::Array names;
        for (const fs::path& root : roots_) names.emplace_back(to_valid_utf8(root.string()));
        schema["enum"] = std::move(names);
        properties["root"] = std::move(schema);
    }
    properties["directory"] = text_schema("A folder below the project's root, relative to it (default: the root)");
}

fs::path Roots::root(Arguments& arguments) const {
    const std::string named = arguments.text("root", kLongestPath);
    if (named.empty()) return roots_.front();
    const auto found = std::ranges::find(roots_, fs::path(named));
    if (found != roots_.end()) return *found;
    arguments.reject("root is none of the projects that this server was started for");
    return roots_.front();
}

std::string Roots::directory(Arguments& arguments) {
    const std::string given = arguments.text("directory", kLongestPath);
    if (given.empty() || given == ".") return ".";
    const std::string normal = fs::path(given).lexically_normal().string();
    std::string_view words = normal;
    if (words.ends_with('/')) words.remove_suffix(1);
    if (is_inside_relative(words)) return std::string(words);
    arguments.reject("directory must be a relative path below the project's root");
    return ".";
}

fs::path Roots::folder(Arguments& arguments) const {
    const fs::path root = this->root(arguments);
    const std::string below = directory(arguments);
    std::error_code error;
    const fs::path real = fs::canonical(root / below, error);
    if (!error && fs::is_directory(real, error) && lies_in(real, root)) return real;
    arguments.reject("directory is no folder below the project's root");
    return root;
}

ToolResult structured_result(json::Object document, bool is_error) {
    ToolResult result = text_result(json::write(document));
    result.structured = std::move(document);
    result.is_error = is_error;
    return result;
}

ToolResult error_result(const Error& error) {
    return error_result(
        to_valid_utf8(error.remedy.empty() ? error.message : fmt::format("{}; {}", error.message, error.remedy)));
}

Registry server_registry(const Roots& roots, bool allow_apply) {
    Registry registry;
    registry.self = {.name = "edgecoder", .title = "EdgeCoder", .version = EC_VERSION};
    registry.instructions =
        "Tools that work on the projects this server was started for. run_in_sandbox runs code without network and "
        "without changing a file. fix_failing_tests searches for a patch that makes a failing test command pass and "
        "proves it by running the tests. search_code finds code and maps a project. review_queue keeps questions for "
        "a reviewer; only a person sends them.";
    registry.tools = {run_in_sandbox_tool(roots), fix_failing_tests_tool(roots, allow_apply), search_code_tool(roots),
                      review_queue_tool(roots)};
    return registry;
}

}  // namespace ec::apps::mcp
