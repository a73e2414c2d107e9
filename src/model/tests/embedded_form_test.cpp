// Answers of a model that runs here, held to a schema or to a call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/json/json.hpp>

#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

using testing::asking;
using ::testing::HasSubstr;
using testing::start_tiny;

ChatRequest held_to(std::string schema, std::uint64_t seed = 1) {
    ChatRequest request = asking("answer", 200);
    request.response_schema = std::move(schema);
    request.sampling.temperature = 1;
    request.sampling.seed = seed;
    return request;
}

ChatRequest with_tools() {
    ChatRequest request = asking("what is in a.py?", 200);
    request.tools = {
        {"read_file", "Reads", R"({"type":"object","properties":{"line":{"enum":[1,2]}},"required":["line"]})"},
        {"list", "Lists", R"({"type":"object","properties":{"all":{"type":"boolean"}},"required":["all"]})"}};
    request.sampling.temperature = 1;
    return request;
}

TEST(EmbeddedForm, IsThatOfTheSchemaWhateverTheModelWouldSay) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        const auto reply = model->complete(
            held_to(R"({"type":"object","properties":{"colour":{"enum":["red","blue"]},"ready":{"type":"boolean"},)"
                    R"("sizes":{"type":"array","items":{"enum":[1,2]},"minItems":1,"maxItems":2}},)"
                    R"("required":["colour","ready","sizes"],"additionalProperties":false})",
                    seed),
            {}, {});
        ASSERT_TRUE(reply) << reply.error().message;
        const auto value = json::parse(reply->text);
        ASSERT_TRUE(value) << reply->text;
        const json::Object& object = value->get_object();
        EXPECT_TRUE(object.at("colour") == json::Value("red") || object.at("colour") == json::Value("blue"));
        EXPECT_TRUE(object.at("ready").is_bool());
        EXPECT_TRUE(object.at("sizes").is_array());
        EXPECT_EQ(reply->finish, Finish::stop);
    }
}

TEST(EmbeddedForm, MayBeAnyJson) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const auto reply = model->complete(held_to("{}"), {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_FALSE(reply->text.empty());
    EXPECT_THAT(std::string("{[\"-0123456789tfn"), HasSubstr(reply->text.substr(0, 1))) << reply->text;
}

TEST(EmbeddedForm, RefusesSchemasThatAreNoneAndGoesOn) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    std::string deep = "true";
    for (int i = 0; i < 500; ++i) deep = R"({"items":)" + deep + "}";
    for (const std::string& schema :
         {std::string("{"), std::string("7"), deep, std::string(R"({"type":"nonsense"})"),
          std::string(R"({"$ref":"#/nowhere"})"), std::string(R"({"$ref":"https://example.com/x"})"),
          std::string(R"({"type":"string","pattern":"^(a*)*$"})"),
          std::string(R"({"type":"string","pattern":"^(((a$"})"),
          std::string(R"({"type":"string","maxLength":1000000000})"),
          R"({"enum":[")" + std::string(70'000, 'x') + "\"]}"}) {
        const auto reply = model->complete(held_to(schema), {}, {});
        ASSERT_FALSE(reply) << schema.substr(0, 60);
        EXPECT_EQ(reply.error().code, ErrorCode::invalid_argument) << schema.substr(0, 60) << reply.error().message;
    }
    const auto hosts_before = testing::hosts();
    EXPECT_EQ(hosts_before.size(), 1U) << "none of them ended the host";
    EXPECT_TRUE(model->complete(asking("hello", 2), {}, {}));
    EXPECT_EQ(testing::hosts(), hosts_before);
}

TEST(EmbeddedForm, IsACallWhereOneMustBeMade) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    ChatRequest request = with_tools();
    request.tool_choice = ToolChoice::required;
    for (const std::string must : {"", "list"}) {
        request.must_call = must;
        const auto reply = model->complete(request, {}, {});
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_TRUE(reply->text.starts_with("<tool_call>")) << reply->text;
        EXPECT_THAT(reply->text, HasSubstr("\"name\""));
        EXPECT_THAT(reply->text, HasSubstr(must)) << reply->text;
    }
    request.must_call = "nobody";
    EXPECT_EQ(model->complete(request, {}, {}).error().code, ErrorCode::invalid_argument);
}

TEST(EmbeddedForm, LeavesToolsAsideWhereNoneMayBeCalled) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    ChatRequest request = with_tools();
    const auto shown = model->complete(request, {}, {});
    request.tool_choice = ToolChoice::none;
    const auto hidden = model->complete(request, {}, {});
    ASSERT_TRUE(shown && hidden);
    EXPECT_LT(hidden->usage.prompt_tokens + 50, shown->usage.prompt_tokens);
}

}  // namespace
}  // namespace ec::model
