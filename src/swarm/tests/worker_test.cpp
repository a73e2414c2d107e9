// The worker against a coordinator that does what it is told, nonsense too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/worker_fixture.hpp"

namespace ec::swarm::testing {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

TEST_F(WorkerTest, RunsWhatItIsLentAndHandsItInSealed) {
    runner.act = [&](const Work& work, const JobProgress&, const std::stop_token&) -> Result<WorkDone> {
        EXPECT_EQ(read_file(work.folder / "hello.py").value(), "print('hello')\n");
        EXPECT_EQ(work.job.test, "pytest");
        WorkDone done;
        done.result.outcome = Outcome::solved;
        done.result.patch = "the patch";
        return done;
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    const Report& report = coordinator.completed.front();
    EXPECT_EQ(report.outcome, Outcome::solved);
    EXPECT_EQ(report.result.find("the patch"), std::string::npos) << "it goes out sealed";
    EXPECT_EQ(opened(report).patch, "the patch");
    EXPECT_TRUE(std::filesystem::is_empty(options.folder / "trees")) << "the copy of the tree is gone";
}

TEST_F(WorkerTest, FetchesTheSameContentOnce) {
    coordinator.lend(lease("task-1"));
    coordinator.lend(lease("task-2"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 2; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.fetches, 2) << "the manifest and the file of the first task";
}

TEST_F(WorkerTest, RunsAsManyAtOnceAsItHasSlotsAndAsksForNoMore) {
    options.slots = 3;
    std::mutex mutex;
    std::condition_variable_any all;
    int inside = 0;
    runner.act = [&](const Work&, const JobProgress&, const std::stop_token& stop) -> Result<WorkDone> {
        std::unique_lock lock(mutex);
        ++inside;
        all.notify_all();
        EXPECT_TRUE(all.wait_for(lock, stop, kPatience, [&] { return inside == 3; }));
        return WorkDone{};
    };
    for (int i = 0; i < 3; ++i) coordinator.lend(lease("task-" + std::to_string(i)));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 3; }));
    EXPECT_TRUE(end().has_value());
    for (const ClaimRequest& claim : coordinator.claims) EXPECT_LE(claim.most, 3U);
}

TEST_F(WorkerTest, AsksTheSubmitterForTheKeyOfAJobThatIsNotItsGroups) {
    Lease foreign = lease("task-1");
    foreign.group_key.clear();
    coordinator.keys = {"", "", crypto::BoxPublicKey::of(node_key.public_key()).value().seal(job_key.reveal())};
    coordinator.lend(foreign);
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_EQ(opened(coordinator.completed.front()).patch, "a patch");
}

TEST_F(WorkerTest, GivesBackAJobThatNobodyGivesTheKeyOf) {
    Lease foreign = lease("task-1");
    foreign.group_key.clear();
    coordinator.lend(foreign);
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.given_back.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.given_back, Contains(Pair("task-1", "timeout")));
    EXPECT_THAT(coordinator.completed, IsEmpty());
}

TEST_F(WorkerTest, SaysThatSealedTextsAreNotWhatTheyShouldBe) {
    Lease swapped = lease("task-1");
    swapped.payload = swapped.spec;  // sealed with the right key, in the wrong place
    Lease torn = lease("task-2");
    torn.spec.back() = static_cast<char>(torn.spec.back() ^ 1);
    coordinator.lend(swapped);
    coordinator.lend(torn);
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 2; }));
    for (const Report& report : coordinator.completed) {
        EXPECT_EQ(report.outcome, Outcome::error);
        EXPECT_EQ(report.reason, "denied");
        EXPECT_THAT(report.result, IsEmpty());
    }
}

TEST_F(WorkerTest, SaysThatATreeIsNotTheOneThatWasSent) {
    const Lease good = lease("task-1");
    for (auto& [id, bytes] : coordinator.blobs) bytes.back() = static_cast<char>(bytes.back() ^ 1);
    coordinator.lend(good);
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_EQ(coordinator.completed.front().reason, "corrupt");
}

TEST_F(WorkerTest, DeliversAgainWhatTheCoordinatorMayHaveAlready) {
    coordinator.complete_error = Error{ErrorCode::timeout, "no answer", {}};
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completes >= 3; }));
    coordinator.locked([&] {
        coordinator.seen.insert({"task-1", 1});  // the first one came through
        coordinator.complete_error.reset();
        return 0;
    });
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 delivered (again)"); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.completed, IsEmpty()) << "nothing counted twice";
}

TEST_F(WorkerTest, KeepsUndeliveredResultsForTheNextRun) {
    options.flush = 5s;
    coordinator.complete_error = Error{ErrorCode::unavailable, "down", {}};
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completes >= 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_TRUE(coordinator.was_said("1 results wait in the journal"));
    coordinator.complete_error.reset();
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(opened(coordinator.completed.front()).patch, "a patch");
}

TEST_F(WorkerTest, DropsAResultThatIsNotTaken) {
    coordinator.refusals["task-1"] = Error{ErrorCode::conflict, "stale_lease", {}};
    coordinator.lend(lease("task-1"));
    coordinator.lend(lease("task-2"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 was not taken: stale_lease"); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.completed.front().task.text(), "task-2");
    EXPECT_FALSE(coordinator.was_said("wait in the journal"));
}

TEST_F(WorkerTest, StopsAtOnceAtWhatIsCancelledOrLost) {
    options.slots = 2;
    runner.act = [](const Work&, const JobProgress&, const std::stop_token& stop) { return until_stopped(stop); };
    coordinator.holdings = {{"task-1", Holding::cancelled}, {"task-2", Holding::lost}};
    coordinator.lend(lease("task-1"));
    coordinator.lend(lease("task-2"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] {
        return coordinator.was_said("task-1 was cancelled") && coordinator.was_said("task-2 was given to another");
    }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.completed, IsEmpty());
    EXPECT_THAT(coordinator.given_back, IsEmpty());
}

TEST_F(WorkerTest, NeverSendsWhatWasLostWhileItRan) {
    runner.act = [&](const Work&, const JobProgress&, const std::stop_token& stop) -> Result<WorkDone> {
        coordinator.locked([&] { return coordinator.holdings["task-1"] = Holding::lost; });
        (void)until_stopped(stop);
        WorkDone done;  // it had just finished
        done.result.outcome = Outcome::solved;
        return done;
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 was given to another"); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.completes, 0);
}

TEST_F(WorkerTest, TellsHowFarItIsSealed) {
    runner.act = [&](const Work&, const JobProgress& progress, const std::stop_token& stop) {
        progress("half of it", 50);
        return until_stopped(stop);
    };
    coordinator.lend(lease("task-1"));
    begin();
    std::string sealed;
    ASSERT_TRUE(coordinator.wait_for([&] {
        for (const HeartbeatRequest& beat : coordinator.beats)
            for (const Held& held : beat.held)
                if (held.percent == 50 && !held.progress.empty()) sealed = held.progress;
        return !sealed.empty();
    }));
    EXPECT_EQ(job_key.open(sealed, progress_context("shard-0")).value(), "half of it");
}

TEST_F(WorkerTest, FinishesWhatItHasInHandWhenItIsStopped) {
    options.drain = 1000h;
    std::mutex mutex;
    std::condition_variable go;
    bool may_end = false;
    runner.act = [&](const Work&, const JobProgress&, const std::stop_token& stop) -> Result<WorkDone> {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(go.wait_for(lock, kPatience, [&] { return may_end; }));
        EXPECT_FALSE(stop.stop_requested());
        WorkDone done;
        done.result.outcome = Outcome::nothing;
        return done;
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 begins"); }));
    std::thread release([&] {
        EXPECT_TRUE(coordinator.wait_for([&] {
            return !coordinator.beats.empty() && coordinator.beats.back().holding_back == "drain";
        })) << "heartbeats go on while it drains";
        const std::scoped_lock lock(mutex);
        may_end = true;
        go.notify_all();
    });
    EXPECT_TRUE(end().has_value());
    release.join();
    ASSERT_THAT(coordinator.completed, SizeIs(1));
    EXPECT_EQ(coordinator.completed.front().outcome, Outcome::nothing);
    EXPECT_THAT(coordinator.given_back, IsEmpty());
}

TEST_F(WorkerTest, GivesBackWhatIsNotFinishedWithinTheTimeToDrain) {
    options.drain = 2s;
    runner.act = [](const Work&, const JobProgress&, const std::stop_token& stop) { return until_stopped(stop); };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 begins"); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.given_back, Contains(Pair("task-1", "drain")));
    EXPECT_THAT(coordinator.completed, IsEmpty());
}

TEST_F(WorkerTest, EndsWithTheReasonWhenItIsRevoked) {
    runner.act = [](const Work&, const JobProgress&, const std::stop_token& stop) { return until_stopped(stop); };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 begins"); }));
    coordinator.locked([&] {
        coordinator.beat_error = Error{ErrorCode::denied, "this node is revoked: it lied", {}};
        return 0;
    });
    const Status status = wait_for_end();
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().code, ErrorCode::denied);
    EXPECT_THAT(status.error().message, HasSubstr("it lied"));
}

TEST_F(WorkerTest, EndsWhenItsProtocolIsNotSpokenAnyMore) {
    coordinator.claim_errors = {Error{ErrorCode::invalid_argument, "protocol 1.1 is too old", {}}};
    begin();
    EXPECT_EQ(wait_for_end().error().code, ErrorCode::invalid_argument);
}

TEST_F(WorkerTest, SaysThatItsClockIsWrongAndGoesOn) {
    coordinator.off_s = -3600;
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(coordinator.was_said("3600 s behind the coordinator's: set it"));
}

TEST_F(WorkerTest, WaitsLongerAndLongerForACoordinatorThatIsAway) {
    for (int i = 0; i < 8; ++i) coordinator.claim_errors.push_back({ErrorCode::unavailable, "down", {}});
    const auto before = clock.now();
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_GE(clock.now() - before, 60s) << "half a second, twice that, and so on";
    EXPECT_TRUE(coordinator.was_said("no work for now: down"));
    EXPECT_TRUE(coordinator.was_said("the coordinator answers again"));
}

TEST_F(WorkerTest, IsNotBrokenByAnswersThatMakeNoSense) {
    coordinator.claim_errors = {{ErrorCode::corrupt, "no JSON", {}}, {ErrorCode::internal, "?", {}}};
    coordinator.ignores_most = true;
    coordinator.answers_short = true;
    coordinator.holdings = {{"somebody-else", Holding::lost}};
    for (const char* task : {"task-1", "task-1", "task-2", "task-3"}) coordinator.lend(lease(task));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completes >= 2; }));
    coordinator.locked([&] { return coordinator.answers_short = false; });
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 delivered"); }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.given_back, Contains(Pair("task-2", "not_asked_for")));
    EXPECT_THAT(coordinator.given_back, Contains(Pair("task-3", "not_asked_for")));
}

TEST_F(WorkerTest, AsksAboutItsLeasesAfterSleepAndDropsWhatWasLost) {
    coordinator.complete_error = Error{ErrorCode::unavailable, "no network yet", {}};
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completes >= 1; }));
    coordinator.locked([&] {
        coordinator.holdings = {{"task-1", Holding::lost}};
        asleep = std::chrono::nanoseconds(3600s).count();
        return 0;
    });
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-1 is no longer ours"); }));
    coordinator.locked([&] {
        coordinator.complete_error.reset();
        return 0;
    });
    coordinator.lend(lease("task-2"));
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.was_said("task-2 delivered"); }));
    EXPECT_TRUE(end().has_value());
    ASSERT_THAT(coordinator.completed, SizeIs(1));
    EXPECT_EQ(coordinator.completed.front().task.text(), "task-2");
}

TEST_F(WorkerTest, HoldsBackWhileTheRulesSaySoAndTellsTheCoordinator) {
    std::atomic<int> battery{10};
    std::atomic<std::int64_t> looks{0};
    telemetry = [&] {
        Telemetry now;
        now.device = DeviceKind::laptop;
        now.external_power = false;
        now.battery_percent = battery.load();
        now.updated_ms = ++looks * 3'600'000;
        return now;
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for(
        [&] { return !coordinator.beats.empty() && coordinator.beats.back().holding_back == "battery_critical"; }));
    EXPECT_THAT(coordinator.claims, IsEmpty());
    battery = 90;
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
}

TEST_F(WorkerTest, GivesBackWhatItIsDoingWhenTheBatteryIsNearlyEmpty) {
    options.slots = 2;
    std::atomic<int> battery{90};
    std::atomic<std::int64_t> looks{0};
    telemetry = [&] {
        Telemetry now;
        now.device = DeviceKind::laptop;
        now.external_power = false;
        now.battery_percent = battery.load();
        now.updated_ms = ++looks * 1000;
        return now;
    };
    runner.act = [&](const Work&, const JobProgress&, const std::stop_token& stop) {
        battery = 5;
        return until_stopped(stop);
    };
    coordinator.lend(lease("task-1"));
    begin();
    std::jthread time([&](const std::stop_token& end) {
        while (!end.stop_requested()) (void)waiter.wait(1s, end);
    });
    ASSERT_TRUE(coordinator.wait_for([&] { return !coordinator.given_back.empty(); }));
    EXPECT_THAT(coordinator.given_back, Contains(Pair("task-1", "battery_critical")));
}

TEST_F(WorkerTest, TakesOnlySmallTasksOnALowBattery) {
    telemetry = [] {
        Telemetry now;
        now.device = DeviceKind::laptop;
        now.external_power = false;
        now.battery_percent = 30;
        return now;
    };
    Lease small = lease("small");
    small.expected_s = 10;
    coordinator.lend(lease("large"));
    coordinator.lend(small);
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.completed.front().task.text(), "small");
    EXPECT_THAT(coordinator.given_back, Contains(Pair("large", "battery_low")));
}

TEST_F(WorkerTest, DoesNotWorkOnTelemetryThatCannotBeTrue) {
    telemetry = [] {
        Telemetry now;
        now.device = DeviceKind::laptop;
        now.battery_percent = 130;
        return now;
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] {
        return !coordinator.beats.empty() && coordinator.beats.back().holding_back == "telemetry_implausible";
    }));
    EXPECT_TRUE(end().has_value());
    EXPECT_THAT(coordinator.claims, IsEmpty());
}

TEST_F(WorkerTest, EndsAfterOneTaskWhenAskedTo) {
    options.once = true;
    coordinator.lend(lease("task-1"));
    coordinator.lend(lease("task-2"));
    begin();
    EXPECT_TRUE(wait_for_end().has_value());
    EXPECT_THAT(coordinator.completed, SizeIs(1));
}

TEST_F(WorkerTest, HasItsFolderForItself) {
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return !coordinator.beats.empty(); }));
    const Status second = run_worker(options, ports(), {});
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, ErrorCode::conflict);
    EXPECT_TRUE(end().has_value());
    options.slots = 0;
    EXPECT_EQ(run_worker(options, ports(), {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(WorkerTest, TellsWhatItCouldNotDo) {
    runner.act = [](const Work&, const JobProgress&, const std::stop_token&) -> Result<WorkDone> {
        return fail(ErrorCode::unavailable, "no sandbox here");
    };
    coordinator.lend(lease("task-1"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 1; }));
    EXPECT_EQ(coordinator.completed.front().outcome, Outcome::error);
    EXPECT_EQ(coordinator.completed.front().reason, "unavailable");
}

TEST_F(WorkerTest, CutsLongTextsAndRefusesAPatchThatCannotBeCarried) {
    runner.act = [&](const Work& work, const JobProgress&, const std::stop_token&) -> Result<WorkDone> {
        WorkDone done;
        done.result.outcome = Outcome::solved;
        done.result.log.assign(1 << 20, 'l');
        done.result.patch.assign(work.lease.task.text() == "task-1" ? 100 : 1 << 20, 'p');
        return done;
    };
    coordinator.lend(lease("task-1"));
    coordinator.lend(lease("task-2"));
    begin();
    ASSERT_TRUE(coordinator.wait_for([&] { return coordinator.completed.size() == 2; }));
    EXPECT_TRUE(end().has_value());
    EXPECT_EQ(coordinator.completed[0].outcome, Outcome::solved);
    EXPECT_LE(opened(coordinator.completed[0]).log.size(), 16U << 10);
    EXPECT_EQ(coordinator.completed[1].reason, "too_large");
}

}  // namespace
}  // namespace ec::swarm::testing
