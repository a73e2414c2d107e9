// Gaps that are filled while an answer is under way: whose turn it is, and that nothing else comes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

using embedded::Done;
using embedded::Failed;
using std::chrono::milliseconds;
using testing::asking;
using testing::RawClient;
using testing::SharedHost;
using testing::sharing;
using testing::start;
using testing::tiny_coder;

std::string functions(int n) {
    std::string text;
    for (int i = 0; i < n; ++i) text += "def function_" + std::to_string(i) + "(a, b): return a + b\n";
    return text;
}

TextRequest gap(int max_tokens = 8) {
    TextRequest request;
    request.prompt = "def f(a):\n    return ";
    request.suffix = "\n";
    request.sampling.max_tokens = max_tokens;
    request.sampling.temperature = 0;
    return request;
}

ChatRequest long_question(int max_tokens) {
    ChatRequest request = asking(functions(20), max_tokens);
    request.sampling.temperature = 0;
    return request;
}

/// An answer that is under way on a thread of its own.
class Answer {
public:
    Answer(EmbeddedModel& model, ChatRequest request)
        : thread_([this, &model, request = std::move(request)] {
              reply_ = model.complete(
                  request,
                  [this](const Delta& delta) {
                      if (delta.kind != Delta::Kind::text) return;
                      ++pieces_;
                      pieces_.notify_all();
                  },
                  stop_.get_token());
              done_ = true;
              pieces_ = -1;
              pieces_.notify_all();
          }) {
        pieces_.wait(0);
    }
    ~Answer() {
        stop_.request_stop();
        if (thread_.joinable()) thread_.join();
    }
    [[nodiscard]] bool done() const { return done_; }
    [[nodiscard]] int pieces() const { return pieces_; }
    const Result<ChatReply>& reply() {
        if (thread_.joinable()) thread_.join();
        return reply_;
    }

private:
    std::stop_source stop_;
    std::atomic<int> pieces_ = 0;
    std::atomic<bool> done_ = false;
    Result<ChatReply> reply_ = fail(ErrorCode::internal, "not asked");
    std::thread thread_;
};

class GapsBetween : public ::testing::Test {
protected:
    std::unique_ptr<EmbeddedModel> client(bool coder = true, std::int64_t context = 4096) const {
        EmbeddedOptions options = sharing(host_.socket());
        if (coder) options.file = tiny_coder();
        options.context = context;
        return start(options);
    }

    TempDir runtime_ = TempDir::create().value();
    SharedHost host_{runtime_.path()};
};

TEST_F(GapsBetween, AreFilledBeforeALongAnswerIsDoneAndDoNotChangeIt) {
    const auto writes = client();
    const auto types = client();
    const auto undisturbed = writes->complete(long_question(600), {}, {});
    ASSERT_TRUE(undisturbed) << undisturbed.error().message;
    const auto alone = types->complete_text(gap(), {}, {});
    ASSERT_TRUE(alone) << alone.error().message;
    Answer answer(*writes, long_question(600));
    int filled = 0;
    while (!answer.done()) {
        const auto reply = types->complete_text(gap(), {}, {});
        ASSERT_TRUE(reply) << reply.error().message;
        EXPECT_EQ(reply->text, alone->text);
        filled += answer.done() ? 0 : 1;
    }
    EXPECT_GE(filled, 2);
    ASSERT_TRUE(answer.reply()) << answer.reply().error().message;
    EXPECT_EQ(answer.reply()->text, undisturbed->text);
}

TEST_F(GapsBetween, AreFilledByAnotherModelToo) {
    const auto writes = client(false);
    const auto types = client(true);
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    const auto undisturbed = writes->complete(long_question(600), {}, {});
    Answer answer(*writes, long_question(600));
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    EXPECT_FALSE(answer.done());
    ASSERT_TRUE(undisturbed && answer.reply());
    EXPECT_EQ(answer.reply()->text, undisturbed->text);
}

TEST_F(GapsBetween, FindAModelThatIsLoadedWithoutWaitingForTheAnswer) {
    const auto writes = client();
    Answer answer(*writes, long_question(1500));
    const auto types = client();
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    EXPECT_FALSE(answer.done());
}

TEST_F(GapsBetween, StepBetweenTheBatchesOfAPromptAsWell) {
    const auto writes = client();
    const auto types = client();
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    std::atomic<bool> reads = false;
    std::atomic<bool> answered = false;
    Result<ChatReply> reply = fail(ErrorCode::internal, "not asked");
    std::thread asks([&] {
        reply = writes->complete(asking(functions(180), 1),
                                 [&](const Delta& delta) {
                                     if (delta.kind == Delta::Kind::prompt_progress) reads = true;
                                     reads.notify_all();
                                 },
                                 {});
        answered = true;
    });
    reads.wait(false);
    const auto filled = types->complete_text(gap(1), {}, {});
    const bool was_before = !answered;
    asks.join();
    EXPECT_TRUE(filled);
    EXPECT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(was_before);
}

TEST_F(GapsBetween, ThatNeverEndLeaveAnAnswerItsShare) {
    const auto writes = client();
    const auto types = client();
    const auto undisturbed = writes->complete(long_question(300), {}, {});
    std::stop_source stop;
    std::atomic<bool> started = false;
    // Typed as fast as it can be, each for as long as the context holds.
    std::thread typing([&] {
        TextRequest request = gap(100'000);
        while (!stop.stop_requested()) {
            static_cast<void>(types->complete_text(
                request,
                [&](const Delta&) {
                    started = true;
                    started.notify_all();
                },
                stop.get_token()));
        }
    });
    started.wait(false);
    const auto reply = writes->complete(long_question(300), {}, {});
    stop.request_stop();
    typing.join();
    ASSERT_TRUE(undisturbed && reply) << reply.error().message;
    EXPECT_EQ(reply->usage.completion_tokens, undisturbed->usage.completion_tokens);
}

TEST_F(GapsBetween, EndSoonWhenTheyAreCancelledAndTheAnswerGoesOn) {
    const auto writes = client();
    const auto types = client();
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    Answer answer(*writes, long_question(1500));
    auto quickest = std::chrono::nanoseconds::max();  // for a busy machine may be late with one of them
    for (int i = 0; i < 5; ++i) {
        std::stop_source stop;
        std::chrono::steady_clock::time_point asked;
        const auto reply = types->complete_text(
            gap(100'000),
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
    EXPECT_LT(quickest, milliseconds(100));
    ASSERT_TRUE(answer.reply()) << answer.reply().error().message;
}

TEST_F(GapsBetween, KeepTheOrderOfOneClientsRequests) {
    RawClient one(host_.socket());
    one.load(tiny_coder());
    one.chat(1, "hello", 200);
    one.say(embedded::Text{2, gap()});
    EXPECT_TRUE(std::holds_alternative<Done>(one.conclusion(1)));
    EXPECT_TRUE(std::holds_alternative<Done>(one.conclusion(2)));
}

TEST_F(GapsBetween, GoOnWhenTheClientWhoseAnswerStoodAsideIsGone) {
    const auto types = client();
    ASSERT_TRUE(types->complete_text(gap(), {}, {}));
    for (int i = 0; i < 3; ++i) {
        auto writes = std::make_unique<RawClient>(host_.socket());
        writes->load(tiny_coder());
        writes->chat(1, functions(10), 3000);
        ASSERT_TRUE(writes->answer());
        const auto reply = types->complete_text(gap(40), [&](const Delta&) { writes.reset(); }, {});
        ASSERT_TRUE(reply) << reply.error().message;
    }
    EXPECT_TRUE(types->complete(asking("hello", 2), {}, {}));
}

TEST_F(GapsBetween, ShareASmallContextWithAnAnswerThatNeedsAllOfIt) {
    const auto writes = client(true, 1024);
    const auto types = client(true, 1024);
    TextRequest request = gap(200);
    request.prompt = functions(15) + request.prompt;
    ASSERT_TRUE(types->complete_text(request, {}, {}));
    Answer answer(*writes, asking(functions(10), 100'000));
    int filled = 0;
    while (!answer.done()) {
        const auto reply = types->complete_text(request, {}, {});
        if (!reply) {
            EXPECT_EQ(reply.error().code, ErrorCode::too_large) << reply.error().message;
        }
        filled += reply ? 1 : 0;
    }
    EXPECT_GT(filled, 0);
    ASSERT_TRUE(answer.reply()) << answer.reply().error().message;
    EXPECT_TRUE(types->complete_text(request, {}, {}));
}

TEST_F(GapsBetween, WaitWhileAClientRunsItsTests) {
    RawClient tests(host_.socket());
    RawClient types(host_.socket());
    types.load(tiny_coder());
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer()) << "the pause has arrived";
    types.say(embedded::Text{1, gap()});
    EXPECT_FALSE(types.hears(milliseconds(100)));
    types.say(embedded::Cancel{1});
    EXPECT_TRUE(std::holds_alternative<Failed>(types.conclusion(1)));
    types.say(embedded::Text{2, gap()});
    tests.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(types.conclusion(2)));
}

}  // namespace
}  // namespace ec::model
