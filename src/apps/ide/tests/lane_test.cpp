// The queue before one thing: order, bounds, leaving, giving way, opening and closing.
#include "ide/lane.hpp"

#include <gtest/gtest.h>

#include <future>

namespace ec::apps::ide {
namespace {

using namespace std::chrono_literals;

/// Work that does what it is told and keeps what was said to it.
class Piece final : public Work {
public:
    explicit Piece(std::function<Status(std::stop_token)> act = [](const std::stop_token&) { return Status(); })
        : act_(std::move(act)) {}
    Status run(std::stop_token stop) override {
        started.set_value();
        Status status = act_(std::move(stop));
        if (status) told.set_value("done");
        return status;
    }
    void refuse(const openai::ApiError& error) override { told.set_value(error.code); }
    void supersede() override { told.set_value("superseded"); }
    void beat() override { ++beats; }
    [[nodiscard]] std::stop_token gone() const override { return client.get_token(); }

    std::promise<void> started;
    std::promise<std::string> told;
    std::stop_source client;
    std::atomic<int> beats = 0;

private:
    std::function<Status(std::stop_token)> act_;
};

Status until_stopped(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    return fail(ErrorCode::cancelled, "stopped");
}

std::string wait_for(std::promise<std::string>& promise) {
    auto future = promise.get_future();
    return future.wait_for(60s) == std::future_status::ready ? future.get() : "(nothing)";
}

void wait_for(std::promise<void>& promise) { ASSERT_EQ(promise.get_future().wait_for(60s), std::future_status::ready); }

Lane::Ports nothing() {
    return {.open = [](const std::stop_token&) { return Status(); }, .close = [] {}};
}

template <class Condition>
bool becomes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return condition();
}

TEST(Lanes, RunWhatWaitsOneAfterTheOther) {
    Lane lane(nothing(), {});
    const auto first = std::make_shared<Piece>();
    const auto second = std::make_shared<Piece>();
    EXPECT_TRUE(lane.put(first) && lane.put(second));
    EXPECT_EQ(wait_for(first->told), "done");
    EXPECT_EQ(wait_for(second->told), "done");
    EXPECT_TRUE(becomes([&] { return lane.status().answered == 2; }));
    EXPECT_EQ(lane.status().state, LaneStatus::State::ready);
}

TEST(Lanes, RefuseMoreThanMayWait) {
    Lane lane(nothing(), {.waiting = 1});
    const auto running = std::make_shared<Piece>(until_stopped);
    ASSERT_TRUE(lane.put(running));
    wait_for(running->started);
    EXPECT_TRUE(lane.put(std::make_shared<Piece>()));
    EXPECT_FALSE(lane.put(std::make_shared<Piece>()));
    EXPECT_EQ(lane.status().refused, 1U);
}

TEST(Lanes, ForgetWhatWaitsWhenItsClientGoesAndStopWhatRuns) {
    Lane lane(nothing(), {.waiting = 1});
    const auto running = std::make_shared<Piece>(until_stopped);
    auto waiting = std::make_shared<Piece>();
    ASSERT_TRUE(lane.put(running));
    wait_for(running->started);
    ASSERT_TRUE(lane.put(waiting));
    waiting->client.request_stop();
    EXPECT_EQ(lane.status().waiting, 0U);
    const auto next = std::make_shared<Piece>();
    EXPECT_TRUE(lane.put(next));  // there is room again
    const std::weak_ptr<Piece> forgotten = waiting;
    waiting = nullptr;
    EXPECT_TRUE(forgotten.expired());
    running->client.request_stop();
    EXPECT_EQ(wait_for(next->told), "done");
    EXPECT_TRUE(becomes([&] { return lane.status().cancelled == 2; }));
}

TEST(Lanes, HaveOlderWorkOfASessionGiveWay) {
    Lane lane(nothing(), {});
    const auto running = std::make_shared<Piece>(until_stopped);
    ASSERT_TRUE(lane.put(running, "s"));
    wait_for(running->started);
    const auto waiting = std::make_shared<Piece>();
    const auto other = std::make_shared<Piece>();
    const auto newest = std::make_shared<Piece>();
    lane.put(other, "t");
    lane.put(waiting, "s");
    EXPECT_EQ(wait_for(running->told), "superseded");
    lane.put(newest, "s");
    EXPECT_EQ(wait_for(other->told), "done");
    EXPECT_EQ(wait_for(newest->told), "done");
}

TEST(Lanes, SayToEachThatItCannotBeOpened) {
    int tries = 0;
    Lane lane({.open =
                   [&](const std::stop_token&) {
                       return ++tries == 1 ? Status(fail(ErrorCode::too_large, "no room")) : Status();
                   },
               .close = [] {}},
              {});
    const auto first = std::make_shared<Piece>();
    const auto second = std::make_shared<Piece>();
    lane.put(first);
    EXPECT_EQ(wait_for(first->told), "too_large");
    EXPECT_TRUE(becomes([&] { return lane.status().last_error == "no room"; }));
    lane.put(second);
    EXPECT_EQ(wait_for(second->told), "done");
}

TEST(Lanes, OutliveWorkThatThrows) {
    Lane lane(nothing(), {});
    const auto first =
        std::make_shared<Piece>([](const std::stop_token&) -> Status { throw std::runtime_error("secret words"); });
    const auto second = std::make_shared<Piece>();
    EXPECT_TRUE(lane.put(first) && lane.put(second));
    EXPECT_EQ(wait_for(first->told), "internal");
    EXPECT_EQ(wait_for(second->told), "done");
    EXPECT_FALSE(lane.status().last_error.contains("secret"));
}

TEST(Lanes, CloseWhatNobodyUsesAndOpenItAgain) {
    std::atomic<int> opened = 0;
    std::atomic<int> closed = 0;
    Lane lane({.open =
                   [&](const std::stop_token&) {
                       ++opened;
                       return Status();
                   },
               .close = [&] { ++closed; }},
              {.waiting = 8, .idle = 1ms});
    for (int round = 1; round <= 2; ++round) {
        const auto work = std::make_shared<Piece>();
        lane.put(work);
        EXPECT_EQ(wait_for(work->told), "done");
        EXPECT_TRUE(becomes([&] { return closed == round; }));
        EXPECT_EQ(opened, round);
    }
}

TEST(Lanes, RefuseWhatHasWaitedTooLong) {
    Lane lane(nothing(), {.longest = 0ms});
    const auto running = std::make_shared<Piece>(until_stopped);
    const auto waiting = std::make_shared<Piece>();
    lane.put(running);
    wait_for(running->started);
    lane.put(waiting);
    EXPECT_TRUE(becomes([&] {
        lane.beat();
        return lane.status().waiting == 0;
    }));
    EXPECT_EQ(wait_for(waiting->told), "waited_too_long");
    running->client.request_stop();
}

TEST(Lanes, TellEverybodyWhenTheyEnd) {
    const auto running = std::make_shared<Piece>(until_stopped);
    const auto waiting = std::make_shared<Piece>();
    {
        Lane lane(nothing(), {});
        lane.put(running);
        wait_for(running->started);
        lane.put(waiting);
        lane.beat();
        EXPECT_EQ(running->beats, 1);
        EXPECT_EQ(waiting->beats, 1);
    }
    EXPECT_EQ(wait_for(running->told), "shutting_down");
    EXPECT_EQ(wait_for(waiting->told), "shutting_down");
}

}  // namespace
}  // namespace ec::apps::ide
