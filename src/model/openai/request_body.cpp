#include "openai/request_body.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <utility>

namespace ec::model {
namespace {

constexpr std::string_view kAnyJson = "{}";
constexpr std::string_view kNoParameters = R"({"type":"object","properties":{}})";

std::string quoted(std::string_view text) { return json::write(json::Value(text)); }

std::string number(double value) { return json::write(json::Value(value)); }

std::string comma_joined(std::string_view open, const std::vector<std::string>& parts, std::string_view close) {
    return fmt::format("{}{}{}", open, join(parts, ","), close);
}

std::string stop_texts(const Sampling& sampling) {
    std::vector<std::string> texts;
    for (const std::string& text : sampling.stop) texts.push_back(quoted(text));
    return comma_joined("[", texts, "]");
}

// Schemas go out byte for byte, so this is put together as text.
std::string tools_text(const std::vector<ToolSpec>& tools) {
    std::vector<std::string> parts;
    for (const ToolSpec& tool : tools) {
        parts.push_back(fmt::format(
            R"({{"type":"function","function":{{"name":{},"description":{},"parameters":{}}}}})", quoted(tool.name),
            quoted(tool.description), tool.parameters.empty() ? kNoParameters : tool.parameters));
    }
    return comma_joined("[", parts, "]");
}

// https://platform.openai.com/docs/api-reference/chat/create#chat-create-tool_choice; "auto" is what servers do
// unasked.
std::string choice_text(const ChatRequest& request) {
    if (request.tools.empty() || request.tool_choice == ToolChoice::automatic) return {};
    if (request.tool_choice == ToolChoice::none) return R"(,"tool_choice":"none")";
    if (request.must_call.empty()) return R"(,"tool_choice":"required")";
    return fmt::format(R"(,"tool_choice":{{"type":"function","function":{{"name":{}}}}})", quoted(request.must_call));
}

// https://platform.openai.com/docs/guides/structured-outputs
std::string format_text(const ChatRequest& request) {
    if (request.response_schema.empty()) return {};
    if (trim(request.response_schema) == kAnyJson) return R"(,"response_format":{"type":"json_object"})";
    return fmt::format(
        R"(,"response_format":{{"type":"json_schema","json_schema":{{"name":"answer","strict":true,"schema":{}}}}})",
        request.response_schema);
}

// Where a server knows no tool_choice.
ChatRequest with_choice_in_words(ChatRequest request) {
    if (request.tool_choice == ToolChoice::none) request.tools.clear();
    if (request.tool_choice == ToolChoice::required && !request.tools.empty()) {
        std::string demand = request.must_call.empty()
                                 ? "Answer with a call of one of the tools and nothing else."
                                 : fmt::format("Answer with a call of {} and nothing else.", request.must_call);
        if (!request.messages.empty() && request.messages.back().role == Role::user) {
            request.messages.back().text += "\n\n" + demand;
        } else {
            request.messages.push_back({Role::user, std::move(demand), {}, {}});
        }
    }
    request.tool_choice = ToolChoice::automatic;
    return request;
}

json::Object call_head(const ToolCall& call) {
    json::Object function;
    function["name"] = call.name;
    return function;
}

json::Object openai_message(const Message& message) {
    json::Object out;
    out["role"] = name(message.role);
    out["content"] = message.text;
    if (message.role == Role::tool) out["tool_call_id"] = message.call_id;
    if (message.calls.empty()) return out;
    if (message.text.empty()) out["content"] = nullptr;
    json::Array calls;
    for (const ToolCall& call : message.calls) {
        json::Object function = call_head(call);
        function["arguments"] = json::write(json::Value(call.arguments));
        json::Object one;
        one["id"] = call.id;
        one["type"] = "function";
        one["function"] = std::move(function);
        calls.push_back(std::move(one));
    }
    out["tool_calls"] = std::move(calls);
    return out;
}

// Ollama ties an answer to its call by the tool's name.
std::string called_name(const ChatRequest& request, const std::string& id) {
    for (const Message& message : request.messages) {
        for (const ToolCall& call : message.calls) {
            if (call.id == id) return call.name;
        }
    }
    return {};
}

json::Object ollama_message(const ChatRequest& request, const Message& message) {
    json::Object out;
    out["role"] = name(message.role);
    out["content"] = message.text;
    if (message.role == Role::tool) out["tool_name"] = called_name(request, message.call_id);
    if (message.calls.empty()) return out;
    json::Array calls;
    for (const ToolCall& call : message.calls) {
        json::Object function = call_head(call);
        function["arguments"] = call.arguments;
        json::Object one;
        one["function"] = std::move(function);
        calls.push_back(std::move(one));
    }
    out["tool_calls"] = std::move(calls);
    return out;
}

std::string ollama_options(const Sampling& sampling, std::int64_t num_ctx) {
    std::string options = fmt::format(
        R"("options":{{"num_ctx":{},"num_predict":{},"temperature":{},"top_p":{},"seed":{})", num_ctx,
        sampling.max_tokens, number(sampling.temperature), number(sampling.top_p), sampling.seed & 0x7fffffffU);
    if (!sampling.stop.empty()) options += R"(,"stop":)" + stop_texts(sampling);
    return options + "}";
}

std::string as_tag(const ToolCall& call) {
    return fmt::format("<tool_call>\n{{\"name\": {}, \"arguments\": {}}}\n</tool_call>", quoted(call.name),
                       json::write(json::Value(call.arguments)));
}

std::string tool_guide(const std::vector<ToolSpec>& tools) {
    std::string guide =
        "# Tools\n\nYou may call one or more of these functions. Their signatures are within "
        "<tools></tools>:\n<tools>\n";
    for (const ToolSpec& tool : tools) {
        const std::string text = tools_text({tool});
        guide.append(text, 1, text.size() - 2).append("\n");
    }
    return guide +
           "</tools>\n\nFor each call write a JSON object with the function's name and arguments within these tags:\n"
           "<tool_call>\n{\"name\": \"the name\", \"arguments\": {}}\n</tool_call>";
}

}  // namespace

std::string openai_body(const std::string& model, const ChatRequest& request, const Refusals& refusals) {
    if (refusals.tools && !request.tools.empty()) return openai_body(model, with_tools_as_text(request), refusals);
    const Sampling& sampling = request.sampling;
    std::string body = fmt::format(R"({{"model":{},"stream":true)", quoted(model));
    if (!refusals.stream_options) body += R"(,"stream_options":{"include_usage":true})";
    if (!refusals.temperature) {
        body += fmt::format(R"(,"temperature":{},"top_p":{})", number(sampling.temperature), number(sampling.top_p));
    }
    if (!refusals.seed) body += fmt::format(R"(,"seed":{})", sampling.seed & 0x7fffffffU);
    body +=
        fmt::format(R"(,"{}":{})", refusals.max_tokens ? "max_completion_tokens" : "max_tokens", sampling.max_tokens);
    if (!refusals.stop && !sampling.stop.empty()) body += R"(,"stop":)" + stop_texts(sampling);
    if (!request.tools.empty()) body += R"(,"tools":)" + tools_text(request.tools);
    body += choice_text(request) + format_text(request);
    std::vector<std::string> messages;
    for (const Message& message : request.messages) {
        messages.push_back(json::write(json::Value(openai_message(message))));
    }
    return body + comma_joined(R"(,"messages":[)", messages, "]}");
}

std::string ollama_body(const std::string& model, const ChatRequest& request, const Refusals& refusals,
                        std::int64_t num_ctx) {
    if (refusals.tools && !request.tools.empty()) {
        return ollama_body(model, with_tools_as_text(request), refusals, num_ctx);
    }
    if (request.tool_choice != ToolChoice::automatic) {
        return ollama_body(model, with_choice_in_words(request), refusals, num_ctx);
    }
    std::string body =
        fmt::format(R"({{"model":{},"stream":true,{})", quoted(model), ollama_options(request.sampling, num_ctx));
    if (!request.response_schema.empty()) {
        const bool any = trim(request.response_schema) == kAnyJson;
        body += R"(,"format":)" + (any ? R"("json")" : request.response_schema);
    }
    if (!request.tools.empty()) body += R"(,"tools":)" + tools_text(request.tools);
    std::vector<std::string> messages;
    for (const Message& message : request.messages) {
        messages.push_back(json::write(json::Value(ollama_message(request, message))));
    }
    return body + comma_joined(R"(,"messages":[)", messages, "]}");
}

std::string completion_body(const std::string& model, std::string_view prompt, const Sampling& sampling,
                            const Refusals& refusals) {
    std::string body = fmt::format(R"({{"model":{},"stream":true)", quoted(model));
    if (!refusals.stream_options) body += R"(,"stream_options":{"include_usage":true})";
    if (!refusals.temperature) {
        body += fmt::format(R"(,"temperature":{},"top_p":{})", number(sampling.temperature), number(sampling.top_p));
    }
    if (!refusals.seed) body += fmt::format(R"(,"seed":{})", sampling.seed & 0x7fffffffU);
    body += fmt::format(R"(,"max_tokens":{})", sampling.max_tokens);
    if (!refusals.stop && !sampling.stop.empty()) body += R"(,"stop":)" + stop_texts(sampling);
    return body + fmt::format(R"(,"prompt":{}}})", quoted(prompt));
}

std::string infill_body(const std::string& model, const TextRequest& request) {
    const Sampling& sampling = request.sampling;
    std::string body = fmt::format(
        R"({{"model":{},"stream":true,"cache_prompt":true,"temperature":{},"top_p":{},"seed":{},"n_predict":{})",
        quoted(model), number(sampling.temperature), number(sampling.top_p), sampling.seed & 0x7fffffffU,
        sampling.max_tokens);
    if (!sampling.stop.empty()) body += R"(,"stop":)" + stop_texts(sampling);
    std::vector<std::string> extra;
    for (const Excerpt& neighbour : request.neighbours) {
        extra.push_back(fmt::format(R"({{"filename":{},"text":{}}})", quoted(neighbour.path), quoted(neighbour.text)));
    }
    if (!extra.empty()) body += comma_joined(R"(,"input_extra":[)", extra, "]");
    return body + fmt::format(R"(,"input_prefix":{},"input_suffix":{}}})", quoted(request.prompt),
                              quoted(request.suffix.value_or("")));
}

std::string generate_body(const std::string& model, std::string_view prompt, const std::optional<std::string>& suffix,
                          const Sampling& sampling, std::int64_t num_ctx) {
    const std::string how = suffix ? R"("suffix":)" + quoted(*suffix) : std::string(R"("raw":true)");
    return fmt::format(R"({{"model":{},"stream":true,{},{},"prompt":{}}})", quoted(model), how,
                       ollama_options(sampling, num_ctx), quoted(prompt));
}

ChatRequest with_tools_as_text(const ChatRequest& request) {
    ChatRequest out = with_choice_in_words(request);
    const std::vector<ToolSpec> tools = std::exchange(out.tools, {});
    for (Message& message : out.messages) {
        for (const ToolCall& call : message.calls) {
            if (!message.text.empty()) message.text += "\n";
            message.text += as_tag(call);
        }
        message.calls.clear();
        if (message.role != Role::tool) continue;
        message = Message{Role::user, fmt::format("<tool_response>\n{}\n</tool_response>", message.text), {}, {}};
    }
    if (tools.empty()) return out;
    const std::string guide = tool_guide(tools);
    if (!out.messages.empty() && out.messages.front().role == Role::system) {
        out.messages.front().text += "\n\n" + guide;
    } else {
        out.messages.insert(out.messages.begin(), Message{Role::system, guide, {}, {}});
    }
    return out;
}

std::size_t prompt_bytes(const ChatRequest& request) {
    std::size_t bytes = 0;
    for (const Message& message : request.messages) {
        bytes += message.text.size();
        for (const ToolCall& call : message.calls) bytes += as_tag(call).size();
    }
    for (const ToolSpec& tool : request.tools) {
        bytes += tool.name.size() + tool.description.size() + tool.parameters.size();
    }
    return bytes;
}

std::size_t prompt_bytes(const TextRequest& request) {
    std::size_t bytes = request.prompt.size() + request.path.size() + (request.suffix ? request.suffix->size() : 0);
    for (const Excerpt& neighbour : request.neighbours) bytes += neighbour.path.size() + neighbour.text.size();
    return bytes;
}

}  // namespace ec::model
