#include <fmt/format.h>

#include "forms.hpp"
#include "usage.hpp"

namespace ec::apps::openai {
namespace {

json::Object response_usage(const model::Usage& usage) {
    return {{"input_tokens", usage.prompt_tokens},
            {"input_tokens_details", json::Object{{"cached_tokens", usage.cached_tokens}}},
            {"output_tokens", usage.completion_tokens},
            {"output_tokens_details", json::Object{{"reasoning_tokens", 0}}},
            {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

json::Object text_part(std::string_view text) {
    return {{"type", "output_text"}, {"text", text}, {"annotations", json::Array()}, {"logprobs", json::Array()}};
}

json::Object summary_part(std::string_view text) { return {{"type", "summary_text"}, {"text", text}}; }

/// The items of an answer come one after the other: thinking, the message, the calls. Each is opened with its first
/// piece and closed before the next one begins; every event of an item repeats the item's id and place.
class ResponsesForm final : public AnswerForm {
public:
    ResponsesForm(AnswerHead head, json::Object echo) : head_(std::move(head)), echo_(std::move(echo)) {}

    std::string whole(const model::ChatReply& reply) override {
        if (!reply.thinking.empty()) output_.emplace_back(reasoning_item(reply.thinking, "completed"));
        if (!reply.text.empty() || reply.calls.empty())
            output_.emplace_back(message_item(reply.text, status_of(reply)));
        for (const model::ToolCall& call : reply.calls) output_.emplace_back(call_item(call, "completed"));
        return json::write(response(status_of(reply), &reply, nullptr)) + "\n";
    }

    std::string begin() override {
        std::string out;  // events number themselves, so one after the other
        for (const std::string_view type : {"response.created", "response.in_progress"})
            out += event(type, {{"response", response("in_progress", nullptr, nullptr)}});
        return out;
    }

    std::string thinking(std::string_view piece) override {
        std::string out = open_ == Open::thinking ? std::string() : close("completed");
        if (open_ == Open::none) {
            open_ = Open::thinking;
            out += item_event("response.output_item.added", reasoning_item({}, "in_progress"));
            out += event("response.reasoning_summary_part.added",
                         placed({{"summary_index", 0}, {"part", summary_part({})}}, reasoning_id()));
        }
        text_ += piece;
        return out + event("response.reasoning_summary_text.delta",
                           placed({{"summary_index", 0}, {"delta", piece}}, reasoning_id()));
    }

    std::string text(std::string_view piece) override {
        std::string out = open_ == Open::message ? std::string() : close("completed");
        if (open_ == Open::none) {
            open_ = Open::message;
            out += item_event("response.output_item.added", message_item({}, "in_progress"));
            out += event("response.content_part.added",
                         placed({{"content_index", 0}, {"part", text_part({})}}, message_id()));
        }
        text_ += piece;
        sent_ += piece;
        return out + event("response.output_text.delta",
                           placed({{"content_index", 0}, {"delta", piece}, {"logprobs", json::Array()}}, message_id()));
    }

    std::string finish(const model::ChatReply& reply) override {
        std::string out;
        const std::string_view rest = rest_after(reply.text, sent_);
        if (!rest.empty() || (sent_.empty() && reply.calls.empty())) out += text(rest);
        out += close(status_of(reply));
        for (const model::ToolCall& call : reply.calls) out += call_events(call);
        const std::string_view status = status_of(reply);
        return out + event(fmt::format("response.{}", status), {{"response", response(status, &reply, nullptr)}});
    }

    std::string fail(const ApiError& error) override {
        std::string out = close("incomplete");
        return out + event("response.failed", {{"response", response("failed", nullptr, &error)}});
    }

private:
    enum class Open { none, thinking, message };

    static std::string_view status_of(const model::ChatReply& reply) {
        return reply.finish == model::Finish::length ? "incomplete" : "completed";
    }

    [[nodiscard]] std::string reasoning_id() const { return fmt::format("rs_{}_{}", head_.id, output_.size()); }
    [[nodiscard]] std::string message_id() const { return fmt::format("msg_{}_{}", head_.id, output_.size()); }
    [[nodiscard]] std::string call_item_id() const { return fmt::format("fc_{}_{}", head_.id, output_.size()); }

    [[nodiscard]] json::Object reasoning_item(std::string_view text, std::string_view status) const {
        json::Array summary;
        if (!text.empty()) summary.emplace_back(summary_part(text));
        return {{"id", reasoning_id()}, {"type", "reasoning"}, {"status", status}, {"summary", std::move(summary)}};
    }

    [[nodiscard]] json::Object message_item(std::string_view text, std::string_view status) const {
        json::Array content;
        if (status != "in_progress") content.emplace_back(text_part(text));
        return {{"id", message_id()},
                {"type", "message"},
                {"status", status},
                {"role", "assistant"},
                {"content", std::move(content)}};
    }

    [[nodiscard]] json::Object call_item(const model::ToolCall& call, std::string_view status) const {
        return {{"id", call_item_id()},
                {"type", "function_call"},
                {"status", status},
                {"call_id", call.id},
                {"name", call.name},
                {"arguments", status == "in_progress" ? std::string() : json::write(call.arguments)}};
    }

    std::string call_events(const model::ToolCall& call) {
        const std::string id = call_item_id();
        const std::string arguments = json::write(call.arguments);
        std::string out = item_event("response.output_item.added", call_item(call, "in_progress"));
        out += event("response.function_call_arguments.delta", placed({{"delta", arguments}}, id));
        out +=
            event("response.function_call_arguments.done", placed({{"name", call.name}, {"arguments", arguments}}, id));
        return out + done(call_item(call, "completed"));
    }

    /// Ends the item that is open.
    std::string close(std::string_view status) {
        std::string out;
        if (open_ == Open::thinking) {
            out += event("response.reasoning_summary_text.done",
                         placed({{"summary_index", 0}, {"text", text_}}, reasoning_id()));
            out += event("response.reasoning_summary_part.done",
                         placed({{"summary_index", 0}, {"part", summary_part(text_)}}, reasoning_id()));
            out += done(reasoning_item(text_, status));
        } else if (open_ == Open::message) {
            out += event("response.output_text.done",
                         placed({{"content_index", 0}, {"text", text_}, {"logprobs", json::Array()}}, message_id()));
            out += event("response.content_part.done",
                         placed({{"content_index", 0}, {"part", text_part(text_)}}, message_id()));
            out += done(message_item(text_, status));
        }
        open_ = Open::none;
        text_.clear();
        return out;
    }

    std::string done(json::Object item) {
        std::string out = item_event("response.output_item.done", item);
        output_.emplace_back(std::move(item));
        return out;
    }

    [[nodiscard]] json::Object placed(json::Object fields, std::string_view item) const {
        fields["item_id"] = item;
        fields["output_index"] = output_.size();
        return fields;
    }

    std::string item_event(std::string_view type, json::Object item) {
        return event(type, {{"output_index", output_.size()}, {"item", std::move(item)}});
    }

    std::string event(std::string_view type, const json::Object& fields) {
        json::Object whole{{"type", type}, {"sequence_number", sequence_++}};
        for (const auto& [key, value] : fields) whole[key] = value;
        return sse_event(whole, type);
    }

    [[nodiscard]] json::Object response(std::string_view status, const model::ChatReply* reply,
                                        const ApiError* error) const {
        json::Object object = echo_;
        object["id"] = "resp_" + head_.id;
        object["object"] = "response";
        object["created_at"] = head_.created;
        object["status"] = status;
        object["model"] = head_.model;
        object["output"] = output_;
        object["previous_response_id"] = nullptr;
        object["store"] = false;
        object["truncation"] = "disabled";
        object["error"] = nullptr;
        object["incomplete_details"] = nullptr;
        object["usage"] = nullptr;
        if (error != nullptr) object["error"] = json::Object{{"code", error->code}, {"message", error->message}};
        if (status == "incomplete") object["incomplete_details"] = json::Object{{"reason", "max_output_tokens"}};
        if (reply != nullptr) {
            object["usage"] = response_usage(reply->usage);
            add_warnings(*reply, object);
        }
        return object;
    }

    AnswerHead head_;
    json::Object echo_;
    json::Array output_;  ///< items that are done
    Open open_ = Open::none;
    std::string text_;  ///< of the open item
    std::string sent_;  ///< of the answer's text, all of it
    std::int64_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<AnswerForm> make_responses_form(AnswerHead head, json::Object echo) {
    return std::make_unique<ResponsesForm>(std::move(head), std::move(echo));
}

}  // namespace ec::apps::openai
