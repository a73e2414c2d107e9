#include "tools.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/command_guard.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "../draft/scratch.hpp"

namespace ec::agent {
namespace {

constexpr std::size_t kResultBytes = 12 << 10;
constexpr std::int64_t kLinesAtOnce = 400;
constexpr std::size_t kNamesListed = 200;

std::string text_of(const model::ToolCall& call, std::string_view key) {
    const json::Value* value = call.arguments.if_contains(key);
    if (value == nullptr) return {};
    if (const auto* text = value->if_string()) return std::string(text->data(), text->size());
    return {};
}

std::int64_t number_of(const model::ToolCall& call, std::string_view key, std::int64_t fallback) {
    const json::Value* value = call.arguments.if_contains(key);
    if (value == nullptr) return fallback;
    if (const auto* number = value->if_int64()) return *number;
    if (const auto* number = value->if_double(); number != nullptr && *number > -1e9 && *number < 1e9) {
        return static_cast<std::int64_t>(*number);
    }
    return fallback;
}

ToolResult refused(std::string text) { return {std::move(text), false}; }

// The path as the project knows it: a model writes ./x, /workspace/x, or only the last part of a name.
std::optional<std::string> known_path(const Draft& draft, const executor::Sandbox& sandbox, std::string path) {
    const std::string root = sandbox.workspace().string() + "/";
    if (path.starts_with(root)) path.erase(0, root.size());
    while (path.starts_with("./")) path.erase(0, 2);
    if (draft.read(path)) return path;
    const std::string ending = "/" + path;
    std::optional<std::string> found;
    for (const std::string& candidate : draft.paths()) {
        if (!candidate.ends_with(ending)) continue;
        if (found) return std::nullopt;  // two of them: the model must say which
        found = candidate;
    }
    return found;
}

std::string near_names(const Draft& draft, std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
    std::vector<std::string> near;
    for (const std::string& candidate : draft.paths()) {
        if (near.size() < 8 && (candidate.ends_with(name) || candidate.find(name) != std::string::npos)) {
            near.push_back(candidate);
        }
    }
    return near.empty() ? "use list to see the files" : "did you mean " + join(near, ", ") + "?";
}

ToolResult read_tool(Task& task, const Draft& draft, const model::ToolCall& call) {
    const std::string asked = text_of(call, "path");
    if (asked.empty()) return refused("read needs a path");
    const auto path = known_path(draft, *task.ports.sandbox, asked);
    if (!path) return refused(fmt::format("There is no file {} to be seen; {}", asked, near_names(draft, asked)));
    task.attend(*path);
    const std::string text = task.redact(*path, draft.read(*path).value_or(""));
    const auto lines = split_lines(text);
    const auto total = static_cast<std::int64_t>(lines.size());
    const std::int64_t from = std::clamp<std::int64_t>(number_of(call, "from", 1), 1, std::max<std::int64_t>(total, 1));
    const std::int64_t to = std::min({number_of(call, "to", total), from + kLinesAtOnce - 1, total});
    std::string out = fmt::format("{} ({} lines)\n", *path, total);
    std::int64_t line = from;
    for (; line <= to && out.size() < kResultBytes; ++line) {
        out += fmt::format("{:>5}  {}\n", line, ellipsize(lines[static_cast<std::size_t>(line - 1)], 2000));
    }
    if (line <= total) out += fmt::format("… {} further lines: read from {}\n", total - line + 1, line);
    return {out, true};
}

ToolResult list_tool(Task& task, const Draft& draft, const model::ToolCall& call) {
    std::string folder = text_of(call, "path");
    const std::string root = task.ports.sandbox->workspace().string();
    if (folder.starts_with(root)) folder.erase(0, root.size());
    while (folder.starts_with("./")) folder.erase(0, 2);
    if (folder == "." || folder == "/") folder.clear();
    while (folder.starts_with('/')) folder.erase(0, 1);
    if (!folder.empty() && !folder.ends_with('/')) folder += '/';
    std::string out;
    std::size_t count = 0;
    for (const std::string& path : draft.paths()) {
        if (!path.starts_with(folder)) continue;
        if (++count <= kNamesListed) out += path + '\n';
    }
    if (count == 0) return refused("There is nothing to be seen at " + (folder.empty() ? "the project" : folder));
    if (count > kNamesListed) out += fmt::format("… and {} more: list a folder\n", count - kNamesListed);
    return {out, true};
}

ToolResult search_tool(Task& task, const Draft& draft, const model::ToolCall& call) {
    const std::string query = text_of(call, "query");
    if (trim(query).empty()) return refused("search needs a query");
    // Exact text first: it is what a name or a message is looked for by.
    std::string out;
    for (const std::string& path : draft.paths()) {
        if (out.size() > kResultBytes / 2) break;
        const auto content = draft.read(path);
        if (!content || content->find(query) == std::string::npos) continue;
        int line = 0;
        int shown = 0;
        const std::string shown_text = task.redact(path, *content);
        for (const std::string_view text : split_lines(shown_text)) {
            ++line;
            if (text.find(query) == std::string_view::npos || shown == 5) continue;
            ++shown;
            out += fmt::format("{}:{}: {}\n", path, line, ellipsize(trim(text), 200));
        }
    }
    if (task.ports.search) out += task.ports.search(query, kResultBytes / 2);
    if (out.empty()) return refused("Nothing matches");
    return {task.redact("search", out), true};
}

Result<ToolResult> run_tool(Task& task, const Draft& draft, const model::ToolCall& call) {
    const std::string command = text_of(call, "command");
    if (trim(command).empty()) return refused("run needs a command");
    const GuardVerdict guard = guard_shell_line(command, task.ports.sandbox->workspace().string());
    if (guard.answer == GuardAnswer::refuse) return refused("Refused: " + guard.why);
    const Answer answer = task.person.approve_command(command, "the model wants to run it in the sandbox");
    if (answer.kind == Answer::Kind::reject) return refused("The person does not want this command to run");
    if (answer.kind == Answer::Kind::redirect) return refused("The person says: " + answer.text);
    executor::RunSpec spec;
    spec.argv = {"/bin/sh", "-c", answer.kind == Answer::Kind::edit ? answer.text : command};
    spec.collect_changes = false;
    spec.edits = draft.edits();
    if (task.ports.secrets) {
        for (const std::string& path : task.ports.secrets().paths) spec.edits.push_back({path, ""});
    }
    // Without it there is no repository, and what was committed once cannot be asked for.
    if (std::filesystem::is_regular_file(task.ports.sandbox->workspace() / ".git/HEAD"))
        spec.edits.push_back({".git/HEAD", ""});
    spec.limits.wall = task.within(std::min(task.settings.test_limit, std::chrono::milliseconds(60'000)));
    spec.limits.cpu = spec.limits.wall;
    EC_ASSIGN(const executor::RunResult result, task.ports.sandbox->run(spec, task.stop));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    std::string text = fmt::format("{}{}\n", executor::name(result.status),
                                   result.exit_code >= 0 ? fmt::format(", exit status {}", result.exit_code) : "");
    // Cut only after the secrets were taken out: a part of one would not be known.
    const auto shown = [&](const std::string& output) {
        return ellipsize(task.redact("output of " + command, to_valid_utf8(output)), kResultBytes / 2);
    };
    text += shown(result.out);
    if (!result.err.empty()) text += "\nstderr:\n" + shown(result.err);
    return ToolResult{text, true};
}

// git itself, read-only by what it is asked and harmless by where it runs: in the sandbox, with nobody's configuration.
Result<ToolResult> git_tool(Task& task, const model::ToolCall& call) {
    const std::string what = text_of(call, "what");
    const std::string path = text_of(call, "path");
    executor::RunSpec spec;
    spec.argv = {"git",       "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
                 "--no-pager"};
    if (what == "log") {
        spec.argv.insert(spec.argv.end(), {"log", "-n", "20", "--date=short", "--format=%h %ad %an: %s"});
    } else if (what == "diff") {
        spec.argv.insert(spec.argv.end(), {"diff", "--no-ext-diff", "--no-textconv", "HEAD"});
    } else if (what == "blame" && !path.empty()) {
        spec.argv.insert(spec.argv.end(), {"blame", "--date=short"});
    } else {
        return refused("git looks at log, diff, or blame with a path");
    }
    if (!path.empty()) {
        if (!task.ports.workspace->read(path)) return refused("There is no file " + path + " to be seen");
        spec.argv.insert(spec.argv.end(), {"--", path});
    } else if (what == "diff") {
        // What may not be seen as a file may not be seen as a difference either.
        spec.argv.emplace_back("--");
        spec.argv.emplace_back(".");
        if (task.ports.secrets) {
            for (const std::string& file : task.ports.secrets().paths) spec.argv.push_back(":(exclude)" + file);
        }
    }
    spec.edits = Draft(*task.ports.workspace).edits();
    spec.environment = {{"GIT_CONFIG_NOSYSTEM", "1"}, {"GIT_CONFIG_GLOBAL", "/dev/null"}, {"GIT_OPTIONAL_LOCKS", "0"}};
    spec.collect_changes = false;
    spec.limits.wall = task.within(spec.limits.wall);
    EC_ASSIGN(const executor::RunResult result, task.ports.sandbox->run(spec, task.stop));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    if (!result.ok())
        return refused("git says: " + ellipsize(task.redact("git", to_valid_utf8(trim(result.err))), 300));
    return ToolResult{ellipsize(task.redact("git", to_valid_utf8(result.out)), kResultBytes), true};
}

Result<ToolResult> test_tool(Task& task, const Draft& draft) {
    if (!task.bench) return refused("No test command is known");
    EC_ASSIGN(const TestVerdict verdict, task.test(draft));
    return ToolResult{task.describe(verdict, kResultBytes / 2), true};
}

// Every text in it with its secrets taken out, names included.
json::Value masked(Task& task, const json::Value& value) {
    const auto clean = [&](std::string_view text) { return task.redact("arguments of a tool", text); };
    if (const auto* text = value.if_string()) return json::Value(clean({text->data(), text->size()}));
    if (const auto* array = value.if_array()) {
        json::Array out;
        for (const json::Value& element : *array) out.push_back(masked(task, element));
        return out;
    }
    if (const auto* object = value.if_object()) {
        json::Object out;
        for (const auto& [key, element] : *object) out[clean(key)] = masked(task, element);
        return out;
    }
    return value;
}

bool is_other_tool(const Task& task, const std::string& name) {
    return std::ranges::any_of(task.other_tools, [&](const model::ToolSpec& tool) { return tool.name == name; });
}

// What another program serves: it gets no secret that a model put together, and none that it sends reaches the model.
Result<ToolResult> other_tool(Task& task, const model::ToolCall& call) {
    model::ToolCall clean = call;
    clean.arguments = masked(task, call.arguments).as_object();
    const ToolReply reply = task.ports.other_tools->call(clean, task.person, task.stop);
    if (task.stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    // Cut only after the secrets were taken out: a part of one would not be known.
    return ToolResult{ellipsize(task.redact("answer of " + call.name, reply.text), kResultBytes), reply.ok};
}

}  // namespace

Result<ToolResult> call_tool(Task& task, const Draft& draft, const model::ToolCall& call) {
    if (call.name == "read") return read_tool(task, draft, call);
    if (call.name == "list") return list_tool(task, draft, call);
    if (call.name == "search") return search_tool(task, draft, call);
    if (call.name == "run") return run_tool(task, draft, call);
    if (call.name == "git") return git_tool(task, call);
    if (call.name == "test") return test_tool(task, draft);
    if (is_other_tool(task, call.name)) return other_tool(task, call);
    return refused(
        fmt::format("There is no tool {}. Edits are written as text in your message, not with a tool", call.name));
}

}  // namespace ec::agent
