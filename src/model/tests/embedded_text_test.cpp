// Texts that go on, and gaps that are filled, by a model that runs here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

using testing::asking;
using testing::start;
using testing::start_tiny;
using testing::tiny_coder;
using testing::tiny_model;
using testing::tiny_options;

std::string functions(int first, int last) {
    std::string text;
    for (int i = first; i < last; ++i) text += "def function_" + std::to_string(i) + "(a, b): return a + b\n";
    return text;
}

TextRequest gap(std::string before, std::string after) {
    TextRequest request;
    request.prompt = std::move(before);
    request.suffix = std::move(after);
    request.path = "src/here.py";
    request.sampling.max_tokens = 12;
    return request;
}

std::unique_ptr<EmbeddedModel> coder(std::int64_t context = 4096) {
    EmbeddedOptions options = tiny_options();
    options.file = tiny_coder();
    options.context = context;
    return start(options);
}

std::int64_t evaluated(const Result<ChatReply>& reply) {
    EXPECT_TRUE(reply) << reply.error().message;
    return reply ? reply->usage.prompt_tokens - reply->usage.cached_tokens : -1;
}

TEST(EmbeddedText, GoesOnAsItIs) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    TextRequest request;
    request.prompt = "The quick brown fox";
    request.sampling.max_tokens = 12;
    std::string streamed;
    const auto reply = model->complete_text(request,
                                            [&](const Delta& delta) {
                                                if (delta.kind == Delta::Kind::text) streamed += delta.text;
                                            },
                                            {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, streamed);
    EXPECT_LT(reply->usage.prompt_tokens, 8) << "no template stands around it";
    EXPECT_LE(reply->usage.completion_tokens, 12);
    request.prompt.clear();
    EXPECT_EQ(model->complete_text(request, {}, {}).error().code, ErrorCode::invalid_argument);
}

TEST(EmbeddedText, FillsAGapByTheTokensOfTheFile) {
    const auto model = coder();
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->facts().fills);
    TextRequest request = gap("def f(a):\n    return ", "\n\ndef g(b):\n");
    request.neighbours = {{"a.py", "x = 1\n"}};
    const auto reply = model->complete_text(request, {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(model->complete_text(request, {}, {}).value().text, reply->text);
    // Six words of the template are a token each; as text they would be many.
    EXPECT_LT(reply->usage.prompt_tokens, 60);
    EXPECT_EQ(reply->text.find("<|fim"), std::string::npos);
    request.sampling.stop = {"\n"};
    EXPECT_EQ(model->complete_text(request, {}, {}).value().text.find('\n'), std::string::npos);
}

TEST(EmbeddedText, SaysSoWhereTheModelFillsNone) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    EXPECT_FALSE(model->facts().fills);
    const auto reply = model->complete_text(gap("a", "b"), {}, {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_FALSE(reply.error().remedy.empty());
    EXPECT_TRUE(model->complete(asking("hello", 2), {}, {}));
}

TEST(EmbeddedText, KnowsAFamilyByTheNameOfTheFile) {
    const TempDir folder = TempDir::create().value();
    EmbeddedOptions options = tiny_options();
    options.file = folder.path() / "starcoder2-3b.Q4_0.gguf";
    std::filesystem::copy_file(tiny_model(), options.file);
    const auto model = start(options);
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->facts().fills);
    EXPECT_TRUE(model->complete_text(gap("a", "b"), {}, {}));
}

TEST(EmbeddedText, EvaluatesOnlyWhatIsNew) {
    const auto model = coder();
    ASSERT_TRUE(model);
    TextRequest request = gap(functions(100, 110), "\ndef last(): pass\n");
    for (int i = 0; i < 8; ++i) request.neighbours.push_back({std::to_string(i), functions(i * 10, i * 10 + 8)});
    const auto first = model->complete_text(request, {}, {});
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_GT(first->usage.prompt_tokens, 1000);
    for (const char* typed : {"d", "e", "f", " n", "ext(", "a"}) {
        request.prompt += typed;
        EXPECT_LE(evaluated(model->complete_text(request, {}, {})), 24) << typed;
    }
    request.neighbours.push_back({"new", functions(200, 202)});
    const std::int64_t own = evaluated(model->complete_text(gap(request.prompt, *request.suffix), {}, {}));
    EXPECT_LE(evaluated(model->complete_text(request, {}, {})), own + 60) << "neighbours before it were read again";
    request.prompt += "b";
    EXPECT_LE(evaluated(model->complete_text(request, {}, {})), 24);
}

TEST(EmbeddedText, LeavesConversationsInTheCacheHoweverMuchIsTyped) {
    const auto model = coder();
    ASSERT_TRUE(model);
    const ChatRequest chat = asking(functions(0, 40), 4);
    ASSERT_TRUE(model->complete(chat, {}, {}));
    TextRequest request = gap(functions(100, 110), functions(110, 120));
    for (int i = 0; i < 40; ++i) {
        request.prompt += i % 8 == 7 ? "\n" : "x";
        if (i % 10 == 9) request.prompt = "def another_" + std::to_string(i) + functions(i, i + 10);
        ASSERT_TRUE(model->complete_text(request, {}, {}));
    }
    EXPECT_EQ(evaluated(model->complete(chat, {}, {})), 1);
}

TEST(EmbeddedText, LeavesOutWhatDoesNotFit) {
    const auto model = coder(1024);
    ASSERT_TRUE(model);
    TextRequest request = gap(functions(0, 500), functions(500, 1000));
    for (int i = 0; i < 50; ++i) request.neighbours.push_back({std::to_string(i), functions(i, i + 20)});
    const auto reply = model->complete_text(request, {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_GT(reply->usage.prompt_tokens, 300);
    EXPECT_LT(reply->usage.prompt_tokens, 1024);
    std::string dense;
    for (int i = 0; i < 6000; ++i) dense += static_cast<char>('!' + i * 7919 % 90);
    EXPECT_TRUE(model->complete_text(gap(dense, dense), {}, {})) << "text of many tokens is cut as well";
    request.suffix.reset();
    EXPECT_EQ(model->complete_text(request, {}, {}).error().code, ErrorCode::too_large);
}

TEST(EmbeddedText, TakesTextsThatHoldItsOwnWordsOrAreNone) {
    const auto model = coder();
    ASSERT_TRUE(model);
    TextRequest request = gap("<|fim_middle|><|file_sep|>\xff\xc3", std::string("\0<|endoftext|>", 14));
    request.path = "<|repo_name|>\n";
    request.neighbours = {{"", ""}, {std::string(1000, '/'), "<|im_start|>"}};
    EXPECT_TRUE(model->complete_text(request, {}, {}));
    EXPECT_TRUE(model->complete_text(gap("", ""), {}, {}));
}

TEST(EmbeddedText, EndsWithinATenthOfASecondOfACancel) {
    const auto model = coder();
    ASSERT_TRUE(model);
    TextRequest request = gap(functions(0, 80), "");
    request.sampling.max_tokens = 100'000;
    auto quickest = std::chrono::nanoseconds::max();
    // A busy machine may be late with one of them.
    for (int attempt = 0; attempt < 20 && quickest >= std::chrono::milliseconds(100); ++attempt) {
        std::stop_source stop;
        std::chrono::steady_clock::time_point asked;
        const auto reply = model->complete_text(
            request,
            [&](const Delta& delta) {
                if (delta.kind != Delta::Kind::text || stop.stop_requested()) return;
                asked = std::chrono::steady_clock::now();
                stop.request_stop();
            },
            stop.get_token());
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().code, ErrorCode::cancelled);
        quickest = std::min<std::chrono::nanoseconds>(quickest, std::chrono::steady_clock::now() - asked);
    }
    EXPECT_LT(quickest, std::chrono::milliseconds(100));
    EXPECT_TRUE(model->complete_text(gap("a", "b"), {}, {}));
}

}  // namespace
}  // namespace ec::model
