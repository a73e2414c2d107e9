#include "offered_tool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/instructions.hpp>
#include <ec/core/text.hpp>
#include <optional>

#include "server_entry.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kLongestName = 128;  // as the specification asks of servers
constexpr std::size_t kLongestOffered = 64;
constexpr std::size_t kDescriptionBytes = 1024;
constexpr std::size_t kFieldBytes = 300;
constexpr std::size_t kSchemaBytes = 16U << 10;
constexpr std::size_t kDescribedBytes = 256U << 10;  // of everything a server says of one tool
constexpr std::size_t kMostNotes = 8;

std::string_view view(const json::Value& value) {
    const auto* text = value.if_string();
    return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

std::string_view text_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    return value == nullptr ? std::string_view() : view(*value);
}

bool is_plain(std::string_view text) { return agent::plain_text(text) == text; }

// Notes to a reader, and no part of what is allowed.
bool is_prose(std::string_view key) {
    return key == "description" || key == "title" || key == "$comment" || key == "examples" ||
           key == "markdownDescription";
}

// Nothing where a text that must stay as it is is not plain: a name, a default, a value to choose.
std::optional<json::Value> clean_schema(const json::Value& value, bool names) {
    if (const auto* array = value.if_array()) {
        json::Array out;
        for (const json::Value& element : *array) {
            auto clean = clean_schema(element, false);
            if (!clean) return std::nullopt;
            out.push_back(*std::move(clean));
        }
        return out;
    }
    if (const auto* object = value.if_object()) {
        json::Object out;
        for (const auto& [key, element] : *object) {
            const std::string_view name(key.data(), key.size());
            if (!is_plain(name)) return std::nullopt;
            if (!names && is_prose(name)) {
                if (name == "description" && element.is_string()) out[name] = tame(view(element), kFieldBytes);
                continue;
            }
            auto clean =
                clean_schema(element, !names && (name == "properties" || name == "$defs" || name == "definitions" ||
                                                 name == "patternProperties" || name == "dependentSchemas"));
            if (!clean) return std::nullopt;
            out[name] = *std::move(clean);
        }
        return out;
    }
    if (value.is_string() && !is_plain(view(value))) return std::nullopt;
    return value;
}

/// One character of valid UTF-8 as JSON writes it in ASCII (RFC 8259, section 7).
std::string escaped(std::string_view character) {
    const auto lead = static_cast<unsigned char>(character.front());
    std::uint32_t code = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
    for (const char c : character.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3FU);
    if (code < 0x10000) return fmt::format("\\u{:04x}", code);
    code -= 0x10000;
    return fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (code >> 10), 0xDC00 + (code & 0x3FFU));
}

// The same text for the same words in whatever order.
json::Value sorted(const json::Value& value) {
    if (const auto* array = value.if_array()) {
        json::Array out;
        for (const json::Value& element : *array) out.push_back(sorted(element));
        return out;
    }
    const auto* object = value.if_object();
    if (object == nullptr) return value;
    std::vector<std::string> keys;
    for (const auto& [key, element] : *object) keys.emplace_back(key.data(), key.size());
    std::ranges::sort(keys);
    json::Object out;
    for (const std::string& key : keys) out[key] = sorted(object->at(key));
    return out;
}

crypto::Sha256Digest fingerprint_of(const ServerEntry& entry, const json::Object& tool) {
    json::Object all{{"where", entry.where()}};
    for (const char* key : {"name", "title", "description", "inputSchema", "outputSchema", "annotations"}) {
        if (const json::Value* value = tool.if_contains(key)) all[key] = *value;
    }
    return crypto::sha256(json::write(sorted(all)));
}

}  // namespace

std::string tame(std::string_view text, std::size_t bytes) {
    // Cut before as well: what is thrown away need not be looked at.
    return ellipsize(trim(agent::plain_text(text.substr(0, 4 * bytes))), bytes);
}

std::string visible_json(const json::Value& value) {
    const std::string text = json::write(value);
    if (is_plain(text)) return text;
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at + 1;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) ++end;
        const std::string_view character = std::string_view(text).substr(at, end - at);
        out += is_plain(character) ? std::string(character) : escaped(character);
        at = end;
    }
    return out;
}

std::string ToolList::offered_name(const std::string& name) const {
    std::string out = fmt::format("mcp_{}_", entry_.name);
    for (const char c : name) {
        const bool fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        out += fine ? c : '_';
    }
    const bool taken = std::ranges::any_of(tools_, [&](const OfferedTool& tool) { return tool.offered_as == out; });
    if (out.size() <= kLongestOffered && !taken) return out;
    // The beginning, and what tells it from every other.
    const std::string mark = crypto::sha256(name).hex().substr(0, 8);
    return fmt::format("{}_{}", out.substr(0, kLongestOffered - 1 - mark.size()), mark);
}

void ToolList::leave_out(std::string_view name, std::string_view why) {
    if (++left_out_ <= kMostNotes) notes_.push_back(fmt::format("{} is left out: {}", tame(name, 80), why));
}

void ToolList::add(const json::Value& value) {
    const json::Object* tool = value.if_object();
    const std::string name(tool == nullptr ? std::string_view() : text_at(*tool, "name"));
    if (name.empty() || name.size() > kLongestName || !is_plain(name) || name.find('\n') != std::string::npos)
        return leave_out("a tool", "its name is no name");
    if (full()) return leave_out(name, fmt::format("a server may have {} tools", kMostTools));
    const auto same = [&](const OfferedTool& other) { return other.name == name; };
    if (std::ranges::any_of(tools_, same)) return leave_out(name, "there are two of that name");
    if (json::write(value).size() > kDescribedBytes) return leave_out(name, "its description is too long");
    const json::Value* schema = tool->if_contains("inputSchema");
    if (schema == nullptr || !schema->is_object()) return leave_out(name, "it has no schema");
    auto clean = clean_schema(*schema, false);
    if (!clean) return leave_out(name, "its schema has names or values that are not plain text");
    clean->as_object()["type"] = "object";
    std::string parameters = json::write(*clean);
    if (parameters.size() > kSchemaBytes) return leave_out(name, "its schema is too long");
    std::string words = tame(text_at(*tool, "description"), kDescriptionBytes);
    std::ranges::replace(words, '\n', ' ');
    tools_.push_back(
        {name, offered_name(name), std::move(words), std::move(parameters), fingerprint_of(entry_, *tool)});
}

std::vector<OfferedTool> ToolList::tools() const {
    std::vector<OfferedTool> out = tools_;
    std::ranges::sort(out, {}, &OfferedTool::name);
    return out;
}

std::vector<std::string> ToolList::notes() const {
    std::vector<std::string> out = notes_;
    if (left_out_ > kMostNotes) out.push_back(fmt::format("{} more are left out", left_out_ - kMostNotes));
    return out;
}

}  // namespace ec::apps::mcp
