#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr unsigned kMostJobs = 500;
constexpr unsigned kMostEvents = 1000;

Result<std::map<std::int64_t, std::vector<std::int64_t>>> dependencies(Queue::Inside& inside, const JobRow& job) {
    std::map<std::int64_t, std::vector<std::int64_t>> after;
    if (!job.graph) return after;
    EC_ASSIGN(sql::Statement * rows,
              inside.rows.database().cached("SELECT number, on_number FROM task_after WHERE job = ?1"));
    EC_TRY(rows->bind(job.id));
    EC_TRY(each_row(*rows, [&after](const sql::Statement& row) { after[row.integer(0)].push_back(row.integer(1)); }));
    return after;
}

Result<TaskStatus> status_of(Queue::Inside& inside, const TaskRow& row, bool with_result) {
    TaskStatus task;
    task.id = task_id(row.job, row.number);
    task.key = row.key;
    task.kind = row.kind;
    task.state = row.state;
    task.attempts = static_cast<int>(row.attempt);
    if (!row.worker.empty()) {
        EC_ASSIGN(task.worker, identity::NodeId::parse(row.worker));
    }
    task.outcome = row.outcome;
    task.reason = row.reason;
    if (with_result) {
        EC_ASSIGN(task.result, inside.rows.sealed(row.job, SealedPlace::result(row.number)));
        if (row.state == State::verifying) {
            EC_ASSIGN(task.payload, inside.rows.sealed(row.job, SealedPlace::payload(row.number)));
        }
    }
    return task;
}

Result<JobStatus> head_of(const JobRow& row) {
    JobStatus job;
    EC_ASSIGN(job.id, JobId::parse(row.id));
    job.account = row.account;
    job.kind = row.kind;
    job.state = row.state;
    job.reason = row.reason;
    if (!row.same_as.empty()) {
        EC_ASSIGN(job.same_as, JobId::parse(row.same_as));
    }
    if (!row.group.empty()) {
        EC_ASSIGN(job.group, GroupId::parse(row.group));
    }
    job.group_key = row.group_key;
    job.submitted_ms = row.submitted_ms;
    job.ended_ms = row.ended_ms;
    job.paid = ledger::Credits::milli(row.spent);
    return job;
}

Status add_tasks_of(Queue::Inside& inside, const JobRow& row, JobStatus& job) {
    EC_ASSIGN(const auto after, dependencies(inside, row));
    EC_ASSIGN(const std::vector<TaskRow> tasks, inside.rows.tasks(row.id));
    std::map<std::int64_t, std::string> keys;
    for (const TaskRow& task : tasks) keys[task.number] = task.key;
    for (const TaskRow& task : tasks) {
        // A replica or a backup is a part of the task that it helps.
        if (task.role == Role::replica || task.role == Role::backup) continue;
        EC_ASSIGN(TaskStatus status, status_of(inside, task, true));
        if (const auto found = after.find(task.number); found != after.end())
            for (const std::int64_t on : found->second) status.after.push_back(keys[on]);
        if (task.number == row.result_task) {
            job.result = status.result;
            job.result_task = status.id;
        }
        job.tasks.push_back(std::move(status));
    }
    return {};
}

/// What was done before, for another job of the same scope: its result, and the key that opens it.
Status add_same(Queue::Inside& inside, const JobRow& row, JobStatus& job) {
    const Result<JobRow> source = inside.rows.seen(row.same_as);
    if (!source && source.error().code == ErrorCode::not_found) return {};  // shown no more
    if (!source) return fail(source.error());
    if (source->result_task < 0) return {};
    job.group_key = source->group_key;
    job.result_task = task_id(source->id, source->result_task);
    EC_ASSIGN(job.spec, inside.rows.sealed(source->id, SealedPlace::spec()));
    EC_ASSIGN(const TaskRow task, inside.rows.task(source->id, source->result_task));
    EC_ASSIGN(TaskStatus status, status_of(inside, task, true));
    job.result = status.result;
    job.tasks.push_back(std::move(status));
    return {};
}

}  // namespace

Result<JobStatus> Queue::job(const std::string& account, const JobId& id) {
    Inside& inside = *inside_;
    EC_ASSIGN(const JobRow row, inside.seen_by(account, id));
    EC_ASSIGN(JobStatus job, head_of(row));
    if (!row.same_as.empty()) {
        EC_TRY(add_same(inside, row, job));
        return job;
    }
    EC_ASSIGN(job.spec, inside.rows.sealed(row.id, SealedPlace::spec()));
    EC_TRY(add_tasks_of(inside, row, job));
    return job;
}

Result<std::vector<JobStatus>> Queue::jobs(const std::string& account, const JobId& before, unsigned most) {
    Inside& inside = *inside_;
    EC_ASSIGN(sql::Statement * rows,
              inside.rows.database().cached("SELECT id FROM job WHERE account = ?1 AND id < ?2 ORDER BY id DESC "
                                            "LIMIT ?3"));
    EC_TRY(rows->bind(account, before.empty() ? "~" : before.text(), std::min(most, kMostJobs)));
    std::vector<std::string> ids;
    EC_TRY(each_row(*rows, [&ids](const sql::Statement& row) { ids.push_back(row.text(0)); }));
    std::vector<JobStatus> jobs;
    for (const std::string& id : ids) {
        EC_ASSIGN(const JobRow row, inside.rows.seen(id));
        EC_ASSIGN(JobStatus job, head_of(row));
        jobs.push_back(std::move(job));
    }
    return jobs;
}

Result<std::string> Queue::submitted_as(const std::string& account, const std::string& idempotency_key) {
    EC_ASSIGN(sql::Statement * rows,
              inside_->rows.database().cached("SELECT id FROM job WHERE account = ?1 AND idem_key = ?2"));
    EC_TRY(rows->bind(account, idempotency_key));
    std::string id;
    EC_TRY(each_row(*rows, [&id](const sql::Statement& row) { id = row.text(0); }));
    return id;
}

Result<std::vector<Event>> Queue::events(const JobId& job, std::int64_t after, unsigned most) {
    return inside_->rows.events(job.text(), after, std::min(most, kMostEvents));
}

}  // namespace ec::swarm
