// Whoever lies, conspires, says nothing or wants work for nothing: none of it pays.
#include <gmock/gmock.h>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

constexpr std::int64_t kLease = 90'000;

class QueueAbuse : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueueAbuse, ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres),
                         store_name);

TEST_P(QueueAbuse, TwoNodesOfAnAccountDoNotVouchForEachOther) {
    const identity::Node m1 = node_named("m1", "mallory"), m2 = node_named("m2", "mallory");
    const JobId id = adaptive();
    bed().work(m1, Outcome::solved, "junk");
    EXPECT_TRUE(bed().claim(m2).empty());
    const std::vector<Present> present{{.node = m2.id, .account = "mallory", .offer = any_offer()}};
    const auto said = bed().within([&] { return bed().queue->explain("ann", id, present); });
    EXPECT_THAT(said->reasons,
                ElementsAre("verify-1: 1 of 1 worker: is of an account that made or checked the result"));
    bed().work(w1_, Outcome::rejected, "");
    EXPECT_TRUE(bed().claim(m2).empty()) << "nor decides";
    EXPECT_TRUE(bed().claim(node_named("w1 too", "w1")).empty()) << "nor does an accuser's other node";
    bed().work(w2_, Outcome::rejected, "");
    EXPECT_EQ(bed().balance("mallory"), 0);
    EXPECT_THAT(bed().reasons(id), Contains("rejected_by_verifier"));
}

TEST_P(QueueAbuse, TwoNodesOfAnAccountDoNotAgreeThatThereIsNothing) {
    adaptive();
    bed().work(node_named("m1", "mallory"), Outcome::nothing, "");
    EXPECT_TRUE(bed().claim(node_named("m2", "mallory")).empty());
    EXPECT_EQ(bed().claim(w1_).size(), 1U);
}

TEST_P(QueueAbuse, TheSubmittersOwnNodesCheckEachOtherButDoNotAccuseAStrangerTwice) {
    const identity::Node own1 = node_named("own1", "ann"), own2 = node_named("own2", "ann");
    const JobId id = adaptive();
    bed().work(own1, Outcome::solved, "patch");
    bed().work(own2, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
    adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    bed().work(own1, Outcome::rejected, "");
    EXPECT_TRUE(bed().claim(own2).empty());
    bed().work(w2_, Outcome::passed, "");
    EXPECT_EQ(bed().balance("w1"), 1000);
}

TEST_P(QueueAbuse, PraisingOnesOwnWorkersBuysNoTrustElsewhere) {
    bed().random = 1;  // no check by chance
    const identity::Node own1 = node_named("own1", "bob"), own2 = node_named("own2", "bob");
    for (int i = 0; i < 12; ++i) {
        bed().pass_a_moment();  // ids are made of the time and the dice
        bed().submitted(job_of({task_of("a")}, Verification::adaptive), "bob");
        bed().work(own1, Outcome::nothing, "");
        if (i < 10) bed().work(own2, Outcome::nothing, "");
    }
    EXPECT_TRUE(bed().claim(own2).empty()) << "for its own account it is trusted by now";
    const std::int64_t before = bed().balance("bob");
    bed().pass_a_moment();
    const JobId id = adaptive();
    bed().work(own1, Outcome::nothing, "");
    EXPECT_EQ(bed().state(id), State::verifying);
    EXPECT_EQ(bed().balance("bob"), before);
}

TEST_P(QueueAbuse, WhoeverFindsFaultWithEverythingGetsOnlySoMuchForNothing) {
    std::vector<NewTask> tasks;
    for (int i = 0; i < 8; ++i) tasks.push_back(task_of("a" + std::to_string(i)));
    const JobId id = bed().submitted(job_of(std::move(tasks), Verification::submitter));
    int refused = 0;
    for (int i = 0; i < 40 && !ended(bed().state(id)); ++i) {
        const Lease lease = bed().work(node_named("honest" + std::to_string(i)), Outcome::solved, "patch");
        ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, false); }));
        ++refused;
    }
    EXPECT_EQ(refused, 5);
    EXPECT_EQ(bed().job(id).state, State::dead);
    EXPECT_EQ(bed().job(id).reason, "too_many_rejections");
    EXPECT_EQ(bed().held("ann"), 0);
}

TEST_P(QueueAbuse, WhoSaidTheSameBeforeTheSubmitterIsPaid) {
    adaptive();
    const Lease lease = bed().work(w1_, Outcome::solved, "junk");
    bed().work(w2_, Outcome::rejected, "");
    ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, false); }));
    EXPECT_EQ(bed().balance("w2"), 100);
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueAbuse, CancellingWhenAResultIsThereSavesNothing) {
    for (const Verification verification : {Verification::submitter, Verification::always}) {
        const JobId id = bed().submitted(job_of({task_of("a"), task_of("b")}, verification));
        const std::int64_t before = bed().balance("w1");
        bed().work(w1_, Outcome::solved, "patch");
        ASSERT_TRUE(bed().within([&] { return bed().queue->cancel("ann", id); }));
        EXPECT_EQ(bed().state(id), State::cancelled);
        EXPECT_EQ(bed().balance("w1"), before + 1000);
        EXPECT_EQ(bed().held("ann"), 0);
    }
}

TEST_P(QueueAbuse, CancellingPaysNothingForWhatACheckFoundWrong) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "junk");
    bed().work(w2_, Outcome::rejected, "");
    ASSERT_TRUE(bed().within([&] { return bed().queue->cancel("ann", id); }));
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueAbuse, ASubmitterWhoSaysNothingUntilTheTimeIsOverPays) {
    NewJob job = job_of({task_of("a")}, Verification::submitter);
    job.budget_s = 60;
    const JobId id = bed().submitted(job);
    bed().work(w1_, Outcome::solved, "patch");
    bed().advance(60'001);
    bed().sweep();
    EXPECT_EQ(bed().state(id), State::failed);
    EXPECT_EQ(bed().balance("w1"), 1000);
}

TEST_P(QueueAbuse, WhatIsBeingVerifiedWhenTheTimeIsOverGetsALittleMore) {
    NewJob job = job_of({task_of("a")}, Verification::always);
    job.budget_s = 60;
    const JobId id = bed().submitted(job);
    bed().work(w1_, Outcome::solved, "patch");
    bed().advance(60'001);
    bed().sweep();
    bed().work(w2_, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().balance("w1"), 1000);
    const JobId other = bed().submitted(job);
    bed().work(w1_, Outcome::solved, "patch");
    bed().advance(60'001);
    bed().sweep();
    EXPECT_EQ(bed().state(other), State::verifying);
    bed().advance(600'001);
    bed().sweep();
    EXPECT_EQ(bed().state(other), State::failed);
    EXPECT_EQ(bed().balance("w1"), 1000) << "nobody looked at it";
}

TEST_P(QueueAbuse, ThatThereIsNothingTheSubmitterAcceptsUnpaid) {
    const JobId id = adaptive();
    const Lease lease = bed().work(w1_, Outcome::nothing, "");
    ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, true); }));
    EXPECT_EQ(bed().state(id), State::failed);
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueAbuse, ABlobOfARejectedResultDoesNotStandForAnHonestOne) {
    const JobId id = adaptive();
    Blobs blobs(*bed().database);
    const BlobId name = *BlobId::parse("name-of-the-patch");
    const auto put = [&](const std::string& account, const std::string& bytes) {
        return bed().within([&] { return blobs.put(account, std::vector<SealedBlob>{{name, bytes}}, bed().now_ms); });
    };
    ASSERT_TRUE(put("w1", "junk"));
    ASSERT_TRUE(put("w2", "honest"));
    const auto hands_in = [&](const identity::Node& worker) {
        const Lease lease = bed().claim_one(worker);
        return bed().complete(worker, {.task = lease.task,
                                       .fence = lease.fence,
                                       .outcome = Outcome::solved,
                                       .result = "sealed result",
                                       .blobs = {name},
                                       .children = {},
                                       .reason = {},
                                       .wall_ms = 0});
    };
    ASSERT_TRUE(hands_in(w1_));
    bed().work(w3_, Outcome::rejected, "");
    bed().work(w4_, Outcome::rejected, "");
    ASSERT_TRUE(hands_in(w2_));
    const auto fetched =
        bed().within([&] { return blobs.fetch(node_named("client", "ann"), std::vector<BlobId>{name}); });
    ASSERT_TRUE(fetched);
    ASSERT_EQ(fetched->size(), 1U);
    EXPECT_EQ(fetched->at(0).bytes, "honest");
    EXPECT_EQ(bed().state(id), State::verifying);
    EXPECT_EQ(bed().number("SELECT SUM(refs) FROM blob"), 1);
}

TEST_P(QueueAbuse, WhoLooksAtAResultPutsNothingUnderItsNames) {
    adaptive();
    Blobs blobs(*bed().database);
    const BlobId name = *BlobId::parse("name-of-the-patch");
    const auto put = [&](const std::string& account, const std::string& bytes) {
        return bed().within([&] { return blobs.put(account, std::vector<SealedBlob>{{name, bytes}}, bed().now_ms); });
    };
    const auto hands_in = [&](const identity::Node& worker, Outcome outcome) {
        const Lease lease = bed().claim_one(worker);
        return bed().complete(worker, {.task = lease.task,
                                       .fence = lease.fence,
                                       .outcome = outcome,
                                       .result = "sealed result",
                                       .blobs = {name},
                                       .children = {},
                                       .reason = {},
                                       .wall_ms = 0});
    };
    ASSERT_TRUE(put("w1", "honest"));
    ASSERT_TRUE(hands_in(w1_, Outcome::solved));
    ASSERT_TRUE(put("w2", "junk"));
    EXPECT_EQ(code(hands_in(w2_, Outcome::rejected)), ErrorCode::invalid_argument);
    const auto fetched =
        bed().within([&] { return blobs.fetch(node_named("client", "ann"), std::vector<BlobId>{name}); });
    ASSERT_TRUE(fetched);
    ASSERT_EQ(fetched->size(), 1U);
    EXPECT_EQ(fetched->at(0).bytes, "honest");
}

TEST_P(QueueAbuse, ManyLargeTasksDoNotLeaveInOneAnswer) {
    constexpr std::size_t kTasks = 24;
    std::vector<NewTask> tasks;
    for (std::size_t i = 0; i < kTasks; ++i) tasks.push_back(task_of("t-" + std::to_string(i)));
    NewJob job = job_of(std::move(tasks));
    job.spec = std::string(kSpecBytes, 's');
    bed().submitted(job);
    const std::vector<Lease> first = bed().claim(w1_, 64);
    EXPECT_GE(first.size(), 1U);
    EXPECT_LE(first.size() * kSpecBytes, (4U << 20) + kSpecBytes);
    std::size_t all = first.size();
    for (std::vector<Lease> more = bed().claim(w1_, 64); !more.empty(); more = bed().claim(w1_, 64)) all += more.size();
    EXPECT_EQ(all, kTasks) << "and the others come with the next";
}

TEST_P(QueueAbuse, TheResultsOfAJobAreNotMoreThanOneAnswerHolds) {
    constexpr std::size_t kFitting = (16U << 20) / kResultBytes;
    std::vector<NewTask> tasks;
    for (std::size_t i = 0; i <= kFitting; ++i) tasks.push_back(task_of("t-" + std::to_string(i), TaskKind::subtask));
    NewJob job = job_of(std::move(tasks));
    job.kind = JobKind::split;
    bed().submitted(job);
    std::vector<Report> reports;
    for (const Lease& lease : bed().claim(w1_, kFitting)) {
        Report& report = reports.emplace_back();
        report.task = lease.task;
        report.fence = lease.fence;
        report.outcome = Outcome::solved;
        report.result = std::string(kResultBytes, 'r');
    }
    ASSERT_EQ(reports.size(), kFitting);
    ASSERT_TRUE(bed().within([&] { return bed().queue->complete(w1_, reports); }));
    const Lease last = bed().claim_one(w1_);
    EXPECT_EQ(code(bed().report(w1_, last, Outcome::solved, std::string(kResultBytes, 'r'))), ErrorCode::too_large);
    EXPECT_TRUE(bed().report(w1_, last, Outcome::solved, "small")) << "what is small always fits";
}

TEST_P(QueueAbuse, AWorkerDoesNotSpeakForTheSubmitter) {
    bed().submitted(job_of({task_of("a")}, Verification::submitter));
    const Lease lease = bed().claim_one(w1_);
    Report report{.task = lease.task,
                  .fence = lease.fence,
                  .outcome = Outcome::error,
                  .result = {},
                  .blobs = {},
                  .children = {},
                  .reason = "rejected_by_submitter",
                  .wall_ms = 0};
    EXPECT_EQ(code(bed().complete(w1_, report)), ErrorCode::invalid_argument);
    ASSERT_TRUE(bed().within(
        [&] { return bed().queue->give_back(w1_.id, lease.task, lease.fence, "rejected_by_submitter", false); }));
    EXPECT_THAT(bed().reasons(lease.job), ::testing::Not(Contains("rejected_by_submitter")));
}

TEST_P(QueueAbuse, AnAccountThatAsksForSomethingElseEveryTimeCostsTheOthersNothing) {
    std::int64_t asked = 0;
    const auto submits = [&]() -> Result<Submitted> {
        NewTask task = task_of("a");
        task.needs.memory_mb = ++asked;
        return bed().queue->submit("bob", {}, "body", job_of({task}));
    };
    // Each is cancelled again: it costs nothing, and waits no more.
    const Status cancelled = bed().within([&]() -> Status {
        while (asked < 700) {
            EC_ASSIGN(const Submitted submitted, submits());
            EC_TRY(bed().queue->cancel("bob", submitted.job));
        }
        return {};
    });
    ASSERT_TRUE(cancelled) << cancelled.error().message;
    EXPECT_LE(bed().number("SELECT COUNT(*) FROM lane WHERE account = 'bob'"), 600);
    bed().submitted(job_of({task_of("a")}));
    EXPECT_EQ(bed().claim(w1_).size(), 1U);
    // Those that wait are looked at in every claim, and are only so many.
    std::int64_t taken = 0;
    ASSERT_TRUE(bed().within([&]() -> Status {
        for (int i = 0; i < 300; ++i) taken += submits().has_value() ? 1 : 0;
        return {};
    }));
    EXPECT_EQ(taken, 256);
    EXPECT_TRUE(bed().submit(job_of({task_of("a")}), "cid"));
    EXPECT_EQ(bed().claim(w2_, 64).size(), 64U);
}

TEST_P(QueueAbuse, WhoHandsATaskBackForEverLeavesItToOthers) {
    bed().submitted(job_of({task_of("a")}));
    int returns = 0;
    for (std::vector<Lease> leases = bed().claim(w1_); !leases.empty() && returns < 100; leases = bed().claim(w1_)) {
        ++returns;
        ASSERT_TRUE(bed().within(
            [&] { return bed().queue->give_back(w1_.id, leases[0].task, leases[0].fence, "drain", false); }));
    }
    EXPECT_LT(returns, 20);
    EXPECT_EQ(bed().claim(w2_).size(), 1U);
}

TEST_P(QueueAbuse, AnAccountWhoseWorkersNeverAnswerEndsNobodysJob) {
    const JobId id = bed().submitted(job_of({task_of("a")}));
    for (int i = 0; i < 5; ++i) {
        const auto mute = bed().claim(node_named("mute" + std::to_string(i), "mallory"));
        if (mute.empty()) break;
        bed().advance(kLease + 1);
        bed().sweep();
    }
    EXPECT_TRUE(bed().claim(node_named("mute9", "mallory")).empty());
    EXPECT_EQ(bed().state(id), State::running);
    bed().work(w1_, Outcome::solved);
    EXPECT_EQ(bed().state(id), State::done);
}

}  // namespace
}  // namespace ec::swarm
