// A queue on each of the stores that it runs on, with a clock and dice of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/rng.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <ec/swarm/queue.hpp>
#include <ec/swarm/store.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace ec::swarm {

/// A node of this name: its key is made of the name, so that it is the same in every run.
inline identity::Node node_named(const std::string& name, std::string account = {}) {
    const auto key = crypto::SecretKey::parse(crypto::sha256(name).hex());
    identity::Node node;
    node.key = key->public_key();
    node.id = identity::NodeId::of(node.key);
    node.kind = identity::NodeKind::worker;
    node.state = identity::NodeState::approved;
    node.account = account.empty() ? name : std::move(account);
    node.label = name;
    return node;
}

inline Offer any_offer() {
    return {.kinds = {TaskKind::repair, TaskKind::attempt, TaskKind::subtask, TaskKind::decompose, TaskKind::merge,
                      TaskKind::escalate, TaskKind::verify},
            .languages = {"javascript", "python"},
            .memory_mb = 8192,
            .model_class = "large",
            .gpu = true,
            .groups = {},
            .snapshots = {},
            .model = {}};
}

inline NewTask task_of(std::string key, TaskKind kind = TaskKind::repair) {
    NewTask task;
    task.key = std::move(key);
    task.kind = kind;
    task.payload = "sealed payload";
    return task;
}

inline NewJob job_of(std::vector<NewTask> tasks, Verification verification = Verification::none) {
    NewJob job;
    job.spec = "sealed spec";
    job.tasks = std::move(tasks);
    job.verification = verification;
    return job;
}

enum class StoreKind { memory, file, postgres };
/// For the names of parameterised cases.
inline std::string store_name(const ::testing::TestParamInfo<StoreKind>& info) {
    return info.param == StoreKind::memory ? "memory" : info.param == StoreKind::file ? "file" : "postgres";
}

/// A queue on one of its stores, with books and a log, a clock and dice of the test's own.
class QueueBed {
public:
    /// Fails with `unavailable` where there is no such store.
    static Result<std::unique_ptr<QueueBed>> make(StoreKind store, QueueRules rules = {});
    /// On a file of the caller's, whatever is in it.
    static Result<std::unique_ptr<QueueBed>> at(const std::filesystem::path& file);

    /// Runs `work` in a transaction, and commits it when it succeeded.
    template <class Work>
    auto within(Work work) -> decltype(work()) {
        EC_ASSIGN(sql::Transaction transaction, sql::Transaction::begin(*database));
        auto result = work();
        if (result) EC_TRY(transaction.commit());
        return result;
    }

    Result<Submitted> submit(const NewJob& job, const std::string& account = "ann", const std::string& key = {},
                             const std::string& body = "body");
    /// The id of a job that must be taken.
    JobId submitted(const NewJob& job, const std::string& account = "ann");
    std::vector<Lease> claim(const identity::Node& worker, unsigned most = 1, const Offer& offer = any_offer());
    /// The one lease there is to have; the test fails without.
    Lease claim_one(const identity::Node& worker, const Offer& offer = any_offer());
    Result<Completion> report(const identity::Node& worker, const Lease& lease, Outcome outcome,
                              const std::string& result = "sealed result");
    Result<Completion> complete(const identity::Node& worker, const Report& report);
    /// Claims, and reports `outcome`.
    Lease work(const identity::Node& worker, Outcome outcome, const std::string& result = "sealed result");
    std::vector<Renewal> renew(const identity::Node& worker, const std::vector<Held>& held);
    JobStatus job(const JobId& id, const std::string& account = "ann");
    State state(const JobId& id, const std::string& account = "ann") { return job(id, account).state; }
    std::vector<std::string> reasons(const JobId& id);  ///< of its events, in order
    std::size_t sweep();
    /// Has this much more credit.
    void grant(const std::string& account, std::int64_t milli);
    std::int64_t balance(const std::string& account);  ///< with what is pending
    std::int64_t pending(const std::string& account);
    std::int64_t held(const std::string& account);
    std::int64_t number(std::string_view sql);  ///< that a statement gives
    void advance(std::int64_t milliseconds);
    /// Until the next millisecond, so that what comes now is older than what comes then.
    void pass_a_moment();
    /// To PostgreSQL, after the connection was lost.
    Status connect_again();

    std::int64_t now_ms = 1'790'000'000'000;
    Rng rng{7};
    std::optional<std::uint64_t> random;  ///< instead of the dice
    FixedPricing pricing;
    std::optional<TempDir> folder;
    std::string url;  ///< of a PostgreSQL
    std::optional<sql::Database> database;
    std::optional<ledger::Books> books;
    std::optional<ledger::Log> log;
    std::optional<Queue> queue;
    bool own_clock = true;

private:
    Status open(StoreKind store);
    Status begin(QueueRules rules);
    Status sit_down(QueueRules rules);

    QueueRules rules_;
};

/// What went wrong, or nothing.
template <class T>
std::optional<ErrorCode> code(const Result<T>& result) {
    return result ? std::nullopt : std::optional(result.error().code);
}

/// A test that runs on every store; the books must balance at its end.
class OnEveryStore : public ::testing::TestWithParam<StoreKind> {
protected:
    void SetUp() override { start({}); }
    void start(QueueRules rules) {
        auto made = QueueBed::make(GetParam(), rules);
        if (!made && made.error().code == ErrorCode::unavailable) GTEST_SKIP() << made.error().message;
        ASSERT_TRUE(made) << made.error().message;
        bed_ = *std::move(made);
    }
    void TearDown() override {
        if (!bed_) return;
        const Status sound = bed_->books->audit();
        EXPECT_TRUE(sound) << sound.error().message;
    }
    QueueBed& bed() { return *bed_; }
    JobId adaptive(std::vector<NewTask> tasks) {
        return bed().submitted(job_of(std::move(tasks), Verification::adaptive));
    }
    JobId adaptive() { return adaptive({task_of("a")}); }
    /// Makes the worker trusted: `times` results that another found right.
    void trust(const identity::Node& worker, const identity::Node& other, int times) {
        for (int i = 0; i < times; ++i) {
            adaptive();
            bed().work(worker, Outcome::solved);
            bed().work(other, Outcome::passed, "");
        }
    }

    std::unique_ptr<QueueBed> bed_;
    identity::Node w1_ = node_named("w1"), w2_ = node_named("w2"), w3_ = node_named("w3"), w4_ = node_named("w4");
};

}  // namespace ec::swarm
