#include "step_text.hpp"

#include <ec/core/fs.hpp>
#include <optional>

namespace ec::agent {
namespace {

std::optional<model::Role> role_of(std::string_view text) {
    for (const model::Role role : {model::Role::system, model::Role::user, model::Role::assistant, model::Role::tool}) {
        if (model::name(role) == text) return role;
    }
    return std::nullopt;
}

std::unexpected<Error> damaged() { return fail(ErrorCode::corrupt, "the checkpoint's conversation is damaged"); }

// Paths are any bytes: JSON would put U+FFFD for some.
std::string to_hex(std::string_view bytes) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4U];
        text += kDigits[static_cast<unsigned char>(c) & 15U];
    }
    return text;
}

std::optional<std::string> from_hex(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const std::size_t high = kDigits.find(text[i]);
        const std::size_t low = kDigits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace

// Arguments as text of their own: they may nest as deep as the reader of a whole document allows.
std::string write_message(const model::Message& message) {
    json::Array calls;
    for (const model::ToolCall& call : message.calls) {
        calls.emplace_back(
            json::Object{{"id", call.id}, {"name", call.name}, {"arguments", json::write(call.arguments)}});
    }
    return json::write(json::Object{{"role", model::name(message.role)},
                                    {"text", message.text},
                                    {"calls", std::move(calls)},
                                    {"call_id", message.call_id}});
}

Result<model::Message> read_message(std::string_view text) {
    EC_ASSIGN(const json::Value value, json::parse(text));
    json::Reader reader(value, "message");
    model::Message message;
    const auto role = role_of(reader.require("role").string("role"));
    if (!role) return damaged();
    message.role = *role;
    message.text = reader.require("text").string("text");
    message.call_id = reader.string("call_id");
    for (const json::Value& item : reader.array("calls")) {
        json::Reader fields(item, "call");
        model::ToolCall call;
        call.id = fields.string("id");
        call.name = fields.require("name").string("name");
        const auto arguments = json::parse(fields.require("arguments").string("arguments"));
        EC_TRY(fields.status());
        if (!arguments || !arguments->is_object()) return damaged();
        call.arguments = arguments->as_object();
        message.calls.push_back(std::move(call));
    }
    EC_TRY(reader.status());
    return message;
}

std::string write_applied(const std::vector<AppliedFiles>& applied) {
    json::Array all;
    for (const AppliedFiles& one : applied) {
        json::Array files;
        for (const std::string& file : one.files) files.emplace_back(to_hex(file));
        all.emplace_back(json::Object{{"name", one.name}, {"files", std::move(files)}});
    }
    return json::write(json::Object{{"applied", std::move(all)}});
}

Result<std::vector<AppliedFiles>> read_applied(std::string_view text) {
    EC_ASSIGN(const json::Value value, json::parse(text));
    json::Reader reader(value, "step");
    std::vector<AppliedFiles> applied;
    for (const json::Value& item : reader.array("applied")) {
        json::Reader fields(item, "applied");
        AppliedFiles one;
        one.name = fields.string("name");
        for (const std::string& file : fields.strings("files")) {
            auto path = from_hex(file);
            if (!path || !is_inside_relative(*path)) return damaged();
            one.files.push_back(*std::move(path));
        }
        EC_TRY(fields.status());
        applied.push_back(std::move(one));
    }
    EC_TRY(reader.status());
    return applied;
}

}  // namespace ec::agent
