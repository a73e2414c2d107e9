// Answers in their forms: the order of events, what each repeats, and what stays consistent when the model's last word
// differs from what was streamed.
#include "openai_api/forms.hpp"

#include <gtest/gtest.h>

#include <ec/core/text.hpp>

namespace ec::apps::openai {
namespace {

const AnswerHead kHead{"1", 5, "m"};

std::vector<json::Object> events(std::string_view stream) {
    std::vector<json::Object> found;
    for (const std::string_view line : split_lines(stream)) {
        if (!line.starts_with("data: {")) continue;
        found.push_back(json::parse(line.substr(6)).value().as_object());
    }
    return found;
}

std::vector<std::string> types(const std::vector<json::Object>& events) {
    std::vector<std::string> all;
    for (const json::Object& event : events) all.emplace_back(event.at("type").as_string());
    return all;
}

model::ChatReply reply_with(std::string text, std::vector<model::ToolCall> calls = {}) {
    model::ChatReply reply;
    reply.text = std::move(text);
    reply.finish = calls.empty() ? model::Finish::stop : model::Finish::tool_calls;
    reply.calls = std::move(calls);
    return reply;
}

TEST(ChatForm, SaysTheRoleFirstAndDoneLast) {
    const auto form = make_chat_form(kHead, true);
    std::string stream = form->begin();
    stream += form->text("a");
    stream += form->finish(reply_with("a"));
    EXPECT_TRUE(stream.ends_with("data: [DONE]\n\n"));
    const auto all = events(stream);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].at("choices").at(0).at("delta").at("role"), "assistant");
    EXPECT_EQ(all[1].at("choices").at(0).at("delta").at("content"), "a");
    EXPECT_EQ(all[2].at("choices").at(0).at("finish_reason"), "stop");
    EXPECT_TRUE(all[3].at("choices").as_array().empty());
    EXPECT_TRUE(all[3].at("usage").is_object());
}

TEST(ChatForm, StreamsCallsWithTheirPlaces) {
    const auto form = make_chat_form(kHead, false);
    std::string stream = form->begin();
    stream += form->finish(reply_with("", {{"c1", "f", {{"x", 1}}}, {"c2", "g", {}}}));
    const auto all = events(stream);
    ASSERT_EQ(all.size(), 4U);
    const json::Value& second = all[2].at("choices").at(0).at("delta").at("tool_calls").at(0);
    EXPECT_EQ(second.at("index"), 1);
    EXPECT_EQ(second.at("function").at("arguments"), "{}");
    EXPECT_EQ(all[3].at("choices").at(0).at("finish_reason"), "tool_calls");
}

TEST(ChatForm, SendsWhatTheModelSaidLastAndWasNotStreamed) {
    const auto longer = make_chat_form(kHead, false);
    longer->begin();
    longer->text("ab");
    EXPECT_EQ(events(longer->finish(reply_with("abc")))[0].at("choices").at(0).at("delta").at("content"), "c");
    const auto other = make_chat_form(kHead, false);
    other->begin();
    other->text("ab");
    EXPECT_EQ(events(other->finish(reply_with("xy"))).size(), 1U);  // what was sent stays sent
}

TEST(ResponsesForm, NumbersEventsAndClosesItemsInOrder) {
    const auto form = make_responses_form(kHead, {});
    std::string stream = form->begin();
    stream += form->thinking("t");
    stream += form->text("a");
    stream += form->text("b");
    stream += form->finish(reply_with("ab", {{"c1", "f", {}}}));
    const auto all = events(stream);
    for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].at("sequence_number"), i);
    EXPECT_EQ(types(all), (std::vector<std::string>{"response.created",
                                                    "response.in_progress",
                                                    "response.output_item.added",
                                                    "response.reasoning_summary_part.added",
                                                    "response.reasoning_summary_text.delta",
                                                    "response.reasoning_summary_text.done",
                                                    "response.reasoning_summary_part.done",
                                                    "response.output_item.done",
                                                    "response.output_item.added",
                                                    "response.content_part.added",
                                                    "response.output_text.delta",
                                                    "response.output_text.delta",
                                                    "response.output_text.done",
                                                    "response.content_part.done",
                                                    "response.output_item.done",
                                                    "response.output_item.added",
                                                    "response.function_call_arguments.delta",
                                                    "response.function_call_arguments.done",
                                                    "response.output_item.done",
                                                    "response.completed"}));
    const json::Array& output = all.back().at("response").at("output").as_array();
    ASSERT_EQ(output.size(), 3U);
    for (std::size_t i = 0; i < output.size(); ++i) EXPECT_TRUE(output[i].at("status") == "completed") << i;
    EXPECT_EQ(output[1].at("content").at(0).at("text"), "ab");
    EXPECT_EQ(output[2].at("call_id"), "c1");
}

TEST(ResponsesForm, HasAMessageEvenWhenNothingWasSaid) {
    const auto form = make_responses_form(kHead, {});
    std::string stream = form->begin();
    stream += form->finish(reply_with(""));
    const auto all = events(stream);
    EXPECT_EQ(all.back().at("response").at("output").at(0).at("type"), "message");
}

TEST(ResponsesForm, SaysThatAnAnswerIsCutOrFailed) {
    model::ChatReply cut = reply_with("a");
    cut.finish = model::Finish::length;
    const auto incomplete = make_responses_form(kHead, {});
    std::string stream = incomplete->begin();
    stream += incomplete->text("a");
    stream += incomplete->finish(cut);
    const auto all = events(stream);
    EXPECT_EQ(all.back().at("type"), "response.incomplete");
    EXPECT_EQ(all.back().at("response").at("incomplete_details").at("reason"), "max_output_tokens");
    const auto failed = make_responses_form(kHead, {});
    failed->begin();
    failed->text("a");
    const auto last = events(failed->fail({503, "unavailable", "gone", {}})).back();
    EXPECT_EQ(last.at("type"), "response.failed");
    EXPECT_EQ(last.at("response").at("error").at("code"), "unavailable");
    EXPECT_EQ(last.at("response").at("output").at(0).at("status"), "incomplete");
}

TEST(Forms, CarryWhatAPersonShouldKnowOfAnAnswer) {
    model::ChatReply reply = reply_with("a");
    reply.warnings = {"the prompt was cut"};
    const json::Array warnings{json::Value("the prompt was cut")};
    EXPECT_EQ(json::parse(make_chat_form(kHead, false)->whole(reply)).value().at("warnings"), warnings);
    EXPECT_EQ(json::parse(make_responses_form(kHead, {})->whole(reply)).value().at("warnings"), warnings);
    EXPECT_EQ(json::parse(make_completions_form(kHead, false, {})->whole(reply)).value().at("warnings"), warnings);
    const auto form = make_responses_form(kHead, {});
    form->begin();
    EXPECT_EQ(events(form->finish(reply)).back().at("response").at("warnings"), warnings);
}

TEST(Errors, AreProblemsThatClientsOfOpenAiUnderstand) {
    const json::Value body = json::parse(error_body({404, "model_not_found", "no", "model"})).value();
    EXPECT_EQ(body.at("status"), 404);
    EXPECT_EQ(body.at("code"), "model_not_found");
    EXPECT_EQ(body.at("error").at("type"), "not_found_error");
    EXPECT_EQ(body.at("error").at("param"), "model");
    EXPECT_TRUE(error_member({400, "x", "y", {}}).at("param").is_null());
}

}  // namespace
}  // namespace ec::apps::openai
