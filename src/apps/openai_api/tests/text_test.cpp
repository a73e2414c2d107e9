// Completions, gaps and embeddings: requests out of bytes, answers into bytes.
#include <gtest/gtest.h>

#include "openai_api/embeddings.hpp"
#include "openai_api/fields.hpp"
#include "openai_api/forms.hpp"

namespace ec::apps::openai {
namespace {

json::Object parsed(std::string_view text) {
    auto value = json::parse(text);
    EXPECT_TRUE(value && value->is_object()) << text;
    return value && value->is_object() ? value->get_object() : json::Object();
}

TEST(Base64, IsThatOfRfc4648) {
    // Section 10's vectors.
    for (const auto& [bytes, text] : {std::pair{"", ""},
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foob", "Zm9vYg=="},
                                      {"fooba", "Zm9vYmE="},
                                      {"foobar", "Zm9vYmFy"}})
        EXPECT_EQ(base64(bytes), text);
}

TEST(Completions, AskForAGapOnlyWithASuffix) {
    const auto gap = decode_completions(R"({"prompt":["a"],"suffix":"b","max_tokens":5})");
    ASSERT_TRUE(gap);
    EXPECT_EQ(gap->request.prompt, "a");
    EXPECT_EQ(gap->request.suffix, "b");
    const auto plain = decode_completions(R"({"prompt":"a","suffix":null})");
    ASSERT_TRUE(plain);
    EXPECT_FALSE(plain->request.suffix);
    EXPECT_FALSE(decode_completions(R"({"prompt":[1,2]})"));
    EXPECT_FALSE(decode_completions(R"({"prompt":["a","b"]})"));
}

TEST(Infill, PutsTheLineBeforeTheCursorBehindThePrefix) {
    const auto ask =
        decode_infill(R"({"input_prefix":"a\n","prompt":"  b","input_suffix":"\nc","n_predict":0,"n_indent":2,
        "input_extra":[{"filename":"f","text":"t","time":1}],"t_max_predict_ms":-1,"samplers":[],"cache_prompt":true})");
    ASSERT_TRUE(ask);
    EXPECT_EQ(ask->request.prompt, "a\n  b");
    EXPECT_EQ(ask->request.neighbours, (std::vector<model::Excerpt>{{"f", "t"}}));
    EXPECT_EQ(ask->request.sampling.max_tokens, 0);
    EXPECT_EQ(ask->indent, 2);
    EXPECT_TRUE(ask->names_neighbours);
    EXPECT_EQ(ask->predict_time.count(), 0);
}

TEST(Infill, AnswersWithTheFieldsThatAreAskedForUnderTheirPaths) {
    model::ChatReply reply;
    reply.text = "x";
    reply.usage.prompt_tokens = 10;
    reply.usage.cached_tokens = 4;
    const json::Object whole = parsed(make_infill_form({"m", "p", {}, {}})->whole(reply));
    EXPECT_EQ(whole.at("timings").at("prompt_n"), 6);
    EXPECT_EQ(whole.at("content"), "x");
    const json::Object some =
        parsed(make_infill_form({"m", "p", {}, {"content", "timings/prompt_n", "no/such"}})->whole(reply));
    EXPECT_EQ(some, (json::Object{{"content", "x"}, {"timings/prompt_n", 6}}));
}

TEST(Embeddings, TakeTextsAndNoTokens) {
    const auto one = decode_embeddings(R"({"input":"a"})");
    ASSERT_TRUE(one);
    EXPECT_EQ(one->input, std::vector<std::string>{"a"});
    EXPECT_FALSE(one->base64);
    EXPECT_TRUE(decode_embeddings(R"({"input":["a","b"],"encoding_format":"base64"})")->base64);
    for (const char* body : {R"({"input":[1]})", R"({"input":[[1]]})", R"({"input":[]})", R"({"input":[""]})",
                             R"({"input":"a","encoding_format":"hex"})"})
        EXPECT_FALSE(decode_embeddings(body)) << body;
}

TEST(Embeddings, AreNumbersOrLittleEndianFloatsInBase64) {
    const std::vector<std::vector<float>> vectors{{1.0F, -0.5F}};
    const json::Object numbers = parsed(embeddings_body("m", vectors, false, 3));
    EXPECT_EQ(numbers.at("data").at(0).at("embedding").at(1).to_number<double>(), -0.5);
    EXPECT_EQ(numbers.at("usage").at("total_tokens"), 3);
    const json::Object packed = parsed(embeddings_body("m", vectors, true, 3));
    EXPECT_EQ(packed.at("data").at(0).at("embedding").as_string(),
              base64(std::string_view("\0\0\x80\x3f\0\0\0\xbf", 8)));
}

}  // namespace
}  // namespace ec::apps::openai
