#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

#include "chat_format.hpp"

namespace ec::model::embedded {
namespace {

constexpr std::size_t kMost = 512;

// Everything that decides what the model was shown, in one text.
Hash128 conversation(const ChatRequest& request, std::size_t n) {
    std::string text;
    for (const ToolSpec& tool : request.tools)
        text += tool.name + '\0' + tool.description + '\0' + tool.parameters + '\1';
    for (std::size_t i = 0; i < n; ++i) {
        const Message& message = request.messages[i];
        text += std::string(name(message.role)) + '\0' + message.text + '\0' + message.call_id + '\0';
        for (const ToolCall& call : message.calls) text += call.name + '\0' + json::write(call.arguments) + '\2';
        text += '\1';
    }
    return hash128(text);
}

bool holds(const std::string& raw, const json::Value& argument) {
    if (argument.is_string()) {
        const std::string plain(argument.get_string());
        const std::string quoted = json::write(argument);
        return raw.find(plain) != std::string::npos ||
               raw.find(quoted.substr(1, quoted.size() - 2)) != std::string::npos;
    }
    if (argument.is_object()) {
        return std::ranges::all_of(argument.get_object(), [&](const auto& field) { return holds(raw, field.value()); });
    }
    if (argument.is_array()) {
        return std::ranges::all_of(argument.get_array(), [&](const auto& element) { return holds(raw, element); });
    }
    return true;
}

bool came_from(const Message& message, const std::string& raw) {
    // What was shown of bytes that are no UTF-8 is U+FFFD.
    const std::string shown = to_valid_utf8(raw);
    if (shown.find(trim(message.text)) == std::string::npos) return false;
    if (message.calls.empty()) return true;
    return std::ranges::all_of(message.calls, [&](const ToolCall& call) {
        return shown.find(call.name) != std::string::npos && holds(shown, json::Value(call.arguments));
    });
}

}  // namespace

void Memory::remember(const ChatRequest& request, const std::string& raw) {
    if (raw.empty()) return;
    const Hash128 key = conversation(request, request.messages.size());
    const auto [first, last] = raw_.equal_range(key);
    if (std::any_of(first, last, [&](const auto& entry) { return entry.second == raw; })) return;
    raw_.emplace(key, raw);
    order_.push_back(key);
    if (order_.size() <= kMost) return;
    raw_.erase(raw_.find(order_.front()));
    order_.erase(order_.begin());
}

const std::string* Memory::recall(const ChatRequest& request, std::size_t n) const {
    const Message& message = request.messages[n];
    if (message.text.empty() && message.calls.empty()) return nullptr;
    const auto [first, last] = raw_.equal_range(conversation(request, n));
    const std::string* best = nullptr;
    for (auto it = first; it != last; ++it) {
        // The same words may stand in several samples; the one with least else in it is where they came from.
        if (came_from(message, it->second) && (best == nullptr || it->second.size() < best->size())) best = &it->second;
    }
    return best;
}

}  // namespace ec::model::embedded
