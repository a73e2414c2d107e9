// review_queue: questions for a reviewer. A client can queue one and look at them; sending is a person's, at a
// terminal.
#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <limits>
#include <sstream>

#include "review_command.hpp"
#include "review_report.hpp"
#include "review_stores.hpp"
#include "review_wiring.hpp"
#include "tools.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kMostListed = 100;
constexpr std::size_t kMostQueued = 200;  // more than a person looks through; a client that asks on is stopped
constexpr std::size_t kLongestCommand = 16U << 10;
constexpr std::size_t kLongestName = 4096;

json::Object input_schema(const Roots& roots) {
    json::Object properties;
    properties["action"] =
        word_schema("list: the reviews of these projects; show: one of them, with its answer; queue: keep a question",
                    {"list", "show", "queue"});
    properties["id"] = integer_schema("show: the review's number", 1, std::numeric_limits<std::int64_t>::max());
    properties["task"] = text_schema("queue: what is to be done, in words");
    properties["test_command"] = text_schema("queue: the test command that shows it is done");
    properties["files"] =
        json::Object{{"type", "array"},
                     {"items", json::Object{{"type", "string"}}},
                     {"description", "queue: PATH, PATH:LINE or PATH:FIRST-LAST to show, relative to the project"}};
    roots.describe(properties);
    return object_schema(std::move(properties), {"action"});
}

ToolResult list(const Roots& roots) {
    auto queue = open_review_queue();
    if (!queue) return error_result(queue.error());
    const auto items = queue->list(std::nullopt, kMostListed);
    if (!items) return error_result(items.error());
    json::Array reviews;
    for (const agent::ReviewItem& item : *items) {
        if (roots.hold(item.workspace)) reviews.emplace_back(review_json(item, false));
    }
    return structured_result({{"reviews", std::move(reviews)}});
}

ToolResult show(const Roots& roots, std::int64_t id) {
    auto queue = open_review_queue();
    if (!queue) return error_result(queue.error());
    const auto item = queue->get(id);
    // That of a project outside the roots is as if it were not there.
    if (!item || !roots.hold(item->workspace)) return error_result(fmt::format("there is no review {} here", id));
    return structured_result({{"reviews", json::Array{review_json(*item, true)}}});
}

ToolResult keep(const ReviewOptions& options, Call& call) {
    {
        auto queue = open_review_queue();
        if (!queue) return error_result(queue.error());
        const auto waiting = queue->list(agent::ReviewState::queued, kMostQueued);
        if (!waiting) return error_result(waiting.error());
        if (waiting->size() >= kMostQueued)
            return error_result("the queue is full; a person has to look through it first");
    }
    std::ostringstream out;
    std::ostringstream err;
    const int status = run_review_queue(options, review_ports(), out, err, call.stop());
    const auto document = json::parse(out.str());
    if (status != 0 || !document) return error_result(to_valid_utf8(err.str()));
    return structured_result({{"reviews", json::Array{*document}}});
}

std::expected<ToolResult, rpc::RpcError> run(const Roots& roots, const json::Object& given, Call& call) {
    Arguments arguments(given, {"action", "id", "task", "test_command", "files", "root", "directory"});
    if (!arguments.has("action")) arguments.reject("action is missing");
    const std::string action = arguments.word("action", {"list", "show", "queue"});
    const auto id = arguments.integer("id", 1, std::numeric_limits<std::int64_t>::max());
    if (action == "show" && !id) arguments.reject("id is missing");
    ReviewOptions options;
    options.task = action == "queue" ? arguments.required_text("task", agent::kMostTask) : "";
    options.test = arguments.text("test_command", kLongestCommand);
    options.files = arguments.texts("files", kLongestName, agent::kMostRegions);
    options.directory = roots.folder(arguments).string();
    options.json = true;
    if (arguments.wrong()) return error_result(*arguments.wrong());
    if (action == "list") return list(roots);
    if (action == "show") return show(roots, *id);
    return keep(options, call);
}

}  // namespace

Tool review_queue_tool(const Roots& roots) {
    Tool tool;
    json::Object reviews{{"type", "array"}, {"items", json::Object{{"type", "object"}}}};
    tool.description = {
        .name = "review_queue",
        .title = "Review queue",
        .description =
            "Keeps questions for a reviewer (a larger model, a team, a person): lists them, shows one with "
            "its answer, queues a new one. Nothing is sent: only a person at a terminal can do that.",
        .input_schema = input_schema(roots),
        .output_schema = object_schema({{"reviews", std::move(reviews)}}, {"reviews"}),
        .annotations = {.read_only = false, .destructive = false, .idempotent = false, .open_world = false}};
    tool.run = [&roots](const json::Object& arguments, Call& call) { return run(roots, arguments, call); };
    tool.scope = [](const json::Object& arguments) {
        const json::Value* action = arguments.if_contains("action");
        return std::string(action != nullptr && *action == "queue" ? kRunScope : kReadScope);
    };
    tool.slow = true;
    return tool;
}

}  // namespace ec::apps::mcp
