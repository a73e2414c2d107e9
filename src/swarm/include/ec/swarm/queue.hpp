// The queue: every rule about jobs, tasks and leases, as changes of the database. The same code runs on SQLite (in a
// file, or in memory for simulations) and PostgreSQL.
//
// Each method works inside the transaction that the caller has open (see Writer, which opens one for many) and may be
// run again from the start when that transaction is rolled back. Time is the database's: PostgreSQL's clock, or the
// clock port given to the others. Nothing here waits, calls out or decides at random but through Dice.
//
// Threads: as the Database. Errors: `conflict` for what is out of turn (an old fence: "stale_lease"), `not_found` also
// for what belongs to somebody else, `invalid_argument` for a cycle or a size, `denied` for too little credit,
// `over_quota` for the account's own limits, `unavailable` for those of all, both with the time to come again.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/ledger/books.hpp>
#include <ec/ledger/log.hpp>
#include <ec/sql/sql.hpp>
#include <ec/swarm/job.hpp>
#include <ec/swarm/pricing.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::swarm {

std::span<const sql::Migration> swarm_migrations();

/// Of the books: where pay of this account is pending. No account of a person has such a name.
std::string pending_account(std::string_view account);

struct QueueRules {
    std::int64_t lease_ms = 90'000;
    int attempts = 5;                        ///< of a task, then it is dead
    int poison = 3;                          ///< distinct workers that failed on it, then it is dead
    std::int64_t account_queued = 100'000;   ///< tasks of one account that wait; beyond: `over_quota`
    std::int64_t queued = 2'000'000;         ///< of all
    std::int64_t half_life_ms = 86'400'000;  ///< after which use of the swarm counts half
    int trusted_after = 10;                  ///< agreed results in a row
    std::int64_t bar_ms = 3'600'000;         ///< a first lie keeps a worker from work for so long, the next twice that
    std::int64_t clear_ms = 3'600'000;       ///< pay that rests on others' word is pending for so long; 0: never
    std::int64_t keep_ms = 7 * 86'400'000;   ///< a job that ended is shown for so long
};

struct Submitted {
    JobId job;
    bool again = false;  ///< this key was used before, with the same body
    JobId same_as;       ///< the work was done before, by this job
};
struct Held {
    TaskId task;
    Fence fence;
    std::string progress;  ///< sealed; empty: none
    std::int64_t percent = -1;
};
enum class Holding { kept, lost, cancelled };
struct Renewal {
    TaskId task;
    Holding holding = Holding::lost;
    std::int64_t until_ms = 0;
};
struct Completion {
    State task = State::done;
    State job = State::running;
    bool again = false;  ///< it was handed in before, and nothing changed
};
/// Why a task waits: what it asks for, and of those who are here how many lack what.
struct Explanation {
    std::string summary;
    std::vector<std::string> reasons;  ///< "2 of 3 workers have no gpu"
    /// Keys of tasks whose result waits for a check that none of those who are here may make, however long it waits.
    std::vector<std::string> unchecked;
};
/// A worker that is here, for explanations and statistics.
struct Present {
    identity::NodeId node;
    std::string account;
    Offer offer;
    int slots = 1;
    int busy = 0;
    std::string holding_back;  ///< "battery_critical", … or empty
};

class Queue {
public:
    struct Parts {
        sql::Database& database;
        ledger::Books& books;
        ledger::Log* log;  ///< null: nothing is logged (a benchmark's choice)
        const Pricing& pricing;
        std::function<std::int64_t()> now_ms;   ///< where the database has no clock of its own
        std::function<std::uint64_t()> random;  ///< for ids and adaptive checks
    };
    /// Cheap enough for one a connection; it keeps what it learned of shapes and paces of work.
    Queue(Parts parts, QueueRules rules);
    Queue(Queue&&) noexcept;
    ~Queue();

    /// `body_hash` of the whole request tells the same from another under one key (`corrupt`).
    Result<Submitted> submit(const std::string& account, const std::string& idempotency_key, std::string_view body_hash,
                             const NewJob& job);
    /// Several, all or none: the first under the key, the others under key/1, key/2, …
    Result<std::vector<Submitted>> submit(const std::string& account, const std::string& idempotency_key,
                                          std::string_view body_hash, std::span<const NewJob> jobs);
    /// Tasks that wait, of one account or, where it is empty, of all.
    Result<std::int64_t> queued(const std::string& account);
    Result<std::vector<Lease>> claim(const identity::Node& worker, const Offer& offer, unsigned most);
    Result<std::vector<Renewal>> renew(const identity::NodeId& worker, std::span<const Held> held);
    Result<Completion> complete(const identity::Node& worker, const Report& report);
    /// Several, each with an outcome of its own: one that is refused has changed nothing, and the others count. Fails,
    /// and all is to be undone, where one goes wrong half way: hand them in one by one then.
    Result<std::vector<Result<Completion>>> complete(const identity::Node& worker, std::span<const Report> reports);
    /// The worker cannot go on; it is not held against the task unless `charged`.
    Status give_back(const identity::NodeId& worker, const TaskId& task, Fence fence, std::string_view reason,
                     bool charged);
    /// The submitter's own verdict on a result that waits for it.
    Result<Completion> judge(const std::string& account, const TaskId& task, bool good);
    /// Cancelling again is no error; `conflict` for a job that ended otherwise.
    Status cancel(const std::string& account, const JobId& job);
    /// How much the account's use counts: 1000 is one share, 2000 twice as much work for the same standing.
    Status set_weight(const std::string& account, std::int64_t milli);
    /// Takes back leases that ran out, gives stragglers a second one, ends jobs over their budget of time; how many
    /// rows it touched. Run by one caller at a time or by several, every second.
    Result<std::size_t> sweep(unsigned most);

    Result<JobStatus> job(const std::string& account, const JobId& job);
    Result<std::vector<JobStatus>> jobs(const std::string& account, const JobId& before, unsigned most);
    /// The id of the account's job that was submitted under this idempotency key; empty where there is none.
    Result<std::string> submitted_as(const std::string& account, const std::string& idempotency_key);
    Result<std::vector<Event>> events(const JobId& job, std::int64_t after, unsigned most);
    Result<Explanation> explain(const std::string& account, const JobId& job, std::span<const Present> present);

    struct Inside;  // queue_inside.hpp, private

private:
    std::unique_ptr<Inside> inside_;
};

}  // namespace ec::swarm
