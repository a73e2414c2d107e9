#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <ec/core/text.hpp>
#include <thread>

#include "embedded_fixture.hpp"

namespace ec::model {
namespace {

using testing::asking;
using testing::start;
using testing::start_tiny;
using testing::tiny_options;

Message assistant(const ChatReply& reply) { return {Role::assistant, reply.text, reply.calls, {}}; }

std::string long_text(int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i) text += "def function_" + std::to_string(i) + "(a, b): return a + b\n";
    return text;
}

TEST(EmbeddedModel, SaysWhatItIs) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    EXPECT_EQ(model->facts().name, "tiny");
    EXPECT_TRUE(model->facts().local);
    EXPECT_TRUE(model->facts().embedded);
    EXPECT_EQ(model->facts().context, 4096);
    EXPECT_GT(model->facts().parameters, 1'000'000);
    EXPECT_LE(model->batch_cost().size(), 6U);
}

TEST(EmbeddedModel, StreamsTheTextThatItReturns) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    std::string streamed;
    double progress = 0;
    const auto reply = model->complete(asking("hello"),
                                       [&](const Delta& delta) {
                                           if (delta.kind == Delta::Kind::text) streamed += delta.text;
                                           if (delta.kind == Delta::Kind::prompt_progress) progress = delta.progress;
                                           EXPECT_TRUE(is_valid_utf8(delta.text));
                                       },
                                       {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, streamed);
    EXPECT_FALSE(reply->text.empty());
    EXPECT_EQ(progress, 1);
    EXPECT_EQ(reply->finish, Finish::length);
    EXPECT_EQ(reply->usage.completion_tokens, 16);
    EXPECT_GT(reply->usage.prompt_tokens, 5);
    EXPECT_EQ(reply->usage.cached_tokens, 0);
}

TEST(EmbeddedModel, GivesTheSameAnswerForTheSameSeed) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    ChatRequest request = asking("hello", 24);
    request.sampling.temperature = 1;
    const auto first = model->complete(request, {}, {});
    const auto again = model->complete(request, {}, {});
    request.sampling.seed = 2;
    const auto other = model->complete(request, {}, {});
    ASSERT_TRUE(first && again && other);
    EXPECT_EQ(first->text, again->text);
    EXPECT_NE(first->text, other->text);
}

TEST(EmbeddedModel, EvaluatesOnlyWhatANewTurnAdds) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    ChatRequest request = asking(long_text(80), 32);
    request.sampling.temperature = 1;
    const auto first = model->complete(request, {}, {});
    ASSERT_TRUE(first) << first.error().message;
    ASSERT_GT(first->usage.prompt_tokens, 900);
    request.messages.push_back(assistant(*first));
    request.messages.push_back({Role::user, "and now?", {}, {}});
    const auto second = model->complete(request, {}, {});
    ASSERT_TRUE(second) << second.error().message;
    // All of the first prompt, and of its answer all but the last token, which nothing was asked after.
    EXPECT_GE(second->usage.cached_tokens, first->usage.prompt_tokens + 31);
    EXPECT_LE(second->usage.prompt_tokens - second->usage.cached_tokens, 16);
}

TEST(EmbeddedModel, ComesBackToAnEarlierTurnWithoutEvaluatingItAgain) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const ChatRequest first_turn = asking(long_text(40), 8);
    const auto first = model->complete(first_turn, {}, {});
    ASSERT_TRUE(first);
    ChatRequest wrong_turn = first_turn;
    wrong_turn.messages.push_back(assistant(*first));
    wrong_turn.messages.push_back({Role::user, long_text(40), {}, {}});
    ASSERT_TRUE(model->complete(wrong_turn, {}, {}));
    ChatRequest other_turn = first_turn;
    other_turn.messages.push_back(assistant(*first));
    other_turn.messages.push_back({Role::user, "something else", {}, {}});
    const auto other = model->complete(other_turn, {}, {});
    ASSERT_TRUE(other);
    EXPECT_GE(other->usage.cached_tokens, first->usage.prompt_tokens + 7);
    // And the turn that was left is still there.
    const auto back = model->complete(wrong_turn, {}, {});
    ASSERT_TRUE(back);
    EXPECT_GE(back->usage.cached_tokens, back->usage.prompt_tokens - 1);
}

TEST(EmbeddedModel, ForksSamplesFromOneEvaluatedPrompt) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    ChatRequest request = asking(long_text(40), 12);
    request.sampling.temperature = 1;
    const auto samples = model->sample(request, 4, {}, {});
    ASSERT_TRUE(samples) << samples.error().message;
    ASSERT_EQ(samples->size(), 4U);
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_EQ((*samples)[i].usage.cached_tokens, (*samples)[i].usage.prompt_tokens);
        EXPECT_NE((*samples)[i].text, (*samples)[0].text);
    }
    const auto again = model->sample(request, 4, {}, {});
    ASSERT_TRUE(again);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*again)[i].text, (*samples)[i].text);
}

TEST(EmbeddedModel, SamplesMoreThanItCanHoldAtOnce) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const auto samples = model->sample(asking("hello", 2), 21, {}, {});
    ASSERT_TRUE(samples) << samples.error().message;
    EXPECT_EQ(samples->size(), 21U);
}

TEST(EmbeddedModel, StopsSamplingWhenEnoughAreSeen) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const auto samples = model->sample(asking("hello", 4), 200, [](const ChatReply&) { return false; }, {});
    ASSERT_TRUE(samples) << samples.error().message;
    EXPECT_EQ(samples->size(), 1U);
    EXPECT_TRUE(model->complete(asking("hello", 4), {}, {}));
}

TEST(EmbeddedModel, EndsAtAStopTextAndLeavesItOut) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const auto whole = model->complete(asking("hello", 24), {}, {});
    ASSERT_TRUE(whole);
    ASSERT_GT(whole->text.size(), 20U);
    std::size_t at = 10;
    while (!is_valid_utf8(whole->text.substr(at, 6))) ++at;
    ChatRequest request = asking("hello", 24);
    request.sampling.stop = {"nowhere in it", whole->text.substr(at, 6)};
    const auto cut = model->complete(request, {}, {});
    ASSERT_TRUE(cut);
    EXPECT_EQ(cut->text, whole->text.substr(0, whole->text.find(request.sampling.stop[1])));
    EXPECT_EQ(cut->finish, Finish::stop);
}

TEST(EmbeddedModel, AnswersNothingWhereNothingIsAskedFor) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    const auto reply = model->complete(asking("hello", 0), {}, {});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "");
    EXPECT_EQ(reply->finish, Finish::length);
}

TEST(EmbeddedModel, EndsAHugeAnswerWhereTheContextIsFull) {
    EmbeddedOptions options = tiny_options();
    options.context = 256;
    const auto model = start(options);
    ASSERT_TRUE(model);
    const auto reply = model->complete(asking("hello", 1 << 29), {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    if (reply->finish == Finish::length) {
        EXPECT_THAT(reply->warnings, ::testing::Contains(::testing::HasSubstr("context is full")));
    }
    EXPECT_TRUE(model->complete(asking("hello again", 4), {}, {}));
}

TEST(EmbeddedModel, RefusesAPromptThatDoesNotFit) {
    EmbeddedOptions options = tiny_options();
    options.context = 256;
    const auto model = start(options);
    ASSERT_TRUE(model);
    const auto reply = model->complete(asking(long_text(100)), {}, {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::too_large);
    EXPECT_TRUE(model->complete(asking("short", 4), {}, {}));
}

TEST(EmbeddedModel, TakesBytesThatAreNoText) {
    const auto model = start_tiny();
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->complete(asking(std::string("\xff\xfe\x00 <|im_end|> \xc3", 17), 4), {}, {}));
}

}  // namespace
}  // namespace ec::model
