// Rows of the queue's tables as values: read, changed, written back. Knows no rule of the queue.
//
// Threads: as the Database.
#pragma once

#include <cstdint>
#include <ec/sql/sql.hpp>
#include <ec/swarm/queue.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ec::swarm {

/// Why a row of `task` is there. Submitters see those of `work`; the others help one of them, their subject.
enum class Role {
    work,
    verify,   ///< runs the tests of the subject's result
    replica,  ///< searches once more where the subject found nothing
    backup,   ///< the same as its subject, which takes long
};

struct JobRow {
    std::string id, account;
    JobKind kind = JobKind::repair;
    State state = State::queued;
    std::string reason;
    Verification verification = Verification::adaptive;
    std::int64_t priority = 50;
    std::string group, group_key, cache_key, snapshot, bundle;
    std::int64_t expected = -1;  ///< Outcome of a canary
    std::string same_as;
    std::int64_t held = 0, spent = 0;  ///< millicredits
    std::int64_t owed = 0;             ///< prices of work that is not paid yet
    std::int64_t tasks = 0;            ///< number of the next
    std::int64_t open = 0;             ///< tasks of work that have not ended
    std::int64_t checking = 0;         ///< of these, being verified
    std::int64_t live = 0;             ///< tasks of any role that have not ended
    bool graph = false;                ///< some task stands on another
    std::int64_t events = 0;
    std::int64_t result_task = -1;
    std::int64_t submitted_ms = 0, ends_ms = 0, ended_ms = 0;
    bool released = false;                   ///< its hold, by the change that is under way
    std::optional<std::int64_t> look_at_ms;  ///< when sweep() is to look at it next, where that changes
};

struct TaskRow {
    std::string job;
    std::int64_t number = 0;
    std::string key;
    TaskKind kind = TaskKind::repair;
    Role role = Role::work;
    std::int64_t subject = -1;
    std::int64_t decides = -1;  ///< the verification that it is to decide against the subject
    State state = State::queued;
    std::int64_t shape = 0, lane = 0;
    std::optional<std::int64_t> waits;
    std::int64_t queued_ms = 0;
    std::int64_t after_left = 0;
    std::int64_t attempt = 0, failures = 0, helpers = 0;
    std::int64_t fence = 0, reported = 0;
    std::string worker, worker_account;
    std::optional<std::string> holder;
    std::int64_t leased_ms = 0, lease_until = 0, late_ms = 0;
    std::optional<std::int64_t> due;
    std::int64_t expected_s = 60;
    std::int64_t shard = 0, shards = 1;
    std::int64_t price = 0;
    Outcome outcome = Outcome::error;
    std::string reason;
    std::optional<std::string> result;  ///< sealed; that was handed in and put away by the change that is under way
};

/// A task's id is its job's and its number.
TaskId task_id(const std::string& job, std::int64_t number);
struct TaskPlace {
    std::string job;
    std::int64_t number = 0;
};
Result<TaskPlace> place_of(const TaskId& id);

/// What is sealed of a job, and where it is kept.
struct SealedPlace {
    std::int64_t value;
    static SealedPlace spec() { return {0}; }
    static SealedPlace payload(std::int64_t number) { return {1 + 2 * number}; }
    static SealedPlace result(std::int64_t number) { return {2 + 2 * number}; }
};

/// A whole account, where exclusions name a worker.
inline std::string account_word(const std::string& account) { return "account:" + account; }

class Rows {
public:
    explicit Rows(sql::Database& database) : database_(database) {}
    [[nodiscard]] sql::Database& database() const { return database_; }

    Status insert(const JobRow& job, const std::string& idempotency_key, std::string_view body_hash);
    /// `not_found`. On PostgreSQL the row is locked: whatever changes a job or its tasks begins here.
    Result<JobRow> job(const std::string& id);
    /// The same to look at only.
    Result<JobRow> seen(const std::string& id);
    Status save(const JobRow& job);

    Status insert(const TaskRow& task);
    Result<TaskRow> task(const std::string& job, std::int64_t number);
    Status save(const TaskRow& task);
    Result<std::vector<TaskRow>> tasks(const std::string& job);
    /// The first of a lane that wait and may be given to this worker.
    Result<std::vector<TaskRow>> heads(std::int64_t lane, const std::string& worker, const std::string& account,
                                       std::int64_t now_ms, std::size_t most);
    /// Those that have not ended and help `subject`.
    Result<std::vector<TaskRow>> helpers(const std::string& job, std::int64_t subject);

    Status put(const std::string& job, SealedPlace place, std::string_view bytes);
    Status remove(const std::string& job, SealedPlace place);
    /// Empty where there is nothing.
    Result<std::string> sealed(const std::string& job, SealedPlace place);

    /// Leaves a trace; the job is to be saved afterwards, for it counts them.
    Status note(JobRow& job, const Event& event);
    /// The same for a task by its number; -1: none. `node`: an id, or nobody.
    Status note(JobRow& job, std::int64_t task, const Event& event, std::string_view node);
    Result<std::vector<Event>> events(const std::string& job, std::int64_t after, unsigned most);

    /// `who`: a worker, or account_word() for all workers of an account.
    Status exclude(const TaskRow& task, const std::string& who, std::int64_t until_ms);

private:
    Result<JobRow> read(const std::string& id, bool locks);

    sql::Database& database_;
};

/// The number of rows that `statement` gives, each handed to `row`.
template <class Row>
Status each_row(sql::Statement& statement, Row row) {
    for (;;) {
        EC_ASSIGN(const bool there, statement.step());
        if (!there) return {};
        row(statement);
    }
}

}  // namespace ec::swarm
