#include <algorithm>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/model/tool_repair.hpp>

#include "tools/call_shapes.hpp"

namespace ec::model {
namespace {

using tools::Found;
using tools::Scan;

// The text without the ranges of calls, and without fences that held nothing else.
std::string without(std::string_view text, const std::vector<Found>& found) {
    std::string out;
    std::size_t at = 0;
    for (const Found& one : found) {
        out += text.substr(at, one.begin - at);
        at = one.end;
    }
    out += text.substr(at);
    std::string kept;
    const auto lines = split(out, '\n');
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (trim(lines[i]).starts_with("```")) {
            std::size_t next = i + 1;
            while (next < lines.size() && trim(lines[next]).empty()) ++next;
            const bool empty = next < lines.size() ? trim(lines[next]) == "```" : trim(lines[i]).size() > 3;
            if (empty) {
                i = next;
                continue;
            }
        }
        kept += std::string(lines[i]) + "\n";
    }
    for (const std::string_view tag : {"</tool_call>", "<tool_call>", "<\uff5ctool\u2581calls\u2581begin\uff5c>",
                                       "<\uff5ctool\u2581calls\u2581end\uff5c>"})
        if (!found.empty()) kept = replace_all(std::move(kept), tag, "");
    return std::string(trim(kept));
}

std::vector<Found> found_in(std::string_view text, bool tagged_only, std::span<const ToolSpec> tools, Finish finish,
                            bool& cut) {
    Scan scan{text, tools, finish == Finish::length, 8 * text.size() + 4096};
    std::vector<Found> found = tools::tagged_calls(scan);
    if (found.empty() && !tagged_only) found = tools::loose_calls(scan);
    cut = cut || scan.cut;
    return found;
}

void take_calls(ChatReply& reply, std::vector<Found> found, std::string_view seed) {
    const std::string id = hash128(reply.text + reply.thinking + std::string(seed)).hex().substr(0, 12);
    for (Found& one : found)
        for (ToolCall& call : one.calls) {
            call.id = "text_" + id + "_" + std::to_string(reply.calls.size());
            reply.calls.push_back(std::move(call));
        }
    if (!reply.calls.empty()) reply.finish = Finish::tool_calls;
}

void repair_names(ChatReply& reply, std::span<const ToolSpec> tools) {
    for (ToolCall& call : reply.calls) {
        const ToolSpec* tool = tool_named(call.name, tools);
        if (tool == nullptr) continue;
        call.name = tool->name;
        call.arguments = fitted(std::move(call.arguments), *tool);
    }
}

}  // namespace

ChatReply repair_tool_calls(ChatReply reply, std::span<const ToolSpec> tools, std::string_view id_seed) {
    if (reply.text.size() > kMaxRepairedText || reply.thinking.size() > kMaxRepairedText) {
        reply.warnings.emplace_back("the answer is too long to look for tool calls in it");
        return reply;
    }
    Thinking parts = split_thinking(reply.text);
    if (!parts.thinking.empty()) {
        reply.thinking += (reply.thinking.empty() ? "" : "\n") + parts.thinking;
        reply.text = std::move(parts.text);
    }
    repair_names(reply, tools);
    if (!reply.calls.empty() || tools.empty()) return reply;
    bool cut = false;
    if (auto found = found_in(reply.text, false, tools, reply.finish, cut); !found.empty()) {
        std::string rest = without(reply.text, found);
        take_calls(reply, std::move(found), id_seed);
        reply.text = std::move(rest);
    } else if (trim(reply.text).empty()) {
        take_calls(reply, found_in(reply.thinking, true, tools, reply.finish, cut), id_seed);
    }
    if (cut) reply.warnings.emplace_back("a tool call was cut before its end and was not made");
    return reply;
}

}  // namespace ec::model
