// What the queue promises, on every store: leases and fences, idempotent submits, fair share, dependencies,
// cancellation, retries, money, backpressure.
#include <gmock/gmock.h>

#include <ec/swarm/group_of_one.hpp>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kLease = 90'000;

class QueueContract : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueueContract,
                         ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres), store_name);

TEST_P(QueueContract, AJobGoesFromSubmitToDoneAndItsWorkerIsPaidOnce) {
    const JobId id = bed().submitted(job_of({task_of("shard-0")}));
    EXPECT_EQ(bed().state(id), State::queued);
    EXPECT_EQ(bed().held("ann"), 1000);
    const Lease lease = bed().claim_one(w1_);
    EXPECT_EQ(lease.job, id);
    EXPECT_EQ(lease.key, "shard-0");
    EXPECT_EQ(lease.spec, "sealed spec");
    EXPECT_EQ(lease.payload, "sealed payload");
    EXPECT_EQ(bed().state(id), State::running);
    const auto done = bed().report(w1_, lease, Outcome::solved);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->task, State::done);
    EXPECT_EQ(done->job, State::done);
    const JobStatus job = bed().job(id);
    EXPECT_EQ(job.result, "sealed result");
    EXPECT_EQ(job.result_task, lease.task);
    EXPECT_EQ(job.paid.milli(), 1000);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().held("ann"), 0);
    EXPECT_THAT(bed().reasons(id), ElementsAre("submitted", "claimed", "claimed", "not_checked", "not_checked"));
}

TEST_P(QueueContract, ALeaseThatRanOutIsGivenToAnother) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    const Lease first = bed().claim_one(w1_);
    EXPECT_TRUE(bed().claim(w2_).empty());
    bed().advance(kLease + 1);
    EXPECT_GE(bed().sweep(), 1U);
    EXPECT_THAT(bed().reasons(id), Contains("lease_expired"));
    const Lease second = bed().claim_one(w2_);
    EXPECT_EQ(second.task, first.task);
    EXPECT_GT(second.fence, first.fence);
    EXPECT_EQ(second.attempt, 2);
}

TEST_P(QueueContract, AHeartbeatKeepsTheLease) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    for (int i = 0; i < 5; ++i) {
        bed().advance(kLease / 2);
        const auto renewals = bed().renew(w1_, {{.task = lease.task, .fence = lease.fence}});
        ASSERT_EQ(renewals.size(), 1U);
        EXPECT_EQ(renewals[0].holding, Holding::kept);
        bed().sweep();
    }
    EXPECT_EQ(bed().job(id).tasks[0].state, State::running);
    EXPECT_TRUE(bed().report(w1_, lease, Outcome::solved));
}

TEST_P(QueueContract, AnOldFenceIsRefusedAndExactlyOneIsPaid) {
    bed().submitted(job_of({task_of("a")}));
    const Lease old = bed().claim_one(w1_);
    bed().advance(kLease + 1);
    bed().sweep();
    EXPECT_EQ(code(bed().report(w1_, old, Outcome::solved)), ErrorCode::conflict) << "it waits for another";
    const Lease lease = bed().claim_one(w2_);
    const auto late = bed().report(w1_, old, Outcome::solved);
    EXPECT_EQ(code(late), ErrorCode::conflict);
    EXPECT_THAT(late.error().message, HasSubstr("stale_lease"));
    EXPECT_EQ(bed().renew(w1_, {{.task = old.task, .fence = old.fence}})[0].holding, Holding::lost);
    EXPECT_TRUE(bed().report(w2_, lease, Outcome::solved));
    EXPECT_EQ(code(bed().report(w1_, old, Outcome::solved)), ErrorCode::conflict);
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_EQ(bed().balance("w2"), 1000);
}

TEST_P(QueueContract, SomebodyElsesLeaseIsNobodysToReport) {
    bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    EXPECT_EQ(code(bed().report(w2_, lease, Outcome::solved)), ErrorCode::conflict);
    EXPECT_EQ(code(bed().within([&] { return bed().queue->give_back(w2_.id, lease.task, lease.fence, "", false); })),
              ErrorCode::conflict);
    EXPECT_EQ(bed().renew(w2_, {{.task = lease.task, .fence = lease.fence}})[0].holding, Holding::lost);
    EXPECT_TRUE(bed().report(w1_, lease, Outcome::solved));
}

TEST_P(QueueContract, AReportThatComesTwiceChangesNothing) {
    bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    ASSERT_TRUE(bed().report(w1_, lease, Outcome::solved));
    const auto again = bed().report(w1_, lease, Outcome::solved);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->again);
    EXPECT_EQ(again->task, State::done);
    EXPECT_EQ(bed().balance("w1"), 1000);
}

TEST_P(QueueContract, TasksThatNeverWereAreNotFound) {
    for (const char* name :
         {"nonsense", "a-1", "018f0000-0000-7000-8000-000000000000-0", "x-99999999999", "-", "a-01"}) {
        Report report;
        report.task = *TaskId::parse(name);
        report.outcome = Outcome::error;
        EXPECT_EQ(code(bed().complete(w1_, report)), ErrorCode::not_found) << name;
        EXPECT_EQ(bed().renew(w1_, {{.task = report.task, .fence = Fence{1}}})[0].holding, Holding::lost);
    }
}

TEST_P(QueueContract, TheSameKeyAndBodyGiveTheSameJobAndAnotherBodyIsRefused) {
    const auto first = bed().submit(job_of({task_of("a")}), "ann", "key-1", "body one");
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->again);
    const auto again = bed().submit(job_of({task_of("a")}), "ann", "key-1", "body one");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->again);
    EXPECT_EQ(again->job, first->job);
    EXPECT_EQ(code(bed().submit(job_of({task_of("a")}), "ann", "key-1", "body two")), ErrorCode::corrupt);
    const auto other = bed().submit(job_of({task_of("a")}), "bob", "key-1", "body two");
    ASSERT_TRUE(other) << "a key is its account's own";
    EXPECT_NE(other->job, first->job);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job"), 2);
    EXPECT_EQ(bed().held("ann"), 1000);
}

TEST_P(QueueContract, HigherPrioritiesGoFirst) {
    for (const int priority : {10, 90, 50}) {
        NewJob job = job_of({task_of("p" + std::to_string(priority))});
        job.priority = priority;
        bed().submitted(job);
    }
    EXPECT_EQ(bed().claim_one(w1_).key, "p90");
    EXPECT_EQ(bed().claim_one(w1_).key, "p50");
    EXPECT_EQ(bed().claim_one(w1_).key, "p10");
}

TEST_P(QueueContract, TasksOfOneAccountGoInTheOrderInWhichTheyCame) {
    for (int i = 0; i < 5; ++i) {
        bed().submitted(job_of({task_of("n" + std::to_string(i))}));
        bed().pass_a_moment();
    }
    for (int i = 0; i < 5; ++i) EXPECT_EQ(bed().claim_one(w1_).key, "n" + std::to_string(i));
}

TEST_P(QueueContract, AnAccountWithManyTasksDoesNotDelayAnothersFirst) {
    for (int i = 0; i < 20; ++i) bed().submitted(job_of({task_of("a"), task_of("b"), task_of("c")}), "ann");
    bed().work(w1_, Outcome::nothing);
    bed().submitted(job_of({task_of("bobs")}), "bob");
    EXPECT_EQ(bed().claim_one(w1_).key, "bobs");
}

TEST_P(QueueContract, AccountsShareBySecondsUsedAndWeight) {
    ASSERT_TRUE(bed().within([&] { return bed().queue->set_weight("bob", 3000); }));
    for (int i = 0; i < 40; ++i) {
        bed().submitted(job_of({task_of("ann")}), "ann");
        bed().submitted(job_of({task_of("bob")}), "bob");
    }
    int bobs = 0;
    for (const Lease& lease : bed().claim(w1_, 40)) bobs += lease.key == "bob" ? 1 : 0;
    EXPECT_NEAR(bobs, 30, 2);
}

TEST_P(QueueContract, UseFromLongAgoCountsLess) {
    if (GetParam() == StoreKind::postgres) GTEST_SKIP() << "its clock cannot be moved";
    bed().submitted(job_of({task_of("a")}), "ann");
    bed().work(w1_, Outcome::solved);
    bed().advance(20 * 86'400'000LL);
    NewTask brief = task_of("b");
    brief.expected_s = 1;
    bed().submitted(job_of({brief}), "bob");
    bed().work(w1_, Outcome::solved);
    bed().submitted(job_of({task_of("bobs")}), "bob");
    bed().submitted(job_of({task_of("anns")}), "ann");
    EXPECT_EQ(bed().claim_one(w1_).key, "anns");
}

TEST_P(QueueContract, CancellingStopsEverythingAndGivesTheHoldBack) {
    NewTask after = task_of("b");
    after.after = {"a"};
    const JobId id = bed().submitted(job_of({task_of("a"), after, task_of("c")}));
    const Lease lease = bed().claim_one(w1_);
    EXPECT_EQ(code(bed().within([&] { return bed().queue->cancel("bob", id); })), ErrorCode::not_found);
    ASSERT_TRUE(bed().within([&] { return bed().queue->cancel("ann", id); }));
    ASSERT_TRUE(bed().within([&] { return bed().queue->cancel("ann", id); })) << "again";
    EXPECT_EQ(bed().renew(w1_, {{.task = lease.task, .fence = lease.fence}})[0].holding, Holding::cancelled);
    EXPECT_EQ(code(bed().report(w1_, lease, Outcome::solved)), ErrorCode::conflict);
    for (const TaskStatus& task : bed().job(id).tasks) EXPECT_EQ(task.state, State::cancelled);
    EXPECT_EQ(bed().held("ann"), 0);
    EXPECT_TRUE(bed().claim(w2_).empty());
}

TEST_P(QueueContract, AJobThatEndedCannotBeCancelled) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    bed().work(w1_, Outcome::solved);
    EXPECT_EQ(code(bed().within([&] { return bed().queue->cancel("ann", id); })), ErrorCode::conflict);
}

TEST_P(QueueContract, AnErrorIsTriedAgainByAnotherFirst) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    Report report;
    report.task = lease.task;
    report.fence = lease.fence;
    report.outcome = Outcome::error;
    report.reason = "no_sandbox";
    ASSERT_TRUE(bed().complete(w1_, report));
    EXPECT_TRUE(bed().complete(w1_, report)->again);
    EXPECT_TRUE(bed().claim(w1_).empty()) << "the last worker is excluded";
    EXPECT_EQ(bed().claim_one(w2_).attempt, 2);
    EXPECT_THAT(bed().reasons(id), Contains("no_sandbox"));
}

TEST_P(QueueContract, WithNobodyElseTheSameWorkerMayTryAgainLater) {
    bed().submitted(job_of({task_of("a")}));
    bed().work(w1_, Outcome::error);
    EXPECT_TRUE(bed().claim(w1_).empty());
    bed().advance(2 * kLease + 1);
    EXPECT_EQ(bed().claim(w1_).size(), 1U);
}

TEST_P(QueueContract, ATaskThatKillsItsWorkersDiesAfterThree) {
    const JobId id = bed().submitted(job_of({task_of("bad")}));
    for (const auto* worker : {&w1_, &w2_, &w3_}) {
        bed().claim_one(*worker);
        bed().advance(kLease + 60'001);
        bed().sweep();
        bed().advance(60'001);
    }
    EXPECT_TRUE(bed().claim(w4_).empty());
    const JobStatus job = bed().job(id);
    EXPECT_EQ(job.tasks[0].state, State::dead);
    EXPECT_EQ(job.tasks[0].reason, "poison");
    EXPECT_EQ(job.state, State::dead);
    EXPECT_EQ(bed().held("ann"), 0);
}

TEST_P(QueueContract, ATaskHandedBackIsNotHeldAgainstAnybody) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    for (int i = 0; i < 10; ++i) {
        const Lease lease = bed().claim_one(w1_);
        EXPECT_EQ(lease.attempt, 1);
        ASSERT_TRUE(
            bed().within([&] { return bed().queue->give_back(w1_.id, lease.task, lease.fence, "drain", false); }));
    }
    EXPECT_EQ(bed().job(id).tasks[0].state, State::queued);
}

TEST_P(QueueContract, AJobEndsWithItsBudgetOfTime) {
    NewJob job = job_of({task_of("a"), task_of("b")});
    job.budget_s = 60;
    const JobId id = bed().submitted(job);
    bed().claim_one(w1_);
    bed().advance(60'001);
    bed().sweep();
    EXPECT_EQ(bed().state(id), State::failed);
    EXPECT_EQ(bed().job(id).reason, "budget_of_time");
    EXPECT_EQ(bed().held("ann"), 0);
}

TEST_P(QueueContract, JobsThatEndedLongAgoAreRemoved) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    bed().work(w1_, Outcome::solved);
    bed().advance(QueueRules{}.keep_ms + 1);
    bed().sweep();
    EXPECT_EQ(code(bed().within([&] { return bed().queue->job("ann", id); })), ErrorCode::not_found);
    for (const char* table : {"job", "task", "event", "sealed"})
        EXPECT_EQ(bed().number(std::string("SELECT COUNT(*) FROM ") + table), 0) << table;
}

TEST_P(QueueContract, WithoutCreditNothingIsQueued) {
    EXPECT_EQ(code(bed().submit(job_of({task_of("a")}), "poor")), ErrorCode::denied);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job"), 0);
    EXPECT_TRUE(bed().claim(w1_).empty());
}

TEST_P(QueueContract, ABudgetTooSmallForItsTasksIsRefused) {
    NewJob job = job_of({task_of("a"), task_of("b")});
    job.budget = ledger::Credits::milli(1999);
    EXPECT_EQ(code(bed().submit(job)), ErrorCode::invalid_argument);
    job.budget = ledger::Credits::milli(2000);
    EXPECT_TRUE(bed().submit(job));
    job.verification = Verification::always;
    EXPECT_EQ(code(bed().submit(job)), ErrorCode::invalid_argument) << "nothing is left for who checks";
    job.budget = ledger::Credits::milli(2200);
    EXPECT_TRUE(bed().submit(job));
}

TEST_P(QueueContract, WhatNoQueueTakesIsRefused) {
    const auto refused = [&](const auto& change) {
        NewTask b = task_of("b");
        b.after = {"a"};
        NewJob job = job_of({task_of("a"), b});
        change(job);
        return code(bed().submit(job));
    };
    using enum ErrorCode;
    EXPECT_EQ(refused([](NewJob&) {}), std::nullopt);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].after = {"b"}; }), invalid_argument) << "a cycle";
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[1].after = {"b"}; }), invalid_argument) << "itself";
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[1].after = {"c"}; }), invalid_argument) << "unknown";
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[1].after = {"a", "a"}; }), invalid_argument) << "twice";
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[1].key = "a"; }), invalid_argument) << "a key twice";
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].key = "A b"; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].key = "verify-1"; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks.clear(); }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].kind = TaskKind::verify; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].expected_s = 0; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].expected_s = INT64_MAX; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].needs.memory_mb = -1; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].needs.languages = {"b", "a"}; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].needs.languages = {"a|b"}; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].needs.model_class = "huge"; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks[0].payload.assign(kPayloadBytes + 1, 'x'); }), too_large);
    EXPECT_EQ(refused([](NewJob& job) { job.spec.assign(kSpecBytes + 1, 'x'); }), too_large);
    EXPECT_EQ(refused([](NewJob& job) { job.spec.clear(); }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.priority = 101; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.budget_s = 0; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.budget = ledger::Credits::milli(-1); }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.group_key = "k"; }), invalid_argument);
    EXPECT_EQ(refused([](NewJob& job) { job.blobs = {*BlobId::parse("nowhere")}; }), not_found);
    EXPECT_EQ(refused([](NewJob& job) { job.tasks.resize(kMostTasks + 1, task_of("x")); }), too_large);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job"), 1);
}

TEST_P(QueueContract, FullQueuesSayWhenToComeBack) {
    start({.account_queued = 3, .queued = 5});
    if (!bed_) return;
    EXPECT_TRUE(bed().submit(job_of({task_of("a"), task_of("b")})));
    const auto own = bed().submit(job_of({task_of("a"), task_of("b")}));
    EXPECT_EQ(code(own), ErrorCode::over_quota);
    EXPECT_EQ(own.error().retry_s, 10);
    EXPECT_THAT(own.error().remedy, HasSubstr("retry after 10 s"));
    bed().advance(2000);
    EXPECT_TRUE(bed().submit(job_of({task_of("a"), task_of("b")}), "bob"));
    if (GetParam() != StoreKind::postgres) {
        bed().advance(2000);  // the count of all is a second old at most
        EXPECT_EQ(code(bed().submit(job_of({task_of("a"), task_of("b")}), "cid")), ErrorCode::unavailable);
    }
}

TEST_P(QueueContract, AJobForOneNodeIsThatNodesAlone) {
    NewJob job = job_of({task_of("a")}, Verification::adaptive);
    job.group = group_of_one(w2_.id);
    const JobId id = bed().submitted(job);
    EXPECT_TRUE(bed().claim(w1_).empty());
    const auto why = [&](const identity::Node& node) {
        const std::vector<Present> present{{.node = node.id, .account = node.account, .offer = any_offer()}};
        return bed().within([&] { return bed().queue->explain("ann", id, present); });
    };
    EXPECT_THAT(why(w1_)->reasons, ElementsAre("a: 1 of 1 worker: is not the one that is trusted with it"));
    EXPECT_THAT(why(w2_)->reasons, ElementsAre("a: 1 of 1 worker may take it now"));
    bed().work(w2_, Outcome::solved, "patch");
    EXPECT_TRUE(bed().claim(w1_).empty()) << "nor is it shown the result";
    EXPECT_THAT(why(w2_)->unchecked, ElementsAre("a")) << "which the submitter looks at himself";
}

TEST_P(QueueContract, WorkersGetOnlyWhatTheyCanDo) {
    NewTask needy = task_of("needy");
    needy.needs = {.languages = {"python"}, .memory_mb = 4096, .model_class = "medium", .gpu = true};
    NewJob job = job_of({needy});
    job.group = *GroupId::parse("team");
    bed().submitted(job);
    Offer offer = any_offer();
    EXPECT_TRUE(bed().claim(w1_, 1, offer).empty()) << "not of the group";
    offer.groups = {*GroupId::parse("other"), job.group};
    const auto without = [&](auto change) {
        Offer poor = offer;
        change(poor);
        return bed().claim(w1_, 1, poor).empty();
    };
    EXPECT_TRUE(without([](Offer& poor) { poor.kinds = {TaskKind::attempt}; }));
    EXPECT_TRUE(without([](Offer& poor) { poor.languages = {"javascript"}; }));
    EXPECT_TRUE(without([](Offer& poor) { poor.memory_mb = 4095; }));
    EXPECT_TRUE(without([](Offer& poor) { poor.model_class = "small"; }));
    EXPECT_TRUE(without([](Offer& poor) { poor.gpu = false; }));
    EXPECT_EQ(bed().claim(w1_, 1, offer).size(), 1U);
}

TEST_P(QueueContract, AmongTheFirstAWorkerGetsThoseWhoseSnapshotItHas) {
    for (const char* name : {"s0", "s1", "s2"}) {
        NewJob job = job_of({task_of(name)});
        job.snapshot = *BlobId::parse(name);
        bed().submitted(job);
        bed().pass_a_moment();
    }
    Offer offer = any_offer();
    offer.snapshots = {*BlobId::parse("s2")};
    EXPECT_EQ(bed().claim_one(w1_, offer).key, "s2");
    EXPECT_EQ(bed().claim_one(w1_, offer).key, "s0");
}

TEST_P(QueueContract, AResultThatALaterJobWasGivenStaysAsLongAsThatJob) {
    NewJob job = job_of({task_of("a")}, Verification::always);
    job.cache_key = "name of the work";
    const JobId first = bed().submitted(job);
    bed().work(w1_, Outcome::solved, "the result");
    bed().work(w2_, Outcome::passed);
    const std::int64_t kept = QueueRules{}.keep_ms;
    bed().advance(kept - 1000);
    const auto second = bed().submit(job, "ann", "again");
    ASSERT_TRUE(second);
    ASSERT_EQ(second->same_as, first);
    bed().advance(2000);  // the first job's time is over
    bed().sweep();
    EXPECT_EQ(bed().job(second->job).result, "the result");
    bed().advance(kept);
    bed().sweep();
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job"), 0);
}

TEST_P(QueueContract, TheSameWorkIsNotDoneTwiceWithinAGroup) {
    NewJob job = job_of({task_of("a")});
    job.group = *GroupId::parse("team");
    job.group_key = "sealed key of the first";
    job.cache_key = "name of the work";
    Offer offer = any_offer();
    offer.groups = {job.group};
    bed().submitted(job);
    ASSERT_TRUE(bed().report(w1_, bed().claim_one(w1_, offer), Outcome::solved, "what nobody looked at"));
    job.verification = Verification::always;
    const JobId first = bed().submitted(job);
    ASSERT_TRUE(bed().report(w1_, bed().claim_one(w1_, offer), Outcome::solved, "the patch"));
    ASSERT_TRUE(bed().report(w2_, bed().claim_one(w2_, offer), Outcome::passed, ""));
    job.group_key = "sealed key of the second";
    const auto second = bed().submit(job, "bob");
    ASSERT_TRUE(second);
    EXPECT_EQ(second->same_as, first);
    const JobStatus status = bed().job(second->job, "bob");
    EXPECT_EQ(status.state, State::done);
    EXPECT_EQ(status.result, "the patch");
    EXPECT_EQ(status.group_key, "sealed key of the first");
    EXPECT_EQ(status.same_as, first);
    EXPECT_EQ(bed().balance("bob"), 100'000'000);
    EXPECT_EQ(bed().held("bob"), 0);
    EXPECT_TRUE(bed().claim(w1_, 1, offer).empty());
    job.group = *GroupId::parse("others");
    EXPECT_TRUE(bed().submit(job, "bob")->same_as.empty()) << "another group shares nothing";
}

TEST_P(QueueContract, OthersSeeNothingOfAJob) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    EXPECT_EQ(code(bed().within([&] { return bed().queue->job("bob", id); })), ErrorCode::not_found);
    EXPECT_EQ(code(bed().within([&] { return bed().queue->explain("bob", id, {}); })), ErrorCode::not_found);
    const auto list = bed().within([&] { return bed().queue->jobs("bob", {}, 10); });
    ASSERT_TRUE(list);
    EXPECT_TRUE(list->empty());
}

TEST_P(QueueContract, JobsAreListedFromTheNewestInPages) {
    std::vector<JobId> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(bed().submitted(job_of({task_of("a")})));
        bed().pass_a_moment();
    }
    const auto first = bed().within([&] { return bed().queue->jobs("ann", {}, 3); });
    ASSERT_TRUE(first);
    ASSERT_EQ(first->size(), 3U);
    EXPECT_EQ((*first)[0].id, ids[4]);
    const auto rest = bed().within([&] { return bed().queue->jobs("ann", (*first)[2].id, 3); });
    ASSERT_EQ(rest->size(), 2U);
    EXPECT_EQ((*rest)[1].id, ids[0]);
}

TEST_P(QueueContract, ProgressIsKeptInARingAndReadFromWhereOneStopped) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    const Lease lease = bed().claim_one(w1_);
    for (int i = 0; i < 700; ++i)
        bed().renew(w1_, {{.task = lease.task, .fence = lease.fence, .progress = "p" + std::to_string(i)}});
    const auto all = bed().within([&] { return bed().queue->events(id, 0, 1000); });
    ASSERT_TRUE(all);
    EXPECT_LT(all->size(), 600U);
    EXPECT_EQ(all->front().reason, "submitted") << "what happened stays";
    EXPECT_EQ(all->back().data, "p699");
    const auto rest = bed().within([&] { return bed().queue->events(id, all->back().sequence - 3, 1000); });
    EXPECT_EQ(rest->size(), 3U);
}

}  // namespace
}  // namespace ec::swarm
