#include "openai/fields.hpp"

#include <ec/core/text.hpp>

namespace ec::model {

const json::Object* object_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}

const json::Array* array_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_array();
}

std::string_view text_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    const auto& text = value->get_string();
    return {text.data(), text.size()};
}

std::int64_t integer_at(const json::Object& object, std::string_view key, std::int64_t fallback) {
    const json::Value* value = object.if_contains(key);
    if (value == nullptr) return fallback;
    if (value->is_int64()) return value->get_int64();
    if (value->is_double() && value->get_double() > -1e15 && value->get_double() < 1e15)
        return static_cast<std::int64_t>(value->get_double());
    return fallback;
}

Result<json::Object> parse_object(std::string_view text) {
    EC_ASSIGN(json::Value value, is_valid_utf8(text) ? json::parse(text) : json::parse(to_valid_utf8(text)));
    if (!value.is_object()) return fail(ErrorCode::corrupt, "this is no JSON object");
    return std::move(value.get_object());
}

}  // namespace ec::model
