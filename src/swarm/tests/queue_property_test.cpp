// Whatever is asked of a queue, in whatever order, by honest workers, liars, late ones and ones that vanish: no job is
// lost, nothing is paid twice or unverified, fences grow, and the counters say what the rows say.
#include <fmt/format.h>
#include <rapidcheck.h>

#include <map>

#include "tests/queue_bed.hpp"

namespace ec::swarm {
namespace {

constexpr int kWorkers = 4;
constexpr int kSteps = 120;

class World {
public:
    World() {
        auto made = QueueBed::make(StoreKind::memory, {.lease_ms = 30'000, .bar_ms = 120'000, .clear_ms = 100'000});
        RC_ASSERT(made.has_value());
        bed_ = *std::move(made);
    }

    void step() {
        switch (*rc::gen::weightedElement<int>({{3, 0}, {6, 1}, {6, 2}, {2, 3}, {1, 4}, {1, 5}, {2, 6}, {1, 7}})) {
            case 0:
                return submit();
            case 1:
                return claim();
            case 2:
                return report();
            case 3:
                return renew();
            case 4:
                return cancel();
            case 5:
                return give_back();
            case 6:
                return pass_time();
            default:
                return judge();
        }
    }

    void check() {
        QueueBed& bed = *bed_;
        RC_ASSERT(bed.books->audit().has_value());
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM job") == static_cast<std::int64_t>(jobs_.size()));
        RC_ASSERT(bed.number("SELECT COALESCE(SUM(queued), 0) FROM lane") ==
                  bed.number("SELECT COUNT(*) FROM task WHERE waits IS NOT NULL"));
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM lane WHERE queued < 0") == 0);
        RC_ASSERT(
            bed.number("SELECT COUNT(*) FROM job WHERE "
                       "live <> (SELECT COUNT(*) FROM task WHERE task.job = job.id AND state < 4) OR "
                       "open <> (SELECT COUNT(*) FROM task WHERE task.job = job.id AND state < 4 AND role = 0) OR "
                       "checking <> (SELECT COUNT(*) FROM task WHERE task.job = job.id AND state = 3 AND role = 0)") ==
            0);
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM job WHERE state < 4 AND open = 0") == 0);
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM job WHERE state >= 4 AND live > 0") == 0);
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM job WHERE spent > held OR owed < 0") == 0);
        // A task of work is paid at most its price, and only when it is done.
        RC_ASSERT(bed.number("SELECT COALESCE(SUM(spent), 0) FROM job") ==
                  paid() + bed.number("SELECT COALESCE(SUM(amount), 0) FROM entry JOIN txn ON txn.number = entry.txn "
                                      "WHERE txn.kind = 'take_back' AND amount > 0"));
        RC_ASSERT(bed.number("SELECT COALESCE(SUM(milli), 0) FROM pending") ==
                  bed.number("SELECT COALESCE(SUM(balance), 0) FROM account WHERE kind = 'escrow'"));
        RC_ASSERT(bed.number("SELECT COALESCE(SUM(held - spent), 0) FROM job WHERE state < 4") ==
                  bed.held("ann") + bed.held("bob"));
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM task WHERE state IN (1, 2) AND due IS NULL") == 0);
        RC_ASSERT(bed.number("SELECT COUNT(*) FROM txn WHERE kind = 'pay' AND NOT EXISTS (SELECT 1 FROM task "
                             "WHERE task.state = 4 AND task.job || '-' || task.number = txn.dedupe)") == 0);
    }

    /// Honest workers alone, and time: everything ends.
    void finish() {
        for (int i = 0; i < 3000; ++i) {
            if (bed_->number("SELECT COUNT(*) FROM job WHERE state < 4") == 0) return;
            bool idle = true;
            for (int worker = 0; worker < kWorkers; ++worker) {
                const identity::Node node = node_named(fmt::format("honest{}", worker));
                for (const Lease& lease : bed_->claim(node)) {
                    idle = false;
                    const bool checks = lease.kind == TaskKind::verify;
                    RC_ASSERT(bed_->report(node, lease, checks ? Outcome::passed : Outcome::solved, "r").has_value());
                }
            }
            if (!idle) continue;
            bed_->now_ms += 30'001;
            bed_->sweep();
        }
        RC_FAIL("some job never ended");
    }

private:
    identity::Node worker() { return node_named(fmt::format("w{}", *rc::gen::inRange(0, kWorkers))); }
    std::int64_t paid() {
        std::int64_t sum = 0;
        for (int i = 0; i < kWorkers; ++i)
            sum += bed_->balance(fmt::format("w{}", i)) + bed_->balance(fmt::format("honest{}", i));
        return sum;
    }

    void submit() {
        std::vector<NewTask> tasks;
        const int count = *rc::gen::inRange(1, 5);
        const bool split = *rc::gen::inRange(0, 2) == 0;
        for (int i = 0; i < count; ++i) {
            const TaskKind kind = !split ? TaskKind::repair : i + 1 == count ? TaskKind::merge : TaskKind::subtask;
            NewTask task = task_of(fmt::format("t{}", i), kind);
            task.expected_s = *rc::gen::element<std::int64_t>(5, 60);
            for (int on = 0; split && on < i; ++on)
                if (*rc::gen::inRange(0, 2) == 0) task.after.push_back(fmt::format("t{}", on));
            tasks.push_back(std::move(task));
        }
        NewJob job = job_of(std::move(tasks), *rc::gen::element(Verification::adaptive, Verification::always,
                                                                Verification::none, Verification::submitter));
        job.kind = split ? JobKind::split : JobKind::repair;
        job.budget_s = *rc::gen::element<std::int64_t>(100, 3600);
        const std::string account = *rc::gen::element<std::string>("ann", "bob");
        const std::string key = fmt::format("key-{}", *rc::gen::inRange(0, 1000));
        const auto submitted = bed_->submit(job, account, key);
        RC_ASSERT(submitted.has_value());
        RC_ASSERT(submitted->again == jobs_.contains(account + key));
        jobs_.emplace(account + key, submitted->job);
        RC_ASSERT(jobs_.at(account + key) == submitted->job);
    }
    void claim() {
        const identity::Node node = worker();
        for (const Lease& lease : bed_->claim(node, 2)) {
            RC_ASSERT(lease.fence.value > fences_[lease.task.text()]);
            fences_[lease.task.text()] = lease.fence.value;
            leases_.emplace_back(node, lease);
        }
    }
    void report() {
        if (leases_.empty()) return;
        const auto at = *rc::gen::inRange<std::size_t>(0, leases_.size());
        const auto& [node, lease] = leases_[at];
        const Outcome outcome =
            lease.kind == TaskKind::verify
                ? *rc::gen::element(Outcome::passed, Outcome::passed, Outcome::rejected, Outcome::error)
                : *rc::gen::element(Outcome::solved, Outcome::solved, Outcome::nothing, Outcome::error);
        const bool current = fences_[lease.task.text()] == lease.fence.value;
        const auto done = bed_->report(node, lease, outcome, "r");
        if (!done) RC_ASSERT(done.error().code == ErrorCode::conflict);
        if (!current) RC_ASSERT(!done.has_value());
        // Sent once more it changes nothing.
        if (done) RC_ASSERT(bed_->report(node, lease, outcome, "r")->again);
        if (*rc::gen::inRange(0, 4) != 0) leases_.erase(leases_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    void renew() {
        if (leases_.empty()) return;
        const auto& [node, lease] = leases_[*rc::gen::inRange<std::size_t>(0, leases_.size())];
        const auto renewals = bed_->renew(node, {{.task = lease.task, .fence = lease.fence, .progress = "p"}});
        RC_ASSERT(renewals.size() == 1U);
        if (fences_[lease.task.text()] != lease.fence.value) RC_ASSERT(renewals[0].holding != Holding::kept);
    }
    void cancel() {
        if (jobs_.empty()) return;
        const auto at = std::next(jobs_.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(jobs_)));
        const auto status = bed_->within([&] { return bed_->queue->cancel(at->first.substr(0, 3), at->second); });
        if (!status) RC_ASSERT(status.error().code == ErrorCode::conflict);
    }
    void give_back() {
        if (leases_.empty()) return;
        const auto& [node, lease] = leases_[*rc::gen::inRange<std::size_t>(0, leases_.size())];
        const bool charged = *rc::gen::inRange(0, 2) == 0;
        const auto status =
            bed_->within([&] { return bed_->queue->give_back(node.id, lease.task, lease.fence, "drain", charged); });
        if (!status) RC_ASSERT(status.error().code == ErrorCode::conflict);
    }
    void pass_time() {
        bed_->now_ms += *rc::gen::element<std::int64_t>(1, 1000, 6000, 31'000, 200'000);
        bed_->sweep();
    }
    void judge() {
        if (leases_.empty()) return;
        const auto& lease = leases_[*rc::gen::inRange<std::size_t>(0, leases_.size())].second;
        const bool good = *rc::gen::inRange(0, 2) == 0;
        static_cast<void>(bed_->within([&] { return bed_->queue->judge("ann", lease.task, good); }));
    }

    std::unique_ptr<QueueBed> bed_;
    std::map<std::string, JobId> jobs_;
    std::map<std::string, std::int64_t> fences_;
    std::vector<std::pair<identity::Node, Lease>> leases_;
};

TEST(QueueProperties, NoOrderOfEventsLosesAJobOrPaysTwice) {
    const bool held = rc::check([] {
        World world;
        for (int i = 0; i < kSteps; ++i) {
            world.step();
            world.check();
        }
        world.finish();
        world.check();
    });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace ec::swarm
