#include "edit_calls.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace ec::agent {
namespace {

constexpr std::string_view kWrite = "write_file";
constexpr std::string_view kEdit = "edit_file";
constexpr std::string_view kPatch = "apply_patch";

std::optional<std::string> text_of(const model::ToolCall& call, std::string_view key) {
    const json::Value* value = call.arguments.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) return std::nullopt;
    return std::string(text->data(), text->size());
}

ParsedEdits incomplete(const model::ToolCall& call) {
    ParsedEdits out;
    out.problems.push_back({EditProblem::Kind::malformed,
                            {},
                            0,
                            call.name + " lacks an argument; write the edit as text in your message instead: the "
                                        "file's path, then SEARCH and REPLACE, or the path and the whole file in a "
                                        "fence"});
    return out;
}

}  // namespace

const std::vector<model::ToolSpec>& edit_call_specs() {
    static const std::vector<model::ToolSpec> specs = {
        {std::string(kWrite), "",
         R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]})"},
        {std::string(kEdit), "",
         R"({"type":"object","properties":{"path":{"type":"string"},"old_string":{"type":"string"},"new_string":{"type":"string"}},"required":["path","old_string","new_string"]})"},
        {std::string(kPatch), "", R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"]})"},
    };
    return specs;
}

bool is_edit_call(const model::ToolCall& call) {
    return std::ranges::any_of(edit_call_specs(), [&](const model::ToolSpec& spec) { return spec.name == call.name; });
}

ParsedEdits edits_of_call(const model::ToolCall& call, const FileSource& files, const EditHints& hints) {
    if (call.name == kPatch) {
        const auto input = text_of(call, "input");
        return input ? parse_edits(*input, files, hints) : incomplete(call);
    }
    const auto path = text_of(call, "path");
    if (call.name == kWrite) {
        const auto content = text_of(call, "content");
        return path && content ? write_text(*path, *content, files, hints) : incomplete(call);
    }
    const auto search = text_of(call, "old_string");
    const auto replacement = text_of(call, "new_string");
    if (!path || !search || !replacement) return incomplete(call);
    return replace_text(*path, *search, *replacement, files, hints);
}

}  // namespace ec::agent
