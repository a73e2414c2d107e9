#include "answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/instructions.hpp>
#include <ec/core/text.hpp>

#include "offered_tool.hpp"

namespace ec::apps::mcp {
namespace {

constexpr std::size_t kOutcomeBytes = 1U << 20;
constexpr std::size_t kMostParts = 256;
constexpr std::size_t kMostFields = 32;
constexpr std::size_t kMessageBytes = 2000;
constexpr std::size_t kFieldBytes = 300;

std::string text_at(const json::Object& object, std::string_view key) {
    const json::Value* value = object.if_contains(key);
    const auto* text = value == nullptr ? nullptr : value->if_string();
    return text == nullptr ? std::string() : std::string(text->data(), text->size());
}

std::string embedded(const json::Object& part) {
    const json::Value* value = part.if_contains("resource");
    const json::Object* resource = value == nullptr ? nullptr : value->if_object();
    if (resource == nullptr) return "[a resource]";
    const std::string uri = tame(text_at(*resource, "uri"), kFieldBytes);
    if (resource->contains("text")) return fmt::format("[{}]\n{}", uri, agent::plain_text(text_at(*resource, "text")));
    return fmt::format("[{}, {}: not shown]", uri, tame(text_at(*resource, "mimeType"), kFieldBytes));
}

std::string text_of(const json::Object& part) {
    const std::string type = text_at(part, "type");
    if (type == "text") return agent::plain_text(text_at(part, "text"));
    if (type == "resource") return embedded(part);
    if (type == "resource_link") return fmt::format("[see {}]", tame(text_at(part, "uri"), kFieldBytes));
    return fmt::format("[{}, {}: not shown]", tame(type, kFieldBytes), tame(text_at(part, "mimeType"), kFieldBytes));
}

bool fits(const json::Value& value, std::string_view type) {
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "integer") return value.is_int64();
    if (type == "number") return value.is_number();
    const auto* array = value.if_array();
    return type == "array" && array != nullptr &&
           std::ranges::all_of(*array, [](const json::Value& element) { return element.is_string(); });
}

}  // namespace

Result<CallOutcome> decode_outcome(const json::Value& result) {
    const json::Object* object = result.if_object();
    const json::Value* content = object == nullptr ? nullptr : object->if_contains("content");
    if (object == nullptr || (content != nullptr && !content->is_array()))
        return fail(ErrorCode::corrupt, "the server's result is none");
    CallOutcome outcome;
    if (const json::Value* failed = object->if_contains("isError"); failed != nullptr && failed->is_bool())
        outcome.ok = !failed->get_bool();
    if (const json::Value* structured = object->if_contains("structuredContent")) outcome.structured = *structured;
    std::size_t parts = 0;
    if (content != nullptr) {
        for (const json::Value& part : content->get_array()) {
            if (!part.is_object()) return fail(ErrorCode::corrupt, "the server's result is none");
            if (++parts > kMostParts || outcome.text.size() > kOutcomeBytes) break;
            if (!outcome.text.empty()) outcome.text += '\n';
            outcome.text += text_of(part.get_object());
        }
    }
    if (parts == 0 && !outcome.structured.is_null()) outcome.text = agent::plain_text(json::write(outcome.structured));
    outcome.text = ellipsize(outcome.text, kOutcomeBytes);
    return outcome;
}

bool Elicitation::answered_by_defaults() const {
    return std::ranges::all_of(fields,
                               [&](const Field& field) { return !field.required || defaults.contains(field.name); });
}

std::string Elicitation::text() const {
    std::string out = message;
    for (const Field& field : fields) {
        out += fmt::format("\n{} ({}{}){}{}", field.name, field.type, field.required ? ", required" : "",
                           field.description.empty() ? "" : ": ", field.description);
        if (const json::Value* value = defaults.if_contains(field.name))
            out += fmt::format(" [{}]", tame(visible_json(*value), kFieldBytes));
    }
    return out;
}

Result<Elicitation> decode_elicitation(const json::Object& params) {
    if (const std::string mode = text_at(params, "mode"); !mode.empty() && mode != "form")
        return fail(ErrorCode::invalid_argument, "only forms can be asked here");
    Elicitation question;
    question.message = tame(text_at(params, "message"), kMessageBytes);
    const json::Value* schema = params.if_contains("requestedSchema");
    const json::Value* properties =
        schema != nullptr && schema->is_object() ? schema->get_object().if_contains("properties") : nullptr;
    if (properties == nullptr || !properties->is_object())
        return fail(ErrorCode::invalid_argument, "the form has no fields");
    if (properties->get_object().size() > kMostFields)
        return fail(ErrorCode::invalid_argument, "the form has too many fields");
    std::vector<std::string> required;
    if (const json::Value* names = schema->get_object().if_contains("required");
        names != nullptr && names->is_array()) {
        for (const json::Value& name : names->get_array()) {
            if (name.is_string()) required.emplace_back(name.get_string());
        }
    }
    for (const auto& [key, value] : properties->get_object()) {
        const json::Object* described = value.if_object();
        const std::string name(key.data(), key.size());
        if (described == nullptr || agent::plain_text(name) != name)
            return fail(ErrorCode::invalid_argument, "the form has a field that is none");
        Elicitation::Field field{name, text_at(*described, "type"),
                                 tame(text_at(*described, "description"), kFieldBytes),
                                 std::ranges::find(required, name) != required.end()};
        static constexpr std::string_view kTypes[] = {"string", "number", "integer", "boolean", "array"};
        if (std::ranges::find(kTypes, field.type) == std::end(kTypes))
            return fail(ErrorCode::invalid_argument, "the form has a field of no known type");
        if (const json::Value* given = described->if_contains("default"); given != nullptr && fits(*given, field.type))
            question.defaults[name] = *given;
        question.fields.push_back(std::move(field));
    }
    return question;
}

json::Object encode(const ElicitationAnswer& answer) {
    if (answer.action == ElicitationAnswer::Action::decline) return {{"action", "decline"}};
    return {{"action", "accept"}, {"content", answer.content}};
}

Result<json::Object> fill_in(const Elicitation& question, std::string_view text) {
    EC_ASSIGN(const json::Value value, json::parse(text));
    const json::Object* given = value.if_object();
    if (given == nullptr) return fail(ErrorCode::invalid_argument, "an answer is a JSON object of the fields");
    json::Object content = question.defaults;
    for (const auto& [key, element] : *given) {
        const std::string name(key.data(), key.size());
        const auto field = std::ranges::find(question.fields, name, &Elicitation::Field::name);
        if (field == question.fields.end())
            return fail(ErrorCode::invalid_argument, fmt::format("there is no field {}", name));
        if (!fits(element, field->type))
            return fail(ErrorCode::invalid_argument, fmt::format("{} must be of type {}", name, field->type));
        content[name] = element;
    }
    for (const Elicitation::Field& field : question.fields) {
        if (field.required && !content.contains(field.name))
            return fail(ErrorCode::invalid_argument, fmt::format("{} must be answered", field.name));
    }
    return content;
}

}  // namespace ec::apps::mcp
