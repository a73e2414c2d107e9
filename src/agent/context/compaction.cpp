#include <algorithm>
#include <ec/agent/compaction.hpp>
#include <ec/core/text.hpp>
#include <ec/model/tokens.hpp>
#include <functional>
#include <map>
#include <span>

namespace ec::agent {
namespace {

using model::Message;
using model::Role;
using model::ToolCall;

constexpr std::string_view kStubStart = "[left out: ";
constexpr std::size_t kLongestStub = 400;
constexpr std::size_t kStubLine = 120;
constexpr std::size_t kLongestKeptArgument = 200;
constexpr std::size_t kKeptCodeLines = 2;
constexpr std::size_t kKeptOfNewest = 1200;  // bytes of a newest tool result, half head, half tail

std::size_t tokens_of(const Message& message) { return model::estimate_tokens(std::span(&message, 1)); }

std::string arguments_of(const ToolCall& call) { return json::write(json::Value(call.arguments)); }

bool is_stub(std::string_view text) { return text.starts_with(kStubStart) && text.size() <= kLongestStub; }

/// "[left out: result of read {"path":"a.py"}, 5321 bytes; call it again to see it] first line"
std::string stub_of(const std::string& text, const ToolCall* call) {
    const std::string_view first = trim(std::string_view(text).substr(0, text.find('\n')));
    std::string stub(kStubStart);
    stub += call != nullptr ? "result of " + ellipsize(call->name, 40) + " " + ellipsize(arguments_of(*call), kStubLine)
                            : std::string("result of a tool");
    stub += ", " + std::to_string(text.size()) + " bytes; call it again to see it] " + ellipsize(first, kStubLine);
    return stub;
}

/// Code blocks of more than a few lines as one line each; the words around them stay.
std::string without_code(const std::string& text) {
    std::string out;
    std::vector<std::string_view> block;
    bool inside = false;
    const auto close = [&] {
        if (block.size() > kKeptCodeLines)
            out += "[left out: " + std::to_string(block.size()) + " lines of code]\n";
        else
            for (const std::string_view line : block) out.append(line).append("\n");
        block.clear();
    };
    for (const std::string_view line : split_lines(text)) {
        const bool fence = trim(line).starts_with("```");
        if (fence && inside) close();
        if (fence) inside = !inside;
        if (inside && !fence)
            block.push_back(line);
        else
            out.append(line).append("\n");
    }
    close();
    if (!text.ends_with('\n') && !out.empty()) out.pop_back();
    return out;
}

void shorten_strings(json::Value& value) {
    if (value.is_string() && value.as_string().size() > kLongestKeptArgument) {
        const std::string_view text(value.as_string().data(), value.as_string().size());
        const std::string note = "[left out: " + std::to_string(text.size()) + " bytes]";
        value = ellipsize(text, kLongestKeptArgument / 2) + " " + note;
    } else if (value.is_array()) {
        for (json::Value& one : value.as_array()) shorten_strings(one);
    } else if (value.is_object()) {
        for (auto& [key, one] : value.as_object()) shorten_strings(one);
    }
}

std::string without_middle(const std::string& text) {
    if (text.size() <= kKeptOfNewest + 80) return text;
    const std::string head = ellipsize(text, kKeptOfNewest / 2);
    std::size_t tail = text.size() - kKeptOfNewest / 2;
    while (tail < text.size() && (static_cast<unsigned char>(text[tail]) & 0xC0) == 0x80) ++tail;
    return head + "\n[left out: " + std::to_string(tail - std::min(tail, head.size())) + " bytes]\n" +
           text.substr(tail);
}

/// The conversation while it shrinks: what is old, what it costs, whether it fits.
class Compactor {
public:
    Compactor(std::vector<Message> messages, const CompactionLimits& limits)
        : messages_(std::move(messages)), limits_(limits) {
        for (const Message& message : messages_) tokens_ += tokens_of(message);
        old_ = messages_.size() - std::min(messages_.size(), limits.newest);
        // A call and its results are of one age.
        while (old_ > 0 && old_ < messages_.size() && messages_[old_].role == Role::tool) --old_;
    }

    [[nodiscard]] bool fits() const { return tokens_ <= limits_.tokens; }

    Compacted run() && {
        each(0, old_, Role::tool, [this](std::size_t i) { stub(i); });
        each(0, old_, Role::assistant, [this](std::size_t i) { shorten_assistant(i); });
        drop_looking();
        each(old_, messages_.size(), Role::tool, [this](std::size_t i) {
            replace(i, [](Message& message) { message.text = without_middle(message.text); });
        });
        each(old_, messages_.size(), Role::assistant, [this](std::size_t i) {
            if (i + 1 < messages_.size()) shorten_assistant(i);
        });
        return {std::move(messages_), tokens_, fits()};
    }

private:
    void each(std::size_t from, std::size_t to, Role role, const std::function<void(std::size_t)>& change) {
        for (std::size_t i = from; i < to && !fits(); ++i)
            if (messages_[i].role == role) change(i);
    }

    /// Applies a change where it saves something.
    void replace(std::size_t i, const std::function<void(Message&)>& change) {
        Message changed = messages_[i];
        change(changed);
        const std::size_t before = tokens_of(messages_[i]);
        const std::size_t after = tokens_of(changed);
        if (after >= before) return;
        tokens_ -= before - after;
        messages_[i] = std::move(changed);
    }

    /// The call that the result at `i` answers: the nearest one before it with this id.
    [[nodiscard]] const ToolCall* call_of(std::size_t i) const {
        for (std::size_t at = i; at-- > 0;)
            for (const ToolCall& call : messages_[at].calls)
                if (call.id == messages_[i].call_id) return &call;
        return nullptr;
    }

    void stub(std::size_t i) {
        if (is_stub(messages_[i].text)) return;
        const ToolCall* call = call_of(i);
        replace(i, [&](Message& message) { message.text = stub_of(message.text, call); });
    }

    void shorten_assistant(std::size_t i) {
        replace(i, [](Message& message) { message.text = without_code(message.text); });
        replace(i, [](Message& message) {
            for (ToolCall& call : message.calls)
                for (auto& [key, value] : call.arguments) shorten_strings(value);
        });
    }

    /// A wordless message whose calls only looked at something, all of them answered by the messages right behind it.
    [[nodiscard]] std::size_t end_of_looking(std::size_t i) const {
        const Message& message = messages_[i];
        if (message.role != Role::assistant || message.calls.empty() || !trim(message.text).empty()) return i;
        for (const ToolCall& call : message.calls)
            if (!limits_.looking.contains(call.name)) return i;
        std::size_t end = i + 1;
        while (end < old_ && messages_[end].role == Role::tool) ++end;
        return end - i - 1 == message.calls.size() ? end : i;
    }

    void drop_looking() {
        std::vector<Message> kept;
        kept.reserve(messages_.size());
        std::size_t dropped = 0;
        for (std::size_t i = 0; i < messages_.size();) {
            const std::size_t end = i < old_ && !fits() ? end_of_looking(i) : i;
            if (end == i) {
                kept.push_back(std::move(messages_[i++]));
                continue;
            }
            for (; i < end; ++i, ++dropped) tokens_ -= tokens_of(messages_[i]);
        }
        messages_ = std::move(kept);
        old_ -= dropped;
    }

    std::vector<Message> messages_;
    const CompactionLimits& limits_;
    std::size_t tokens_ = 0;
    std::size_t old_ = 0;  // messages before this one are old
};

}  // namespace

Compacted compact(std::vector<Message> messages, const CompactionLimits& limits) {
    return Compactor(std::move(messages), limits).run();
}

}  // namespace ec::agent
