// What happens to leases and jobs between claim and completion: kept, handed back, cancelled, run out.
#include <algorithm>

#include "bundles.hpp"
#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kMostProgress = 64U << 10;
constexpr std::int64_t kTimeToCheck = 600'000;  // what waits to be verified when the job's time is over
constexpr std::int64_t kFreeReturns = 16;       // of a task; who hands it back for ever would keep it from the others

Result<Renewal> renew_one(Queue::Inside& inside, const std::string& worker, const Held& held, std::int64_t now_ms) {
    Renewal renewal{.task = held.task};
    const Result<TaskPlace> place = place_of(held.task);
    if (!place) return renewal;
    Result<TaskRow> task = inside.rows.task(place->job, place->number);
    if (!task && task.error().code == ErrorCode::not_found) return renewal;
    if (!task) return fail(std::move(task).error());
    if (task->worker != worker || task->fence != held.fence.value) {
        // It is with somebody else, or a helper's result took its place.
        if (ended(task->state)) renewal.holding = Holding::cancelled;
        return renewal;
    }
    if (ended(task->state)) renewal.holding = Holding::cancelled;
    if (task->state != State::leased && task->state != State::running) return renewal;
    const bool starts = task->state == State::leased;
    task->state = State::running;
    task->lease_until = now_ms + inside.rules.lease_ms;
    task->due = std::min(task->lease_until, task->late_ms);
    EC_TRY(inside.rows.save(*task));
    renewal.holding = Holding::kept;
    renewal.until_ms = task->lease_until;
    if (!starts && held.progress.empty()) return renewal;
    EC_ASSIGN(JobRow job, inside.rows.job(place->job));
    if (starts) EC_TRY(inside.course.note(job, *task, "started", worker, now_ms));
    if (!held.progress.empty() && held.progress.size() <= kMostProgress) {
        EC_TRY(inside.rows.note(
            job,
            {.task = held.task, .type = "progress", .state = State::running, .data = held.progress, .at_ms = now_ms}));
    }
    EC_TRY(inside.rows.save(job));
    return renewal;
}

/// A job and its tasks that wait for something are gone for good.
Status remove_job(Queue::Inside& inside, const JobRow& job) {
    sql::Database& database = inside.rows.database();
    EC_ASSIGN(sql::Statement * rows, database.cached("SELECT account, blob FROM job_blob WHERE job = ?1"));
    EC_TRY(rows->bind(job.id));
    std::vector<std::pair<std::string, std::string>> blobs;
    EC_TRY(each_row(*rows, [&blobs](const sql::Statement& row) { blobs.emplace_back(row.text(0), row.text(1)); }));
    EC_ASSIGN(sql::Statement * refs, database.cached("UPDATE blob SET refs = refs - 1 WHERE account = ?1 AND id = ?2"));
    for (const auto& [account, blob] : blobs) EC_TRY(refs->run(account, blob));
    EC_TRY(leave_bundle(database, job.account, job.bundle));
    for (const std::string_view text :
         {"DELETE FROM job_blob WHERE job = ?1", "DELETE FROM job_key WHERE job = ?1",
          "DELETE FROM work_cache WHERE job = ?1", "DELETE FROM event WHERE job = ?1",
          "DELETE FROM sealed WHERE job = ?1", "DELETE FROM task_exclusion WHERE job = ?1",
          "DELETE FROM task_after WHERE job = ?1", "DELETE FROM task WHERE job = ?1",
          "DELETE FROM job WHERE id = ?1"}) {
        EC_ASSIGN(sql::Statement * removal, database.cached(text));
        EC_TRY(removal->run(job.id));
    }
    return {};
}

/// Jobs whose time is over end; those that ended long ago are removed.
Result<std::size_t> sweep_jobs(Queue::Inside& inside, unsigned most, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * rows,
              inside.rows.database().cached("SELECT id FROM job WHERE expires <= ?1 ORDER BY expires LIMIT ?2"));
    EC_TRY(rows->bind(now_ms, most));
    std::vector<std::string> ids;
    EC_TRY(each_row(*rows, [&ids](const sql::Statement& row) { ids.push_back(row.text(0)); }));
    for (const std::string& id : ids) {
        EC_ASSIGN(JobRow job, inside.rows.job(id));
        if (ended(job.state)) {
            EC_TRY(remove_job(inside, job));
            continue;
        }
        // Or a short budget would bring work for nothing.
        if (job.verification == Verification::submitter) {
            EC_TRY(inside.course.pay_waiting(job, "no_verdict", now_ms));
        } else if (job.checking > 0 && now_ms < job.ends_ms + kTimeToCheck) {
            job.look_at_ms = std::min(now_ms + inside.rules.lease_ms, job.ends_ms + kTimeToCheck);
            EC_TRY(inside.rows.save(job));
            continue;
        }
        EC_TRY(inside.course.end_job(job, State::failed, "budget_of_time", -1, now_ms));
        EC_TRY(inside.rows.save(job));
    }
    return ids.size();
}

Status look_at_lease(Queue::Inside& inside, const TaskPlace& place, std::int64_t now_ms) {
    EC_ASSIGN(JobRow job, inside.rows.job(place.job));
    EC_ASSIGN(TaskRow task, inside.rows.task(place.job, place.number));
    if (!task.due || *task.due > now_ms) return {};
    if (task.lease_until <= now_ms) {
        EC_TRY(inside.course.failed_attempt(job, task, "lease_expired", now_ms));
    } else {
        // Late, but alive: somebody else may try too.
        task.late_ms = kForever;
        task.due = task.lease_until;
        EC_TRY(inside.course.add_helper(job, task, Role::backup, -1, nullptr, now_ms));
    }
    return inside.rows.save(job);
}

}  // namespace

Result<std::vector<Renewal>> Queue::renew(const identity::NodeId& worker, std::span<const Held> held) {
    EC_ASSIGN(const std::int64_t now_ms, inside_->now());
    std::vector<Renewal> renewals;
    for (const Held& each : held) {
        EC_ASSIGN(Renewal renewal, renew_one(*inside_, worker.text(), each, now_ms));
        renewals.push_back(std::move(renewal));
    }
    return renewals;
}

Status Queue::give_back(const identity::NodeId& worker, const TaskId& id, Fence fence, std::string_view reason,
                        bool charged) {
    Inside& inside = *inside_;
    EC_ASSIGN(const TaskPlace place, place_of(id));
    EC_ASSIGN(JobRow job, inside.rows.job(place.job));
    EC_ASSIGN(TaskRow task, inside.rows.task(place.job, place.number));
    const bool held = task.state == State::leased || task.state == State::running;
    if (!held || task.worker != worker.text() || task.fence != fence.value)
        return fail(ErrorCode::conflict, "stale_lease: this task is not yours any more");
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    const std::int64_t used = std::max<std::int64_t>(0, now_ms - task.leased_ms);
    EC_TRY(inside.share.charge(job.account, used - task.expected_s * 1000, now_ms));
    const bool said = !reason.empty() && reason.size() <= 64 && reason != kRefused;
    const std::string_view why = said ? reason : "given_back";
    const bool too_often = task.fence - task.attempt >= kFreeReturns;
    if (charged || too_often) {
        EC_TRY(inside.course.failed_attempt(job, task, why, now_ms));
    } else {
        --task.attempt;
        EC_TRY(inside.course.requeue(job, task, 0, why, now_ms));
    }
    return inside.rows.save(job);
}

Status Queue::cancel(const std::string& account, const JobId& id) {
    Inside& inside = *inside_;
    EC_ASSIGN(JobRow job, inside.job_of(account, id));
    if (job.state == State::cancelled) return {};
    if (ended(job.state)) return fail(ErrorCode::conflict, "this job has ended already");
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    EC_TRY(inside.course.pay_waiting(job, "cancelled_unchecked", now_ms));
    EC_TRY(inside.course.end_job(job, State::cancelled, "cancelled", -1, now_ms));
    return inside.rows.save(job);
}

Result<std::size_t> Queue::sweep(unsigned most) {
    Inside& inside = *inside_;
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    EC_ASSIGN(sql::Statement * rows,
              inside.rows.database().cached("SELECT job, number FROM task WHERE due IS NOT NULL AND due <= ?1 "
                                            "ORDER BY due LIMIT ?2"));
    EC_TRY(rows->bind(now_ms, most));
    std::vector<TaskPlace> places;
    EC_TRY(each_row(*rows, [&places](const sql::Statement& row) {
        places.push_back({.job = row.text(0), .number = row.integer(1)});
    }));
    for (const TaskPlace& place : places) EC_TRY(look_at_lease(inside, place, now_ms));
    EC_ASSIGN(const std::size_t jobs, sweep_jobs(inside, most, now_ms));
    EC_ASSIGN(const std::size_t payments, inside.payment.clear(most, now_ms));
    return places.size() + jobs + payments;
}

}  // namespace ec::swarm
