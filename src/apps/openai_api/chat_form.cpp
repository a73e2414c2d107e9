#include <fmt/format.h>

#include "forms.hpp"
#include "usage.hpp"

namespace ec::apps::openai {

std::string sse_event(const json::Object& data, std::string_view name) {
    const std::string line = json::write(data);
    return name.empty() ? fmt::format("data: {}\n\n", line) : fmt::format("event: {}\ndata: {}\n\n", name, line);
}

json::Object model_object(const ModelEntry& entry) {
    return {{"id", entry.id}, {"object", "model"}, {"created", entry.created}, {"owned_by", entry.owner}};
}

std::string_view finish_reason(model::Finish finish) {
    switch (finish) {
        case model::Finish::length:
            return "length";
        case model::Finish::tool_calls:
            return "tool_calls";
        case model::Finish::stop:
            break;
    }
    return "stop";
}

json::Object chat_usage(const model::Usage& usage) {
    return {{"prompt_tokens", usage.prompt_tokens},
            {"completion_tokens", usage.completion_tokens},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
            {"prompt_tokens_details", json::Object{{"cached_tokens", usage.cached_tokens}}}};
}

void add_warnings(const model::ChatReply& reply, json::Object& body) {
    if (reply.warnings.empty()) return;
    json::Array warnings;
    for (const std::string& warning : reply.warnings) warnings.emplace_back(warning);
    body["warnings"] = std::move(warnings);
}

std::string_view rest_after(std::string_view whole, std::string_view sent) {
    return whole.starts_with(sent) ? whole.substr(sent.size()) : std::string_view();
}

namespace {

json::Object call_object(const model::ToolCall& call) {
    return {{"id", call.id},
            {"type", "function"},
            {"function", json::Object{{"name", call.name}, {"arguments", json::write(call.arguments)}}}};
}

class ChatForm final : public AnswerForm {
public:
    ChatForm(AnswerHead head, bool include_usage) : head_(std::move(head)), include_usage_(include_usage) {}

    std::string whole(const model::ChatReply& reply) override {
        json::Object message{{"role", "assistant"}, {"refusal", nullptr}};
        if (reply.text.empty() && !reply.calls.empty())
            message["content"] = nullptr;
        else
            message["content"] = reply.text;
        if (!reply.thinking.empty()) message["reasoning_content"] = reply.thinking;
        if (!reply.calls.empty()) {
            json::Array calls;
            for (const model::ToolCall& call : reply.calls) calls.emplace_back(call_object(call));
            message["tool_calls"] = std::move(calls);
        }
        json::Object body = envelope("chat.completion");
        body["choices"] = json::Array{json::Object{{"index", 0},
                                                   {"message", std::move(message)},
                                                   {"logprobs", nullptr},
                                                   {"finish_reason", finish_reason(reply.finish)}}};
        body["usage"] = chat_usage(reply.usage);
        add_warnings(reply, body);
        return json::write(body) + "\n";
    }

    std::string begin() override { return sse_event(chunk({{"role", "assistant"}, {"content", ""}}, {})); }
    std::string thinking(std::string_view piece) override {
        return sse_event(chunk({{"reasoning_content", piece}}, {}));
    }
    std::string text(std::string_view piece) override {
        sent_ += piece;
        return sse_event(chunk({{"content", piece}}, {}));
    }

    std::string finish(const model::ChatReply& reply) override {
        std::string out;
        if (const std::string_view rest = rest_after(reply.text, sent_); !rest.empty()) out += text(rest);
        for (std::size_t i = 0; i < reply.calls.size(); ++i) {
            json::Object call = call_object(reply.calls[i]);
            call["index"] = i;
            out += sse_event(chunk({{"tool_calls", json::Array{std::move(call)}}}, {}));
        }
        json::Object last = chunk({}, finish_reason(reply.finish));
        add_warnings(reply, last);
        out += sse_event(last);
        if (include_usage_) {
            json::Object usage = envelope("chat.completion.chunk");
            usage["choices"] = json::Array();
            usage["usage"] = chat_usage(reply.usage);
            out += sse_event(usage);
        }
        return out + "data: [DONE]\n\n";
    }

    std::string fail(const ApiError& error) override { return sse_event({{"error", error_member(error)}}); }

private:
    [[nodiscard]] json::Object envelope(std::string_view object) const {
        return {{"id", "chatcmpl-" + head_.id},
                {"object", object},
                {"created", head_.created},
                {"model", head_.model},
                {"system_fingerprint", nullptr}};
    }

    [[nodiscard]] json::Object chunk(json::Object delta, std::string_view reason) const {
        json::Object body = envelope("chat.completion.chunk");
        json::Object choice{{"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}};
        if (reason.empty())
            choice["finish_reason"] = nullptr;
        else
            choice["finish_reason"] = reason;
        body["choices"] = json::Array{std::move(choice)};
        if (include_usage_) body["usage"] = nullptr;
        return body;
    }

    AnswerHead head_;
    bool include_usage_;
    std::string sent_;
};

}  // namespace

std::unique_ptr<AnswerForm> make_chat_form(AnswerHead head, bool include_usage) {
    return std::make_unique<ChatForm>(std::move(head), include_usage);
}

}  // namespace ec::apps::openai
