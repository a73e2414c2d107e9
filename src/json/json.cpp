#include <fmt/format.h>

#include <boost/json/stream_parser.hpp>
#include <boost/system/error_code.hpp>
#include <charconv>
#include <cmath>
#include <ec/core/text.hpp>
#include <ec/json/json.hpp>

namespace ec::json {
namespace {

void write_string(std::string_view text, std::string& out) {
    std::string repaired;
    if (!is_valid_utf8(text)) {
        repaired = to_valid_utf8(text);
        text = repaired;
    }
    out += '"';
    for (const char c : text) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
                else
                    out += c;
        }
    }
    out += '"';
}

void write_double(double value, std::string& out) {
    if (!std::isfinite(value)) {
        out += "null";
        return;
    }
    char buffer[32];
    const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
    out.append(buffer, end);
}

void write_value(const Value& value, std::string& out) {
    switch (value.kind()) {
        case boost::json::kind::null:
            out += "null";
            break;
        case boost::json::kind::bool_:
            out += value.get_bool() ? "true" : "false";
            break;
        case boost::json::kind::int64:
            out += fmt::format("{}", value.get_int64());
            break;
        case boost::json::kind::uint64:
            out += fmt::format("{}", value.get_uint64());
            break;
        case boost::json::kind::double_:
            write_double(value.get_double(), out);
            break;
        case boost::json::kind::string:
            write_string(std::string_view(value.get_string()), out);
            break;
        case boost::json::kind::array: {
            out += '[';
            bool first = true;
            for (const Value& element : value.get_array()) {
                if (!std::exchange(first, false)) out += ',';
                write_value(element, out);
            }
            out += ']';
            break;
        }
        case boost::json::kind::object: {
            out += '{';
            bool first = true;
            for (const auto& [key, member] : value.get_object()) {
                if (!std::exchange(first, false)) out += ',';
                write_string(std::string_view(key), out);
                out += ':';
                write_value(member, out);
            }
            out += '}';
            break;
        }
    }
}

}  // namespace

Result<Value> parse(std::string_view text) {
    boost::system::error_code error;
    boost::json::parse_options options;
    options.max_depth = 32;
    boost::json::stream_parser parser({}, options);
    const std::size_t used = parser.write_some(text.data(), text.size(), error);
    if (!error && used < text.size() && !trim(text.substr(used)).empty()) error = boost::json::error::extra_data;
    if (!error) parser.finish(error);
    if (error) return fail(ErrorCode::corrupt, fmt::format("not valid JSON at byte {}: {}", used, error.message()));
    return parser.release();
}

std::string write(const Value& value) {
    std::string out;
    write_value(value, out);
    return out;
}

Reader::Reader(const Value& value, std::string where) : where_(std::move(where)) {
    object_ = value.if_object();
    if (object_ == nullptr) {
        status_ = fail(where_.empty() ? Error{ErrorCode::corrupt, "the document must be an object", {}}
                                      : Error{ErrorCode::corrupt, where_ + " must be an object", {}, {where_}});
    }
}

const Value* Reader::find(std::string_view key) const {
    return object_ == nullptr ? nullptr : object_->if_contains(key);
}

void Reader::reject(std::string_view key, std::string_view expected) {
    if (!status_) return;
    const std::string name = where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
    status_ = fail({ErrorCode::corrupt, fmt::format("{} must be {}", name, expected), {}, {name}});
}

std::string Reader::string(std::string_view key, std::string fallback) {
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (const auto* text = value->if_string()) return std::string(*text);
    reject(key, "a string");
    return fallback;
}

std::int64_t Reader::integer(std::string_view key, std::int64_t fallback) {
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (const auto* number = value->if_int64()) return *number;
    reject(key, "a whole number");
    return fallback;
}

double Reader::number(std::string_view key, double fallback) {
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (const auto* number = value->if_double()) return *number;
    if (const auto* number = value->if_int64()) return static_cast<double>(*number);
    if (const auto* number = value->if_uint64()) return static_cast<double>(*number);
    reject(key, "a number");
    return fallback;
}

bool Reader::boolean(std::string_view key, bool fallback) {
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return fallback;
    if (const auto* flag = value->if_bool()) return *flag;
    reject(key, "true or false");
    return fallback;
}

std::vector<std::string> Reader::strings(std::string_view key) {
    std::vector<std::string> out;
    for (const Value& element : array(key)) {
        if (const auto* text = element.if_string())
            out.emplace_back(*text);
        else
            reject(key, "an array of strings");
    }
    return out;
}

const Array& Reader::array(std::string_view key) {
    static const Array kEmpty;
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return kEmpty;
    if (const auto* elements = value->if_array()) return *elements;
    reject(key, "an array");
    return kEmpty;
}

const Object& Reader::object(std::string_view key) {
    static const Object kEmpty;
    const Value* value = find(key);
    if (value == nullptr || value->is_null()) return kEmpty;
    if (const auto* nested = value->if_object()) return *nested;
    reject(key, "an object");
    return kEmpty;
}

Reader& Reader::require(std::string_view key) {
    if (object_ != nullptr && find(key) == nullptr) reject(key, "present");
    return *this;
}

}  // namespace ec::json
