#include "protocol_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/crypto/base64.hpp>

namespace ec::swarm {

void Faults::add(std::string field, std::string_view expected) {
    // One fault of a field is enough: what is no text is not missing, too.
    if (list_.size() == kMost || std::ranges::find(fields_, field) != fields_.end()) return;
    list_.push_back(fmt::format("{} must be {}", field.empty() ? "the body" : field, expected));
    if (!field.empty()) fields_.push_back(std::move(field));
}

Status Faults::status() const {
    if (list_.empty()) return {};
    return fail({ErrorCode::invalid_argument, join(list_, "; "), {}, fields_});
}

Fields::Fields(const json::Value& value, Faults& faults, const Fields* parent, std::string_view key, int index)
    : object_(value.if_object()), faults_(faults), parent_(parent), key_(key), index_(index) {
    if (object_ == nullptr) faults_.add(path({}, -1), "an object");
}

std::string Fields::path(std::string_view key, int index) const {
    std::string out = parent_ == nullptr ? std::string() : parent_->path(key_, index_);
    if (!key.empty()) {
        if (!out.empty()) out += '.';
        out += key;
    }
    if (index >= 0) out += fmt::format("[{}]", index);
    return out;
}

void Fields::fault(std::string_view key, std::string_view expected, int index) {
    faults_.add(path(key, index), expected);
}

const json::Value* Fields::find(std::string_view key) const {
    if (object_ == nullptr) return nullptr;
    const json::Value* value = object_->if_contains(boost::json::string_view(key.data(), key.size()));
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Fields::text(std::string_view key, std::size_t most) {
    const json::Value* value = find(key);
    if (value == nullptr) return {};
    const auto* text = value->if_string();
    if (text == nullptr || text->size() > most || text->find('\0') != boost::json::string::npos) {
        fault(key, fmt::format("a text of at most {} bytes", most));
        return {};
    }
    return std::string(*text);
}

std::string Fields::needed_text(std::string_view key, std::size_t most) {
    std::string read = text(key, most);
    if (read.empty()) fault(key, fmt::format("a text of 1 to {} bytes", most));
    return read;
}

std::string Fields::sealed(std::string_view key, std::size_t most) {
    const json::Value* value = find(key);
    if (value == nullptr) return {};
    if (const auto* text = value->if_string()) {
        auto bytes = crypto::from_base64(std::string_view(text->data(), text->size()));
        if (bytes && bytes->size() <= most) return *std::move(bytes);
    }
    fault(key, fmt::format("at most {} bytes as base64", most));
    return {};
}

std::optional<std::int64_t> Fields::maybe_integer(std::string_view key, std::int64_t low, std::int64_t high) {
    const json::Value* value = find(key);
    if (value == nullptr) return {};
    const std::int64_t* number = value->if_int64();
    if (number != nullptr && *number >= low && *number <= high) return *number;
    fault(key, fmt::format("a whole number from {} to {}", low, high));
    return {};
}

std::int64_t Fields::integer(std::string_view key, std::int64_t low, std::int64_t high, std::int64_t fallback) {
    return maybe_integer(key, low, high).value_or(fallback);
}

std::int64_t Fields::needed_integer(std::string_view key, std::int64_t low, std::int64_t high) {
    if (!has(key)) fault(key, fmt::format("a whole number from {} to {}", low, high));
    return maybe_integer(key, low, high).value_or(low);
}

std::optional<bool> Fields::maybe_boolean(std::string_view key) {
    const json::Value* value = find(key);
    if (value == nullptr) return {};
    if (const bool* flag = value->if_bool()) return *flag;
    fault(key, "true or false");
    return {};
}

bool Fields::boolean(std::string_view key, bool fallback) { return maybe_boolean(key).value_or(fallback); }

bool Fields::needed_boolean(std::string_view key) {
    if (!has(key)) fault(key, "true or false");
    return boolean(key, false);
}

const json::Array& Fields::list(std::string_view key, std::size_t most) {
    static const json::Array kNone;
    const json::Value* value = find(key);
    if (value == nullptr) return kNone;
    const json::Array* array = value->if_array();
    if (array != nullptr && array->size() <= most) return *array;
    fault(key, fmt::format("an array of at most {}", most));
    return kNone;
}

std::vector<std::string> Fields::texts(std::string_view key, std::size_t most, std::size_t longest) {
    std::vector<std::string> out;
    int index = 0;
    for (const json::Value& value : list(key, most)) {
        const auto* text = value.if_string();
        if (text != nullptr && text->size() <= longest)
            out.emplace_back(*text);
        else
            fault(key, fmt::format("a text of at most {} bytes", longest), index);
        ++index;
    }
    return out;
}

}  // namespace ec::swarm
