#include "fields.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>

namespace ec::apps::openai {

const json::Value* Fields::find(std::string_view key) const {
    const json::Value* value = object_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::string Fields::path(std::string_view key) const {
    return where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
}

void Fields::reject(std::string_view key, std::string_view code, std::string message) {
    if (!failure_) failure_ = ApiError{400, std::string(code), std::move(message), path(key)};
}

void Fields::wrong_type(std::string_view key, std::string_view expected) {
    reject(key, "invalid_type", fmt::format("{} must be {}", path(key), expected));
}

std::string Fields::text(std::string_view key, std::string fallback) {
    const json::Value* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_string()) return std::string(value->get_string());
    wrong_type(key, "a string");
    return fallback;
}

std::string Fields::required_text(std::string_view key) {
    std::string value = text(key);
    if (value.empty()) reject(key, "missing_required_parameter", fmt::format("{} must be a string", path(key)));
    return value;
}

std::optional<double> Fields::number(std::string_view key, double least, double most) {
    const json::Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        wrong_type(key, "a number");
        return std::nullopt;
    }
    const double read = value->to_number<double>();
    if (std::isfinite(read) && read >= least && read <= most) return read;
    reject(key, "invalid_value", fmt::format("{} must be from {} to {}", path(key), least, most));
    return std::nullopt;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const json::Value* value = find(key);
    if (value == nullptr) return std::nullopt;
    std::optional<std::int64_t> read;
    if (value->is_int64()) read = value->get_int64();
    // A double up to 2^53 may be a whole number that a client wrote as 64.0.
    if (value->is_double() && std::abs(value->get_double()) < 9e15 &&
        std::trunc(value->get_double()) == value->get_double())
        read = static_cast<std::int64_t>(value->get_double());
    if (!read && !value->is_uint64()) {
        wrong_type(key, "an integer");
        return std::nullopt;
    }
    if (read && *read >= least && *read <= most) return read;
    reject(key, "invalid_value", fmt::format("{} must be from {} to {}", path(key), least, most));
    return std::nullopt;
}

bool Fields::flag(std::string_view key, bool fallback) {
    const json::Value* value = find(key);
    if (value == nullptr) return fallback;
    if (value->is_bool()) return value->get_bool();
    wrong_type(key, "true or false");
    return fallback;
}

const json::Array* Fields::list(std::string_view key) {
    const json::Value* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_array()) return &value->get_array();
    wrong_type(key, "an array");
    return nullptr;
}

const json::Object* Fields::object(std::string_view key) {
    const json::Value* value = find(key);
    if (value == nullptr) return nullptr;
    if (value->is_object()) return &value->get_object();
    wrong_type(key, "an object");
    return nullptr;
}

std::vector<std::string> Fields::texts(std::string_view key) {
    const json::Value* value = find(key);
    if (value == nullptr) return {};
    if (value->is_string()) return {std::string(value->get_string())};
    std::vector<std::string> read;
    if (value->is_array()) {
        for (const json::Value& element : value->get_array()) {
            if (!element.is_string()) break;
            read.emplace_back(element.get_string());
        }
        if (read.size() == value->get_array().size()) return read;
    }
    wrong_type(key, "a string or an array of strings");
    return {};
}

const json::Object* object_in(const json::Array& list, std::size_t index, const std::string& where,
                              std::optional<ApiError>& failure) {
    if (const json::Object* object = list[index].if_object()) return object;
    if (!failure) {
        failure = ApiError{400, "invalid_type", fmt::format("{}[{}] must be an object", where, index),
                           fmt::format("{}[{}]", where, index)};
    }
    return nullptr;
}

Decoded<json::Object> parse_body(std::string_view bytes) {
    auto value = json::parse(bytes);
    if (!value) return std::unexpected(ApiError{400, "invalid_json", "the body is no JSON: " + value.error().message});
    if (!value->is_object()) return std::unexpected(ApiError{400, "invalid_json", "the body must be a JSON object"});
    return std::move(value->get_object());
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const std::size_t left = bytes.size() - at;
        const auto byte = [&](std::size_t i) {
            return i < left ? static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) : 0U;
        };
        const std::uint32_t group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (std::size_t digit = 0; digit < 4; ++digit)
            out += digit <= left ? kDigits[group >> (18 - 6 * digit) & 63U] : '=';
    }
    return out;
}

}  // namespace ec::apps::openai
