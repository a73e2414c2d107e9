// Reads the fields of a request's objects: what is absent or null is its default, what has another type is an error
// that names the field. Fields that nobody asks for are no error, as clients send what their newest server knows.
#pragma once

#include <cstdint>
#include <ec/json/json.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_error.hpp"

namespace ec::apps::openai {

class Fields {
public:
    /// `where` names the object in errors ("messages[2]"), empty for the body itself. The first failure is kept in
    /// `failure`; later reads give defaults.
    Fields(const json::Object& object, std::string where, std::optional<ApiError>& failure)
        : object_(object), where_(std::move(where)), failure_(failure) {}

    /// Null when absent or null.
    [[nodiscard]] const json::Value* find(std::string_view key) const;
    std::string text(std::string_view key, std::string fallback = {});
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<double> number(std::string_view key, double least, double most);
    bool flag(std::string_view key, bool fallback = false);
    const json::Array* list(std::string_view key);
    const json::Object* object(std::string_view key);
    /// As text(), an error when absent or empty.
    std::string required_text(std::string_view key);
    /// A string, or an array of strings.
    std::vector<std::string> texts(std::string_view key);

    void reject(std::string_view key, std::string_view code, std::string message);
    [[nodiscard]] std::string path(std::string_view key) const;
    [[nodiscard]] bool failed() const { return failure_.has_value(); }
    [[nodiscard]] std::optional<ApiError>& failure() const { return failure_; }

private:
    void wrong_type(std::string_view key, std::string_view expected);

    const json::Object& object_;
    std::string where_;
    std::optional<ApiError>& failure_;
};

/// The element of a list as an object, or an error that names it: "messages[3]".
const json::Object* object_in(const json::Array& list, std::size_t index, const std::string& where,
                              std::optional<ApiError>& failure);

/// The body of a request as an object; `invalid_json` for what is none.
Decoded<json::Object> parse_body(std::string_view bytes);

/// "Zm9v" for "foo" (RFC 4648, section 4).
std::string base64(std::string_view bytes);

}  // namespace ec::apps::openai
