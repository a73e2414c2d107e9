#include "inference_http/requests.hpp"

#include <gtest/gtest.h>

#include <ec/json/json.hpp>

namespace ec::apps::inference_http {
namespace {

std::string refusal(std::string_view body) {
    const auto ask = read_decompose(body);
    EXPECT_FALSE(ask.has_value()) << body;
    if (ask) return "";
    EXPECT_EQ(ask.error().code, ErrorCode::invalid_argument) << body;
    return ask.error().message;
}

TEST(Decompose, is_asked_with_what_the_first_version_sent) {
    const auto ask = read_decompose(R"({"taskId":"t","prompt":"- a\n- b","snapshotRef":"s","language":"javascript"})");
    ASSERT_TRUE(ask) << ask.error().message;
    const auto answer = json::parse(write(inference::plan_without_model(ask->question), *ask));
    ASSERT_TRUE(answer);
    json::Reader reader(*answer);
    EXPECT_EQ(reader.string("by"), "list");
    const json::Array& subtasks = reader.array("subtasks");
    ASSERT_EQ(subtasks.size(), 2U);
    json::Reader first(subtasks[0]);
    EXPECT_EQ(first.string("taskId"), "t");
    EXPECT_EQ(first.string("kind"), "micro_loop");
    EXPECT_EQ(first.string("input"), "- a");
    EXPECT_EQ(first.string("language"), "javascript");
    EXPECT_EQ(first.string("snapshotRef"), "s");
}

TEST(Decompose, sorts_files_and_takes_each_once) {
    const auto ask = read_decompose(R"({"taskId":"t","prompt":"x","files":["b","a","b"]})");
    ASSERT_TRUE(ask);
    EXPECT_EQ(ask->question.files, (std::vector<std::string>{"a", "b"}));
}

TEST(Decompose, names_the_field_that_is_wrong) {
    EXPECT_EQ(refusal("[]"), "the body must be a JSON object");
    EXPECT_EQ(refusal("{"), "the body must be a JSON object");
    EXPECT_NE(refusal(R"({"prompt":"x"})").find("taskId"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":7})").find("prompt"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":" "})").find("prompt"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":"x","language":"cobol"})").find("language"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":"x","files":["../x"]})").find("files"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":"x","failing":[{}]})").find("failing"), std::string::npos);
    EXPECT_NE(refusal(R"({"taskId":"t","prompt":")" + std::string(262145, 'x') + "\"}").find("prompt"),
              std::string::npos);
}

TEST(Escalate, shows_the_model_the_attempt_and_how_it_failed) {
    const auto ask = read_escalate(R"({"task":"add","failedCode":"a-b","errorHistory":["AssertionError"]})");
    ASSERT_TRUE(ask);
    const std::string prompt = escalation_prompt(*ask);
    for (const char* part : {"add", "```python\na-b\n```", "AssertionError"})
        EXPECT_NE(prompt.find(part), std::string::npos) << part;
    EXPECT_FALSE(read_escalate(R"({"task":"add"})"));
    EXPECT_FALSE(read_escalate(R"({"task":"","failedCode":"x"})"));
}

TEST(Escalate, takes_the_last_block_of_code) {
    const auto read = read_escalation("It was:\n```\nold\n```\nNow:\n```python\na + b\n```\nThe sign was wrong.");
    ASSERT_TRUE(read);
    EXPECT_EQ(read->improved_code, "a + b\n");
    EXPECT_NE(read->explanation.find("The sign was wrong."), std::string::npos);
    EXPECT_FALSE(read_escalation("no code at all"));
    EXPECT_FALSE(read_escalation("```\nnever closed"));
}

}  // namespace
}  // namespace ec::apps::inference_http
