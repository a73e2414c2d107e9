#include "course.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace ec::swarm {
namespace {

constexpr std::int64_t kFirstDelay = 2000;  // after a second failure, then doubled
constexpr std::int64_t kMostDelay = 60'000;
constexpr std::string_view kPlanned = "planned";

bool waiting(const TaskRow& task) { return task.state == State::queued && task.waits.has_value(); }

}  // namespace

void Pace::took(TaskKind kind, std::int64_t milliseconds) {
    constexpr std::int64_t kStep = 16;  // 19 parts of 20 of a sixteenth up, one down
    std::int64_t& usual = usual_.at(static_cast<std::size_t>(kind));
    if (usual == 0) {
        usual = milliseconds;
        return;
    }
    const std::int64_t step = usual / kStep + 1;
    usual = milliseconds > usual ? std::min(milliseconds, usual + step * 19 / 20 + 1)
                                 : std::max(milliseconds, usual - step / 20 - 1);
}

bool fulfils(const TaskRow& task) {
    return task.state == State::done && (task.outcome == Outcome::solved || task.reason == kPlanned);
}

std::string cache_scope(const JobRow& job) {
    return job.group.empty() ? "account:" + job.account : "group:" + job.group;
}

std::int64_t Course::priority_of(const JobRow& job, const TaskRow& task) {
    return task.role == Role::work ? job.priority : job.priority + 1;
}

Status Course::note(JobRow& job, const TaskRow& task, std::string_view reason, const std::string& worker,
                    std::int64_t now_ms) {
    const Event event{.type = "state", .state = task.state, .reason = std::string(reason), .at_ms = now_ms};
    return rows_.note(job, task.number, event, worker);
}

// --- waiting

Status Course::enqueue(JobRow& job, TaskRow& task, std::int64_t at_ms, std::string_view reason, std::int64_t now_ms) {
    task.lane = FairShare::lane_id(task.shape, priority_of(job, task), job.account);
    task.state = State::queued;
    task.waits = at_ms;
    if (task.queued_ms == 0) task.queued_ms = now_ms;
    task.holder.reset();
    task.due.reset();
    EC_TRY(arrive(job, task.shape, priority_of(job, task), 1));
    EC_TRY(rows_.save(task));
    return note(job, task, reason, task.worker, now_ms);
}

Status Course::arrive(const JobRow& job, std::int64_t shape, std::int64_t priority, std::int64_t tasks) {
    EC_ASSIGN(const bool new_lane, share_.arrive(shape, priority, job.account, tasks));
    return new_lane ? shapes_.write(shape) : Status{};
}

Status Course::requeue(JobRow& job, TaskRow& task, std::int64_t delay_ms, std::string_view reason,
                       std::int64_t now_ms) {
    if (task.state == State::verifying && task.role == Role::work) --job.checking;
    const std::int64_t at = delay_ms == 0 ? task.queued_ms : now_ms + delay_ms;
    EC_TRY(enqueue(job, task, at, reason, now_ms));
    return settle(job, now_ms);
}

Status Course::failed_attempt(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms) {
    sql::Database& database = rows_.database();
    EC_ASSIGN(sql::Statement * known, database.cached("SELECT 1 FROM task_exclusion "
                                                      "WHERE job = ?1 AND number = ?2 AND worker = ?3"));
    const auto is_known = [&](const std::string& who) -> Result<bool> {
        EC_TRY(known->bind(task.job, task.number, who));
        return known->step();
    };
    // The nodes of one account count once, or whoever has three could end any job by never answering.
    const bool foreign = task.worker_account != job.account;
    const std::string failed_of = "failed-of:" + task.worker_account;
    EC_ASSIGN(const bool worker_before, is_known(task.worker));
    EC_ASSIGN(const bool account_before, foreign ? is_known(failed_of) : Result<bool>(false));
    if (!worker_before && !account_before) ++task.failures;
    // Others are asked first; where there is nobody else, it may try again.
    const std::int64_t until_ms = now_ms + 2 * rules_.lease_ms;
    EC_TRY(rows_.exclude(task, task.worker, until_ms));
    if (foreign) EC_TRY(rows_.exclude(task, failed_of, 0));
    if (account_before) EC_TRY(rows_.exclude(task, account_word(task.worker_account), until_ms));
    if (task.failures >= rules_.poison) return end_task(job, task, State::dead, "poison", now_ms);
    if (task.attempt >= rules_.attempts) return end_task(job, task, State::dead, "too_many_attempts", now_ms);
    const std::int64_t doublings = std::min<std::int64_t>(task.failures - 2, 10);
    const std::int64_t delay = task.failures < 2 ? 0 : std::min(kMostDelay, kFirstDelay << doublings);
    return requeue(job, task, delay, reason, now_ms);
}

Status Course::to_verifying(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms) {
    task.state = State::verifying;
    task.holder = task.worker;
    task.due.reset();
    if (task.role == Role::work) ++job.checking;
    EC_TRY(rows_.save(task));
    EC_TRY(note(job, task, reason, task.worker, now_ms));
    return settle(job, now_ms);
}

// --- ending

Status Course::close_task(JobRow& job, TaskRow& task, State state, std::string_view reason, std::int64_t now_ms) {
    if (waiting(task)) EC_TRY(share_.leave(task.lane, 1));
    if (task.role == Role::work) {
        --job.open;
        if (task.state == State::verifying) --job.checking;
        if (reason != kPlanned) job.owed -= task.price;
    }
    --job.live;
    task.state = state;
    task.reason = reason;
    task.waits.reset();
    task.holder.reset();
    task.due.reset();
    EC_TRY(rows_.save(task));
    EC_TRY(note(job, task, reason, task.worker, now_ms));
    if (task.helpers > 0) {
        EC_ASSIGN(std::vector<TaskRow> helpers, rows_.helpers(job.id, task.number));
        for (TaskRow& helper : helpers) EC_TRY(end_task(job, helper, State::cancelled, "not_needed", now_ms));
    }
    return {};
}

Status Course::end_task(JobRow& job, TaskRow& task, State state, std::string_view reason, std::int64_t now_ms) {
    if (ended(task.state)) return {};
    EC_TRY(close_task(job, task, state, reason, now_ms));
    if (ended(job.state)) return {};
    if (task.role == Role::work) {
        if (job.graph) EC_TRY(settle_dependents(job, task, now_ms));
        return settle(job, now_ms);
    }
    if (task.role == Role::replica && state == State::dead) {
        // Nobody could search again: the first word stands, unpaid.
        EC_ASSIGN(TaskRow subject, rows_.task(job.id, task.subject));
        if (subject.state == State::verifying) return accept(job, subject, "not_checked", false, now_ms);
    }
    if (task.role == Role::verify && state == State::dead) {
        // A result that nobody can look at is none.
        EC_ASSIGN(TaskRow subject, rows_.task(job.id, task.subject));
        if (subject.state == State::verifying) return discard(job, subject, "nobody_could_check", now_ms);
    }
    return {};
}

Status Course::settle_dependents(JobRow& job, const TaskRow& ended_task, std::int64_t now_ms) {
    EC_ASSIGN(sql::Statement * rows,
              rows_.database().cached("SELECT number FROM task_after WHERE job = ?1 AND on_number = ?2"));
    EC_TRY(rows->bind(job.id, ended_task.number));
    std::vector<std::int64_t> numbers;
    EC_TRY(each_row(*rows, [&numbers](const sql::Statement& row) { numbers.push_back(row.integer(0)); }));
    for (const std::int64_t number : numbers) {
        if (ended(job.state)) return {};
        EC_ASSIGN(TaskRow task, rows_.task(job.id, number));
        if (ended(task.state)) continue;
        // Putting together and asking a larger model work with what there is.
        const bool goes_on = task.kind == TaskKind::merge || task.kind == TaskKind::escalate;
        if (!fulfils(ended_task) && !goes_on) {
            EC_TRY(end_task(job, task, State::failed, "dependency_failed", now_ms));
            continue;
        }
        if (--task.after_left > 0)
            EC_TRY(rows_.save(task));
        else
            EC_TRY(enqueue(job, task, now_ms, "dependencies_done", now_ms));
    }
    return {};
}

Status Course::settle(JobRow& job, std::int64_t now_ms) {
    if (ended(job.state)) return {};
    if (job.open == 0) return finish_from_tasks(job, now_ms);
    const State before = job.state;
    if (job.checking == job.open)
        job.state = State::verifying;
    else if (job.state == State::verifying)
        job.state = State::running;
    if (job.state == before) return {};
    return rows_.note(job, {.type = "state",
                            .state = job.state,
                            .reason = job.state == State::verifying ? "all_being_verified" : "work_again",
                            .at_ms = now_ms});
}

// Nothing of it is left to do, and no result ended it before.
Status Course::finish_from_tasks(JobRow& job, std::int64_t now_ms) {
    EC_ASSIGN(const std::vector<TaskRow> tasks, rows_.tasks(job.id));
    const TaskRow* result = nullptr;
    bool merges = false;
    bool dead = false;
    for (const TaskRow& task : tasks) {
        if (task.role != Role::work) continue;
        dead = dead || task.state == State::dead;
        merges = merges || task.kind == TaskKind::merge;
    }
    for (const TaskRow& task : tasks) {
        const bool counts = task.role == Role::work && task.state == State::done && task.outcome == Outcome::solved &&
                            task.reason != kPlanned && (!merges || task.kind == TaskKind::merge);
        if (counts) result = &task;
    }
    if (result != nullptr) return end_job(job, State::done, "verified", result->number, now_ms);
    return dead ? end_job(job, State::dead, "no_worker_could", -1, now_ms)
                : end_job(job, State::failed, "nothing_found", -1, now_ms);
}

Status Course::end_job(JobRow& job, State state, std::string_view reason, std::int64_t result_task,
                       std::int64_t now_ms) {
    if (ended(job.state)) return {};
    job.state = state;
    job.reason = reason;
    job.result_task = result_task;
    job.ended_ms = now_ms;
    if (job.live > 0) {
        EC_ASSIGN(std::vector<TaskRow> tasks, rows_.tasks(job.id));
        for (TaskRow& task : tasks) {
            if (ended(task.state)) continue;
            task.helpers = 0;  // they are in this list themselves
            EC_TRY(end_task(job, task, State::cancelled, "job_ended", now_ms));
        }
    }
    if (state == State::done) {
        if (job.kind == JobKind::split) EC_TRY(pay_plans(job, now_ms));
        // Whoever asks for checks is not given what nobody looked at.
        const bool shared = !job.cache_key.empty() && job.verification != Verification::none;
        if (shared) EC_TRY(keep_for_others(job));
    }
    EC_TRY(payment_.release(job));
    job.look_at_ms = now_ms + rules_.keep_ms;
    return rows_.note(job, {.type = "state", .state = state, .reason = job.reason, .at_ms = now_ms});
}

Status Course::keep_for_others(const JobRow& job) {
    EC_ASSIGN(sql::Statement * statement,
              rows_.database().cached("INSERT INTO work_cache (scope, cache_key, job) VALUES (?1, ?2, ?3) "
                                      "ON CONFLICT (scope, cache_key) DO NOTHING"));
    return statement->run(cache_scope(job), job.cache_key, job.id);
}

// A plan shows its worth in what came out of it.
Status Course::pay_plans(JobRow& job, std::int64_t now_ms) {
    EC_ASSIGN(const std::vector<TaskRow> tasks, rows_.tasks(job.id));
    for (const TaskRow& task : tasks) {
        if (task.role != Role::work || task.state != State::done || task.reason != kPlanned) continue;
        EC_ASSIGN(const bool paid, payment_.pay(job, task.number, task, task.price, now_ms));
        if (paid) EC_TRY(payment_.log_paid(job, task, task.price, {}, now_ms));
    }
    return {};
}

// --- results

Status Course::accept(JobRow& job, TaskRow& task, std::string_view reason, bool paid, std::int64_t now_ms) {
    if (task.role != Role::work) return adopt(job, task, reason, paid, now_ms);
    if (paid) {
        EC_ASSIGN(const bool moved, payment_.pay(job, task.number, task, task.price, now_ms));
        if (moved && task.price > 0) {
            EC_ASSIGN(const std::string result, rows_.sealed(job.id, SealedPlace::result(task.number)));
            EC_TRY(payment_.log_paid(job, task, task.price, result, now_ms));
        }
    }
    // A search is over with its first patch; a merge is the last that a split job waits for.
    const bool decides =
        task.outcome == Outcome::solved && (job.kind != JobKind::split || task.kind == TaskKind::merge);
    if (!decides) return end_task(job, task, State::done, reason, now_ms);
    EC_TRY(close_task(job, task, State::done, reason, now_ms));
    return end_job(job, State::done, reason, task.number, now_ms);
}

// The result of a helper becomes that of the task it helps, unless that was done meanwhile.
Status Course::adopt(JobRow& job, TaskRow& helper, std::string_view reason, bool paid, std::int64_t now_ms) {
    EC_ASSIGN(TaskRow subject, rows_.task(job.id, helper.subject));
    if (ended(subject.state)) return end_task(job, helper, State::cancelled, "not_needed", now_ms);
    EC_ASSIGN(const std::string result, rows_.sealed(job.id, SealedPlace::result(helper.number)));
    EC_TRY(rows_.put(job.id, SealedPlace::result(subject.number), result));
    subject.worker = helper.worker;
    subject.worker_account = helper.worker_account;
    subject.outcome = helper.outcome;
    EC_TRY(end_task(job, helper, State::done, reason, now_ms));
    return accept(job, subject, reason, paid, now_ms);
}

Status Course::discard(JobRow& job, TaskRow& task, std::string_view reason, std::int64_t now_ms) {
    EC_TRY(rows_.exclude(task, task.worker, kForever));
    EC_TRY(rows_.remove(job.id, SealedPlace::result(task.number)));
    EC_ASSIGN(std::vector<TaskRow> helpers, rows_.helpers(job.id, task.number));
    for (TaskRow& helper : helpers) EC_TRY(end_task(job, helper, State::cancelled, "not_needed", now_ms));
    if (task.role == Role::replica) return search_once_more(job, task, reason, now_ms);
    if (task.role != Role::work) return end_task(job, task, State::failed, reason, now_ms);
    if (task.attempt >= rules_.attempts) return end_task(job, task, State::dead, "too_many_attempts", now_ms);
    return requeue(job, task, 0, reason, now_ms);
}

// The patch of the second search was none. Whether the first was right to find nothing is still open.
Status Course::search_once_more(JobRow& job, TaskRow& replica, std::string_view reason, std::int64_t now_ms) {
    EC_TRY(end_task(job, replica, State::failed, reason, now_ms));
    EC_ASSIGN(TaskRow subject, rows_.task(job.id, replica.subject));
    if (ended(job.state) || subject.state != State::verifying) return {};
    return add_helper(job, subject, Role::replica, -1, &replica, now_ms);
}

// --- helpers

Result<TaskRow> Course::work_of(const TaskRow& task) {
    TaskRow work = task;
    while (work.role != Role::work) {
        EC_ASSIGN(work, rows_.task(work.job, work.subject));
    }
    return work;
}

// Two nodes of one account are one person: they do not vouch for each other. Whoever made the results of his own jobs
// deceives nobody but himself.
Status Course::keep_from(const JobRow& job, const TaskRow& helper, const TaskRow& subject, const TaskRow& of) {
    EC_TRY(rows_.exclude(helper, of.worker, kForever));
    const bool own = subject.worker_account == job.account && of.worker_account == job.account;
    if (helper.role == Role::backup || own) return {};
    return rows_.exclude(helper, account_word(of.worker_account), kForever);
}

Status Course::add_helper(JobRow& job, TaskRow& subject, Role role, std::int64_t decides, const TaskRow* not_by,
                          std::int64_t now_ms) {
    EC_ASSIGN(Shape shape, shapes_.at(subject.shape));
    TaskRow task;
    task.job = job.id;
    task.number = job.tasks++;
    task.role = role;
    task.subject = subject.number;
    task.decides = decides;
    task.kind = role == Role::verify ? TaskKind::verify : subject.kind;
    if (role == Role::verify) {
        shape.kind = TaskKind::verify;
        shape.needs.model_class.clear();  // tests need no model
        shape.needs.gpu = false;
    }
    task.key = role == Role::verify ? fmt::format("verify-{}", task.number) : subject.key;
    task.expected_s = subject.expected_s;
    task.shard = subject.shard;
    task.shards = subject.shards;
    task.price = pricing_.price(TaskKind::verify, shape.needs).milli();
    task.shape = shapes_.id(shape);
    ++job.live;
    ++subject.helpers;
    EC_TRY(rows_.save(subject));
    EC_TRY(rows_.insert(task));
    EC_TRY(keep_from(job, task, subject, subject));
    if (not_by != nullptr) EC_TRY(keep_from(job, task, subject, *not_by));
    const std::string_view reason = role == Role::verify    ? (decides < 0 ? "to_verify" : "to_decide")
                                    : role == Role::replica ? "to_search_again"
                                                            : "straggler";
    return enqueue(job, task, now_ms, reason, now_ms);
}

// While two differ, the third who is to decide is there.
Result<std::optional<TaskRow>> Course::doubt_of(const TaskRow& task) {
    EC_ASSIGN(const std::vector<TaskRow> helpers, rows_.helpers(task.job, task.number));
    for (const TaskRow& helper : helpers) {
        if (helper.role != Role::verify || helper.decides < 0) continue;
        EC_ASSIGN(TaskRow first, rows_.task(task.job, helper.decides));
        return first;
    }
    return std::nullopt;
}

Status Course::pay_waiting(JobRow& job, std::string_view reason, std::int64_t now_ms) {
    if (job.checking == 0) return {};
    EC_ASSIGN(const std::vector<TaskRow> tasks, rows_.tasks(job.id));
    for (const TaskRow& task : tasks) {
        if (task.role == Role::verify || task.state != State::verifying || task.outcome != Outcome::solved) continue;
        EC_ASSIGN(const std::optional<TaskRow> doubt, doubt_of(task));
        if (doubt) continue;
        EC_ASSIGN(TaskRow work, work_of(task));
        if (ended(work.state)) continue;
        EC_ASSIGN(const bool paid, payment_.pay(job, work.number, task, work.price, now_ms));
        EC_ASSIGN(const std::string result, rows_.sealed(job.id, SealedPlace::result(task.number)));
        if (task.number != work.number) EC_TRY(rows_.put(job.id, SealedPlace::result(work.number), result));
        work.worker = task.worker;
        work.worker_account = task.worker_account;
        work.outcome = task.outcome;
        if (paid) EC_TRY(payment_.log_paid(job, work, work.price, result, now_ms));
        EC_TRY(close_task(job, work, State::done, reason, now_ms));
        if (job.kind != JobKind::split) return {};
    }
    return {};
}

Status Course::pay_check(JobRow& job, const TaskRow& check, std::int64_t now_ms) {
    // What is left is first for the work itself.
    if (job.spent + job.owed + check.price > job.held) return note(job, check, "budget_spent", check.worker, now_ms);
    EC_ASSIGN(const bool paid, payment_.pay(job, check.number, check, check.price, now_ms));
    return paid ? payment_.log_paid(job, check, check.price, {}, now_ms) : Status{};
}

}  // namespace ec::swarm
