// Tool calls that a model or its server got nearly right: written as text, in another model's dialect, with another
// tool's name, with arguments of the wrong type. Pure functions over hostile text; they never throw on what a model
// wrote, take time linear in it, and leave a reply that only talks about tools as it is.
#pragma once

#include <cstddef>
#include <ec/model/chat.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ec::model {

inline constexpr std::size_t kMaxRepairedText = std::size_t{1} << 20;  ///< bytes; a longer reply is left alone

/// Thinking split from text, the calls that stand in the text as calls, and every call's name and arguments fitted to
/// `tools`. What is left of the text stays in `text`. Calls in the thinking count only when there is no answer besides.
///
/// Read as calls: <tool_call> with JSON or XML inside (Hermes, Qwen, GLM), <function=name> (Qwen3-Coder, Llama),
/// <invoke name=…>, [TOOL_CALLS] (Mistral), <|python_tag|> (Llama), harmony's commentary channel (gpt-oss), fences
/// called tool_call or tool_code, and JSON alone or in a fence when it is the reply's own act and no example: a known
/// name, every required argument, nothing that announces an example.
///
/// `id_seed` goes into the ids of calls found in text, so that the same reply in two turns gets two.
ChatReply repair_tool_calls(ChatReply reply, std::span<const ToolSpec> tools, std::string_view id_seed = {});

struct Thinking {
    std::string thinking;
    std::string text;
    bool open = false;  ///< the thinking never ended
    bool operator==(const Thinking&) const = default;
};
/// Splits <think>, <thinking>, <reasoning>, [THINK] and harmony's analysis channel from the answer; also when only the
/// end tag is there (the template wrote the first) or only the beginning.
Thinking split_thinking(std::string_view text);

/// JSON as models write it: single or triple quotes, trailing commas, line breaks and bare quotes in strings, True and
/// None, keys without quotes, missing ends.
struct LenientJson {
    enum class End { complete, between_values, inside_value };
    json::Value value;
    std::size_t length = 0;   ///< bytes that were read
    End end = End::complete;  ///< where the text stopped, when it stopped early
    std::string cut_key;      ///< inside_value: the key whose text was cut
};
/// One value at the front of `text`; `budget` counts down the bytes that may be looked at, over several calls.
std::optional<LenientJson> parse_lenient(std::string_view text, std::size_t& budget);

/// The tool that `written` means: itself, its last part ("functions.read"), in another spelling ("ReadFile"), by a name
/// that other harnesses give it ("cat"), or with a letter or two wrong. Nothing when two are meant alike.
const ToolSpec* tool_named(std::string_view written, std::span<const ToolSpec> tools);

/// Arguments with the schema's names and types: "file_path" for path, "10" for 10, a JSON text for an object.
json::Object fitted(json::Object arguments, const ToolSpec& tool);

/// Whether every argument that the schema requires is there.
bool has_required(const json::Object& arguments, const ToolSpec& tool);

}  // namespace ec::model
