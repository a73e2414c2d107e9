#include <gtest/gtest.h>

#include <deque>
#include <ec/agent/review_queue.hpp>
#include <ec/core/fs.hpp>
#include <ec/model/chat.hpp>
#include <ec/net/http_client.hpp>

namespace ec::agent {
namespace {

/// Says what it was told to say, and remembers what it was asked.
class ScriptedModel final : public model::ChatModel {
public:
    [[nodiscard]] const model::ModelFacts& facts() const override { return facts_; }
    Result<model::ChatReply> complete(const model::ChatRequest& request, const model::OnDelta& /*on_delta*/,
                                      std::stop_token /*stop*/) override {
        asked.push_back(request);
        auto reply = std::move(replies.front());
        replies.pop_front();
        return reply;
    }
    std::deque<Result<model::ChatReply>> replies;
    std::vector<model::ChatRequest> asked;

private:
    model::ModelFacts facts_;
};

class ScriptedClient final : public net::HttpClient {
public:
    Result<net::HttpResponse> send(const net::HttpRequest& request, const net::ResponseSink& /*sink*/,
                                   std::stop_token /*stop*/) override {
        asked.push_back(request);
        auto reply = std::move(replies.front());
        replies.pop_front();
        return reply;
    }
    void say(int status, std::string body) {
        net::HttpResponse response;
        response.status = status;
        response.body = std::move(body);
        replies.emplace_back(std::move(response));
    }
    std::deque<Result<net::HttpResponse>> replies;
    std::vector<net::HttpRequest> asked;
};

std::string header(const net::HttpRequest& request, std::string_view name) {
    for (const auto& [key, value] : request.headers) {
        if (key == name) return value;
    }
    return {};
}

class Sending : public ::testing::Test {
protected:
    void SetUp() override {
        dir_.emplace(*TempDir::create());
        auto queue = ReviewQueue::open(dir_->path() / "data", [] { return std::chrono::system_clock::time_point(); });
        ASSERT_TRUE(queue);
        queue_.emplace(*std::move(queue));
        ReviewQuestion question;
        question.task = "t";
        id_ = *queue_->add(question, {"exactly this \xe2\x82\xac", "key", {}});
    }
    Result<Sent> send(Reviewer& reviewer, bool again = false) {
        return send_review(*queue_, id_, reviewer, budget_, again, {});
    }
    [[nodiscard]] ReviewItem item() { return *queue_->get(id_); }

    std::optional<TempDir> dir_;
    std::optional<ReviewQueue> queue_;
    std::int64_t id_ = 0;
    Budget budget_{"EUR", 1'000'000};
    ReviewerFacts facts_{.name = "big", .where = "", .price = Price{1'000'000, 1'000'000}, .most_answer_tokens = 1000};
    ScriptedModel model_;
    ScriptedClient client_;
};

model::ChatReply reply(std::string text) {
    model::ChatReply reply;
    reply.text = std::move(text);
    reply.usage.prompt_tokens = 100;
    reply.usage.completion_tokens = 50;
    return reply;
}

TEST_F(Sending, AModelGetsThePackageByteForByteAndNothingElse) {
    model_.replies.emplace_back(reply("a diff"));
    const auto reviewer = make_chat_reviewer(model_, facts_);
    const auto sent = send(*reviewer);
    ASSERT_TRUE(sent) << sent.error().message;
    EXPECT_EQ(sent->state, ReviewState::answered);
    ASSERT_EQ(model_.asked.size(), 1U);
    ASSERT_EQ(model_.asked[0].messages.size(), 1U);
    EXPECT_EQ(model_.asked[0].messages[0].text, item().package.text);
    EXPECT_TRUE(model_.asked[0].tools.empty());
    EXPECT_EQ(model_.asked[0].sampling.max_tokens, 1000);
    EXPECT_EQ(item().answer, "a diff");
    EXPECT_EQ(item().spent, 150);
}

TEST_F(Sending, AModelThatDoesNotCountCostsTheMost) {
    auto uncounted = reply("a diff");
    uncounted.usage = {};
    model_.replies.emplace_back(uncounted);
    ASSERT_TRUE(send(*make_chat_reviewer(model_, facts_)));
    EXPECT_EQ(item().spent, *most_cost(item().package, facts_));
}

TEST_F(Sending, OfflineItWaitsWithTheReasonAndCostsNothing) {
    model_.replies.emplace_back(fail(ErrorCode::unavailable, "nothing answers at x", "start it"));
    model_.replies.emplace_back(reply("a diff"));
    const auto reviewer = make_chat_reviewer(model_, facts_);
    const auto sent = send(*reviewer);
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->state, ReviewState::queued);
    EXPECT_EQ(item().note, "nothing answers at x; start it");
    EXPECT_EQ(item().spent, 0);
    EXPECT_EQ(send(*reviewer)->state, ReviewState::answered);
}

TEST_F(Sending, ATimeoutMayHaveCost) {
    model_.replies.emplace_back(fail(ErrorCode::timeout, "no answer in time"));
    EXPECT_EQ(send(*make_chat_reviewer(model_, facts_))->state, ReviewState::queued);
    EXPECT_EQ(item().spent, *most_cost(item().package, facts_));
}

TEST_F(Sending, AnAnswerThatWasCutOffIsNoAnswer) {
    auto cut = reply("half a di");
    cut.finish = model::Finish::length;
    model_.replies.emplace_back(cut);
    const auto sent = send(*make_chat_reviewer(model_, facts_));
    EXPECT_EQ(sent->state, ReviewState::queued);
    EXPECT_NE(sent->note.find("cut off"), std::string::npos);
    EXPECT_EQ(item().spent, 150);
    EXPECT_EQ(item().answer, "");
}

TEST_F(Sending, AnEmptyOrEndlessAnswerIsNone) {
    model_.replies.emplace_back(reply(" \n"));
    model_.replies.emplace_back(reply(std::string(kMostAnswer + 1, 'x')));
    const auto reviewer = make_chat_reviewer(model_, facts_);
    EXPECT_EQ(send(*reviewer)->state, ReviewState::queued);
    EXPECT_EQ(send(*reviewer)->state, ReviewState::queued);
}

TEST_F(Sending, NothingLeavesAboveTheCapOrWithoutAPrice) {
    budget_.most_per_day = 100;
    EXPECT_EQ(send(*make_chat_reviewer(model_, facts_)).error().code, ErrorCode::denied);
    budget_.most_per_day = 1'000'000;
    facts_.price.reset();
    EXPECT_EQ(send(*make_chat_reviewer(model_, facts_)).error().code, ErrorCode::denied);
    EXPECT_TRUE(model_.asked.empty());
    EXPECT_EQ(item().state, ReviewState::queued);
}

TEST_F(Sending, WhatACanceledCallLeavesCanBeSentAgain) {
    model_.replies.emplace_back(fail(ErrorCode::cancelled, "stopped"));
    EXPECT_EQ(send(*make_chat_reviewer(model_, facts_)).error().code, ErrorCode::cancelled);
    EXPECT_EQ(item().state, ReviewState::queued);
}

TEST_F(Sending, ATeamTakesItOnceAndAnswersLater) {
    facts_.price = Price{};
    const auto reviewer = make_team_reviewer(client_, facts_, {.url = "https://team.example", .token = "tok"});
    client_.say(201, R"({"id":"r1","state":"waiting"})");
    client_.say(200, R"({"id":"r1","state":"waiting"})");
    client_.say(200, R"({"id":"r1","state":"answered","answer":"a diff"})");
    EXPECT_EQ(send(*reviewer)->state, ReviewState::sent);
    EXPECT_EQ(item().ticket, "r1");
    EXPECT_EQ(client_.asked[0].method, "POST");
    EXPECT_EQ(client_.asked[0].url, "https://team.example/reviews");
    EXPECT_EQ(client_.asked[0].why, "review");
    EXPECT_EQ(header(client_.asked[0], "Authorization"), "Bearer tok");
    EXPECT_EQ(header(client_.asked[0], "Idempotency-Key"), "key");
    EXPECT_EQ(client_.asked[0].body, "{\"package\":\"exactly this \xe2\x82\xac\",\"link\":false}");
    EXPECT_EQ(send(*reviewer)->note, "there is no answer yet");
    EXPECT_EQ(send(*reviewer)->state, ReviewState::answered);
    EXPECT_EQ(client_.asked[2].url, "https://team.example/reviews/r1");
    EXPECT_EQ(item().answer, "a diff");
}

TEST_F(Sending, ALinkIsGivenOnceAndKeptNowhere) {
    facts_.price = Price{};
    const auto reviewer =
        make_team_reviewer(client_, facts_, {.url = "https://team.example", .token = "tok", .for_person = true});
    client_.say(201, R"({"id":"r1","state":"waiting","link":"/r/r1.abc"})");
    EXPECT_EQ(send(*reviewer)->link, "https://team.example/r/r1.abc");
    for (const char* suffix : {"", "-wal"}) {
        const auto bytes = read_file(dir_->path() / ("data/review.db" + std::string(suffix)));
        EXPECT_EQ(bytes->find("r1.abc"), std::string::npos);
    }
}

TEST_F(Sending, AServiceThatAnswersNonsenseIsNoReviewer) {
    facts_.price = Price{};
    const auto reviewer =
        make_team_reviewer(client_, facts_, {.url = "https://team.example", .token = "", .for_person = true});
    for (const char* body :
         {"", "[]", "{}", R"({"id":"../x","state":"waiting","link":"/r/x"})", R"({"id":"r1","state":"waiting"})",
          R"({"id":"r1","state":"done"})", R"({"id":1,"state":"waiting"})",
          R"({"id":"r1","state":"waiting","link":"https://evil.example/r/x"})",
          R"({"id":"r1","state":"waiting","link":"/r/\u001b[2J"})"}) {
        client_.say(201, body);
        const auto sent = send(*reviewer);
        ASSERT_TRUE(sent) << body;
        EXPECT_EQ(sent->state, ReviewState::queued) << body;
        EXPECT_FALSE(item().note.empty());
    }
}

TEST_F(Sending, AServiceThatRefusesIsToldInItsWords) {
    facts_.price = Price{};
    const auto reviewer = make_team_reviewer(client_, facts_, {.url = "https://team.example", .token = "wrong"});
    client_.say(401, R"({"detail":"no such token","code":"unauthorized"})");
    client_.say(503, "<html>");
    EXPECT_NE(send(*reviewer)->note.find("answers 401: no such token; look at the token"), std::string::npos);
    EXPECT_NE(send(*reviewer)->note.find("answers 503"), std::string::npos);
}

TEST_F(Sending, OnlyTheReviewerThatTookItIsAskedForTheAnswer) {
    facts_.price = Price{};
    client_.say(201, R"({"id":"r1","state":"waiting"})");
    ASSERT_TRUE(send(*make_team_reviewer(client_, facts_, {.url = "https://team.example", .token = ""})));
    facts_.name = "other";
    EXPECT_FALSE(send(*make_team_reviewer(client_, facts_, {.url = "https://other.example", .token = ""})));
    EXPECT_EQ(client_.asked.size(), 1U);
}

}  // namespace
}  // namespace ec::agent
