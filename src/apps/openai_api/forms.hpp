// Answers as an API's clients read them: whole, or as server-sent events in the order that those clients check.
//
// A form belongs to one answer and is used in order: whole() alone, or begin(), any number of thinking() and text(),
// then finish() or fail(). What a function returns is sent as it is, at once. One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/model/chat.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "api_error.hpp"
#include "requests.hpp"

namespace ec::apps::openai {

/// What all answers name.
struct AnswerHead {
    std::string id;  ///< unique, without a prefix
    std::int64_t created = 0;
    std::string model;
};

class AnswerForm {
public:
    virtual ~AnswerForm() = default;
    virtual std::string whole(const model::ChatReply& reply) = 0;
    virtual std::string begin() = 0;
    virtual std::string thinking(std::string_view piece) = 0;
    virtual std::string text(std::string_view piece) = 0;
    /// `reply` may hold more than was streamed (calls), and its text less: what was sent stays sent.
    virtual std::string finish(const model::ChatReply& reply) = 0;
    virtual std::string fail(const ApiError& error) = 0;
};

std::unique_ptr<AnswerForm> make_chat_form(AnswerHead head, bool include_usage);
/// `echo` is ChatAsk::echo.
std::unique_ptr<AnswerForm> make_responses_form(AnswerHead head, json::Object echo);
/// `before` is the prompt where it was asked to be repeated.
std::unique_ptr<AnswerForm> make_completions_form(AnswerHead head, bool include_usage, std::string before);

struct InfillFacts {
    std::string model;
    std::string prompt;
    model::Sampling sampling;
    std::vector<std::string> response_fields;
};
std::unique_ptr<AnswerForm> make_infill_form(InfillFacts facts);

/// "data: …\n\n", after "event: NAME\n" where there is a name.
std::string sse_event(const json::Object& data, std::string_view name = {});

/// A comment: nothing happened, and the connection lives.
inline constexpr std::string_view kKeepAlive = ": waiting\n\n";

struct ModelEntry {
    std::string id;
    std::int64_t created = 0;
    std::string owner;
};
json::Object model_object(const ModelEntry& entry);

}  // namespace ec::apps::openai
