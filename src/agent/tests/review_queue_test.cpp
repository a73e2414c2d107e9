#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ec/agent/review_queue.hpp>
#include <ec/core/fs.hpp>

namespace ec::agent {
namespace {

using std::chrono::hours;
using std::chrono::system_clock;

class Queue : public ::testing::Test {
protected:
    void SetUp() override {
        dir_.emplace(*TempDir::create());
        queue_.emplace(open());
    }
    [[nodiscard]] std::filesystem::path data() const { return dir_->path() / "data"; }
    ReviewQueue open() {
        auto queue = ReviewQueue::open(data(), [this] { return now_; });
        EXPECT_TRUE(queue) << queue.error().message;
        return *std::move(queue);
    }
    std::int64_t add() {
        ReviewQuestion question;
        question.workspace = "/home/ann/project";
        question.task = "fix it";
        question.why = ReviewWhy::model_limit;
        question.test = "pytest";
        ReviewPackage package{"the text", "key" + std::to_string(++keys_), {{"a.py", 1, 9}, {"b.py", 2, 2}}};
        const auto id = queue_->add(question, package);
        EXPECT_TRUE(id) << id.error().message;
        return id.value_or(0);
    }
    Result<std::int64_t> begin(std::int64_t id, Micros most = 10, bool again = false) {
        return queue_->begin_sending(id, "big", most, budget_, again);
    }
    std::optional<TempDir> dir_;
    system_clock::time_point now_{std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + hours(12)};
    Budget budget_{"EUR", 100};
    std::optional<ReviewQueue> queue_;
    int keys_ = 0;
};

TEST_F(Queue, GivesBackWhatWasPutIn) {
    const auto id = add();
    queue_.emplace(open());  // as after a restart
    const auto item = queue_->get(id);
    ASSERT_TRUE(item);
    EXPECT_EQ(item->workspace, "/home/ann/project");
    EXPECT_EQ(item->task, "fix it");
    EXPECT_EQ(item->why, ReviewWhy::model_limit);
    EXPECT_EQ(item->test, "pytest");
    EXPECT_EQ(item->package.text, "the text");
    EXPECT_EQ(item->package.regions, (std::vector<Region>{{"a.py", 1, 9}, {"b.py", 2, 2}}));
    EXPECT_EQ(item->state, ReviewState::queued);
    EXPECT_EQ(item->created_ms, 1795780800000);
}

TEST_F(Queue, CapsWhatRemoteModelsAndReviewersCostTogether) {
    const auto first = queue_->reserve("far away", 60, budget_);
    ASSERT_TRUE(first);
    EXPECT_EQ(queue_->reserve("far away", 60, budget_).error().code, ErrorCode::denied);
    EXPECT_EQ(begin(add(), 60).error().code, ErrorCode::denied);
    ASSERT_TRUE(queue_->settle(*first, 20));
    EXPECT_EQ(queue_->spent_today("EUR").value(), 20);
    EXPECT_TRUE(begin(add(), 60));
    EXPECT_EQ(queue_->reserve("far away", 60, budget_).error().code, ErrorCode::denied);
    queue_.emplace(open());  // what was never settled stays spent
    EXPECT_EQ(queue_->spent_today("EUR").value(), 80);
    now_ += hours(24);
    EXPECT_TRUE(queue_->reserve("far away", 60, budget_));
}

TEST_F(Queue, IsForItsOwnerOnly) {
    struct stat info{};
    ASSERT_EQ(::stat((data() / "review.db").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    ASSERT_EQ(::stat(data().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(Queue, ListsTheNewestFirstAndByState) {
    const auto first = add();
    const auto second = add();
    ASSERT_TRUE(queue_->reject(first));
    EXPECT_EQ(queue_->list({}, 10)->front().id, second);
    EXPECT_EQ(queue_->list(ReviewState::rejected, 10)->size(), 1U);
    EXPECT_EQ(queue_->list({}, 1)->size(), 1U);
    EXPECT_TRUE(queue_->list(ReviewState::sent, 10)->empty());
}

TEST_F(Queue, AnItemThatIsNotThereIsNotFound) {
    EXPECT_EQ(queue_->get(7).error().code, ErrorCode::not_found);
    EXPECT_EQ(queue_->reject(7).error().code, ErrorCode::not_found);
    EXPECT_EQ(begin(7).error().code, ErrorCode::not_found);
}

TEST_F(Queue, GoesStepByStepAndNoOtherWay) {
    const auto id = add();
    EXPECT_EQ(queue_->accept(id).error().code, ErrorCode::conflict);
    EXPECT_EQ(queue_->edit(id, "x").error().code, ErrorCode::conflict);
    EXPECT_EQ(queue_->answered(id, {}, 0, "x", "").error().code, ErrorCode::conflict);
    const auto reservation = begin(id);
    ASSERT_TRUE(reservation);
    EXPECT_EQ(begin(id).error().code, ErrorCode::conflict);
    ASSERT_TRUE(queue_->answered(id, *reservation, 7, "the diff", "a note"));
    EXPECT_EQ(queue_->answered(id, *reservation, 7, "another", "").error().code, ErrorCode::conflict);
    ASSERT_TRUE(queue_->edit(id, "my diff"));
    ReviewVerdict verdict;
    verdict.outcome = ReviewVerdict::Outcome::passed;
    verdict.passed = 3;
    verdict.tier = "A";
    ASSERT_TRUE(queue_->judged(id, verdict));
    ASSERT_TRUE(queue_->accept(id));
    const auto item = queue_->get(id);
    EXPECT_EQ(item->state, ReviewState::accepted);
    EXPECT_EQ(item->answer, "my diff");
    EXPECT_TRUE(item->edited);
    EXPECT_EQ(item->verdict, "passed: 3 passed, 0 failed in 0 ms (tier A)");
    EXPECT_EQ(item->spent, 7);
    EXPECT_EQ(item->currency, "EUR");
    EXPECT_EQ(queue_->reject(id).error().code, ErrorCode::conflict);
    EXPECT_EQ(queue_->accept(id).error().code, ErrorCode::conflict);
}

TEST_F(Queue, SpendsNoMoreThanTheCapOnOneDay) {
    const auto first = add();
    const auto second = add();
    const auto reservation = begin(first, 60);
    ASSERT_TRUE(reservation);
    EXPECT_EQ(begin(second, 41).error().code, ErrorCode::denied);
    EXPECT_EQ(queue_->get(second)->state, ReviewState::queued);
    EXPECT_TRUE(begin(second, 40));
    EXPECT_EQ(*queue_->spent_today("EUR"), 100);
    EXPECT_EQ(*queue_->spent_today("USD"), 0);
    ASSERT_TRUE(queue_->answered(first, *reservation, 20, "x", ""));
    EXPECT_EQ(*queue_->spent_today("EUR"), 60);
    now_ += hours(12);  // midnight
    EXPECT_EQ(*queue_->spent_today("EUR"), 0);
    EXPECT_TRUE(begin(add(), 100));
}

TEST_F(Queue, ACapOfNothingLetsThroughWhatCostsNothing) {
    budget_.most_per_day = 0;
    EXPECT_EQ(begin(add(), 1).error().code, ErrorCode::denied);
    EXPECT_TRUE(begin(add(), 0));
}

TEST_F(Queue, MoreThanWasReservedCountsAgainstTheNext) {
    const auto id = add();
    const auto reservation = begin(id, 50);
    ASSERT_TRUE(queue_->answered(id, *reservation, 150, "x", ""));
    EXPECT_EQ(begin(add(), 1).error().code, ErrorCode::denied);
}

TEST_F(Queue, WhatNobodyReadCostsNothingAndWhatSomebodyMayHaveReadCostsAll) {
    const auto id = add();
    auto reservation = begin(id, 60);
    ASSERT_TRUE(queue_->sending_failed(id, *reservation, "nothing answers", false));
    EXPECT_EQ(queue_->get(id)->state, ReviewState::queued);
    EXPECT_EQ(queue_->get(id)->note, "nothing answers");
    EXPECT_EQ(*queue_->spent_today("EUR"), 0);
    reservation = begin(id, 60);
    ASSERT_TRUE(queue_->sending_failed(id, *reservation, "no answer in time", true));
    EXPECT_EQ(*queue_->spent_today("EUR"), 60);
}

TEST_F(Queue, AnItemInTheHandsOfAProgramThatDiedIsSentAgainOnlyOnPurpose) {
    const auto id = add();
    const pid_t child = ::fork();
    if (child == 0) {
        auto theirs = ReviewQueue::open(data(), [this] { return now_; });
        if (!theirs->begin_sending(id, "big", 60, budget_, false)) ::_exit(1);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    EXPECT_EQ(queue_->get(id)->state, ReviewState::sent);
    EXPECT_EQ(*queue_->spent_today("EUR"), 60);  // for all we know
    EXPECT_EQ(begin(id, 40).error().code, ErrorCode::conflict);
    EXPECT_TRUE(begin(id, 40, true));
    EXPECT_EQ(*queue_->spent_today("EUR"), 100);
}

TEST_F(Queue, WhatAReviewerHasTakenIsNotSentASecondTime) {
    const auto id = add();
    const auto reservation = begin(id, 0);
    ASSERT_TRUE(queue_->taken(id, *reservation, "t1"));
    EXPECT_EQ(queue_->get(id)->ticket, "t1");
    EXPECT_EQ(begin(id, 0, true).error().code, ErrorCode::conflict);
    ASSERT_TRUE(queue_->answered(id, {}, 0, "x", ""));
    EXPECT_EQ(queue_->get(id)->ticket, "");
}

TEST_F(Queue, TwoProgramsCannotBothSendAnItem) {
    const auto id = add();
    ReviewQueue other = open();
    EXPECT_TRUE(begin(id));
    EXPECT_EQ(other.begin_sending(id, "big", 0, budget_, false).error().code, ErrorCode::conflict);
}

TEST_F(Queue, AnAnswerHasALimit) {
    const auto id = add();
    ASSERT_TRUE(queue_->answered(id, *begin(id), 0, "x", ""));
    EXPECT_EQ(queue_->edit(id, std::string(kMostAnswer + 1, 'x')).error().code, ErrorCode::too_large);
}

TEST_F(Queue, SaysThatTheFileIsNotItsOwn) {
    queue_.reset();
    for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(data() / ("review.db" + std::string(suffix)));
    ASSERT_TRUE(write_file_atomic(data() / "review.db", std::string(9000, 'z')));
    EXPECT_EQ(ReviewQueue::open(data(), [] { return system_clock::time_point(); }).error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace ec::agent
