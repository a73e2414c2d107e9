#include "answer_schema.hpp"

#include <fmt/format.h>
#include <json-schema-to-grammar.h>

#include <algorithm>
#include <array>
#include <ec/json/json.hpp>
#include <exception>

namespace ec::model::embedded {
namespace {

constexpr std::size_t kLargestSchema = 64U << 10;
constexpr std::size_t kLargestGrammar = 1U << 20;
constexpr int kDeepest = 32;
constexpr int kMostValues = 4000;
constexpr double kMostRepetitions = 1000;
constexpr std::size_t kLongestPattern = 256;

std::unexpected<Error> refused(std::string why) {
    return fail(ErrorCode::invalid_argument, "the schema of the answer is not taken: " + std::move(why));
}

bool repeats(std::string_view pattern, std::size_t at) {
    return at < pattern.size() && std::string_view("*+{").contains(pattern[at]);
}

Status check_counts(std::string_view pattern) {
    bool counting = false;
    double number = 0;
    for (const char c : pattern) {
        if (c == '{' || c == '}') counting = c == '{';
        const bool digit = c >= '0' && c <= '9';
        number = counting && digit ? number * 10 + (c - '0') : 0;
        if (number > kMostRepetitions) return refused("a pattern repeats too often");
    }
    return {};
}

// A repetition in a repetition, or of nothing, has no end to its ways of matching.
Status check_pattern(std::string_view pattern) {
    if (pattern.size() > kLongestPattern) return refused("a pattern is too long");
    std::vector<bool> group_repeats;  // for each open group, whether something in it does
    bool in_set = false;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        const char c = pattern[i];
        if (c == '\\') {
            ++i;
        } else if (in_set) {
            in_set = c != ']';
        } else if (c == '[') {
            in_set = true;
        } else if (c == '(') {
            group_repeats.push_back(false);
            if (i + 1 < pattern.size() && (pattern[i + 1] == ')' || pattern[i + 1] == '|')) {
                return refused("a pattern has an empty group");
            }
        } else if (c == '|' && i + 1 < pattern.size() && (pattern[i + 1] == ')' || pattern[i + 1] == '|')) {
            return refused("a pattern has an empty alternative");
        } else if (c == ')' && !group_repeats.empty()) {
            const bool inner = group_repeats.back();
            group_repeats.pop_back();
            const bool outer = repeats(pattern, i + 1);
            if (inner && outer) return refused("a pattern repeats what repeats");
            // What may be left out is as good as what repeats: repeated again it matches nothing in many ways.
            const bool optional = i + 1 < pattern.size() && pattern[i + 1] == '?';
            if (!group_repeats.empty() && (inner || outer || optional)) group_repeats.back() = true;
        } else if ((repeats(pattern, i) || c == '?') && !group_repeats.empty()) {
            group_repeats.back() = true;
        }
    }
    return check_counts(pattern);
}

class SchemaCheck {
public:
    explicit SchemaCheck(const json::Value& root) : root_(root) {}

    Status check(const json::Value& value, int depth) {
        if (depth > kDeepest) return refused("it is nested too deeply");
        if (++values_ > kMostValues) return refused("it has too many parts");
        if (const json::Array* array = value.if_array()) {
            for (const json::Value& element : *array) EC_TRY(check(element, depth + 1));
        }
        const json::Object* object = value.if_object();
        if (object == nullptr) return {};
        EC_TRY(check_words(*object));
        for (const auto& field : *object) EC_TRY(check(field.value(), depth + 1));
        return {};
    }

private:
    // A property may have one of these names, too; its schema is an object, which none of them takes.
    Status check_words(const json::Object& object) {
        constexpr std::array kCounts{"minLength", "maxLength",     "minItems",
                                     "maxItems",  "minProperties", "maxProperties"};
        for (const char* key : kCounts) {
            const json::Value* count = object.if_contains(key);
            if (count == nullptr || !count->is_number()) continue;
            const double number = count->to_number<double>();
            if (!(number >= 0 && number <= kMostRepetitions)) {
                return refused(fmt::format("{} must be between 0 and {}", key, kMostRepetitions));
            }
        }
        if (const json::Value* pattern = object.if_contains("pattern"); pattern != nullptr && pattern->is_string()) {
            EC_TRY(check_pattern(std::string_view(pattern->get_string())));
        }
        if (const json::Value* ref = object.if_contains("$ref"); ref != nullptr && ref->is_string()) {
            if (!std::string_view(ref->get_string()).starts_with('#')) return refused("it refers to another document");
        }
        const json::Value* all = object.if_contains("allOf");
        if (all == nullptr || !all->is_array()) return {};
        // Their contents are put together anew at each place, so a chain of them doubles with each link.
        return std::ranges::any_of(all->get_array(), [&](const json::Value& part) { return refers_on(part); })
                   ? Status(refused("it puts together what it refers to, over several steps"))
                   : Status{};
    }

    [[nodiscard]] bool refers_on(const json::Value& part) const {
        const json::Object* object = part.if_object();
        const json::Value* ref = object == nullptr ? nullptr : object->if_contains("$ref");
        if (ref == nullptr || !ref->is_string()) return false;
        const json::Value* target = resolved(std::string_view(ref->get_string()).substr(1));
        const json::Object* found = target == nullptr ? nullptr : target->if_object();
        return found != nullptr && (found->contains("allOf") || found->contains("$ref"));
    }

    [[nodiscard]] const json::Value* resolved(std::string_view path) const {
        const json::Value* at = &root_;
        while (at != nullptr && !path.empty()) {
            if (path.front() == '/') path.remove_prefix(1);
            const std::string_view key = path.substr(0, path.find('/'));
            path.remove_prefix(key.size());
            const json::Object* object = at->if_object();
            at = object == nullptr ? nullptr : object->if_contains(key);
        }
        return at;
    }

    const json::Value& root_;
    int values_ = 0;
};

}  // namespace

Status check_schema(std::string_view schema) {
    if (schema.size() > kLargestSchema) return refused("it is larger than 64 KiB");
    const auto value = json::parse(schema);
    if (!value) return refused("it is no JSON: " + value.error().message);
    if (!value->is_object() && *value != json::Value(true)) return refused("it must be an object");
    return SchemaCheck(*value).check(*value, 0);
}

Result<std::string> schema_grammar(std::string_view schema) {
    EC_TRY(check_schema(schema));
    try {
        const bool anything = schema.find('{') == std::string_view::npos;  // "true"
        std::string grammar = json_schema_to_grammar(common_json::parse(anything ? "{}" : std::string(schema)));
        if (grammar.size() > kLargestGrammar) return refused("it makes too large a grammar");
        return grammar;
    } catch (const std::exception& error) {
        return refused(error.what());
    }
}

Result<std::string> call_grammar(const std::vector<ToolSpec>& tools) {
    json::Array calls;
    for (const ToolSpec& tool : tools) {
        // What refers to its own root cannot stand inside another schema.
        const auto parameters = json::parse(tool.parameters.empty() ? "{}" : tool.parameters);
        const bool plain = parameters && parameters->is_object() && !tool.parameters.contains("\"$ref\"");
        const json::Value arguments = plain ? *parameters : json::Value(json::Object{{"type", "object"}});
        calls.emplace_back(json::Object{
            {"type", "object"},
            {"properties", json::Object{{"name", json::Object{{"const", tool.name}}}, {"arguments", arguments}}},
            {"required", json::Array{"name", "arguments"}},
            {"additionalProperties", false}});
    }
    return schema_grammar(json::write(json::Value(json::Object{{"anyOf", std::move(calls)}})));
}

}  // namespace ec::model::embedded
