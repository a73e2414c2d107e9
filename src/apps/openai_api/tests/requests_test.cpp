// Requests out of bytes: what conversations mean, what is ignored, what is refused and under which name.
#include "openai_api/requests.hpp"

#include <gtest/gtest.h>

namespace ec::apps::openai {
namespace {

using model::Role;

ChatAsk chat(std::string_view body) {
    auto ask = decode_chat(body);
    EXPECT_TRUE(ask) << ask.error().message;
    return ask ? *std::move(ask) : ChatAsk();
}

ChatAsk responses(std::string_view body) {
    auto ask = decode_responses(body);
    EXPECT_TRUE(ask) << ask.error().message;
    return ask ? *std::move(ask) : ChatAsk();
}

TEST(ChatRequests, KeepTheWholeConversation) {
    const ChatAsk ask = chat(R"({"model":"m","messages":[
        {"role":"system","content":"a"},{"role":"developer","content":"b"},
        {"role":"user","content":[{"type":"text","text":"c"},{"type":"input_text","text":"d"}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function",
            "function":{"name":"f","arguments":"{\"x\":[1]}"}}]},
        {"role":"tool","tool_call_id":"1","content":"e"}]})");
    ASSERT_EQ(ask.request.messages.size(), 4U);
    EXPECT_EQ(ask.request.messages[0], (model::Message{Role::system, "a\n\nb", {}, {}}));
    EXPECT_EQ(ask.request.messages[1].text, "cd");
    EXPECT_EQ(ask.request.messages[2].calls.at(0).arguments, (json::Object{{"x", json::Array{json::Value(1)}}}));
    EXPECT_EQ(ask.request.messages[3], (model::Message{Role::tool, "e", {}, "1"}));
    EXPECT_FALSE(ask.stream || ask.seeded || ask.include_usage);
}

TEST(ChatRequests, LeaveOutToolsThatAreNoFunctionsAndKeepSchemasWhole) {
    const ChatAsk ask = chat(R"({"messages":[{"role":"user","content":"a"}],"tools":[{"type":"custom","custom":{}},
        {"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object","required":["x"]}}}],
        "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false})");
    ASSERT_EQ(ask.request.tools.size(), 1U);
    EXPECT_EQ(ask.request.tools[0].parameters, R"({"type":"object","required":["x"]})");
    EXPECT_EQ(ask.request.tool_choice, model::ToolChoice::required);
    EXPECT_EQ(ask.request.must_call, "f");
}

TEST(ChatRequests, TakeTheFirstNameThatALimitHasAndNoLimitFromNegativeOnes) {
    const std::string head = R"({"messages":[{"role":"user","content":"a"}],)";
    EXPECT_EQ(chat(head + R"("max_completion_tokens":5,"max_tokens":9})").request.sampling.max_tokens, 5);
    EXPECT_EQ(chat(head + R"("max_tokens":9.0})").request.sampling.max_tokens, 9);
    EXPECT_EQ(chat(head + R"("max_tokens":-1})").request.sampling.max_tokens, model::Sampling().max_tokens);
    EXPECT_EQ(chat(head + R"("max_tokens":null})").request.sampling.max_tokens, model::Sampling().max_tokens);
    EXPECT_FALSE(chat(head + R"("seed":-1})").seeded);
    EXPECT_EQ(chat(head + R"("seed":12})").request.sampling.seed, 12U);
}

TEST(ChatRequests, AskForAnAnswersForm) {
    const std::string head = R"({"messages":[{"role":"user","content":"a"}],"response_format":)";
    EXPECT_EQ(chat(head + R"({"type":"json_object"}})").request.response_schema, R"({"type":"object"})");
    EXPECT_EQ(chat(head + R"({"type":"json_schema","json_schema":{"name":"n","schema":{"type":"array"}}}})")
                  .request.response_schema,
              R"({"type":"array"})");
    EXPECT_EQ(chat(head + R"({"type":"text"}})").request.response_schema, "");
}

TEST(ChatRequests, NameTheFieldAtFault) {
    const auto error = decode_chat(R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":[
        {"type":"image_url","image_url":{"url":"x"}}]}]})");
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().code, "unsupported_content");
    EXPECT_EQ(error.error().param, "messages[1].content[0].type");
}

TEST(ResponsesRequests, PutInstructionsFirstAndCallsIntoTheAssistantsMessage) {
    const ChatAsk ask = responses(R"({"instructions":"i","input":[{"role":"developer","content":"dev"},
        {"role":"user","content":[{"type":"input_text","text":"u"}]},{"type":"reasoning","id":"r","summary":[]},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"t"}]},
        {"type":"function_call","call_id":"1","name":"f","arguments":"{}"},
        {"type":"custom_tool_call","call_id":"2","name":"g","input":"raw"},
        {"type":"function_call_output","call_id":"1","output":[{"type":"input_text","text":"o"}]},
        {"type":"custom_tool_call_output","call_id":"2","output":"p"},{"type":"web_search_call","id":"w"}]})");
    ASSERT_EQ(ask.request.messages.size(), 5U);
    EXPECT_EQ(ask.request.messages[0].text, "i\n\ndev");
    EXPECT_EQ(ask.request.messages[2].text, "t");
    ASSERT_EQ(ask.request.messages[2].calls.size(), 2U);
    EXPECT_EQ(ask.request.messages[2].calls[1].arguments, (json::Object{{"input", "raw"}}));
    EXPECT_EQ(ask.request.messages[3], (model::Message{Role::tool, "o", {}, "1"}));
}

TEST(ResponsesRequests, RepeatInTheAnswerWhatTheyAskedFor) {
    const ChatAsk ask = responses(R"({"input":"x","tools":[{"type":"web_search"},{"type":"function","name":"f"}],
        "temperature":0.5,"metadata":{"a":"b"},"store":true})");
    EXPECT_EQ(ask.echo.at("tools").as_array().size(), 1U);
    EXPECT_EQ(ask.echo.at("temperature"), 0.5);
    EXPECT_TRUE(ask.echo.at("instructions").is_null());
    EXPECT_EQ(ask.metadata.at("a"), "b");
}

TEST(ResponsesRequests, RefuseWhatNeedsAStore) {
    const auto error = decode_responses(R"({"input":"x","previous_response_id":"resp_1"})");
    ASSERT_FALSE(error);
    EXPECT_EQ(error.error().code, "previous_response_not_found");
    EXPECT_TRUE(decode_responses(R"({"input":"x","previous_response_id":null,"conversation":null})"));
}

TEST(Bodies, ThatAreNoJsonObjectAreRefused) {
    const std::string deep = "{\"messages\":" + std::string(33, '[') + std::string(33, ']') + "}";
    for (const std::string& body :
         {std::string(), std::string("[]"), std::string("{"), deep, std::string("{\"a\":\"\xff\"}")}) {
        const auto chat_ask = decode_chat(body);
        const auto responses_ask = decode_responses(body);
        ASSERT_TRUE(!chat_ask && !responses_ask) << body;
        EXPECT_EQ(chat_ask.error().code, "invalid_json") << body;
        EXPECT_EQ(responses_ask.error().code, "invalid_json") << body;
    }
}

}  // namespace
}  // namespace ec::apps::openai
