// What becomes of a worker's leases: checks beside its work, cancellations, and a kill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "held_leases.hpp"
#include "journal.hpp"
#include "tests/worker_fixture.hpp"

namespace ec::swarm::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// Or it would go on for as long as the pause between two heartbeats.
TEST_F(WorkerTest, HearsOfACancellationWithTheHeartbeatThatWaits) {
    coordinator.waits = true;
    runner.act = [](const Work&, const JobProgress&, const std::stop_token& stop) { return until_stopped(stop); };
    coordinator.lend(lease("task-1"));
    begin();
    const auto asked_about = [&](std::size_t tasks) {
        return coordinator.wait_for([&] {
            return std::ranges::any_of(coordinator.beats, [&](const HeartbeatRequest& beat) {
                return beat.held.size() == tasks && beat.wait_s > 0;
            });
        });
    };
    ASSERT_TRUE(asked_about(1));
    Lease check = lease("task-2");
    check.kind = TaskKind::verify;
    coordinator.lend(check);
    ASSERT_TRUE(asked_about(2)) << "what is new is told at once";
    coordinator.locked([&] { return coordinator.holdings["task-1"] = Holding::cancelled; });
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 was cancelled"); }));
}

// The task ends with its result: the heartbeat that waits hears of it before the answer is read.
TEST(HeldLeases, WhatAHeartbeatSaysOfAResultThatIsBeingSentIsNoNews) {
    const TaskId task = *TaskId::parse("task-1");
    HeldLeases leases;
    leases.add(task, Fence{3}, std::stop_source());
    leases.finished(task);
    leases.sending(task, true);
    const std::vector<Renewal> ended{{.task = task, .holding = Holding::cancelled, .until_ms = 0}};
    EXPECT_TRUE(leases.apply(ended).empty());
    EXPECT_TRUE(leases.holds(task, Fence{3})) << "the answer may yet be lost, and the result is sent again";
    leases.sending(task, false);
    EXPECT_EQ(leases.apply(ended).size(), 1U);
    EXPECT_FALSE(leases.holds(task, Fence{3}));
}

// Two that search would each wait with the other's result until their own search is over.
TEST_F(WorkerTest, ChecksBesideItsWorkWhenAllSlotsAreInUse) {
    runner.act = [](const Work& work, const JobProgress&, const std::stop_token& stop) -> Result<WorkDone> {
        if (work.lease.kind != TaskKind::verify) return until_stopped(stop);
        WorkDone done;
        done.result.outcome = Outcome::passed;
        return done;
    };
    coordinator.lend(lease("search"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("search begins"); }));
    Lease check = lease("check");
    check.kind = TaskKind::verify;
    coordinator.lend(check);
    coordinator.lend(lease("more"));
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.completed.front().task.text(), "check");
    EXPECT_FALSE(coordinator.was_said("more begins")) << "no other work beyond its slots";
}

TEST_F(WorkerTest, GivesBackWhatARunThatWasKilledHadInHand) {
    {
        std::filesystem::create_directories(options.folder);
        ResultJournal journal = ResultJournal::open(options.folder / "journal.db").value();
        for (const char* task : {"killed", "finished"})
            ASSERT_TRUE(journal.begin(TaskId::parse(task).value(), {4}).has_value());
        Report report;
        report.task = TaskId::parse("finished").value();
        report.fence = {4};
        report.outcome = Outcome::nothing;
        ASSERT_TRUE(journal.put(report).has_value());
    }
    begin();
    ASSERT_TRUE(
        coordinator.wait_for([&] { return !coordinator.given_back.empty() && !coordinator.completed.empty(); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.given_back, ElementsAre(Pair("killed", "worker_restarted")));
    EXPECT_EQ(coordinator.completed.front().task.text(), "finished");
    EXPECT_THAT(ResultJournal::open(options.folder / "journal.db").value().in_hand().value(), IsEmpty()) << "once";
}

}  // namespace
}  // namespace ec::swarm::testing
