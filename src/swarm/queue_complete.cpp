#include <fmt/format.h>

#include <ec/crypto/sha256.hpp>

#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kMostReason = 64;
// Whoever reads the job, or works on what stands on all of it, is sent all its results at once.
constexpr std::size_t kMostOfJob = 16U << 20;
constexpr std::size_t kSmallResult = 16U << 10;  // of these even as many as there can be are not too much

std::unexpected<Error> stale() {
    return fail(ErrorCode::conflict, "stale_lease: this task was given to somebody else or has ended",
                "drop the result");
}

bool makes_tasks(TaskKind kind) { return kind == TaskKind::decompose || kind == TaskKind::merge; }

Status check_report(const TaskRow& task, const Report& report) {
    if (report.result.size() > kResultBytes) return fail(ErrorCode::too_large, "result: too many bytes, use blobs");
    if (report.blobs.size() > kMostResultBlobs) return fail(ErrorCode::too_large, "blobs: too many");
    if (report.reason.size() > kMostReason) return fail(ErrorCode::too_large, "reason: at most 64 bytes");
    for (const char c : report.reason) {
        if (c < ' ' || c > '~') return fail_field("reason", "reason: printable ASCII");
    }
    if (report.reason == kRefused) return fail_field("reason", "reason: this is not a worker's to say");
    if (report.outcome == Outcome::error) return {};
    const bool verdict = report.outcome == Outcome::passed || report.outcome == Outcome::rejected;
    if (verdict != (task.kind == TaskKind::verify))
        return fail_field("outcome", "outcome: not one of this kind of task");
    // Whoever looks at a result knows the names of its blobs, and could put others under them.
    if (verdict && !report.blobs.empty()) return fail_field("blobs", "blobs: a verdict has none");
    if (!report.children.empty() && (!makes_tasks(task.kind) || task.role != Role::work))
        return fail_field("children", "children: not of this kind of task");
    if (report.outcome == Outcome::solved && report.children.empty() && task.kind == TaskKind::decompose)
        return fail_field("children", "children: there are none");
    if (report.outcome == Outcome::solved && report.children.empty() && report.result.empty())
        return fail_field("result", "result: there is none");
    return {};
}

/// A name that another account's result gave first stands for this one's bytes from now on: what it put there may be
/// junk, so that an honest result would look like a lie. False: it is this account's already.
Result<bool> move_blob(sql::Database& database, const std::string& job, const std::string& blob,
                       const std::string& account) {
    EC_ASSIGN(sql::Statement * row, database.cached("SELECT account FROM job_blob WHERE job = ?1 AND blob = ?2"));
    EC_TRY(row->bind(job, blob));
    EC_TRY(row->step());
    const std::string before = row->text(0);
    EC_TRY(row->step());  // to the end: an open row holds what it was read from
    if (before == account) return false;
    EC_ASSIGN(sql::Statement * refs, database.cached("UPDATE blob SET refs = refs - 1 WHERE account = ?1 AND id = ?2"));
    EC_TRY(refs->run(before, blob));
    EC_ASSIGN(sql::Statement * name, database.cached("UPDATE job_blob SET account = ?3 WHERE job = ?1 AND blob = ?2"));
    EC_TRY(name->run(job, blob, account));
    return true;
}

Status check_room(sql::Database& database, const JobRow& job, const Report& report) {
    if (report.result.size() <= kSmallResult) return {};
    EC_ASSIGN(sql::Statement * row,
              database.cached("SELECT CAST(COALESCE(SUM(LENGTH(bytes)), 0) AS BIGINT) FROM sealed "
                              "WHERE job = ?1 AND place >= ?2 AND place % 2 = 0"));
    EC_TRY(row->bind(job.id, SealedPlace::result(0).value));
    EC_TRY(row->step());
    const auto stored = static_cast<std::size_t>(row->integer(0));
    EC_TRY(row->step());  // to the end: an open row holds what it was read from
    if (stored + report.result.size() <= kMostOfJob) return {};
    return fail(ErrorCode::too_large,
                fmt::format("result: the results of one job have at most {} bytes, use blobs", kMostOfJob));
}

/// Names the blobs of a result, so that the submitter may fetch what the worker's account stored.
Status keep_result(Queue::Inside& inside, const JobRow& job, TaskRow& task, const Report& report) {
    if (!report.result.empty()) {
        EC_TRY(check_room(inside.rows.database(), job, report));
        EC_TRY(inside.rows.put(job.id, SealedPlace::result(task.number), report.result));
        task.result = report.result;
    }
    for (const BlobId& blob : report.blobs) {
        sql::Database& database = inside.rows.database();
        EC_ASSIGN(sql::Statement * name,
                  database.cached("INSERT INTO job_blob (job, blob, account) VALUES (?1, ?2, ?3) "
                                  "ON CONFLICT (job, blob) DO NOTHING"));
        EC_TRY(name->run(job.id, blob.text(), task.worker_account));
        if (database.changed_rows() == 0) {
            EC_ASSIGN(const bool moved, move_blob(database, job.id, blob.text(), task.worker_account));
            if (!moved) continue;
        }
        EC_ASSIGN(sql::Statement * refs,
                  database.cached("UPDATE blob SET refs = refs + 1 WHERE account = ?1 AND id = ?2"));
        EC_TRY(refs->run(task.worker_account, blob.text()));
        if (database.changed_rows() == 0) return fail_field("blobs", "blobs: one of them is not here");
    }
    return {};
}

Status add_children(Queue::Inside& inside, JobRow& job, TaskRow& task, const Report& report, std::int64_t now_ms) {
    EC_ASSIGN(const std::vector<TaskRow> rows, inside.rows.tasks(job.id));
    KnownTasks keys;
    for (const TaskRow& row : rows) {
        if (row.role != Role::work) continue;
        keys[row.key] = {.number = row.number, .state = row.number == task.number ? State::done : row.state};
    }
    EC_TRY(check_tasks(report.children, keys, kMostChildren));
    std::int64_t price = 0;
    for (const NewTask& child : report.children) {
        if (child.kind == TaskKind::verify || child.kind == TaskKind::decompose)
            return fail_field("children.kind", "children.kind: not one that a task may add");
        price += inside.parts.pricing.price(child.kind, child.needs).milli();
    }
    if (job.spent + job.owed + price > job.held)
        return fail(ErrorCode::denied, "children: they cost more than is left of the job's budget");
    Arrivals arrivals;
    EC_TRY(add_tasks(inside, job, report.children, keys, arrivals, now_ms));
    EC_TRY(let_in(inside, job.account, arrivals));
    task.outcome = report.outcome;
    return inside.course.end_task(job, task, State::done, "planned", now_ms);
}

Status take_in(Queue::Inside& inside, JobRow& job, TaskRow& task, const Report& report, std::int64_t now_ms) {
    if (report.outcome == Outcome::error) {
        const std::string_view reason = report.reason.empty() ? "error" : std::string_view(report.reason);
        return inside.course.failed_attempt(job, task, reason, now_ms);
    }
    EC_TRY(keep_result(inside, job, task, report));
    if (!report.children.empty()) return add_children(inside, job, task, report, now_ms);
    task.reason = report.reason;
    return inside.checking.reported(job, task, report.outcome, now_ms);
}

/// `begun`: something is written, so that a failure leaves what must be undone.
Result<Completion> complete_one(Queue::Inside& inside, const identity::Node& worker, const Report& report,
                                FairShare::Charges& charges, bool& begun) {
    begun = false;
    EC_ASSIGN(const TaskPlace place, place_of(report.task));
    EC_ASSIGN(JobRow job, inside.rows.job(place.job));
    EC_ASSIGN(TaskRow task, inside.rows.task(place.job, place.number));
    if (task.worker != worker.id.text() || report.fence.value != task.fence) return stale();
    if (task.reported == task.fence) return Completion{.task = task.state, .job = job.state, .again = true};
    if (task.state != State::leased && task.state != State::running) return stale();
    EC_TRY(check_report(task, report));
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    const std::int64_t took = std::max<std::int64_t>(0, now_ms - task.leased_ms);
    begun = true;
    EC_TRY(inside.share.charge(charges, job.account, took - task.expected_s * 1000, now_ms));
    if (report.outcome != Outcome::error) inside.pace.took(task.kind, took);
    task.reported = task.fence;
    EC_TRY(take_in(inside, job, task, report, now_ms));
    EC_TRY(inside.rows.save(job));
    return Completion{.task = task.state, .job = job.state};
}

}  // namespace

Result<Completion> Queue::complete(const identity::Node& worker, const Report& report) {
    FairShare::Charges charges;
    bool begun = false;
    EC_ASSIGN(const Completion done, complete_one(*inside_, worker, report, charges, begun));
    EC_TRY(inside_->share.settle(charges));
    return done;
}

Result<std::vector<Result<Completion>>> Queue::complete(const identity::Node& worker, std::span<const Report> reports) {
    FairShare::Charges charges;
    std::vector<Result<Completion>> all;
    all.reserve(reports.size());
    for (const Report& report : reports) {
        bool begun = false;
        Result<Completion> done = complete_one(*inside_, worker, report, charges, begun);
        if (!done && begun) return fail(std::move(done).error());
        all.push_back(std::move(done));
    }
    EC_TRY(inside_->share.settle(charges));
    return all;
}

Result<Completion> Queue::judge(const std::string& account, const TaskId& id, bool good) {
    Inside& inside = *inside_;
    EC_ASSIGN(const TaskPlace place, place_of(id));
    EC_ASSIGN(const JobId job_id, JobId::parse(place.job));
    EC_ASSIGN(JobRow job, inside.job_of(account, job_id));
    EC_ASSIGN(TaskRow task, inside.rows.task(place.job, place.number));
    if (task.role != Role::work) return fail(ErrorCode::not_found, "there is no such task");
    if (good && task.state == State::done) return Completion{.task = task.state, .job = job.state, .again = true};
    if (task.state != State::verifying) return fail(ErrorCode::conflict, "no result of this task waits for a verdict");
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    EC_TRY(inside.checking.judged(job, task, good, now_ms));
    EC_TRY(inside.rows.save(job));
    return Completion{.task = task.state, .job = job.state};
}

}  // namespace ec::swarm
