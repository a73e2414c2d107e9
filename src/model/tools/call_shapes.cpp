#include "tools/call_shapes.hpp"

#include <algorithm>
#include <ec/core/text.hpp>
#include <initializer_list>

namespace ec::model::tools {
namespace {

using Words = std::initializer_list<std::string_view>;
constexpr std::string_view kNameKeys[] = {"name",     "tool",          "tool_name", "toolName",
                                          "function", "function_name", "action"};
constexpr std::string_view kArgumentKeys[] = {"arguments", "parameters",   "input",  "args",
                                              "params",    "action_input", "kwargs", "tool_input"};
constexpr std::string_view kOtherKeys[] = {"id", "call_id", "type", "index", "tool_call_id"};

bool in(std::span<const std::string_view> words, std::string_view word) {
    return std::ranges::find(words, word) != words.end();
}

std::optional<json::Object> arguments_of(const json::Value& value) {
    if (value.is_object()) return value.get_object();
    if (value.is_null()) return json::Object{};
    if (!value.is_string()) return {};
    const std::string_view text = value.get_string();
    if (trim(text).empty()) return json::Object{};
    std::size_t budget = 4 * text.size() + 16;
    auto parsed = parse_lenient(text, budget);
    if (!parsed || parsed->end != LenientJson::End::complete || !parsed->value.is_object()) return {};
    return parsed->value.get_object();
}

std::optional<ToolCall> call_of_object(const json::Object& object, std::span<const ToolSpec> tools, Shape shape) {
    std::string_view name;
    const json::Value* given = nullptr;
    json::Object beside;
    for (const auto& [key, value] : object) {
        if (name.empty() && in(kNameKeys, key) && value.is_string())
            name = value.get_string();
        else if (given == nullptr && in(kArgumentKeys, key))
            given = &value;
        else if (!in(kOtherKeys, key))
            beside[key] = value;
    }
    if (name.empty() || (given == nullptr && shape == Shape::strict && !beside.empty())) return {};
    if (given != nullptr && shape == Shape::strict && !beside.empty()) return {};
    auto arguments = given == nullptr ? std::optional(beside) : arguments_of(*given);
    if (!arguments) return {};
    auto call = call_of(name, *std::move(arguments), tools);
    if (!call || shape == Shape::any) return call;
    const ToolSpec* tool = tool_named(call->name, tools);
    return tool != nullptr && (given != nullptr) && has_required(call->arguments, *tool) ? call : std::nullopt;
}

void collect(const json::Value& value, std::span<const ToolSpec> tools, Shape shape, int depth,
             std::vector<ToolCall>& out, bool& strange) {
    if (depth > 3) return;
    if (value.is_array()) {
        for (const json::Value& one : value.get_array()) collect(one, tools, shape, depth + 1, out, strange);
        strange = strange || value.get_array().empty();
        return;
    }
    if (!value.is_object()) {
        strange = true;
        return;
    }
    const json::Object& object = value.get_object();
    if (const json::Value* calls = object.if_contains("tool_calls"))
        return collect(*calls, tools, shape, depth + 1, out, strange);
    if (const json::Value* function = object.if_contains("function"); function != nullptr && function->is_object())
        return collect(*function, tools, shape, depth + 1, out, strange);
    if (auto call = call_of_object(object, tools, shape))
        out.push_back(*std::move(call));
    else
        strange = true;
}

bool holds_file_text(std::string_view key) {
    static constexpr std::string_view kKeys[] = {
        "content",    "contents",    "text",    "file_text", "body",       "code",     "new",
        "new_string", "new_text",    "new_str", "old",       "old_string", "old_text", "old_str",
        "replace",    "replacement", "search",  "patch",     "diff",       "command",  "script"};
    return in(kKeys, key);
}

}  // namespace

std::vector<ToolCall> calls_of(const json::Value& value, std::span<const ToolSpec> tools, Shape shape) {
    std::vector<ToolCall> out;
    bool strange = false;
    collect(value, tools, shape, 0, out, strange);
    if (strange && shape == Shape::strict) out.clear();
    return out;
}

std::optional<ToolCall> call_of(std::string_view name, json::Object arguments, std::span<const ToolSpec> tools) {
    const ToolSpec* tool = tool_named(name, tools);
    if (tool == nullptr) return {};
    return ToolCall{{}, tool->name, fitted(std::move(arguments), *tool)};
}

bool may_close(const LenientJson& value, const Scan& scan) {
    if (value.end == LenientJson::End::complete || value.end == LenientJson::End::between_values) return true;
    return !scan.out_of_tokens && !value.cut_key.empty() && !holds_file_text(value.cut_key) &&
           value.cut_key != "arguments";
}

bool announces_example(std::string_view text, std::size_t at, bool strong) {
    std::string_view before = text.substr(0, at);
    // Fence lines between the sentence and the call say nothing.
    for (;;) {
        before = trim(before);
        const std::size_t line = before.rfind('\n') + 1;
        if (!before.substr(line).starts_with("```")) break;
        before = before.substr(0, line);
    }
    before = before.substr(before.rfind('\n') + 1);
    std::string line(before.substr(before.size() > 300 ? before.size() - 300 : 0));
    std::ranges::transform(line, line.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    const auto says = [&](Words words) {
        return std::ranges::any_of(words, [&](std::string_view word) { return line.contains(word); });
    };
    if (says({"for example", "e.g.", "example:", "for instance", "would look like", "looks like this", "an example"}))
        return true;
    return !strong && says({"example", "such as", "looks like", "look like", "format", "would be", "instance", "config",
                            "schema", "takes ", "accepts", "in the form", "syntax", "documentation", "returns"});
}

}  // namespace ec::model::tools
