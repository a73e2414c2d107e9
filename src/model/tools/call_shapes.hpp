// From what stands in a text to calls of known tools.
#pragma once

#include <cstddef>
#include <ec/model/tool_repair.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::model::tools {

/// What the readers of calls share.
struct Scan {
    std::string_view text;
    std::span<const ToolSpec> tools;
    bool out_of_tokens = false;  ///< the model was stopped; a value that ends with the text is half of one
    std::size_t budget = 0;      ///< bytes that lenient parsing may still look at
    bool cut = false;            ///< a call was seen that ends too early to be one
};

struct Found {
    std::vector<ToolCall> calls;
    std::size_t begin = 0;  ///< of the text
    std::size_t end = 0;
};

enum class Shape {
    any,     ///< between tags that mean a call: every shape, also a name beside its arguments
    strict,  ///< JSON that may be something else: a call's keys and no others, and all required arguments
};

/// The calls that a JSON value says: {"name", "arguments"}, OpenAI's {"function": {…}} and {"tool_calls": […]}, or an
/// array of those. Empty when it is anything else.
std::vector<ToolCall> calls_of(const json::Value& value, std::span<const ToolSpec> tools, Shape shape);

/// One call with its name and arguments fitted; nothing when no tool has this name.
std::optional<ToolCall> call_of(std::string_view name, json::Object arguments, std::span<const ToolSpec> tools);

/// Whether a value that ended early may be closed: between two values, or in a short text of a model that stopped by
/// itself; never in the text of a file.
bool may_close(const LenientJson& value, const Scan& scan);

/// Calls between tags that mean nothing else. Each range includes its tags.
std::vector<Found> tagged_calls(Scan& scan);
/// Calls in fences and as bare JSON, where the reply does not only talk about them.
std::vector<Found> loose_calls(Scan& scan);

/// Whether the line before `at` announces an example. `strong`: only unmistakable words count.
bool announces_example(std::string_view text, std::size_t at, bool strong);

}  // namespace ec::model::tools
