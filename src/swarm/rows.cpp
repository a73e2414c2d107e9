#include "rows.hpp"

#include <fmt/format.h>

#include <charconv>

namespace ec::swarm {
namespace {

constexpr std::int64_t kProgressKept = 512;  // events of progress, of one job

constexpr std::string_view kJob =
    "SELECT account, kind, state, reason, verification, priority, trust_group, group_key, cache_key, snapshot, bundle, "
    "expected, same_as, held, spent, owed, tasks, open, checking, live, graph, events, result_task, submitted_ms, "
    "ends_ms, "
    "ended_ms FROM job WHERE id = ?1";
constexpr std::string_view kJobLocked =
    "SELECT account, kind, state, reason, verification, priority, trust_group, group_key, cache_key, snapshot, bundle, "
    "expected, same_as, held, spent, owed, tasks, open, checking, live, graph, events, result_task, submitted_ms, "
    "ends_ms, "
    "ended_ms FROM job WHERE id = ?1 FOR UPDATE";

#define EC_TASK_COLUMNS                                                                                                \
    "job, number, task_key, kind, role, subject, decides, state, shape, lane, waits, queued_ms, after_left, attempt, " \
    "failures, helpers, fence, reported, worker, worker_account, holder, leased_ms, lease_until, late_ms, due, "       \
    "expected_s, shard, shards, price, outcome, reason"

TaskRow task_from(const sql::Statement& row) {
    TaskRow task;
    int at = 0;
    const auto number = [&row, &at] { return row.integer(at++); };
    const auto text = [&row, &at] { return row.text(at++); };
    const auto maybe = [&row, &at]() -> std::optional<std::int64_t> {
        const int here = at++;
        if (row.is_null(here)) return std::nullopt;
        return row.integer(here);
    };
    task.job = text();
    task.number = number();
    task.key = text();
    task.kind = static_cast<TaskKind>(number());
    task.role = static_cast<Role>(number());
    task.subject = number();
    task.decides = number();
    task.state = static_cast<State>(number());
    task.shape = number();
    task.lane = number();
    task.waits = maybe();
    task.queued_ms = number();
    task.after_left = number();
    task.attempt = number();
    task.failures = number();
    task.helpers = number();
    task.fence = number();
    task.reported = number();
    task.worker = text();
    task.worker_account = text();
    if (!row.is_null(at)) task.holder = row.text(at);
    ++at;
    task.leased_ms = number();
    task.lease_until = number();
    task.late_ms = number();
    task.due = maybe();
    task.expected_s = number();
    task.shard = number();
    task.shards = number();
    task.price = number();
    task.outcome = static_cast<Outcome>(number());
    task.reason = text();
    return task;
}

}  // namespace

TaskId task_id(const std::string& job, std::int64_t number) {
    return TaskId::parse(fmt::format("{}-{}", job, number)).value_or(TaskId{});
}

Result<TaskPlace> place_of(const TaskId& id) {
    const std::string& text = id.text();
    const std::size_t dash = text.rfind('-');
    TaskPlace place;
    if (dash != std::string::npos && text.size() - dash <= 10) {
        const char* end = text.data() + text.size();
        const auto [rest, error] = std::from_chars(text.data() + dash + 1, end, place.number);
        place.job = text.substr(0, dash);
        if (error == std::errc() && rest == end && place.number >= 0 && task_id(place.job, place.number) == id)
            return place;
    }
    return fail(ErrorCode::not_found, "there is no such task");
}

// --- jobs

Status Rows::insert(const JobRow& job, const std::string& idempotency_key, std::string_view body_hash) {
    EC_ASSIGN(
        sql::Statement * statement,
        database_.cached("INSERT INTO job (id, account, idem_key, body_hash, kind, state, reason, verification, "
                         "priority, trust_group, group_key, cache_key, snapshot, bundle, expected, same_as, held, "
                         "spent, owed, tasks, open, checking, live, graph, events, result_task, submitted_ms, "
                         "ends_ms, ended_ms, expires) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                         "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30)"));
    std::optional<std::string> key;
    if (!idempotency_key.empty()) key = idempotency_key;
    return statement->run(job.id, job.account, key, sql::Blob{body_hash}, static_cast<int>(job.kind),
                          static_cast<int>(job.state), job.reason, static_cast<int>(job.verification), job.priority,
                          job.group, sql::Blob{job.group_key}, job.cache_key, job.snapshot, job.bundle, job.expected,
                          job.same_as, job.held, job.spent, job.owed, job.tasks, job.open, job.checking, job.live,
                          job.graph, job.events, job.result_task, job.submitted_ms, job.ends_ms, job.ended_ms,
                          job.ends_ms);
}

Result<JobRow> Rows::job(const std::string& id) { return read(id, database_.dialect() == sql::Dialect::postgres); }

Result<JobRow> Rows::seen(const std::string& id) { return read(id, false); }

Result<JobRow> Rows::read(const std::string& id, bool locks) {
    EC_ASSIGN(sql::Statement * row, database_.cached(locks ? kJobLocked : kJob));
    EC_TRY(row->bind(id));
    EC_ASSIGN(const bool there, row->step());
    if (!there) return fail(ErrorCode::not_found, "there is no such job");
    JobRow job;
    int at = 0;
    const auto number = [row, &at] { return row->integer(at++); };
    const auto text = [row, &at] { return row->text(at++); };
    job.id = id;
    job.account = text();
    job.kind = static_cast<JobKind>(number());
    job.state = static_cast<State>(number());
    job.reason = text();
    job.verification = static_cast<Verification>(number());
    job.priority = number();
    job.group = text();
    job.group_key = text();
    job.cache_key = text();
    job.snapshot = text();
    job.bundle = text();
    job.expected = number();
    job.same_as = text();
    job.held = number();
    job.spent = number();
    job.owed = number();
    job.tasks = number();
    job.open = number();
    job.checking = number();
    job.live = number();
    job.graph = number() != 0;
    job.events = number();
    job.result_task = number();
    job.submitted_ms = number();
    job.ends_ms = number();
    job.ended_ms = number();
    return job;
}

Status Rows::save(const JobRow& job) {
#define EC_JOB_CHANGES                                                                                      \
    "UPDATE job SET state = ?2, reason = ?3, spent = ?4, tasks = ?5, open = ?6, checking = ?7, live = ?8, " \
    "graph = ?9, events = ?10, result_task = ?11, ended_ms = ?12, owed = ?13"
    // The index over `expires` is touched only when it changes.
    EC_ASSIGN(sql::Statement * statement,
              database_.cached(job.look_at_ms ? EC_JOB_CHANGES ", expires = ?14 WHERE id = ?1"
                                              : EC_JOB_CHANGES " WHERE id = ?1"));
#undef EC_JOB_CHANGES
    const auto state = static_cast<int>(job.state);
    if (!job.look_at_ms)
        return statement->run(job.id, state, job.reason, job.spent, job.tasks, job.open, job.checking, job.live,
                              job.graph, job.events, job.result_task, job.ended_ms, job.owed);
    return statement->run(job.id, state, job.reason, job.spent, job.tasks, job.open, job.checking, job.live, job.graph,
                          job.events, job.result_task, job.ended_ms, job.owed, *job.look_at_ms);
}

// --- tasks

Status Rows::insert(const TaskRow& task) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO task (" EC_TASK_COLUMNS
                               ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
                               "?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)"));
    return statement->run(task.job, task.number, task.key, static_cast<int>(task.kind), static_cast<int>(task.role),
                          task.subject, task.decides, static_cast<int>(task.state), task.shape, task.lane, task.waits,
                          task.queued_ms, task.after_left, task.attempt, task.failures, task.helpers, task.fence,
                          task.reported, task.worker, task.worker_account, task.holder, task.leased_ms,
                          task.lease_until, task.late_ms, task.due, task.expected_s, task.shard, task.shards,
                          task.price, static_cast<int>(task.outcome), task.reason);
}

Result<TaskRow> Rows::task(const std::string& job, std::int64_t number) {
    EC_ASSIGN(sql::Statement * row,
              database_.cached("SELECT " EC_TASK_COLUMNS " FROM task WHERE job = ?1 AND number = ?2"));
    EC_TRY(row->bind(job, number));
    EC_ASSIGN(const bool there, row->step());
    if (!there) return fail(ErrorCode::not_found, "there is no such task");
    return task_from(*row);
}

Status Rows::save(const TaskRow& task) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("UPDATE task SET state = ?3, lane = ?4, waits = ?5, queued_ms = ?6, after_left = ?7, "
                               "attempt = ?8, failures = ?9, helpers = ?10, fence = ?11, reported = ?12, worker = ?13, "
                               "worker_account = ?14, holder = ?15, leased_ms = ?16, lease_until = ?17, late_ms = ?18, "
                               "due = ?19, outcome = ?20, reason = ?21 WHERE job = ?1 AND number = ?2"));
    return statement->run(task.job, task.number, static_cast<int>(task.state), task.lane, task.waits, task.queued_ms,
                          task.after_left, task.attempt, task.failures, task.helpers, task.fence, task.reported,
                          task.worker, task.worker_account, task.holder, task.leased_ms, task.lease_until, task.late_ms,
                          task.due, static_cast<int>(task.outcome), task.reason);
}

Result<std::vector<TaskRow>> Rows::tasks(const std::string& job) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT " EC_TASK_COLUMNS " FROM task WHERE job = ?1 ORDER BY number"));
    EC_TRY(rows->bind(job));
    std::vector<TaskRow> tasks;
    EC_TRY(each_row(*rows, [&tasks](const sql::Statement& row) { tasks.push_back(task_from(row)); }));
    return tasks;
}

Result<std::vector<TaskRow>> Rows::heads(std::int64_t lane, const std::string& worker, const std::string& account,
                                         std::int64_t now_ms, std::size_t most) {
    EC_ASSIGN(
        sql::Statement * rows,
        database_.cached("SELECT " EC_TASK_COLUMNS " FROM task WHERE lane = ?1 AND waits IS NOT NULL AND waits <= ?2 "
                         "AND NOT EXISTS (SELECT 1 FROM task_exclusion AS no WHERE no.job = task.job "
                         "AND no.number = task.number AND no.worker = ?3 AND no.until_ms > ?2) "
                         "AND NOT EXISTS (SELECT 1 FROM task_exclusion AS no WHERE no.job = task.job "
                         "AND no.number = task.number AND no.worker = ?5 AND no.until_ms > ?2) "
                         "ORDER BY waits, job, number LIMIT ?4"));
    EC_TRY(rows->bind(lane, now_ms, worker, most, account_word(account)));
    std::vector<TaskRow> tasks;
    EC_TRY(each_row(*rows, [&tasks](const sql::Statement& row) { tasks.push_back(task_from(row)); }));
    return tasks;
}

Result<std::vector<TaskRow>> Rows::helpers(const std::string& job, std::int64_t subject) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT " EC_TASK_COLUMNS
                               " FROM task WHERE job = ?1 AND subject = ?2 AND state < ?3 ORDER BY number"));
    EC_TRY(rows->bind(job, subject, static_cast<int>(State::done)));
    std::vector<TaskRow> tasks;
    EC_TRY(each_row(*rows, [&tasks](const sql::Statement& row) { tasks.push_back(task_from(row)); }));
    return tasks;
}

#undef EC_TASK_COLUMNS

// --- sealed texts

Status Rows::put(const std::string& job, SealedPlace place, std::string_view bytes) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO sealed (job, place, bytes) VALUES (?1, ?2, ?3) "
                               "ON CONFLICT (job, place) DO UPDATE SET bytes = excluded.bytes"));
    return statement->run(job, place.value, sql::Blob{bytes});
}

Status Rows::remove(const std::string& job, SealedPlace place) {
    EC_ASSIGN(sql::Statement * statement, database_.cached("DELETE FROM sealed WHERE job = ?1 AND place = ?2"));
    return statement->run(job, place.value);
}

Result<std::string> Rows::sealed(const std::string& job, SealedPlace place) {
    EC_ASSIGN(sql::Statement * row, database_.cached("SELECT bytes FROM sealed WHERE job = ?1 AND place = ?2"));
    EC_TRY(row->bind(job, place.value));
    EC_ASSIGN(const bool there, row->step());
    return there ? row->text(0) : std::string();
}

// --- events

Status Rows::note(JobRow& job, const Event& event) {
    std::int64_t task = -1;
    if (!event.task.empty()) {
        EC_ASSIGN(const TaskPlace place, place_of(event.task));
        task = place.number;
    }
    return note(job, task, event, event.node.text());
}

Status Rows::note(JobRow& job, std::int64_t task, const Event& event, std::string_view node) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO event (job, sequence, task, type, state, reason, node, data, at_ms) "
                               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"));
    EC_TRY(statement->run(job.id, ++job.events, task, event.type, static_cast<int>(event.state), event.reason, node,
                          sql::Blob{event.data}, event.at_ms));
    // Progress is kept in a ring; what happened is kept.
    if (job.events % 64 != 0 || job.events <= kProgressKept) return {};
    EC_ASSIGN(sql::Statement * removal,
              database_.cached("DELETE FROM event WHERE job = ?1 AND sequence < ?2 AND type = 'progress'"));
    return removal->run(job.id, job.events - kProgressKept);
}

Result<std::vector<Event>> Rows::events(const std::string& job, std::int64_t after, unsigned most) {
    EC_ASSIGN(sql::Statement * rows,
              database_.cached("SELECT sequence, task, type, state, reason, node, data, at_ms FROM event "
                               "WHERE job = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3"));
    EC_TRY(rows->bind(job, after, most));
    EC_ASSIGN(const JobId id, JobId::parse(job));
    std::vector<Event> events;
    EC_TRY(each_row(*rows, [&events, &id, &job](const sql::Statement& row) {
        Event event;
        event.sequence = row.integer(0);
        event.job = id;
        if (row.integer(1) >= 0) event.task = task_id(job, row.integer(1));
        event.type = row.text(2);
        event.state = static_cast<State>(row.integer(3));
        event.reason = row.text(4);
        event.node = identity::NodeId::parse(row.text(5)).value_or(identity::NodeId{});
        event.data = row.text(6);
        event.at_ms = row.integer(7);
        events.push_back(std::move(event));
    }));
    return events;
}

Status Rows::exclude(const TaskRow& task, const std::string& who, std::int64_t until_ms) {
    EC_ASSIGN(sql::Statement * statement,
              database_.cached("INSERT INTO task_exclusion (job, number, worker, until_ms) VALUES (?1, ?2, ?3, ?4) "
                               "ON CONFLICT (job, number, worker) DO UPDATE SET until_ms = excluded.until_ms "
                               "WHERE task_exclusion.until_ms < excluded.until_ms"));
    return statement->run(task.job, task.number, who, until_ms);
}

}  // namespace ec::swarm
