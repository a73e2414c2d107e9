#include "encode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fenced.hpp>
#include <ec/core/text.hpp>

#include "messages.hpp"

namespace ec::apps::acp {
namespace {

constexpr std::size_t kShownOutput = 16 << 10;
constexpr std::size_t kShownTests = 20;

struct ModeWords {
    Mode mode;
    std::string_view id;
    std::string_view name;
    std::string_view description;
};
constexpr ModeWords kModes[] = {
    {Mode::ask, "ask", "Ask", "Every change, command and plan is shown first and needs your word"},
    {Mode::plan, "plan", "Plan first", "As Ask, and a plan comes before the first edit"},
    {Mode::automatic, "auto", "Auto", "Changes that pass the tests are written without asking"},
};

struct CommandWords {
    std::string_view name;
    std::string_view description;
    std::string_view hint;
};
constexpr CommandWords kCommands[] = {
    {"test", "Run the tests in the sandbox; a command given is the test command from now on", "test command"},
    {"diff", "Show what this session changed", ""},
    {"undo", "Take the last step back, files and conversation", ""},
    {"redo", "Take the last undo back", ""},
    {"model", "Use another model from the next task on, or list them", "name, GGUF file, BASE_URL#MODEL or none"},
    {"review", "Questions for a reviewer: queue, list, show, send, accept, reject", "queue, list, show 1, …"},
};

json::Object update(std::string_view kind) { return {{"sessionUpdate", kind}}; }

json::Object option(std::string_view id, std::string_view name, std::string_view description) {
    json::Object out{{"value", id}, {"name", name}};
    if (!description.empty()) out["description"] = description;
    return out;
}

std::string_view status_of(agent::PlanStep::State state, bool first_open) {
    switch (state) {
        case agent::PlanStep::State::done:
        case agent::PlanStep::State::failed:
            return "completed";
        case agent::PlanStep::State::doing:
            return first_open ? "in_progress" : "pending";
        case agent::PlanStep::State::pending:
            break;
    }
    return "pending";
}

std::string text_of(const json::Object& arguments, std::string_view key) {
    const json::Value* value = arguments.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

}  // namespace

std::optional<Mode> mode_named(std::string_view id) {
    const auto* at = std::ranges::find(kModes, id, &ModeWords::id);
    return at == std::end(kModes) ? std::nullopt : std::optional(at->mode);
}

std::string_view id(Mode mode) { return std::ranges::find(kModes, mode, &ModeWords::mode)->id; }

json::Object initialize_answer() {
    const json::Object nothing;
    return {{"protocolVersion", kProtocolVersion},
            {"agentCapabilities",
             json::Object{
                 {"loadSession", true},
                 {"promptCapabilities", json::Object{{"image", false}, {"audio", false}, {"embeddedContext", true}}},
                 {"mcpCapabilities", json::Object{{"http", false}, {"sse", false}}},
                 {"sessionCapabilities", json::Object{{"list", nothing}, {"resume", nothing}, {"close", nothing}}}}},
            {"agentInfo", json::Object{{"name", "edgecoder"}, {"title", "EdgeCoder"}, {"version", EC_VERSION}}},
            {"authMethods", json::Array{}}};
}

json::Array config_options(Mode mode, const std::vector<session::ModelChoice>& models) {
    json::Array modes;
    for (const ModeWords& words : kModes) modes.emplace_back(option(words.id, words.name, words.description));
    json::Array choices;
    std::string current;
    for (const session::ModelChoice& model : models) {
        choices.emplace_back(option(model.name, model.name, model.note));
        if (model.current) current = model.name;
    }
    json::Array options;
    options.emplace_back(json::Object{{"id", "mode"},
                                      {"name", "Mode"},
                                      {"category", "mode"},
                                      {"type", "select"},
                                      {"currentValue", id(mode)},
                                      {"options", std::move(modes)}});
    options.emplace_back(json::Object{{"id", "model"},
                                      {"name", "Model"},
                                      {"category", "model"},
                                      {"type", "select"},
                                      {"currentValue", current},
                                      {"options", std::move(choices)}});
    return options;
}

json::Object session_state(Mode mode, const std::vector<session::ModelChoice>& models) {
    json::Array available;
    for (const ModeWords& words : kModes) {
        available.emplace_back(
            json::Object{{"id", words.id}, {"name", words.name}, {"description", words.description}});
    }
    return {{"modes", json::Object{{"currentModeId", id(mode)}, {"availableModes", std::move(available)}}},
            {"configOptions", config_options(mode, models)}};
}

json::Object commands_update() {
    json::Array commands;
    for (const CommandWords& words : kCommands) {
        json::Object command{{"name", words.name}, {"description", words.description}};
        if (!words.hint.empty()) command["input"] = json::Object{{"hint", words.hint}};
        commands.emplace_back(std::move(command));
    }
    json::Object out = update("available_commands_update");
    out["availableCommands"] = std::move(commands);
    return out;
}

json::Object mode_update(Mode mode) {
    json::Object out = update("current_mode_update");
    out["currentModeId"] = id(mode);
    return out;
}

json::Object config_update(Mode mode, const std::vector<session::ModelChoice>& models) {
    json::Object out = update("config_option_update");
    out["configOptions"] = config_options(mode, models);
    return out;
}

json::Object title_update(std::string_view title) {
    json::Object out = update("session_info_update");
    out["title"] = title;
    return out;
}

json::Object chunk(std::string_view kind, std::string_view text) {
    json::Object out = update(kind);
    out["content"] = json::Object{{"type", "text"}, {"text", text}};
    return out;
}

json::Object plan_update(const agent::Plan& plan) {
    json::Array entries;
    bool open = false;
    for (const agent::PlanStep& step : plan.steps) {
        const std::string_view status = status_of(step.state, !open);
        open = open || status == "in_progress";
        entries.emplace_back(json::Object{{"content", step.text}, {"priority", "medium"}, {"status", status}});
    }
    json::Object out = update("plan");
    out["entries"] = std::move(entries);
    return out;
}

json::Object usage_update(std::int64_t used, std::int64_t size) {
    json::Object out = update("usage_update");
    out["used"] = used;
    out["size"] = size;
    return out;
}

json::Object notice(std::string_view severity, std::string_view title) {
    json::Object out = update("notice");
    out["severity"] = severity;
    out["title"] = title;
    return out;
}

json::Object tool_call_fields(const ToolCall& call) {
    json::Object out{{"toolCallId", call.id}};
    if (!call.title.empty()) out["title"] = call.title;
    if (!call.kind.empty()) out["kind"] = call.kind;
    if (!call.status.empty()) out["status"] = call.status;
    if (call.content) out["content"] = *call.content;
    if (!call.locations.empty()) out["locations"] = call.locations;
    if (!call.input.is_null()) out["rawInput"] = call.input;
    return out;
}

json::Object tool_call(const ToolCall& call) {
    json::Object out = tool_call_fields(call);
    out["sessionUpdate"] = "tool_call";
    return out;
}

json::Object tool_call_update(const ToolCall& call) {
    json::Object out = tool_call_fields(call);
    out["sessionUpdate"] = "tool_call_update";
    return out;
}

json::Object text_content(std::string_view text) {
    return {{"type", "content"}, {"content", json::Object{{"type", "text"}, {"text", text}}}};
}

json::Object fenced_content(std::string_view text) { return text_content(fenced(ellipsize(text, kShownOutput))); }

json::Object whole_content(std::string_view text) { return text_content(fenced(text)); }

json::Object diff_content(const std::filesystem::path& root, const vcs::FileVersion& file) {
    json::Object out{{"type", "diff"}, {"path", (root / file.path).string()}, {"newText", file.after}};
    out["oldText"] = file.created ? json::Value(nullptr) : json::Value(file.before);
    return out;
}

json::Object location(const std::filesystem::path& path, std::optional<std::int64_t> line) {
    json::Object out{{"path", path.string()}};
    if (line && *line > 0 && *line <= UINT32_MAX) out["line"] = *line;
    return out;
}

json::Array permission_options(std::string_view always) {
    json::Array options;
    options.emplace_back(json::Object{{"optionId", "allow_once"}, {"name", "Allow"}, {"kind", "allow_once"}});
    if (!always.empty())
        options.emplace_back(json::Object{{"optionId", "allow_always"}, {"name", always}, {"kind", "allow_always"}});
    options.emplace_back(json::Object{{"optionId", "reject_once"}, {"name", "Reject"}, {"kind", "reject_once"}});
    return options;
}

std::string tests_text(const executor::TestReport& report) {
    if (report.verdict == executor::TestReport::Verdict::incomplete) return "No verdict: " + report.reason;
    std::string text = fmt::format("{} passed, {} failed\n", report.passed(), report.failed());
    std::size_t shown = 0;
    for (const executor::TestCase& test : report.tests) {
        if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
        if (++shown > kShownTests) break;
        text += fmt::format("\n{}: {}\n", test.id, test.message);
        if (!test.details.empty() && text.size() < kShownOutput) text += ellipsize(test.details, 2000) + "\n";
    }
    return to_valid_utf8(text);
}

ToolCall described(std::string_view name, const json::Object& arguments, const std::filesystem::path& root) {
    ToolCall call;
    const std::string path = text_of(arguments, "path");
    const auto at = [&](std::string_view verb) { return fmt::format("{} {}", verb, path.empty() ? "." : path); };
    call.title = name;
    call.kind = "other";
    if (name == "read") {
        call.kind = "read";
        call.title = at("Read");
    } else if (name == "list") {
        call.kind = "search";
        call.title = at("List");
    } else if (name == "search") {
        call.kind = "search";
        call.title = "Search for " + text_of(arguments, "query");
    } else if (name == "run") {
        call.kind = "execute";
        call.title = text_of(arguments, "command");
    } else if (name == "git") {
        call.kind = "search";
        call.title = "git " + text_of(arguments, "what");
    } else if (name == "test") {
        call.kind = "execute";
        call.title = "Run the tests";
    } else if (name == "write_file" || name == "edit_file" || name == "apply_patch") {
        call.kind = "edit";
        call.title = at("Edit");
    }
    call.title = ellipsize(call.title, 200);
    if (!path.empty()) {
        const std::filesystem::path whole = root / path;  // an absolute one stays as it is
        const json::Value* line = arguments.if_contains("from");
        call.locations.emplace_back(location(whole.lexically_normal(), line != nullptr && line->is_int64()
                                                                           ? std::optional(line->get_int64())
                                                                           : std::nullopt));
    }
    if (!arguments.empty()) call.input = arguments;
    return call;
}

std::vector<json::Object> replay(const std::vector<model::Message>& conversation, const std::vector<Turn>& turns,
                                 const std::filesystem::path& root) {
    std::vector<json::Object> updates;
    std::size_t next = 0;
    const auto said = [&](std::size_t until) {
        for (; next < turns.size() && turns[next].at <= until; ++next)
            updates.push_back(chunk("user_message_chunk", turns[next].text));
    };
    for (std::size_t i = 0; i < conversation.size(); ++i) {
        const model::Message& message = conversation[i];
        said(i);
        if (message.role == model::Role::assistant) {
            if (!message.text.empty()) updates.push_back(chunk("agent_message_chunk", message.text));
            for (const model::ToolCall& made : message.calls) {
                ToolCall call = described(made.name, made.arguments, root);
                call.id = "earlier-" + made.id;
                call.status = "completed";
                updates.push_back(tool_call(call));
            }
        } else if (message.role == model::Role::tool) {
            ToolCall call;
            call.id = "earlier-" + message.call_id;
            call.content = json::Array{fenced_content(message.text)};
            updates.push_back(tool_call_update(call));
        }
    }
    said(SIZE_MAX);
    return updates;
}

}  // namespace ec::apps::acp
