#include "arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

namespace ec::apps::mcp {
namespace {

std::string listed(const std::vector<std::string_view>& words) {
    return join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

json::Object typed(std::string_view type, std::string_view description) {
    return {{"type", type}, {"description", description}};
}

}  // namespace

Arguments::Arguments(const json::Object& arguments, const std::vector<std::string_view>& known)
    : arguments_(arguments) {
    for (const auto& each : arguments) {
        if (std::ranges::find(known, std::string_view(each.key())) == known.end()) {
            reject(fmt::format("there is no argument {}; this tool takes {}", ellipsize(to_valid_utf8(each.key()), 60),
                               listed(known)));
        }
    }
}

void Arguments::reject(std::string why) {
    if (!wrong_) wrong_ = std::move(why);
}

bool Arguments::has(std::string_view key) const {
    const json::Value* value = arguments_.if_contains(key);
    return value != nullptr && !value->is_null();
}

std::string Arguments::text(std::string_view key, std::size_t most) {
    if (!has(key)) return {};
    const json::Value& value = arguments_.at(key);
    if (!value.is_string()) {
        reject(fmt::format("{} must be a string", key));
        return {};
    }
    std::string text(value.get_string());
    if (text.size() > most) reject(fmt::format("{} is longer than {} bytes", key, most));
    if (text.find('\0') != std::string::npos) reject(fmt::format("{} holds a NUL byte", key));
    return text;
}

std::string Arguments::required_text(std::string_view key, std::size_t most) {
    std::string value = text(key, most);
    if (trim(value).empty()) reject(fmt::format("{} is missing", key));
    return value;
}

std::vector<std::string> Arguments::texts(std::string_view key, std::size_t most_each, std::size_t most_many) {
    if (!has(key)) return {};
    const json::Array* array = arguments_.at(key).if_array();
    if (array == nullptr || array->size() > most_many) {
        reject(fmt::format("{} must be an array of at most {} strings", key, most_many));
        return {};
    }
    std::vector<std::string> out;
    for (const json::Value& value : *array) {
        const auto* text = value.if_string();
        if (text == nullptr || text->size() > most_each ||
            std::string_view(*text).find('\0') != std::string_view::npos) {
            reject(fmt::format("{} must be an array of strings of at most {} bytes", key, most_each));
            return {};
        }
        out.emplace_back(*text);
    }
    return out;
}

std::optional<double> Arguments::number(std::string_view key, double least, double most) {
    if (!has(key)) return std::nullopt;
    json::Reader reader(arguments_);
    const double value = reader.number(key);
    if (reader.status() && value >= least && value <= most) return value;
    reject(fmt::format("{} must be a number from {} to {}", key, least, most));
    return std::nullopt;
}

std::optional<std::int64_t> Arguments::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    if (!has(key)) return std::nullopt;
    json::Reader reader(arguments_);
    const std::int64_t value = reader.integer(key);
    if (reader.status() && value >= least && value <= most) return value;
    reject(fmt::format("{} must be a whole number from {} to {}", key, least, most));
    return std::nullopt;
}

bool Arguments::flag(std::string_view key) {
    json::Reader reader(arguments_);
    const bool value = reader.boolean(key);
    if (!reader.status()) reject(fmt::format("{} must be true or false", key));
    return value;
}

std::string Arguments::word(std::string_view key, const std::vector<std::string_view>& words) {
    if (!has(key)) return std::string(words.front());
    const json::Value& value = arguments_.at(key);
    if (value.is_string() && std::ranges::find(words, std::string_view(value.get_string())) != words.end())
        return std::string(value.get_string());
    reject(fmt::format("{} must be one of {}", key, listed(words)));
    return std::string(words.front());
}

json::Object text_schema(std::string_view description) { return typed("string", description); }

json::Object number_schema(std::string_view description, double least, double most) {
    json::Object schema = typed("number", description);
    schema["minimum"] = least;
    schema["maximum"] = most;
    return schema;
}

json::Object integer_schema(std::string_view description, std::int64_t least, std::int64_t most) {
    json::Object schema = typed("integer", description);
    schema["minimum"] = least;
    schema["maximum"] = most;
    return schema;
}

json::Object flag_schema(std::string_view description) { return typed("boolean", description); }

json::Object word_schema(std::string_view description, const std::vector<std::string_view>& words) {
    json::Object schema = typed("string", description);
    json::Array values;
    for (const std::string_view word : words) values.emplace_back(word);
    schema["enum"] = std::move(values);
    return schema;
}

json::Object object_schema(json::Object properties, const std::vector<std::string_view>& required) {
    json::Array names;
    for (const std::string_view name : required) names.emplace_back(name);
    json::Object schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
    if (!names.empty()) schema["required"] = std::move(names);
    return schema;
}

}  // namespace ec::apps::mcp
