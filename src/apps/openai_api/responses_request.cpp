#include <fmt/format.h>

#include "decode.hpp"
#include "requests.hpp"

namespace ec::apps::openai {
namespace {

using model::Message;
using model::Role;

/// Calls belong to the assistant's message before them.
Message& assistant_at_the_end(std::vector<Message>& messages) {
    if (messages.empty() || messages.back().role != Role::assistant)
        messages.push_back(Message{.role = Role::assistant, .text = {}, .calls = {}, .call_id = {}});
    return messages.back();
}

void read_message_item(Fields& item, std::vector<Message>& messages) {
    const std::string role = item.text("role");
    Message message;
    if (role == "system" || role == "developer")
        message.role = Role::system;
    else if (role == "assistant")
        message.role = Role::assistant;
    else if (role != "user")
        item.reject("role", "invalid_value",
                    fmt::format("{} is user, assistant, system or developer", item.path("role")));
    message.text = read_content(item, "content");
    messages.push_back(std::move(message));
}

void read_item(Fields& item, std::vector<Message>& messages) {
    const std::string type = item.text("type", "message");
    if (type == "message") return read_message_item(item, messages);
    if (type == "function_call" || type == "custom_tool_call") {
        model::ToolCall call{.id = item.required_text("call_id"), .name = item.required_text("name"), .arguments = {}};
        if (type == "function_call")
            call.arguments = read_arguments(item, "arguments");
        else
            call.arguments["input"] = item.text("input");
        assistant_at_the_end(messages).calls.push_back(std::move(call));
        return;
    }
    if (type == "function_call_output" || type == "custom_tool_call_output") {
        messages.push_back(Message{.role = Role::tool,
                                   .text = read_content(item, "output"),
                                   .calls = {},
                                   .call_id = item.required_text("call_id")});
        return;
    }
    if (type == "item_reference")
        item.reject("type", "unsupported_value", "items are not stored here: send them in full");
    // Reasoning of earlier turns and calls of tools that a provider runs itself: nothing that the model here needs.
}

void read_input(Fields& body, std::vector<Message>& messages) {
    if (const std::string instructions = body.text("instructions"); !instructions.empty())
        messages.push_back(Message{.role = Role::system, .text = instructions, .calls = {}, .call_id = {}});
    const std::size_t before = messages.size();
    const json::Value* input = body.find("input");
    if (input != nullptr && input->is_string()) {
        messages.push_back(
            Message{.role = Role::user, .text = std::string(input->get_string()), .calls = {}, .call_id = {}});
    } else if (const json::Array* list = body.list("input"); list != nullptr && list->size() <= kMostTurns) {
        for (std::size_t i = 0; i < list->size(); ++i) {
            const json::Object* object = object_in(*list, i, "input", body.failure());
            if (object == nullptr) return;
            Fields item(*object, fmt::format("input[{}]", i), body.failure());
            read_item(item, messages);
        }
    }
    if (messages.size() == before)
        body.reject("input", "missing_required_parameter", "input must be a string or an array of items");
    settle_conversation(messages, "input", body.failure());
}

// The functions of the request, also as an array for the answer.
json::Array read_tools(Fields& body, std::vector<model::ToolSpec>& tools) {
    json::Array kept;
    const json::Array* list = body.list("tools");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::Object* object = object_in(*list, i, "tools", body.failure());
        if (object == nullptr) return kept;
        Fields tool(*object, fmt::format("tools[{}]", i), body.failure());
        if (tool.text("type") != "function") continue;
        read_function(tool, tools);
        kept.emplace_back(*object);
    }
    return kept;
}

void refuse_what_needs_a_store(Fields& body) {
    if (!body.text("previous_response_id").empty())
        body.reject("previous_response_id", "previous_response_not_found",
                    "responses are not stored here: send the conversation as input");
    for (const std::string_view key : {"conversation", "prompt"}) {
        if (body.find(key) != nullptr)
            body.reject(key, "unsupported_parameter", fmt::format("{} is not stored here", key));
    }
    if (body.flag("background")) body.reject("background", "unsupported_parameter", "there is no background here");
}

json::Value or_null(const json::Value* value) { return value == nullptr ? json::Value() : *value; }

json::Object echo_of(const Fields& body, json::Array tools) {
    json::Object echo;
    for (const std::string_view key : {"instructions", "max_output_tokens", "temperature", "top_p"})
        echo[key] = or_null(body.find(key));
    for (const auto& [key, fallback] : {std::pair<std::string_view, json::Value>{"parallel_tool_calls", true},
                                        {"tool_choice", "auto"},
                                        {"text", json::Object{{"format", json::Object{{"type", "text"}}}}},
                                        {"reasoning", json::Object{{"effort", nullptr}, {"summary", nullptr}}},
                                        {"metadata", json::Object{}}}) {
        const json::Value* value = body.find(key);
        echo[key] = value == nullptr ? fallback : *value;
    }
    echo["tools"] = std::move(tools);
    return echo;
}

}  // namespace

Decoded<ChatAsk> decode_responses(std::string_view bytes) {
    return decode_body<ChatAsk>(bytes, [](Fields& body, ChatAsk& ask) {
        ask.stream = body.flag("stream");
        refuse_what_needs_a_store(body);
        read_input(body, ask.request.messages);
        json::Array tools = read_tools(body, ask.request.tools);
        read_tool_choice(body, false, ask.request);
        if (const json::Object* text = body.object("text")) {
            Fields fields(*text, "text", body.failure());
            if (const json::Object* format = fields.object("format")) {
                Fields inner(*format, "text.format", body.failure());
                read_format(inner, false, ask.request.response_schema);
            }
        }
        read_max_tokens(body, {"max_output_tokens"}, ask.request.sampling);
        ask.seeded = read_sampling(body, ask.request.sampling);
        body.flag("parallel_tool_calls");
        body.object("reasoning");
        ask.metadata = read_metadata(body);
        ask.echo = echo_of(body, std::move(tools));
    });
}

}  // namespace ec::apps::openai
