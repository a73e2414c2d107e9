// JSON: Boost.JSON's value type with our own writer (Boost prints 3.5E0) and a typed reader that names the field at
// fault. Values are plain value types; nothing here is shared between threads by itself.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

/// Parses one document. At most 32 levels deep; fails with `corrupt` and the byte offset. Invalid UTF-8 is refused.
Result<Value> parse(std::string_view text);

/// Compact text. Doubles in the shortest form that reads back (3.5, 1, 1e+30), never NaN or infinity (null instead);
/// strings that are not UTF-8 get U+FFFD.
std::string write(const Value& value);

/// Reads fields of one object. The first failure is kept, later reads return defaults; check status() once at the end.
class Reader {
public:
    /// `where` names the object in errors, e.g. "result" gives "result.tests must be an array".
    explicit Reader(const Value& value, std::string where = {});
    explicit Reader(const Object& object, std::string where = {}) : object_(&object), where_(std::move(where)) {}

    std::string string(std::string_view key, std::string fallback = {});
    std::int64_t integer(std::string_view key, std::int64_t fallback = 0);
    double number(std::string_view key, double fallback = 0);
    bool boolean(std::string_view key, bool fallback = false);
    std::vector<std::string> strings(std::string_view key);
    /// The elements of an array field; empty when absent.
    const Array& array(std::string_view key);
    /// The nested object; an empty one when absent.
    const Object& object(std::string_view key);
    /// Marks a field as required: absent is an error.
    Reader& require(std::string_view key);

    [[nodiscard]] const Status& status() const { return status_; }

private:
    const Value* find(std::string_view key) const;
    void reject(std::string_view key, std::string_view expected);

    const Object* object_ = nullptr;
    std::string where_;
    Status status_;
};

}  // namespace ec::json
