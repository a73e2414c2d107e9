// What the queue costs: CPU per job for submit, claim and complete in commit groups on SQLite with full syncs, with and
// without books' payments and log leaves; and how long a claim takes when much is queued. Prints tables; judges
// nothing.
//
//   queue_bench [jobs] [most queued]
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/rng.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/swarm/queue.hpp>
#include <vector>

namespace ec::swarm {
namespace {

constexpr int kGroup = 32;

class NoPrice final : public Pricing {
public:
    [[nodiscard]] ledger::Credits price(TaskKind /*kind*/, const Needs& /*needs*/) const override { return {}; }
};

double cpu_us() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
    };
    return us(usage.ru_utime) + us(usage.ru_stime);
}
double wall_us() {
    return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

template <class T>
T must(Result<T> result) {
    if (result) return *std::move(result);
    fmt::print(stderr, "queue_bench: {}\n", result.error().message);
    std::exit(1);
}
void must(const Status& status) {
    if (status) return;
    fmt::print(stderr, "queue_bench: {}\n", status.error().message);
    std::exit(1);
}

NewJob small_job() {
    NewJob job;
    job.spec.assign(256, 's');
    NewTask task;
    task.key = "shard-0";
    task.payload.assign(256, 'p');
    job.tasks = {task};
    job.verification = Verification::none;
    return job;
}

class Bench {
public:
    Bench(bool pays, bool logs)
        : folder_(must(TempDir::create())), database_(must(sql::Database::open(folder_.path() / "bench.db"))) {
        must(sql::migrate(database_, "ledger", ledger::ledger_migrations()));
        must(sql::migrate(database_, "swarm", swarm_migrations()));
        queue_.emplace(Queue::Parts{.database = database_,
                                    .books = books_,
                                    .log = logs ? &log_ : nullptr,
                                    .pricing = pays ? static_cast<const Pricing&>(fixed_) : free_,
                                    .now_ms = [this] { return now_ms_; },
                                    .random = [this] { return rng_.next(); }},
                       QueueRules{.account_queued = 10'000'000, .queued = 10'000'000});
        worker_.key = must(crypto::SecretKey::parse(crypto::sha256("worker").hex())).public_key();
        worker_.id = identity::NodeId::of(worker_.key);
        worker_.account = "lender";
        offer_.kinds = {TaskKind::repair};
        sql::Transaction transaction = must(sql::Transaction::begin(database_));
        for (const char* account : {"ann", "bob", "cid", "dan"})
            must(books_.open_account(account, ledger::AccountKind::user, std::nullopt));
        must(transaction.commit());
    }

    template <class Work>
    void in_group(int count, Work work) {
        sql::Transaction transaction = must(sql::Transaction::begin(database_));
        for (int i = 0; i < count; ++i) work();
        must(transaction.commit());
        ++now_ms_;
    }
    void submit() {
        static constexpr std::array kAccounts{"ann", "bob", "cid", "dan"};
        const std::string key = fmt::format("key-{}", ++keys_);
        must(queue_->submit(kAccounts.at(keys_ % kAccounts.size()), key, key, job_));
    }
    void claim(unsigned most) {
        std::vector<Lease> leases = must(queue_->claim(worker_, offer_, most));
        std::ranges::move(leases, std::back_inserter(leases_));
    }
    void complete() {
        Report report;
        report.task = leases_.back().task;
        report.fence = leases_.back().fence;
        report.outcome = Outcome::solved;
        report.result.assign(256, 'r');
        leases_.pop_back();
        must(queue_->complete(worker_, report));
    }
    void fill(std::int64_t queued) {
        while (queued_ < queued) {
            const int count = static_cast<int>(std::min<std::int64_t>(1000, queued - queued_));
            in_group(count, [this] { submit(); });
            queued_ += count;
        }
    }

private:
    TempDir folder_;
    sql::Database database_;
    ledger::Books books_{database_};
    ledger::Log log_{database_, "bench/log", must(crypto::SecretKey::parse(crypto::sha256("log").hex()))};
    FixedPricing fixed_;
    NoPrice free_;
    Rng rng_{1};
    std::int64_t now_ms_ = 1'790'000'000'000;
    std::optional<Queue> queue_;
    identity::Node worker_;
    Offer offer_;
    NewJob job_ = small_job();
    std::vector<Lease> leases_;
    std::size_t keys_ = 0;
    std::int64_t queued_ = 0;
};

void measure_jobs(int jobs, bool pays, bool logs, unsigned batch) {
    Bench bench(pays, logs);
    std::array<double, 3> cpu{};
    const double start = wall_us();
    for (int done = 0; done < jobs; done += kGroup) {
        const double at = cpu_us();
        bench.in_group(kGroup, [&] { bench.submit(); });
        const double submitted = cpu_us();
        bench.in_group(kGroup / static_cast<int>(batch), [&] { bench.claim(batch); });
        const double claimed = cpu_us();
        bench.in_group(kGroup, [&] { bench.complete(); });
        cpu[0] += submitted - at;
        cpu[1] += claimed - submitted;
        cpu[2] += cpu_us() - claimed;
    }
    fmt::print("{:>5} {:>5} {:>6} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>10.0f}\n", pays ? "on" : "off",
               logs ? "on" : "off", batch, cpu[0] / jobs, cpu[1] / jobs, cpu[2] / jobs,
               (cpu[0] + cpu[1] + cpu[2]) / jobs, jobs / (wall_us() - start) * 1e6);
}

void measure_claims(std::int64_t most) {
    Bench bench(true, true);
    constexpr int kClaims = 640;
    fmt::print("\n{:>9} {:>12} {:>12} {:>12}\n", "queued", "claim p50 us", "p99 us", "cpu us");
    for (std::int64_t queued = 1000; queued <= most; queued *= 10) {
        bench.fill(queued);
        std::vector<double> times;
        const double cpu = cpu_us();
        for (int i = 0; i < kClaims / kGroup; ++i) {
            bench.in_group(kGroup, [&] {
                const double at = wall_us();
                bench.claim(1);
                times.push_back(wall_us() - at);
            });
        }
        const double spent = cpu_us() - cpu;
        std::ranges::sort(times);
        fmt::print("{:>9} {:>12.1f} {:>12.1f} {:>12.1f}\n", queued, times[times.size() / 2],
                   times[times.size() * 99 / 100], spent / static_cast<double>(times.size()));
    }
}

}  // namespace
}  // namespace ec::swarm

int main(int argc, char** argv) {
    using namespace ec::swarm;
    const int jobs = argc > 1 ? std::atoi(argv[1]) : 9600;
    const std::int64_t most = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
    double load[1] = {0};
    static_cast<void>(::getloadavg(load, 1));
    fmt::print("SQLite in a file, synchronous=FULL, groups of {}; load {:.1f}; CPU in us a job\n", 32, load[0]);
    fmt::print("{:>5} {:>5} {:>6} {:>9} {:>9} {:>9} {:>9} {:>10}\n", "books", "log", "batch", "submit", "claim",
               "complete", "all", "jobs/s");
    for (const unsigned batch : {1U, 8U}) {
        measure_jobs(jobs, true, true, batch);
        measure_jobs(jobs, true, false, batch);
        measure_jobs(jobs, false, true, batch);
        measure_jobs(jobs, false, false, batch);
    }
    measure_claims(most);
}
