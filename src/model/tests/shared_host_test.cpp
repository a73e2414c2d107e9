// One host for several clients: what they share, and what one of them does to the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <atomic>
#include <iostream>
#include <thread>

#include "embedded_fixture.hpp"
#include "shared_host_fixture.hpp"

namespace ec::model {
namespace {

using embedded::Done;
using embedded::Failed;
using std::chrono::milliseconds;
using testing::asking;
using ::testing::HasSubstr;
using testing::hosts;
using testing::RawClient;
using testing::SharedHost;
using testing::sharing;
using testing::start;
using testing::start_tiny;

std::string long_text(int lines) {
    std::string text;
    for (int i = 0; i < lines; ++i) text += "def function_" + std::to_string(i) + "(a, b): return a + b\n";
    return text;
}

class SharedInference : public ::testing::Test {
protected:
    std::unique_ptr<EmbeddedModel> client() const { return start(sharing(host_.socket())); }

    TempDir runtime_ = TempDir::create().value();
    SharedHost host_{runtime_.path()};
};

TEST_F(SharedInference, SaysWhereItListensAndLetsNobodyElseIn) {
    EXPECT_EQ(host_.ready_line(), "ready inference unix:" + host_.socket().string());
    struct stat info{};
    ASSERT_EQ(::stat(host_.socket().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    ASSERT_EQ(::stat(host_.socket().parent_path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST_F(SharedInference, GivesTwoClientsAtOnceTheAnswersThatEachGetsAlone) {
    const std::string texts[2] = {"hello", long_text(30)};
    const std::unique_ptr<EmbeddedModel> clients[2] = {client(), client()};
    std::string alone[2];
    {
        // Both begin alike, so what the first evaluated is part of the second's answer down to how it was rounded.
        const auto private_host = start_tiny();
        for (int i = 0; i < 2; ++i) {
            const auto reply = private_host->complete(asking(texts[i], 48), {}, {});
            ASSERT_TRUE(reply) << reply.error().message;
            alone[i] = reply->text;
            EXPECT_EQ(clients[i]->complete(asking(texts[i], 48), {}, {}).value().text, alone[i]);
        }
    }
    std::vector<std::thread> asks;
    for (int i = 0; i < 2; ++i) {
        asks.emplace_back([&, i] {
            for (int again = 0; again < 5; ++again) {
                const auto reply = clients[i]->complete(asking(texts[i], 48), {}, {});
                ASSERT_TRUE(reply) << reply.error().message;
                EXPECT_EQ(reply->text, alone[i]);
            }
        });
    }
    for (std::thread& ask : asks) ask.join();
    EXPECT_EQ(hosts(), std::vector<int>{host_.pid()}) << "nobody started a host of their own";
}

TEST_F(SharedInference, HoldsTheWeightsOnce) {
    const auto first = client();
    ASSERT_TRUE(first->complete(asking("hello", 4), {}, {}));
    const int mappings = host_.mappings();
    const long one = host_.pss();
    ASSERT_GT(mappings, 0);
    const auto second = client();
    ASSERT_TRUE(second->complete(asking("hello there", 4), {}, {}));
    EXPECT_EQ(host_.mappings(), mappings);
    std::cout << "the host takes " << one << " KiB for one client and " << host_.pss() << " KiB for two\n";
    EXPECT_LT(host_.pss() - one, one / 4);
    EmbeddedOptions other = sharing(host_.socket());
    other.context = 2048;
    const auto third = start(other);
    EXPECT_EQ(host_.mappings(), 2 * mappings) << "other settings are another model";
}

TEST_F(SharedInference, DoesNotEvaluateAgainWhatAnotherClientAsked) {
    const auto first = client();
    const auto second = client();
    const auto one = first->complete(asking(long_text(40), 8), {}, {});
    ASSERT_TRUE(one);
    EXPECT_EQ(one->usage.cached_tokens, 0);
    const auto two = second->complete(asking(long_text(40), 8), {}, {});
    ASSERT_TRUE(two);
    EXPECT_EQ(two->usage.cached_tokens, two->usage.prompt_tokens - 1);
    EXPECT_EQ(two->text, one->text);
}

TEST_F(SharedInference, MakesVectorsForOneClientAndTextForAnother) {
    const auto writes = client();
    const auto embedder = make_embedder(sharing(host_.socket()));
    ASSERT_TRUE(embedder) << embedder.error().message;
    const std::vector<std::string> texts{"hello", "goodbye"};
    for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(writes->complete(asking("hello", 2), {}, {}));
        const auto vectors = (*embedder)->embed(texts, {});
        ASSERT_TRUE(vectors) << vectors.error().message;
        EXPECT_EQ(vectors->size(), texts.size());
    }
    EXPECT_EQ(hosts(), std::vector<int>{host_.pid()});
}

TEST_F(SharedInference, AlternatesBetweenClientsWhereOneWantsManySamples) {
    RawClient many(host_.socket());
    RawClient few(host_.socket());
    many.load();
    few.load();
    many.chat(1, "hello", 48, 64);
    for (;;) {
        const auto said = many.answer();
        ASSERT_TRUE(said);
        if (std::holds_alternative<embedded::Reply>(*said)) break;
    }
    few.chat(1, "hello", 4);
    EXPECT_TRUE(std::holds_alternative<Done>(few.conclusion(1)));
    // The answers to the other one that were sent until then end before its last.
    many.say(embedded::Cancel{1});
    const auto ending = many.conclusion(1);
    ASSERT_TRUE(std::holds_alternative<Failed>(ending)) << "all samples came before the other client's turn";
    EXPECT_EQ(std::get<Failed>(ending).error.code, ErrorCode::cancelled);
}

TEST_F(SharedInference, MakesTheSamplesOfOneRequestAsIfTheyWereMadeTogether) {
    ChatRequest request = asking("hello", 1);  // what is picked later depends on how a batch rounds
    request.sampling.temperature = 1;
    const auto model = client();
    const auto all = model->sample(request, 20, {}, {});
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 20U);
    const auto eight = model->sample(request, 8, {}, {});
    ASSERT_TRUE(eight);
    request.sampling.seed += 16;
    const auto last = model->sample(request, 4, {}, {});
    ASSERT_TRUE(last);
    const auto texts = [](const std::vector<ChatReply>& replies, std::size_t from, std::size_t n) {
        std::vector<std::string> found;
        for (std::size_t i = from; i < from + n; ++i) found.push_back(replies[i].text);
        std::ranges::sort(found);  // they come in the order in which they are complete
        return found;
    };
    EXPECT_EQ(texts(*all, 0, 8), texts(*eight, 0, 8));
    EXPECT_EQ(texts(*all, 16, 4), texts(*last, 0, 4));
}

TEST_F(SharedInference, CancelsTheRequestOfOneAndLeavesTheOther) {
    const auto alone = start_tiny()->complete(asking("hello", 24), {}, {});
    ASSERT_TRUE(alone);
    const auto first = client();
    const auto second = client();
    std::stop_source stop;
    std::thread asks;
    Result<ChatReply> other = fail(ErrorCode::internal, "not asked");
    const auto reply = first->complete(
        asking("something long", 4000),
        [&](const Delta& delta) {
            if (delta.kind != Delta::Kind::text || asks.joinable()) return;
            asks = std::thread([&] { other = second->complete(asking("hello", 24), {}, {}); });
            stop.request_stop();
        },
        stop.get_token());
    asks.join();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::cancelled);
    ASSERT_TRUE(other) << other.error().message;
    EXPECT_EQ(other->text, alone->text);
}

TEST_F(SharedInference, TakesNumbersOfRequestsAsEachClientsOwn) {
    RawClient one(host_.socket());
    RawClient other(host_.socket());
    one.load();
    other.load();
    one.chat(1, "hello", 200);
    other.say(embedded::Cancel{1000});
    EXPECT_TRUE(std::holds_alternative<Done>(one.conclusion(1)));
}

TEST_F(SharedInference, ForgetsAClientThatIsKilledInTheMiddleOfAnAnswer) {
    const auto model = client();
    ASSERT_TRUE(model->complete(asking("hello", 2), {}, {}));
    const std::size_t descriptors = host_.descriptors();
    int fds[2];
    ASSERT_EQ(::pipe(fds), 0);
    const UniqueFd told(fds[0]);
    UniqueFd tells(fds[1]);
    const int pid = ::fork();
    if (pid == 0) {
        EmbeddedOptions options = sharing(host_.socket());
        const auto mine = make_embedded_model(options);
        if (!mine) ::_exit(1);
        static_cast<void>((*mine)->complete(asking("something long", 4000),
                                            [&](const Delta&) { static_cast<void>(!::write(tells.get(), "x", 1)); },
                                            {}));
        ::_exit(0);
    }
    tells.reset();
    char byte = 0;
    ASSERT_EQ(::read(told.get(), &byte, 1), 1);
    ::kill(pid, SIGKILL);
    ASSERT_EQ(::waitpid(pid, nullptr, 0), pid);
    const auto reply = model->complete(asking("next", 2), {}, {});
    ASSERT_TRUE(reply) << reply.error().message;
    // Every request gives the host time to close what is left.
    for (int i = 0; i < 100 && host_.descriptors() != descriptors; ++i) {
        ASSERT_TRUE(model->complete(asking("next", 1), {}, {}));
    }
    EXPECT_EQ(host_.descriptors(), descriptors);
}

TEST_F(SharedInference, WhenKilledCostsOneRequestAndTheNextStartsAHostOfItsOwn) {
    const auto asks = client();
    const auto idle = client();
    ASSERT_TRUE(idle->complete(asking("hello", 2), {}, {}));
    const auto reply = asks->complete(asking("hello", 4000),
                                      [&](const Delta& delta) {
                                          if (delta.kind == Delta::Kind::text) host_.signal(SIGKILL);
                                      },
                                      {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_THAT(reply.error().remedy, HasSubstr("ask again"));
    EXPECT_EQ(host_.ending(), -SIGKILL);
    ASSERT_TRUE(hosts().empty());
    const auto again = asks->complete(asking("hello", 4), {}, {});
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(hosts().size(), 1U);
    // One that waited for nothing notices nothing, and comes back to a host that was started again.
    const SharedHost next(runtime_.path());
    const auto back = idle->complete(asking("hello", 4), {}, {});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(hosts().size(), 2U) << "the shared one, and that of the first client";
}

TEST_F(SharedInference, HoldsEverybodyUpWhileAClientRunsItsTests) {
    RawClient tests(host_.socket());
    RawClient asks(host_.socket());
    asks.load();
    tests.say(embedded::Pause{});
    tests.say(embedded::Hello{});
    ASSERT_TRUE(tests.answer()) << "the pause has arrived";
    asks.chat(1, "hello", 4);
    EXPECT_FALSE(asks.hears(milliseconds(100)));
    asks.say(embedded::Cancel{1});
    const auto cancelled = asks.conclusion(1);
    ASSERT_TRUE(std::holds_alternative<Failed>(cancelled));
    EXPECT_EQ(std::get<Failed>(cancelled).error.code, ErrorCode::cancelled);
    asks.chat(2, "hello", 4);
    tests.say(embedded::Resume{});
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(2)));
}

TEST_F(SharedInference, GoesOnWhenTheClientThatPausedItIsGone) {
    auto tests = std::make_unique<RawClient>(host_.socket());
    RawClient asks(host_.socket());
    asks.load();
    tests->say(embedded::Pause{});
    tests->say(embedded::Hello{});
    ASSERT_TRUE(tests->answer());
    asks.chat(1, "hello", 4);
    tests.reset();
    EXPECT_TRUE(std::holds_alternative<Done>(asks.conclusion(1)));
}

TEST(SharedInferenceOnce, StartsAHostOfItsOwnWhereNobodyListens) {
    const TempDir folder = TempDir::create().value();
    const auto model = start(sharing(folder.path() / "inference.sock"));
    ASSERT_TRUE(model);
    EXPECT_TRUE(model->complete(asking("hello", 2), {}, {}));
    EXPECT_EQ(hosts().size(), 1U);
}

TEST(SharedInferenceOnce, AnswersWhatWasAskedBeforeItStopsAndThenIsGone) {
    const TempDir runtime = TempDir::create().value();
    SharedHost host(runtime.path());
    const auto model = start(sharing(host.socket()));
    const auto waits = start(sharing(host.socket()));
    bool told = false;
    const auto reply = model->complete(asking("hello", 200),
                                       [&](const Delta& delta) {
                                           if (delta.kind != Delta::Kind::text || told) return;
                                           told = true;
                                           host.signal(SIGTERM);
                                       },
                                       {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->usage.completion_tokens, 200);
    EXPECT_EQ(host.ending(), 0);
    EXPECT_FALSE(std::filesystem::exists(host.socket()));
    const auto next = waits->complete(asking("hello", 2), {}, {});
    EXPECT_TRUE(next) << next.error().message;
}

}  // namespace
}  // namespace ec::model
