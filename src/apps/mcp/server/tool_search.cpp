// search_code: regions that answer a query, or a map of the project, with secrets withheld as from any prompt.
#include <ec/core/text.hpp>

#include "project_view.hpp"
#include "tools.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kLongestQuery = 4U << 10;
constexpr std::int64_t kMostBytes = 256 << 10;
constexpr std::int64_t kUsualBytes = 16 << 10;

json::Object input_schema(const Roots& roots) {
    json::Object properties;
    properties["query"] = text_schema("Words, names or a sentence; a map gives what it names first place");
    properties["view"] =
        word_schema("code: regions of files that answer the query (default); map: the definitions that matter for it",
                    {"code", "map"});
    properties["max_bytes"] = integer_schema("Of the answer (default: 16384)", 256, kMostBytes);
    roots.describe(properties);
    return object_schema(std::move(properties), {"query"});
}

std::expected<ToolResult, rpc::RpcError> run(const Roots& roots, const json::Object& given, Call& call) {
    Arguments arguments(given, {"query", "view", "max_bytes", "root", "directory"});
    const std::string query = arguments.required_text("query", kLongestQuery);
    const std::string view = arguments.word("view", {"code", "map"});
    const auto bytes = static_cast<std::size_t>(arguments.integer("max_bytes", 256, kMostBytes).value_or(kUsualBytes));
    const std::filesystem::path folder = roots.folder(arguments);
    if (arguments.wrong()) return error_result(*arguments.wrong());
    // Looked at anew each time: the project is being worked on.
    auto project = ProjectView::open(folder);
    if (!project) return error_result(project.error());
    project->stop_with(call.stop());
    const std::string found = view == "map" ? project->map(query, {}, bytes) : project->search(query, bytes);
    return text_result(found.empty() ? "nothing found" : to_valid_utf8(found));
}

}  // namespace

Tool search_code_tool(const Roots& roots) {
    Tool tool;
    tool.description = {
        .name = "search_code",
        .title = "Search code",
        .description =
            "Finds the regions of a project's files that answer a query, with their lines, or draws a map "
            "of its definitions. Files of secrets and secret values are left out.",
        .input_schema = input_schema(roots),
        .annotations = {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}};
    tool.run = [&roots](const json::Object& arguments, Call& call) { return run(roots, arguments, call); };
    tool.scope = [](const json::Object&) { return std::string(kReadScope); };
    return tool;
}

}  // namespace ec::apps::mcp
