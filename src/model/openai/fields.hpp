// Tolerant reading of what servers send: a field that is absent, null or of another type is its default, because no two
// servers agree on which fields there are.
#pragma once

#include <cstdint>
#include <ec/json/json.hpp>
#include <string>
#include <string_view>

namespace ec::model {

/// Null when absent or no object; as the next.
const json::Object* object_at(const json::Object& object, std::string_view key);
const json::Array* array_at(const json::Object& object, std::string_view key);
std::string_view text_at(const json::Object& object, std::string_view key);
std::int64_t integer_at(const json::Object& object, std::string_view key, std::int64_t fallback = 0);

/// Parses a document that should be an object. Bytes that are no UTF-8 become U+FFFD first: models cut characters.
Result<json::Object> parse_object(std::string_view text);

}  // namespace ec::model
