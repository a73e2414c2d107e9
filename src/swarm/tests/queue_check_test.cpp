// What counts: results are checked before they are paid, trust is earned and lost, stragglers get help, and a job says
// why it waits.
#include <gmock/gmock.h>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class QueueChecks : public OnEveryStore {
protected:
    std::int64_t streak(const identity::Node& worker) {
        return bed().number("SELECT COALESCE(SUM(streak), 0) FROM trust WHERE worker = '" + worker.id.text() +
                            "' AND kind = 0");
    }
};
INSTANTIATE_TEST_SUITE_P(Stores, QueueChecks,
                         ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres), store_name);

TEST_P(QueueChecks, AResultIsPaidWhenASecondWorkerFoundItRight) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    EXPECT_EQ(bed().job(id).tasks[0].state, State::verifying);
    EXPECT_EQ(bed().state(id), State::verifying);
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_TRUE(bed().claim(w1_).empty()) << "nobody verifies his own result";
    const Lease check = bed().claim_one(w2_);
    EXPECT_EQ(check.kind, TaskKind::verify);
    EXPECT_EQ(check.payload, "sealed payload");
    ASSERT_EQ(check.inputs.size(), 1U);
    EXPECT_EQ(check.inputs[0].key, "a");
    EXPECT_EQ(check.inputs[0].result, "patch");
    const auto done = bed().report(w2_, check, Outcome::passed, "");
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->job, State::done);
    EXPECT_EQ(bed().job(id).result, "patch");
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w2"), 100);
    EXPECT_EQ(bed().held("ann"), 0);
    EXPECT_EQ(streak(w1_), 1);
}

TEST_P(QueueChecks, ALieIsFoundByTwoOthersAndDoneAgain) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "junk");
    bed().work(w2_, Outcome::rejected, "");
    EXPECT_TRUE(bed().claim(w2_).empty()) << "it has spoken";
    const Lease decision = bed().claim_one(w3_);
    EXPECT_EQ(decision.kind, TaskKind::verify);
    ASSERT_TRUE(bed().report(w3_, decision, Outcome::rejected, ""));
    EXPECT_EQ(bed().job(id).tasks[0].state, State::queued);
    EXPECT_THAT(bed().reasons(id), Contains("lied"));
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_EQ(bed().balance("w2"), 100);
    EXPECT_EQ(bed().balance("w3"), 100);
    EXPECT_TRUE(bed().claim(w1_).empty());
    bed().work(w2_, Outcome::solved, "patch");
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().job(id).result, "patch");
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueChecks, AVerifierThatLiesIsFoundToo) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    bed().work(w2_, Outcome::rejected, "");
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w2"), 0);
    EXPECT_EQ(bed().balance("w3"), 100);
    adaptive();
    EXPECT_TRUE(bed().claim(w2_).empty()) << "it gets no work for a while";
    EXPECT_EQ(streak(w1_), 1);
}

TEST_P(QueueChecks, ALiarsOtherResultsAreDoneAgainAndItsTrustIsGone) {
    trust(w1_, w2_, 3);
    EXPECT_EQ(streak(w1_), 3);
    adaptive();
    bed().pass_a_moment();
    const JobId other = adaptive();
    bed().work(w1_, Outcome::solved, "junk");
    bed().work(w1_, Outcome::solved, "junk too");
    bed().work(w2_, Outcome::rejected, "");
    for (const Lease& lease : bed().claim(w3_, 2)) {
        if (lease.inputs[0].result != "junk") continue;
        ASSERT_TRUE(bed().report(w3_, lease, Outcome::rejected, ""));
    }
    EXPECT_EQ(streak(w1_), 0);
    const JobStatus job = bed().job(other);
    EXPECT_EQ(job.tasks[0].state, State::queued);
    EXPECT_TRUE(job.tasks[0].result.empty());
    EXPECT_THAT(bed().reasons(other), Contains("made_by_a_liar"));
    EXPECT_EQ(bed().balance("w1"), 3000);
    bed().sweep();
    EXPECT_EQ(bed().balance("w1"), 0) << "who lies once has not earned the rest on others' word either";
    EXPECT_EQ(bed().balance("w2"), 300 + 100) << "who checked it has";
}

TEST_P(QueueChecks, ThatACanaryHasAnAnswerMakesNoAnswerRight) {
    NewJob canary = job_of({task_of("a")}, Verification::adaptive);
    canary.expected = Outcome::solved;
    const JobId id = bed().submitted(canary);
    bed().work(w1_, Outcome::solved, "junk");
    EXPECT_EQ(bed().state(id), State::verifying);
    bed().work(w2_, Outcome::rejected, "");
    bed().work(w3_, Outcome::rejected, "");
    EXPECT_EQ(bed().balance("w1"), 0);
    bed().work(w4_, Outcome::nothing, "");
    EXPECT_THAT(bed().reasons(id), Contains("not_as_expected"));
}

TEST_P(QueueChecks, ALiarsOwnSearchIsSettledByThePatchThatItCalledWrong) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::nothing, "");
    bed().work(w2_, Outcome::solved);  // the second search finds a patch
    bed().work(w1_, Outcome::rejected, "");
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job WHERE live <> 0 OR open <> 0 OR checking <> 0"), 0);
    EXPECT_EQ(bed().balance("w1"), 0);
}

TEST_P(QueueChecks, AfterTenAgreedResultsOnlySomeAreChecked) {
    trust(w1_, w2_, 10);
    EXPECT_EQ(streak(w1_), 10);
    bed().random = 11;  // not divisible by ten
    const JobId passed = adaptive();
    bed().work(w1_, Outcome::nothing, "");
    EXPECT_EQ(bed().state(passed), State::failed) << "there is nothing";
    EXPECT_THAT(bed().reasons(passed), Contains("trusted"));
    bed().random = 20;
    const JobId checked = adaptive();
    bed().work(w1_, Outcome::nothing, "");
    EXPECT_EQ(bed().state(checked), State::verifying);
    bed().random = 13;
    const JobId patch = adaptive();
    bed().work(w1_, Outcome::solved);
    EXPECT_EQ(bed().state(patch), State::verifying) << "a patch is always looked at";
}

TEST_P(QueueChecks, WhoFindsNothingInNoTimeIsNotBelievedAlone) {
    const auto report_after = [this](std::int64_t ms, Outcome outcome) {
        const Lease lease = bed().claim_one(w1_);
        bed().advance(ms);
        const auto done = bed().report(w1_, lease, outcome, outcome == Outcome::solved ? "patch" : "");
        EXPECT_TRUE(done) << done.error().message;
    };
    for (int i = 0; i < 10; ++i) {
        adaptive();
        report_after(60'000, Outcome::solved);
        bed().work(w2_, Outcome::passed, "");
    }
    bed().random = 13;  // chance believes it
    const JobId sudden = adaptive();
    report_after(1'000, Outcome::nothing);
    EXPECT_EQ(bed().state(sudden), State::verifying);
    bed().work(w2_, Outcome::nothing, "");
    EXPECT_EQ(bed().state(sudden), State::failed) << "the second search was as short";
    const JobId slow = adaptive();
    report_after(30'000, Outcome::nothing);
    EXPECT_EQ(bed().state(slow), State::failed);
    EXPECT_THAT(bed().reasons(slow), Contains("trusted"));
}

TEST_P(QueueChecks, WhoSawNoTestRunIsNotBelievedAlone) {
    trust(w1_, w2_, 10);
    bed().random = 11;
    const JobId id = adaptive();
    const Lease lease = bed().claim_one(w1_);
    Report report;
    report.task = lease.task;
    report.fence = lease.fence;
    report.outcome = Outcome::nothing;
    report.reason = "no_test_seen";
    ASSERT_TRUE(bed().complete(w1_, report));
    EXPECT_EQ(bed().state(id), State::verifying) << "it may only lack the program that the tests need";
    bed().work(w2_, Outcome::solved);
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
}

TEST_P(QueueChecks, TrustIsOfOneKindOfWork) {
    trust(w1_, w2_, 10);
    bed().random = 11;
    const JobId id = adaptive({task_of("a", TaskKind::attempt)});
    bed().work(w1_, Outcome::solved);
    EXPECT_EQ(bed().state(id), State::verifying);
}

TEST_P(QueueChecks, NothingIsPaidWhenASecondSearchFoundNothingEither) {
    const JobId id = adaptive({task_of("s0"), task_of("s1")});
    const Lease first = bed().work(w1_, Outcome::nothing, "");
    EXPECT_EQ(bed().balance("w1"), 0);
    Lease again = bed().claim_one(w2_);
    EXPECT_EQ(again.key, "s0");
    EXPECT_EQ(again.kind, TaskKind::repair);
    EXPECT_NE(again.task, first.task);
    ASSERT_TRUE(bed().report(w2_, again, Outcome::nothing, ""));
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w2"), 100);
    EXPECT_EQ(bed().state(id), State::running);
    EXPECT_EQ(bed().job(id).tasks.size(), 2U) << "the second search is part of the first";
}

TEST_P(QueueChecks, WhatTheSecondSearchFoundIsCheckedAndCounts) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::nothing, "");
    bed().work(w2_, Outcome::solved, "found");
    bed().work(w3_, Outcome::passed, "");
    const JobStatus job = bed().job(id);
    EXPECT_EQ(job.state, State::done);
    EXPECT_EQ(job.result, "found");
    EXPECT_EQ(job.tasks[0].worker, w2_.id);
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_EQ(bed().balance("w2"), 1000);
    adaptive();
    EXPECT_EQ(bed().claim(w1_).size(), 1U) << "no lie: it may have had less time";
}

TEST_P(QueueChecks, ASearchThatIsOverElsewhereClosesUnpaidAndWithoutBlame) {
    const JobId id = adaptive({task_of("s0"), task_of("s1")});
    const std::vector<Lease> leases = bed().claim(w1_, 2);
    ASSERT_TRUE(bed().report(w1_, leases[0], Outcome::nothing, ""));
    ASSERT_TRUE(bed().report(w1_, leases[1], Outcome::solved, "found"));
    for (int i = 0; i < 2 && !ended(bed().state(id)); ++i) {
        const Lease lease = bed().claim_one(w2_);
        ASSERT_TRUE(bed().report(w2_, lease, lease.kind == TaskKind::verify ? Outcome::passed : Outcome::error, ""));
    }
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().job(id).tasks[0].state, State::cancelled);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_THAT(bed().reasons(id), Not(Contains("lied")));
    EXPECT_TRUE(bed().claim(w3_).empty());
}

TEST_P(QueueChecks, TheSubmitterMayVerifyHimself) {
    const JobId id = bed().submitted(job_of({task_of("a")}, Verification::submitter));
    const Lease lease = bed().work(w1_, Outcome::solved, "patch");
    EXPECT_TRUE(bed().claim(w2_).empty());
    const auto judge = [&](const std::string& account, bool good) {
        return bed().within([&] { return bed().queue->judge(account, lease.task, good); });
    };
    EXPECT_EQ(code(judge("bob", true)), ErrorCode::not_found);
    ASSERT_TRUE(judge("ann", true));
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_TRUE(judge("ann", true)->again);
    EXPECT_EQ(code(judge("ann", false)), ErrorCode::conflict);
    EXPECT_EQ(streak(w1_), 0) << "or somebody would praise his own workers";
}

TEST_P(QueueChecks, WhatTheSubmitterRejectsIsDoneByAnother) {
    const JobId id = bed().submitted(job_of({task_of("a")}, Verification::submitter));
    const Lease lease = bed().work(w1_, Outcome::solved, "junk");
    ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, false); }));
    EXPECT_TRUE(bed().claim(w1_).empty());
    EXPECT_EQ(bed().claim_one(w2_).task, lease.task);
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_EQ(bed().state(id), State::running);
}

TEST_P(QueueChecks, WithNobodyElseThereTheSubmittersVerdictEndsTheWait) {
    const JobId id = adaptive();
    const Lease lease = bed().work(w1_, Outcome::solved, "patch");
    ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, true); }));
    EXPECT_EQ(bed().state(id), State::done);
    EXPECT_TRUE(bed().claim(w2_).empty()) << "its verification is not needed any more";
}

TEST_P(QueueChecks, ACanaryIsJudgedByItsKnownAnswer) {
    NewJob canary = job_of({task_of("a")}, Verification::adaptive);
    canary.expected = Outcome::nothing;
    const JobId honest = bed().submitted(canary);
    bed().work(w1_, Outcome::nothing, "");
    EXPECT_EQ(bed().state(honest), State::failed) << "there was nothing to find";
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(streak(w1_), 1);
    const JobId liar = bed().submitted(canary);
    bed().work(w2_, Outcome::solved, "junk");
    EXPECT_THAT(bed().reasons(liar), Contains("lied"));
    EXPECT_EQ(bed().balance("w2"), 0);
    EXPECT_TRUE(bed().claim(w2_).empty());
    EXPECT_EQ(bed().claim_one(w3_).job, liar);
}

TEST_P(QueueChecks, AStragglerGetsHelpAndTheFirstVerifiedWins) {
    NewTask task = task_of("slow");
    task.expected_s = 10;
    const JobId id = bed().submitted(job_of({task}, Verification::none));
    const Lease slow = bed().claim_one(w1_);
    bed().renew(w1_, {{.task = slow.task, .fence = slow.fence}});
    bed().advance(10'001);
    EXPECT_EQ(bed().sweep(), 1U);
    EXPECT_EQ(bed().sweep(), 0U) << "one backup";
    EXPECT_TRUE(bed().claim(w1_).empty());
    const Lease backup = bed().claim_one(w2_);
    EXPECT_EQ(backup.key, "slow");
    EXPECT_EQ(backup.payload, "sealed payload");
    ASSERT_TRUE(bed().report(w2_, backup, Outcome::solved, "of the backup"));
    const JobStatus job = bed().job(id);
    EXPECT_EQ(job.state, State::done);
    EXPECT_EQ(job.result, "of the backup");
    EXPECT_EQ(job.tasks.size(), 1U);
    EXPECT_EQ(bed().renew(w1_, {{.task = slow.task, .fence = slow.fence}})[0].holding, Holding::cancelled);
    EXPECT_EQ(code(bed().report(w1_, slow, Outcome::solved, "too late")), ErrorCode::conflict);
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_EQ(bed().balance("w2"), 1000);
}

TEST_P(QueueChecks, AStragglerThatIsFirstAfterAllIsPaidAndItsBackupIsStopped) {
    NewTask task = task_of("slow");
    task.expected_s = 10;
    const JobId id = bed().submitted(job_of({task}, Verification::none));
    const Lease slow = bed().claim_one(w1_);
    bed().advance(10'001);
    bed().sweep();
    const Lease backup = bed().claim_one(w2_);
    ASSERT_TRUE(bed().report(w1_, slow, Outcome::solved, "at last"));
    EXPECT_EQ(bed().renew(w2_, {{.task = backup.task, .fence = backup.fence}})[0].holding, Holding::cancelled);
    EXPECT_EQ(bed().job(id).result, "at last");
    EXPECT_EQ(bed().balance("w2"), 0);
}

TEST_P(QueueChecks, VerificationsThatFailAreTriedByOthers) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    bed().work(w2_, Outcome::error, "");
    EXPECT_TRUE(bed().claim(w2_).empty());
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().state(id), State::done);
}

TEST_P(QueueChecks, ManyChecksNeverEatTheWorkersPay) {
    NewJob job = job_of({task_of("a")}, Verification::always);
    job.budget = ledger::Credits::milli(1150);
    bed().submitted(job);
    bed().work(w1_, Outcome::solved, "patch");
    bed().work(w2_, Outcome::rejected, "");
    bed().work(w3_, Outcome::passed, "");
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w3"), 100);
    EXPECT_EQ(bed().held("ann"), 0);
}

TEST_P(QueueChecks, OutcomesOfAnotherKindOfTaskAreRefused) {
    adaptive();
    Lease lease = bed().claim_one(w1_);
    EXPECT_EQ(code(bed().report(w1_, lease, Outcome::passed)), ErrorCode::invalid_argument);
    EXPECT_EQ(code(bed().report(w1_, lease, Outcome::solved, "")), ErrorCode::invalid_argument) << "no patch";
    EXPECT_EQ(code(bed().report(w1_, lease, Outcome::solved, std::string(kResultBytes + 1, 'x'))),
              ErrorCode::too_large);
    ASSERT_TRUE(bed().report(w1_, lease, Outcome::solved, "patch"));
    lease = bed().claim_one(w2_);
    EXPECT_EQ(code(bed().report(w2_, lease, Outcome::solved)), ErrorCode::invalid_argument);
}

TEST_P(QueueChecks, WhatHappenedIsInTheLogAsHashes) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    bed().work(w2_, Outcome::passed, "");
    EXPECT_EQ(bed().number("SELECT (SELECT COUNT(*) FROM log_pending) + (SELECT COUNT(*) FROM log_leaf)"), 3)
        << "submitted, and two paid";
    EXPECT_TRUE(bed().log->integrate(100, bed().now_ms));
    EXPECT_EQ(bed().state(id), State::done);
}

// --- why it waits

TEST_P(QueueChecks, AJobSaysWhyNoWorkerHasIt) {
    NewTask task = task_of("a");
    task.needs = {.languages = {"javascript", "rust"}, .memory_mb = 4096, .model_class = "medium", .gpu = true};
    NewJob job = job_of({task});
    job.group = *GroupId::parse("team");
    const JobId id = bed().submitted(job);
    const auto explain = [&](const std::vector<Present>& present) {
        auto said = bed().within([&] { return bed().queue->explain("ann", id, present); });
        EXPECT_TRUE(said) << said.error().message;
        return said.value_or(Explanation{});
    };
    EXPECT_EQ(explain({}).summary, "the job is queued: 0 running, 1 ready, 0 waiting for others, 0 being verified");
    EXPECT_THAT(explain({}).reasons, ElementsAre("a: no worker is here: edgecoder worker starts one"));

    Offer good = any_offer();
    good.groups = {job.group};
    good.languages = {"javascript", "rust"};
    std::vector<Present> present(8, {.node = w1_.id, .offer = good});
    present[0].offer.kinds = {TaskKind::verify};
    present[1].offer.groups.clear();
    present[2].offer.languages = {"python"};
    present[3].offer.memory_mb = 1024;
    present[4].offer.model_class = "small";
    present[5].offer.gpu = false;
    present[6].holding_back = "battery_critical";
    present[7].busy = 1;
    EXPECT_THAT(
        explain(present).reasons,
        ElementsAre("a: 1 of 7 workers: is not in the group team", "a: 1 of 7 workers: has no javascript and no rust",
                    "a: 1 of 7 workers: has less than 4096 MB of memory", "a: 1 of 7 workers: has no medium model",
                    "a: 1 of 7 workers: has no gpu", "a: 1 of 7 workers: is holding back (battery_critical)",
                    "a: 1 of 7 workers: has all slots in use"));
    present[7].busy = 0;
    EXPECT_EQ(explain(present).reasons.back(), "a: 1 of 7 workers may take it now");
    // Who does other things, as an inference service, is no worker for this.
    EXPECT_THAT(explain({present[0]}).reasons, ElementsAre("a: no worker is here: edgecoder worker starts one"));
}

TEST_P(QueueChecks, AJobSaysWhoseTurnItIsAndWhatItWaitsFor) {
    bed().submitted(job_of({task_of("first")}), "ann");
    bed().work(w1_, Outcome::solved);
    bed().submitted(job_of({task_of("bobs")}), "bob");
    for (int i = 0; i < 2; ++i) {
        bed().submitted(job_of({task_of("before")}), "ann");
        bed().pass_a_moment();
    }
    NewTask later = task_of("later", TaskKind::subtask);
    later.after = {"a"};
    const JobId id = bed().submitted(job_of({task_of("a"), later}), "ann");
    const std::vector<Present> present{{.node = w1_.id, .offer = any_offer()}};
    const auto said = bed().within([&] { return bed().queue->explain("ann", id, present); });
    ASSERT_TRUE(said);
    EXPECT_THAT(said->reasons,
                ElementsAre("a: 1 other account or priority has its turn first: of higher priority, or having used the "
                            "swarm less",
                            "a: 2 tasks of ann wait before it", "1 task waits for others that are not verified yet"));
}

TEST_P(QueueChecks, AJobSaysThatWhoFailedOnItMayTryAgainLaterAndWhoFoundNothingMayNot) {
    const std::vector<Present> present{{.node = w1_.id, .offer = any_offer()}};
    const JobId failed = adaptive();
    bed().work(w1_, Outcome::error, "");
    auto said = bed().within([&] { return bed().queue->explain("ann", failed, present); });
    EXPECT_THAT(said->reasons, ElementsAre("a: 1 of 1 worker: tried this task before and failed; after some minutes it "
                                           "may again"));
    const JobId searched = adaptive();
    bed().work(w1_, Outcome::nothing, "");
    said = bed().within([&] { return bed().queue->explain("ann", searched, present); });
    EXPECT_THAT(said->reasons, ElementsAre("a: 1 of 1 worker: tried this task before and failed"));
}

TEST_P(QueueChecks, AJobSaysWhoMayNotVerifyAndWhatWaitsForItsOwner) {
    const JobId id = adaptive();
    bed().work(w1_, Outcome::solved, "patch");
    const std::vector<Present> present{{.node = w1_.id, .offer = any_offer()}};
    auto said = bed().within([&] { return bed().queue->explain("ann", id, present); });
    EXPECT_THAT(said->reasons, ElementsAre("verify-1: 1 of 1 worker: made the result that is to be verified"));
    EXPECT_THAT(said->unchecked, ElementsAre("a"));
    const std::vector<Present> busy{present[0], {.node = w2_.id, .offer = any_offer(), .busy = 1}};
    said = bed().within([&] { return bed().queue->explain("ann", id, busy); });
    EXPECT_TRUE(said->unchecked.empty()) << "it may when it is done with something else";
    const JobId own = bed().submitted(job_of({task_of("a")}, Verification::submitter));
    bed().work(w1_, Outcome::solved, "patch");
    said = bed().within([&] { return bed().queue->explain("ann", own, present); });
    EXPECT_THAT(said->reasons, ElementsAre("1 result waits for your own verdict"));
    EXPECT_THAT(said->summary, HasSubstr("verifying"));
}

}  // namespace
}  // namespace ec::swarm
