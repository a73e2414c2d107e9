#include <array>
#include <ec/core/text.hpp>
#include <ec/model/tool_repair.hpp>
#include <utility>

namespace ec::model {
namespace {

using Tags = std::pair<std::string_view, std::string_view>;
constexpr std::array<Tags, 5> kTags = {Tags{"<think>", "</think>"}, Tags{"<thinking>", "</thinking>"},
                                       Tags{"<reasoning>", "</reasoning>"}, Tags{"<thought>", "</thought>"},
                                       Tags{"[THINK]", "[/THINK]"}};

void add(std::string& to, std::string_view piece) {
    piece = trim(piece);
    if (piece.empty()) return;
    if (!to.empty()) to += "\n";
    to += piece;
}

// gpt-oss: <|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…  Calls stand in the
// commentary channel with their recipient and stay in the text for the readers of calls.
Thinking split_harmony(std::string_view text) {
    constexpr std::string_view kChannel = "<|channel|>";
    constexpr std::string_view kMessage = "<|message|>";
    Thinking out;
    add(out.text, text.substr(0, text.find(kChannel)));
    for (std::size_t at = text.find(kChannel); at != std::string_view::npos;) {
        const std::size_t next = text.find(kChannel, at + 1);
        std::string_view part = text.substr(at, next == std::string_view::npos ? next : next - at);
        at = next;
        const std::size_t message = part.find(kMessage);
        const std::string_view head =
            trim(part.substr(kChannel.size(), message == std::string_view::npos ? message : message - kChannel.size()));
        if (head.contains("to=")) {
            add(out.text, part);
            continue;
        }
        std::string_view body =
            message == std::string_view::npos ? std::string_view{} : part.substr(message + kMessage.size());
        bool ended = false;
        for (const std::string_view mark : {"<|end|>", "<|return|>", "<|start|>"})
            if (const std::size_t end = body.find(mark); end != std::string_view::npos)
                body = body.substr(0, end), ended = true;
        const bool thinks = head.starts_with("analysis");
        add(thinks ? out.thinking : out.text, body);
        if (thinks && at == std::string_view::npos && !ended) out.open = true;
    }
    return out;
}

bool starts_line(std::string_view text, std::size_t at) {
    const std::size_t before = text.substr(0, at).find_last_not_of(" \t");
    return before == std::string_view::npos || text[before] == '\n';
}

}  // namespace

Thinking split_thinking(std::string_view text) {
    if (text.contains("<|channel|>")) return split_harmony(text);
    Thinking out;
    std::string_view rest = text;
    for (const auto& [open, close] : kTags) {
        const std::size_t end = rest.find(close);
        // Only the end tag: the chat template wrote the first one.
        if (end != std::string_view::npos && rest.substr(0, end).find(open) == std::string_view::npos &&
            starts_line(rest, end)) {
            add(out.thinking, rest.substr(0, end));
            rest.remove_prefix(end + close.size());
        }
        std::size_t at = rest.find(open);
        if (at == std::string_view::npos || !starts_line(rest, at)) continue;
        std::string kept;
        while (at != std::string_view::npos && starts_line(rest, at)) {
            const std::size_t stop = rest.find(close, at + open.size());
            add(kept, rest.substr(0, at));
            out.open = stop == std::string_view::npos;
            add(out.thinking, rest.substr(at + open.size(), out.open ? stop : stop - at - open.size()));
            rest.remove_prefix(out.open ? rest.size() : stop + close.size());
            at = rest.find(open);
        }
        add(kept, rest);
        out.text = std::move(kept);
        return out;
    }
    out.text = rest.size() == text.size() ? std::string(text) : std::string(trim(rest));
    return out;
}

}  // namespace ec::model
