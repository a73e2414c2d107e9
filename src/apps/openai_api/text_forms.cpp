#include <algorithm>

#include "forms.hpp"
#include "usage.hpp"

namespace ec::apps::openai {
namespace {

class CompletionsForm final : public AnswerForm {
public:
    CompletionsForm(AnswerHead head, bool include_usage, std::string before)
        : head_(std::move(head)), include_usage_(include_usage), before_(std::move(before)) {}

    std::string whole(const model::ChatReply& reply) override {
        json::Object body = piece(before_ + reply.text, finish_reason(reply.finish));
        body["usage"] = chat_usage(reply.usage);
        add_warnings(reply, body);
        return json::write(body) + "\n";
    }
    std::string begin() override { return before_.empty() ? std::string() : sse_event(piece(before_, {})); }
    std::string thinking(std::string_view) override { return {}; }
    std::string text(std::string_view text) override {
        sent_ += text;
        return sse_event(piece(text, {}));
    }
    std::string finish(const model::ChatReply& reply) override {
        json::Object last = piece(rest_after(reply.text, sent_), finish_reason(reply.finish));
        add_warnings(reply, last);
        std::string out = sse_event(last);
        if (include_usage_) {
            json::Object usage = piece("", {});
            usage["choices"] = json::Array();
            usage["usage"] = chat_usage(reply.usage);
            out += sse_event(usage);
        }
        return out + "data: [DONE]\n\n";
    }
    std::string fail(const ApiError& error) override { return sse_event({{"error", error_member(error)}}); }

private:
    [[nodiscard]] json::Object piece(std::string_view text, std::string_view reason) const {
        json::Object choice{{"index", 0}, {"text", text}, {"logprobs", nullptr}};
        if (reason.empty())
            choice["finish_reason"] = nullptr;
        else
            choice["finish_reason"] = reason;
        return {{"id", "cmpl-" + head_.id},
                {"object", "text_completion"},
                {"created", head_.created},
                {"model", head_.model},
                {"choices", json::Array{std::move(choice)}}};
    }

    AnswerHead head_;
    bool include_usage_;
    std::string before_;
    std::string sent_;
};

/// The field that "timings/prompt_n" names; null when there is none.
const json::Value* field_at(const json::Object& object, std::string_view path) {
    const std::size_t slash = path.find('/');
    const json::Value* value = object.if_contains(path.substr(0, slash));
    if (slash == std::string_view::npos || value == nullptr) return value;
    return value->is_object() ? field_at(value->get_object(), path.substr(slash + 1)) : nullptr;
}

double per_second(std::int64_t count, std::chrono::milliseconds time) {
    return time.count() > 0 ? static_cast<double>(count) * 1000 / static_cast<double>(time.count()) : 0;
}

class InfillForm final : public AnswerForm {
public:
    explicit InfillForm(InfillFacts facts) : facts_(std::move(facts)) {}

    std::string whole(const model::ChatReply& reply) override { return json::write(selected(last(reply))) + "\n"; }
    std::string begin() override { return {}; }
    std::string thinking(std::string_view) override { return {}; }
    std::string text(std::string_view text) override {
        sent_ += text;
        return sse_event({{"index", 0}, {"content", text}, {"stop", false}});
    }
    std::string finish(const model::ChatReply& reply) override {
        json::Object final = last(reply);
        final["content"] = rest_after(reply.text, sent_);
        return sse_event(selected(std::move(final)));
    }
    std::string fail(const ApiError& error) override { return sse_event({{"error", error_member(error)}}); }

private:
    [[nodiscard]] json::Object last(const model::ChatReply& reply) const {
        const model::Usage& usage = reply.usage;
        const std::int64_t evaluated = std::max<std::int64_t>(0, usage.prompt_tokens - usage.cached_tokens);
        const bool cut = reply.finish == model::Finish::length;
        json::Object all{{"index", 0},
                         {"content", reply.text},
                         {"stop", true},
                         {"stop_type", cut ? "limit" : "eos"},
                         {"truncated", false},
                         {"model", facts_.model},
                         {"prompt", facts_.prompt},
                         {"tokens_evaluated", usage.prompt_tokens},
                         {"tokens_predicted", usage.completion_tokens},
                         {"tokens_cached", usage.prompt_tokens + usage.completion_tokens},
                         {"generation_settings", json::Object{{"n_predict", facts_.sampling.max_tokens},
                                                              {"temperature", facts_.sampling.temperature},
                                                              {"top_p", facts_.sampling.top_p},
                                                              {"seed", facts_.sampling.seed}}},
                         {"timings", json::Object{{"prompt_n", evaluated},
                                                  {"prompt_ms", usage.prompt_time.count()},
                                                  {"prompt_per_second", per_second(evaluated, usage.prompt_time)},
                                                  {"predicted_n", usage.completion_tokens},
                                                  {"predicted_ms", usage.completion_time.count()},
                                                  {"predicted_per_second",
                                                   per_second(usage.completion_tokens, usage.completion_time)}}}};
        add_warnings(reply, all);
        return all;
    }

    [[nodiscard]] json::Object selected(json::Object all) const {
        if (facts_.response_fields.empty()) return all;
        json::Object kept;
        for (const std::string& path : facts_.response_fields) {
            if (const json::Value* value = field_at(all, path)) kept[path] = *value;
        }
        return kept;
    }

    InfillFacts facts_;
    std::string sent_;
};

}  // namespace

std::unique_ptr<AnswerForm> make_completions_form(AnswerHead head, bool include_usage, std::string before) {
    return std::make_unique<CompletionsForm>(std::move(head), include_usage, std::move(before));
}

std::unique_ptr<AnswerForm> make_infill_form(InfillFacts facts) {
    return std::make_unique<InfillForm>(std::move(facts));
}

}  // namespace ec::apps::openai
