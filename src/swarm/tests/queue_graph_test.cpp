// Jobs of many tasks: what stands on what, plans that add tasks, searches that the first result ends.
#include <gmock/gmock.h>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::ElementsAre;

class QueueGraphs : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueueGraphs,
                         ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres), store_name);

TEST_P(QueueGraphs, ATaskIsNotClaimedBeforeWhatItStandsOnIsVerified) {
    NewTask b = task_of("b", TaskKind::subtask), c = task_of("c", TaskKind::subtask), d = task_of("d", TaskKind::merge);
    b.after = {"a"};
    c.after = {"a"};
    d.after = {"b", "c"};
    NewJob job = job_of({task_of("a", TaskKind::subtask), b, c, d});
    job.kind = JobKind::split;
    const JobId id = bed().submitted(job);
    const Lease a = bed().claim_one(w1_);
    EXPECT_EQ(a.key, "a");
    EXPECT_TRUE(bed().claim(w2_).empty());
    ASSERT_TRUE(bed().report(w1_, a, Outcome::solved, "patch of a"));
    std::vector<Lease> middle = bed().claim(w2_, 4);
    ASSERT_EQ(middle.size(), 2U);
    for (const Lease& lease : middle) {
        ASSERT_EQ(lease.inputs.size(), 1U);
        EXPECT_EQ(lease.inputs[0].key, "a");
        EXPECT_EQ(lease.inputs[0].result, "patch of a");
        EXPECT_EQ(lease.shards, 1) << "a part is a whole search, not a share of one";
        ASSERT_TRUE(bed().report(w2_, lease, Outcome::solved, "patch of " + lease.key));
    }
    const Lease last = bed().claim_one(w1_);
    ASSERT_EQ(last.inputs.size(), 2U);
    EXPECT_EQ(last.inputs[1].result, "patch of c");
    ASSERT_TRUE(bed().report(w1_, last, Outcome::solved, "all"));
    const JobStatus status = bed().job(id);
    EXPECT_EQ(status.state, State::done);
    EXPECT_EQ(status.result, "all");
    EXPECT_THAT(status.tasks[3].after, ElementsAre("b", "c"));
}

TEST_P(QueueGraphs, WhatStandsOnATaskThatFailedFailsButAMergeGoesOn) {
    NewTask b = task_of("b", TaskKind::subtask), m = task_of("m", TaskKind::merge);
    b.after = {"a"};
    m.after = {"b", "c"};
    NewJob job = job_of({task_of("a", TaskKind::subtask), b, task_of("c", TaskKind::subtask), m});
    job.kind = JobKind::split;
    const JobId id = bed().submitted(job);
    for (const Lease& lease : bed().claim(w1_, 2))
        ASSERT_TRUE(bed().report(w1_, lease, lease.key == "a" ? Outcome::nothing : Outcome::solved, lease.key));
    EXPECT_EQ(bed().job(id).tasks[1].state, State::failed);
    const Lease merge = bed().claim_one(w1_);
    EXPECT_EQ(merge.key, "m");
    ASSERT_EQ(merge.inputs.size(), 1U);
    EXPECT_EQ(merge.inputs[0].key, "c");
}

TEST_P(QueueGraphs, DecomposingAddsTasksAndTheJobsResultIsItsMerges) {
    NewJob job = job_of({task_of("plan", TaskKind::decompose)});
    job.kind = JobKind::split;
    const JobId id = bed().submitted(job);
    const Lease plan = bed().claim_one(w1_);
    Report report;
    report.task = plan.task;
    report.fence = plan.fence;
    report.outcome = Outcome::solved;
    EXPECT_EQ(code(bed().complete(w1_, report)), ErrorCode::invalid_argument) << "a plan without parts";
    NewTask merge = task_of("merge", TaskKind::merge);
    merge.after = {"p0", "p1"};
    report.children = {task_of("p0", TaskKind::subtask), task_of("p1", TaskKind::subtask), merge};
    ASSERT_TRUE(bed().complete(w1_, report));
    EXPECT_EQ(bed().balance("w1"), 0) << "a plan is paid when something came of it";
    bed().work(w2_, Outcome::solved, "one");
    bed().work(w2_, Outcome::solved, "two");
    bed().work(w2_, Outcome::solved, "both");
    EXPECT_EQ(bed().job(id).state, State::done);
    EXPECT_EQ(bed().job(id).result, "both");
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w2"), 3000);
}

TEST_P(QueueGraphs, WhereThereIsNothingToDecomposeTheJobEndsWithoutASecondWordAndUnpaid) {
    for (const Verification verification : {Verification::adaptive, Verification::always, Verification::none}) {
        NewJob job = job_of({task_of("plan", TaskKind::decompose)});
        job.kind = JobKind::split;
        job.verification = verification;
        const JobId id = bed().submitted(job);
        bed().work(w1_, Outcome::nothing, "no test runs");
        EXPECT_EQ(bed().state(id), State::failed);
        EXPECT_EQ(bed().job(id).tasks[0].result, "no test runs") << "it says why";
        EXPECT_TRUE(bed().claim(w2_).empty());
    }
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueGraphs, ChildrenThatAreNoPlanAreRefusedAndTheLeaseStays) {
    NewJob job = job_of({task_of("plan", TaskKind::decompose)});
    job.kind = JobKind::split;
    job.budget = ledger::Credits::milli(3000);
    bed().submitted(job);
    const Lease plan = bed().claim_one(w1_);
    const auto refused = [&](std::vector<NewTask> children) {
        Report report;
        report.task = plan.task;
        report.fence = plan.fence;
        report.outcome = Outcome::solved;
        report.children = std::move(children);
        return code(bed().complete(w1_, report));
    };
    NewTask a = task_of("a", TaskKind::subtask), b = task_of("b", TaskKind::subtask), plan_again = task_of("plan");
    a.after = {"b"};
    b.after = {"a"};
    EXPECT_EQ(refused({a, b}), ErrorCode::invalid_argument) << "a cycle";
    a.after = {"a"};
    EXPECT_EQ(refused({a}), ErrorCode::invalid_argument) << "itself";
    a.after = {"zzz"};
    EXPECT_EQ(refused({a}), ErrorCode::invalid_argument) << "unknown";
    EXPECT_EQ(refused({plan_again}), ErrorCode::invalid_argument) << "a key twice";
    EXPECT_EQ(refused({task_of("v", TaskKind::verify)}), ErrorCode::invalid_argument);
    EXPECT_EQ(refused({task_of("d", TaskKind::decompose)}), ErrorCode::invalid_argument);
    std::vector<NewTask> many;
    for (int i = 0; i < 65; ++i) many.push_back(task_of("k" + std::to_string(i), TaskKind::subtask));
    EXPECT_EQ(refused(many), ErrorCode::too_large);
    many.resize(3);
    EXPECT_EQ(refused(many), ErrorCode::denied) << "more than the budget";
    many.resize(2);
    EXPECT_EQ(refused(many), std::nullopt);
}

TEST_P(QueueGraphs, TheFirstResultOfASearchEndsTheRest) {
    const JobId id = bed().submitted(job_of({task_of("s0"), task_of("s1"), task_of("s2")}));
    const std::vector<Lease> leases = bed().claim(w1_, 2);
    ASSERT_EQ(leases.size(), 2U);
    EXPECT_EQ(leases[1].shard, 1);
    EXPECT_EQ(leases[1].shards, 3);
    ASSERT_TRUE(bed().report(w1_, leases[1], Outcome::solved));
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().renew(w1_, {{.task = leases[0].task, .fence = leases[0].fence}})[0].holding, Holding::cancelled);
    EXPECT_TRUE(bed().claim(w2_).empty());
    EXPECT_EQ(code(bed().report(w1_, leases[0], Outcome::solved)), ErrorCode::conflict);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().number("SELECT CAST(SUM(queued) AS BIGINT) FROM lane"), 0);
}

TEST_P(QueueGraphs, ASearchThatFoundNothingFails) {
    const JobId id = bed().submitted(job_of({task_of("s0"), task_of("s1")}));
    bed().work(w1_, Outcome::nothing);
    EXPECT_EQ(bed().state(id), State::running);
    bed().work(w1_, Outcome::nothing);
    EXPECT_EQ(bed().state(id), State::failed);
    EXPECT_EQ(bed().job(id).reason, "nothing_found");
    EXPECT_EQ(bed().balance("w1"), 2000) << "looking is work too";
}

}  // namespace
}  // namespace ec::swarm
