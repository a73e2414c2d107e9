// Requests of several: jobs that come together, claims of many, reports of many.
#include <set>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

class QueueBatches : public OnEveryStore {};
INSTANTIATE_TEST_SUITE_P(Stores, QueueBatches,
                         ::testing::Values(StoreKind::memory, StoreKind::file, StoreKind::postgres), store_name);

// More accounts than are looked at together.
TEST_P(QueueBatches, ManyAccountsTakeTurnsWithinOneClaim) {
    constexpr unsigned kAccounts = 12;
    constexpr unsigned kTurns = 3;
    for (unsigned turn = 0; turn < kTurns; ++turn) {
        for (unsigned i = 0; i < kAccounts; ++i) {
            const std::string account = "acc" + std::to_string(i);
            if (turn == 0) bed().open_account(account, 10'000);
            bed().submitted(job_of({task_of(account)}), account);
        }
    }
    const std::vector<Lease> leases = bed().claim(w1_, kAccounts * kTurns);
    ASSERT_EQ(leases.size(), kAccounts * kTurns);
    for (unsigned turn = 0; turn < kTurns; ++turn) {
        std::set<std::string> served;
        for (unsigned i = 0; i < kAccounts; ++i) served.insert(leases[turn * kAccounts + i].key);
        EXPECT_EQ(served.size(), kAccounts) << "turn " << turn;
    }
    EXPECT_EQ(bed().queue->queued({}), 0);
    EXPECT_TRUE(bed().claim(w1_).empty());
}

TEST_P(QueueBatches, ReportsThatComeTogetherHaveOutcomesOfTheirOwn) {
    const JobId job = bed().submitted(job_of({task_of("a")}));
    bed().submitted(job_of({task_of("b")}), "bob");
    const std::vector<Lease> leases = bed().claim(w1_, 2);
    ASSERT_EQ(leases.size(), 2U);
    std::vector<Report> reports;
    for (const Lease& lease : leases) {
        Report report{.task = lease.task, .fence = lease.fence, .outcome = Outcome::solved, .result = "sealed result"};
        reports.push_back(report);
        report.outcome = Outcome::passed;  // of no verification
        reports.push_back(report);
    }
    reports[1].fence.value += 1;
    reports.push_back({.task = *TaskId::parse("no-such-task-0"), .fence = {1}, .outcome = Outcome::solved});
    const auto all = bed().within([&] { return bed().queue->complete(w1_, std::span<const Report>(reports)); });
    ASSERT_TRUE(all) << all.error().message;
    ASSERT_EQ(all->size(), 5U);
    EXPECT_EQ((*all)[0]->task, State::done);
    EXPECT_EQ(code((*all)[1]), ErrorCode::conflict);
    EXPECT_EQ((*all)[2]->task, State::done);
    EXPECT_TRUE((*all)[3]->again) << "it was handed in by the one before";
    EXPECT_EQ(code((*all)[4]), ErrorCode::not_found);
    EXPECT_EQ(bed().state(job), State::done);
    EXPECT_EQ(bed().balance("w1"), 2000);
}

TEST_P(QueueBatches, JobsThatComeTogetherAreTakenTogetherOrNotAtAll) {
    bed().open_account("eve", 2'000);
    const std::vector<NewJob> jobs(3, job_of({task_of("a")}));
    const auto submit = [&](const std::string& account) {
        return bed().within([&] { return bed().queue->submit(account, "key", "body", std::span<const NewJob>(jobs)); });
    };
    EXPECT_EQ(code(submit("eve")), ErrorCode::denied);
    EXPECT_EQ(bed().number("SELECT COUNT(*) FROM job"), 0);
    EXPECT_EQ(bed().held("eve"), 0);
    const auto taken = submit("ann");
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_EQ(bed().queue->queued("ann"), 3);
    const auto again = submit("ann");
    ASSERT_TRUE(again) << again.error().message;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        EXPECT_TRUE((*again)[i].again);
        EXPECT_EQ((*again)[i].job, (*taken)[i].job);
    }
    EXPECT_EQ(bed().queue->queued("ann"), 3);
    EXPECT_EQ(bed().claim(w1_, 10).size(), 3U);
}

}  // namespace
}  // namespace ec::swarm
