#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "decode.hpp"
#include "requests.hpp"

namespace ec::apps::openai {

bool read_sampling(Fields& body, model::Sampling& sampling) {
    if (const auto temperature = body.number("temperature", 0, 2)) sampling.temperature = *temperature;
    if (const auto top_p = body.number("top_p", 0, 1)) sampling.top_p = *top_p;
    sampling.stop = body.texts("stop");
    std::erase(sampling.stop, "");
    if (sampling.stop.size() > kMostStops)
        body.reject("stop", "invalid_value", fmt::format("stop may name {} texts at most", kMostStops));
    constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
    const auto seed = body.integer("seed", kLeast, std::numeric_limits<std::int64_t>::max());
    // llama.cpp's clients say -1 for "any".
    if (seed && *seed != -1) sampling.seed = static_cast<std::uint64_t>(*seed);
    return seed && *seed != -1;
}

void read_max_tokens(Fields& body, std::initializer_list<std::string_view> keys, model::Sampling& sampling) {
    for (const std::string_view key : keys) {
        const auto most = body.integer(key, -2, kMostTokens);
        if (!most) continue;
        if (*most == 0) body.reject(key, "invalid_value", fmt::format("{} must be at least 1", body.path(key)));
        if (*most > 0) sampling.max_tokens = static_cast<int>(*most);
        return;
    }
}

std::string read_content(Fields& owner, std::string_view key) {
    const json::Value* value = owner.find(key);
    if (value == nullptr || !value->is_array()) return owner.text(key);
    std::string text;
    const std::string where = owner.path(key);
    for (std::size_t i = 0; i < value->get_array().size(); ++i) {
        const json::Object* object = object_in(value->get_array(), i, where, owner.failure());
        if (object == nullptr) return text;
        Fields part(*object, fmt::format("{}[{}]", where, i), owner.failure());
        const std::string type = part.text("type");
        if (type == "refusal") {
            text += part.text("refusal");
        } else if (type == "text" || type == "input_text" || type == "output_text" || type == "summary_text") {
            text += part.text("text");
        } else {
            part.reject("type", "unsupported_content",
                        fmt::format("{} is \"{}\": only text can be read here", part.path("type"), type));
        }
    }
    return text;
}

void read_function(Fields& function, std::vector<model::ToolSpec>& tools) {
    constexpr std::size_t kLongestName = 128;
    model::ToolSpec tool;
    tool.name = function.required_text("name");
    tool.description = function.text("description");
    const json::Object* parameters = function.object("parameters");
    tool.parameters = parameters != nullptr ? json::write(*parameters) : R"({"type":"object","properties":{}})";
    const bool known =
        std::ranges::any_of(tools, [&](const model::ToolSpec& other) { return other.name == tool.name; });
    if (known || tool.name.size() > kLongestName || tools.size() == kMostTools)
        function.reject("name", "invalid_value", "names of tools must be unique, and not too long or too many");
    tools.push_back(std::move(tool));
}

json::Object read_arguments(Fields& function, std::string_view key) {
    const json::Value* value = function.find(key);
    if (value != nullptr && value->is_object()) return value->get_object();
    const std::string text = function.text(key);
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) return {};
    auto parsed = json::parse(text);
    if (parsed && parsed->is_object()) return std::move(parsed->get_object());
    function.reject(key, "invalid_value", fmt::format("{} must be a JSON object in a string", function.path(key)));
    return {};
}

void read_tool_choice(Fields& body, bool nested, model::ChatRequest& request) {
    const json::Value* value = body.find("tool_choice");
    if (value == nullptr) return;
    std::string named;
    if (const json::Object* object = value->if_object()) {
        Fields choice(*object, body.path("tool_choice"), body.failure());
        const std::string type = choice.text("type");
        if (type == "allowed_tools") named = choice.text("mode", "auto");
        if (type == "function" && !nested) request.must_call = choice.required_text("name");
        if (type == "function" && nested) {
            const json::Object* function = choice.object("function");
            if (function == nullptr)
                choice.reject("function", "missing_required_parameter", "tool_choice.function must be an object");
            else
                request.must_call = Fields(*function, choice.path("function"), body.failure()).required_text("name");
        }
        if (!request.must_call.empty()) named = "required";
    } else {
        named = body.text("tool_choice");
        if (!named.empty() && named != "auto" && named != "none" && named != "required")
            body.reject("tool_choice", "invalid_value", "tool_choice is none, auto, required, or names a function");
    }
    if (named == "none") request.tool_choice = model::ToolChoice::none;
    if (named != "required") return;
    request.tool_choice = model::ToolChoice::required;
    const auto is_it = [&](const model::ToolSpec& tool) { return tool.name == request.must_call; };
    if (request.tools.empty() || (!request.must_call.empty() && std::ranges::none_of(request.tools, is_it)))
        body.reject("tool_choice", "invalid_value", "tool_choice asks for a tool that is not among the tools");
}

void read_format(Fields& format, bool nested, std::string& schema) {
    const std::string type = format.text("type", "text");
    if (type == "json_object") schema = R"({"type":"object"})";
    if (type != "json_schema") {
        if (type != "text" && type != "json_object")
            format.reject("type", "invalid_value", "the format is text, json_object or json_schema");
        return;
    }
    const auto take = [&](Fields& holder) {
        const json::Object* object = holder.object("schema");
        if (object == nullptr)
            holder.reject("schema", "missing_required_parameter", holder.path("schema") + " must be an object");
        else
            schema = json::write(*object);
    };
    if (!nested) return take(format);
    const json::Object* holder = format.object("json_schema");
    if (holder == nullptr) {
        format.reject("json_schema", "missing_required_parameter", format.path("json_schema") + " must be an object");
        return;
    }
    Fields inner(*holder, format.path("json_schema"), format.failure());
    take(inner);
}

std::map<std::string, std::string> read_metadata(Fields& body) {
    constexpr std::size_t kMost = 16;
    constexpr std::size_t kLongest = 4096;  // paths of workspaces may be long
    std::map<std::string, std::string> metadata;
    const json::Object* object = body.object("metadata");
    if (object == nullptr) return metadata;
    if (object->size() > kMost) body.reject("metadata", "invalid_value", "metadata may have 16 entries");
    for (const auto& [key, value] : *object) {
        if (!value.is_string() || value.get_string().size() > kLongest) {
            body.reject("metadata", "invalid_type", "the values of metadata are strings that are not too long");
            return metadata;
        }
        metadata.emplace(std::string(key), std::string(value.get_string()));
    }
    return metadata;
}

void settle_conversation(std::vector<model::Message>& messages, std::string_view where,
                         std::optional<ApiError>& failure) {
    const auto refuse = [&](std::string code, std::string message) {
        if (!failure) failure = ApiError{400, std::move(code), std::move(message), std::string(where)};
    };
    std::set<std::string> calls;
    for (const model::Message& message : messages) {
        std::set<std::string> here;
        for (const model::ToolCall& call : message.calls) {
            if (!here.insert(call.id).second)
                refuse("invalid_value", fmt::format("two calls of one message have the id {}", call.id));
        }
        calls.merge(here);
        if (message.role == model::Role::tool && !calls.contains(message.call_id)) {
            refuse("invalid_value",
                   fmt::format("a tool's result names the call {}, which no message before it made", message.call_id));
        }
    }
    // Many templates know one system message only, at the front.
    const auto is_system = [](const model::Message& message) { return message.role == model::Role::system; };
    const auto end = std::ranges::find_if_not(messages, is_system);
    for (auto at = messages.begin(); at != end; ++at) {
        if (at == messages.begin()) continue;
        if (!messages.front().text.empty() && !at->text.empty()) messages.front().text += "\n\n";
        messages.front().text += at->text;
    }
    if (end - messages.begin() > 1) messages.erase(messages.begin() + 1, end);
    if (messages.empty()) refuse("missing_required_parameter", fmt::format("{} must not be empty", where));
}

namespace {

void read_calls(Fields& message, std::vector<model::ToolCall>& calls) {
    const json::Array* list = message.list("tool_calls");
    if (list == nullptr) return;
    const std::string where = message.path("tool_calls");
    for (std::size_t i = 0; i < list->size(); ++i) {
        const json::Object* object = object_in(*list, i, where, message.failure());
        if (object == nullptr) return;
        Fields entry(*object, fmt::format("{}[{}]", where, i), message.failure());
        model::ToolCall call{.id = entry.required_text("id"), .name = {}, .arguments = {}};
        const bool custom = entry.text("type") == "custom";
        const json::Object* inner = entry.object(custom ? "custom" : "function");
        if (inner == nullptr) {
            entry.reject("function", "missing_required_parameter", entry.path("function") + " must be an object");
            return;
        }
        Fields function(*inner, entry.path(custom ? "custom" : "function"), message.failure());
        call.name = function.required_text("name");
        if (custom)
            call.arguments["input"] = function.text("input");
        else
            call.arguments = read_arguments(function, "arguments");
        calls.push_back(std::move(call));
    }
}

model::Message read_message(Fields& fields) {
    model::Message message;
    const std::string role = fields.text("role");
    if (role == "system" || role == "developer")
        message.role = model::Role::system;
    else if (role == "assistant")
        message.role = model::Role::assistant;
    else if (role == "tool")
        message.role = model::Role::tool;
    else if (role != "user")
        fields.reject("role", "invalid_value",
                      fmt::format("{} is system, developer, user, assistant or tool", fields.path("role")));
    message.text = read_content(fields, "content");
    if (message.role == model::Role::assistant) read_calls(fields, message.calls);
    if (message.role == model::Role::tool) message.call_id = fields.required_text("tool_call_id");
    return message;
}

void read_messages(Fields& body, std::vector<model::Message>& messages) {
    const json::Array* list = body.list("messages");
    if (list == nullptr || list->size() > kMostTurns) {
        body.reject("messages", "missing_required_parameter", "messages must be an array that is not too long");
        return;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        const json::Object* object = object_in(*list, i, "messages", body.failure());
        if (object == nullptr) return;
        Fields fields(*object, fmt::format("messages[{}]", i), body.failure());
        messages.push_back(read_message(fields));
    }
    settle_conversation(messages, "messages", body.failure());
}

void read_tools(Fields& body, std::vector<model::ToolSpec>& tools) {
    const json::Array* list = body.list("tools");
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
        const json::Object* object = object_in(*list, i, "tools", body.failure());
        if (object == nullptr) return;
        Fields tool(*object, fmt::format("tools[{}]", i), body.failure());
        if (tool.text("type") != "function") continue;
        const json::Object* inner = tool.object("function");
        if (inner == nullptr) {
            tool.reject("function", "missing_required_parameter", tool.path("function") + " must be an object");
            return;
        }
        Fields function(*inner, tool.path("function"), body.failure());
        read_function(function, tools);
    }
}

}  // namespace

Decoded<ChatAsk> decode_chat(std::string_view bytes) {
    return decode_body<ChatAsk>(bytes, [](Fields& body, ChatAsk& ask) {
        ask.stream = body.flag("stream");
        read_messages(body, ask.request.messages);
        read_tools(body, ask.request.tools);
        read_tool_choice(body, true, ask.request);
        if (const json::Object* format = body.object("response_format")) {
            Fields fields(*format, "response_format", body.failure());
            read_format(fields, true, ask.request.response_schema);
        }
        read_max_tokens(body, {"max_completion_tokens", "max_tokens"}, ask.request.sampling);
        ask.seeded = read_sampling(body, ask.request.sampling);
        if (body.integer("n", 1, 128).value_or(1) != 1) body.reject("n", "unsupported_value", "n must be 1 here");
        if (const json::Object* options = body.object("stream_options"))
            ask.include_usage = Fields(*options, "stream_options", body.failure()).flag("include_usage");
        ask.metadata = read_metadata(body);
    });
}

}  // namespace ec::apps::openai
