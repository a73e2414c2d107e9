#include "chat_format.hpp"

#include <chat.h>

#include <algorithm>
#include <exception>

#include "answer_schema.hpp"

namespace ec::model::embedded {
namespace {

constexpr std::string_view kToolHeading =
    "You may call functions. To call one, write a JSON object with its name and arguments between <tool_call> and "
    "</tool_call>, as in\n<tool_call>\n{\"name\": \"NAME\", \"arguments\": {}}\n</tool_call>\nThe functions:\n";

/// A word as a regular expression that matches it alone.
std::string escaped(std::string_view word) {
    std::string pattern;
    for (const char c : word) {
        if (std::string_view(".^$|()*+?[]{}\\").find(c) != std::string_view::npos) pattern += '\\';
        pattern += c;
    }
    return pattern;
}

common_chat_msg plain(std::string role, std::string content) {
    common_chat_msg message;
    message.role = std::move(role);
    message.content = std::move(content);
    return message;
}

std::string tool_name(const ChatRequest& request, const std::string& call_id) {
    for (const Message& message : request.messages) {
        for (const ToolCall& call : message.calls) {
            if (call.id == call_id) return call.name;
        }
    }
    return {};
}

common_chat_msg translated(const ChatRequest& request, const Message& message) {
    common_chat_msg out = plain(std::string(name(message.role)), message.text);
    for (const ToolCall& call : message.calls) {
        out.tool_calls.push_back({call.name, json::write(call.arguments), call.id});
    }
    if (message.role == Role::tool) {
        out.tool_call_id = message.call_id;
        out.tool_name = tool_name(request, message.call_id);
    }
    return out;
}

std::string described(const std::vector<ToolSpec>& tools) {
    std::string text(kToolHeading);
    for (const ToolSpec& tool : tools) {
        text += json::write(json::Object{{"name", tool.name}, {"description", tool.description}});
        text.insert(text.size() - 1, ",\"parameters\":" + (tool.parameters.empty() ? "{}" : tool.parameters));
        text += '\n';
    }
    return text;
}

class JinjaFormat final : public ChatFormat {
public:
    JinjaFormat(common_chat_templates_ptr templates, std::string warning)
        : templates_(std::move(templates)), warning_(std::move(warning)) {
        const auto caps = common_chat_templates_get_caps(templates_.get());
        const auto supports = [&](const char* what) {
            const auto at = caps.find(what);
            return at != caps.end() && at->second;
        };
        native_tools_ = supports("supports_tools");
    }

    [[nodiscard]] const std::string& warning() const override { return warning_; }

    Result<Rendered> render(const ChatRequest& request, const Memory& memory) const override {
        common_chat_templates_inputs inputs;
        inputs.messages = messages(request, memory);
        inputs.now = {};  // a date in the prompt would change its front every day
        inputs.parallel_tool_calls = true;
        const bool shows_tools = request.tool_choice != ToolChoice::none;
        if (native_tools_ && shows_tools) {
            for (const ToolSpec& tool : request.tools) inputs.tools.push_back(offered(tool));
        }
        try {
            Rendered out = taken(common_chat_templates_apply(templates_.get(), inputs));
            if (request.tool_choice == ToolChoice::required && !request.tools.empty()) {
                EC_TRY(force_call(request, std::move(inputs), out));
            } else if (!request.response_schema.empty()) {
                EC_ASSIGN(out.grammar, schema_grammar(request.response_schema));
                hold_at_once(out);
            }
            return out;
        } catch (const std::exception& error) {
            return fail(ErrorCode::invalid_argument,
                        std::string("the model's chat template refuses the conversation: ") + error.what());
        }
    }

private:
    static common_chat_tool offered(const ToolSpec& tool) {
        return {tool.name, tool.description, tool.parameters.empty() ? "{}" : tool.parameters};
    }

    static void hold_at_once(Rendered& out) {
        out.grammar_at_once = true;
        out.trigger_words.clear();
        out.trigger_tokens.clear();
    }

    // The prompt stays that of all tools. The answer begins with what begins a call in the model's dialect, and with it
    // that dialect's grammar, of the tools that may be called.
    Status force_call(const ChatRequest& request, common_chat_templates_inputs inputs, Rendered& out) const {
        std::vector<ToolSpec> allowed;
        for (const ToolSpec& tool : request.tools) {
            if (request.must_call.empty() || tool.name == request.must_call) allowed.push_back(tool);
        }
        if (allowed.empty()) {
            return fail(ErrorCode::invalid_argument, "the tool that must be called is not among those of the request");
        }
        if (native_tools_) {
            inputs.tools.clear();
            for (const ToolSpec& tool : allowed) inputs.tools.push_back(offered(tool));
            const common_chat_params params = common_chat_templates_apply(templates_.get(), inputs);
            const auto word = std::ranges::find(params.grammar_triggers, COMMON_GRAMMAR_TRIGGER_TYPE_WORD,
                                                &common_grammar_trigger::type);
            if (params.grammar_lazy && !params.grammar.empty() && word != params.grammar_triggers.end()) {
                out.grammar = params.grammar;
                out.trigger_words = {escaped(word->value)};
                out.trigger_tokens.clear();
                out.forced = word->value;
                return {};
            }
        }
        EC_ASSIGN(out.grammar, call_grammar(allowed));
        out.forced = "<tool_call>\n";
        hold_at_once(out);
        return {};
    }

    [[nodiscard]] std::vector<common_chat_msg> messages(const ChatRequest& request, const Memory& memory) const {
        std::vector<common_chat_msg> out;
        for (std::size_t i = 0; i < request.messages.size(); ++i) {
            const Message& message = request.messages[i];
            const std::string* raw = message.role == Role::assistant ? memory.recall(request, i) : nullptr;
            if (raw != nullptr) {
                out.push_back(plain("assistant", *raw));
            } else if (native_tools_ || (message.role != Role::tool && message.calls.empty())) {
                out.push_back(translated(request, message));
            } else if (message.role == Role::tool) {
                out.push_back(plain("user", "<tool_response>\n" + message.text + "\n</tool_response>"));
            } else {
                out.push_back(plain("assistant", with_calls(message)));
            }
        }
        if (!native_tools_ && request.tool_choice != ToolChoice::none && !request.tools.empty())
            describe_tools(out, request.tools);
        return out;
    }

    static std::string with_calls(const Message& message) {
        std::string text = message.text;
        for (const ToolCall& call : message.calls) {
            if (!text.empty()) text += '\n';
            text += "<tool_call>\n" + json::write(json::Object{{"name", call.name}, {"arguments", call.arguments}}) +
                    "\n</tool_call>";
        }
        return text;
    }

    static void describe_tools(std::vector<common_chat_msg>& messages, const std::vector<ToolSpec>& tools) {
        if (messages.front().role == "system") {
            messages.front().content += "\n\n" + described(tools);
        } else {
            messages.insert(messages.begin(), plain("system", described(tools)));
        }
    }

    [[nodiscard]] Rendered taken(const common_chat_params& params) const {
        Rendered out;
        out.prompt = params.prompt;
        out.stops = params.additional_stops;
        out.preserved = params.preserved_tokens;
        out.thinking_start = params.supports_thinking ? params.thinking_start_tag : "";
        if (!params.thinking_end_tags.empty()) out.thinking_end = params.thinking_end_tags.front();
        if (out.thinking_start.empty() || out.thinking_end.empty()) {
            out.thinking_start = "<think>";
            out.thinking_end = "</think>";
        }
        const std::size_t opened = params.prompt.rfind(out.thinking_start);
        const std::size_t from = opened == std::string::npos ? opened : opened + out.thinking_start.size();
        out.starts_thinking = opened != std::string::npos &&
                              std::all_of(params.prompt.begin() + static_cast<std::ptrdiff_t>(from),
                                          params.prompt.end(), [](char c) { return c == ' ' || c == '\n'; });
        if (params.grammar_lazy && !params.grammar.empty()) {
            out.grammar = params.grammar;
            for (const common_grammar_trigger& trigger : params.grammar_triggers) add_trigger(out, trigger);
        }
        return out;
    }

    static void add_trigger(Rendered& out, const common_grammar_trigger& trigger) {
        switch (trigger.type) {
            case COMMON_GRAMMAR_TRIGGER_TYPE_TOKEN:
                out.trigger_tokens.push_back(trigger.token);
                break;
            case COMMON_GRAMMAR_TRIGGER_TYPE_WORD:
                out.trigger_words.push_back(escaped(trigger.value));
                break;
            case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN:
                out.trigger_words.push_back(trigger.value);
                break;
            case COMMON_GRAMMAR_TRIGGER_TYPE_PATTERN_FULL:
                out.trigger_words.push_back((trigger.value.starts_with('^') ? "" : "^") + trigger.value +
                                            (trigger.value.ends_with('$') ? "" : "$"));
                break;
        }
    }

    common_chat_templates_ptr templates_;
    std::string warning_;
    bool native_tools_ = false;
};

}  // namespace

Result<std::unique_ptr<ChatFormat>> ChatFormat::create(const LoadedModel& model) {
    std::string warning;
    if (llama_model_chat_template(model.model(), nullptr) == nullptr) {
        warning = "the model's file has no chat template; ChatML is used";
    }
    for (const char* source : {"", "chatml"}) {
        try {
            auto templates = common_chat_templates_init(model.model(), source);
            common_chat_templates_inputs probe;
            probe.messages = {plain("user", "hi")};
            static_cast<void>(common_chat_templates_apply(templates.get(), probe));
            return std::make_unique<JinjaFormat>(std::move(templates), warning);
        } catch (const std::exception& error) {
            warning = std::string("the model's chat template cannot be used (") + error.what() + "); ChatML is used";
        }
    }
    return fail(ErrorCode::corrupt, warning);
}

}  // namespace ec::model::embedded
