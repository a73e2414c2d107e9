// Reading fields of untrusted JSON objects in reports: whatever is absent or of another kind counts as empty.
#pragma once

#include <ec/json/json.hpp>
#include <string_view>

namespace ec::executor {

/// Points into `object`.
inline std::string_view string_of(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    return value->get_string();
}

}  // namespace ec::executor
