// The arguments of a tool call, decoded in one place: unknown names, wrong types and values out of range become one
// sentence that a model can act on.
#pragma once

#include <cstdint>
#include <ec/json/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::mcp {

/// The first failure is kept, later reads give defaults; check status() once at the end.
class Arguments {
public:
    /// `known`: the names that the tool takes.
    Arguments(const json::Object& arguments, const std::vector<std::string_view>& known);

    /// `most` in bytes. What is required may not be blank. NUL is refused everywhere.
    std::string text(std::string_view key, std::size_t most);
    std::string required_text(std::string_view key, std::size_t most);
    std::vector<std::string> texts(std::string_view key, std::size_t most_each, std::size_t most_many);
    std::optional<double> number(std::string_view key, double least, double most);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    bool flag(std::string_view key);
    /// One of `words`; the first when absent.
    std::string word(std::string_view key, const std::vector<std::string_view>& words);
    [[nodiscard]] bool has(std::string_view key) const;

    void reject(std::string why);
    /// The reason, once something was wrong.
    [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }

private:
    const json::Object& arguments_;
    std::optional<std::string> wrong_;
};

/// Parts of JSON Schemas for what Arguments takes.
json::Object text_schema(std::string_view description);
json::Object number_schema(std::string_view description, double least, double most);
json::Object integer_schema(std::string_view description, std::int64_t least, std::int64_t most);
json::Object flag_schema(std::string_view description);
json::Object word_schema(std::string_view description, const std::vector<std::string_view>& words);
json::Object object_schema(json::Object properties, const std::vector<std::string_view>& required);

}  // namespace ec::apps::mcp
