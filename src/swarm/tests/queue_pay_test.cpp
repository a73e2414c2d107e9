// Pay that rests on others' word: when it is the worker's, and what a worker loses that is found lying.
#include <gmock/gmock.h>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

using ::testing::Contains;

class QueuePay : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueuePay, ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres),
                         store_name);

TEST_P(QueuePay, PayOnOthersWordIsPendingForAnHour) {
    adaptive();
    bed().work(w1_, Outcome::solved);
    bed().work(w2_, Outcome::passed, "");
    EXPECT_EQ(bed().pending("w1"), 1000);
    EXPECT_EQ(bed().pending("w2"), 100);
    bed().advance(3'599'000);
    EXPECT_EQ(bed().sweep(), 0U);
    EXPECT_EQ(bed().pending("w1"), 1000);
    bed().advance(1001);
    EXPECT_EQ(bed().sweep(), 2U);
    EXPECT_EQ(bed().pending("w1") + bed().pending("w2"), 0);
    EXPECT_EQ(bed().balance("w1"), 1000);
    EXPECT_EQ(bed().balance("w2"), 100);
    EXPECT_EQ(bed().sweep(), 0U);
}

TEST_P(QueuePay, WhatClearsTogetherIsOneTransactionOfTheBooks) {
    trust(w1_, w2_, 3);
    bed().advance(3'600'001);
    bed().sweep();
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM txn WHERE kind = 'clear'"), 2);
    EXPECT_EQ(bed().balance("w1"), 3000);
    EXPECT_EQ(bed().pending("w1"), 0);
}

TEST_P(QueuePay, WhatClearedStaysAndWhatIsPendingGoesBackToWhoPaidIt) {
    const std::int64_t before = bed().balance("ann");
    trust(w1_, w2_, 2);
    bed().advance(3'600'001);
    bed().sweep();
    trust(w1_, w2_, 1);
    adaptive();
    bed().work(w1_, Outcome::solved, "junk");
    bed().work(w2_, Outcome::rejected, "");
    bed().work(w3_, Outcome::rejected, "");
    bed().sweep();
    EXPECT_EQ(bed().balance("w1"), 2000);
    EXPECT_EQ(bed().pending("w1"), 0);
    EXPECT_EQ(bed().balance("ann"), before - 2000 - 300 - 200);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM txn WHERE kind = 'take_back'"), 1);
}

TEST_P(QueuePay, PayThatRestsOnNobodyElsesWordIsNotPending) {
    bed().submitted(job_of({task_of("a")}, Verification::none));
    bed().work(w1_, Outcome::solved);
    bed().submitted(job_of({task_of("a")}, Verification::submitter));
    const Lease lease = bed().work(w1_, Outcome::solved);
    ASSERT_TRUE(bed().within([&] { return bed().queue->judge("ann", lease.task, true); }));
    adaptive();
    const identity::Node own = node_named("own", "ann");
    bed().work(own, Outcome::solved);
    bed().work(w2_, Outcome::passed, "");
    EXPECT_EQ(bed().balance("w1"), 2000);
    EXPECT_EQ(bed().pending("w1"), 0);
    EXPECT_EQ(bed().pending("ann"), 0);
    EXPECT_EQ(bed().pending("w2"), 100);
}

TEST_P(QueuePay, WhatALiarHasInHandGoesToOthersAtOnce) {
    adaptive();
    bed().pass_a_moment();
    const JobId other = adaptive();
    bed().work(w1_, Outcome::solved, "junk");
    const Lease in_hand = bed().claim_one(w1_);
    EXPECT_EQ(in_hand.job, other);
    bed().work(w2_, Outcome::rejected, "");
    bed().work(w3_, Outcome::rejected, "");
    EXPECT_EQ(code(bed().report(w1_, in_hand, Outcome::solved, "junk")), ErrorCode::conflict);
    EXPECT_EQ(bed().renew(w1_, {{.task = in_hand.task, .fence = in_hand.fence}})[0].holding, Holding::lost);
    EXPECT_THAT(bed().reasons(other), Contains("held_by_a_liar"));
    EXPECT_EQ(bed().claim(w4_, 2).size(), 2U);
}

TEST_P(QueuePay, WhoSaysThreeTimesThatThereIsNothingWhereThereIsLosesAllThatDoesNotCountYet) {
    trust(w1_, w2_, 1);
    for (int i = 0; i < 3; ++i) {
        adaptive();
        bed().work(w1_, Outcome::nothing, "");
        bed().pass_a_moment();
        if (i == 2) {
            adaptive();
            bed().work(w1_, Outcome::nothing, "");
        }
        bed().work(w2_, Outcome::solved, "found");
        const std::vector<Lease> offered = bed().claim(w3_, 2);
        for (const Lease& lease : offered) {
            if (lease.kind != TaskKind::verify) continue;
            ASSERT_TRUE(bed().report(w3_, lease, Outcome::passed, ""));
        }
    }
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM task WHERE state = 3"), 0) << "its last word waits for nobody";
    bed().sweep();
    EXPECT_EQ(bed().balance("w1"), 0);
    EXPECT_TRUE(bed().claim(w1_).empty());
    EXPECT_EQ(bed().balance("w2"), 3000 + 100);
}

}  // namespace
}  // namespace ec::swarm
