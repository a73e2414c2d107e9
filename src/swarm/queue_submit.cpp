#include <fmt/format.h>

#include <algorithm>

#include "bundles.hpp"
#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr std::int64_t kMostLanes = 256;  // that one account's tasks wait in; a claim looks at the lanes of all
constexpr std::int64_t kChecksHeld = 3;   // verifications of one task that the hold has room for

/// RFC 9562, 5.7: the time, then chance.
std::string make_id(std::int64_t now_ms, const std::function<std::uint64_t()>& random) {
    const auto time = static_cast<std::uint64_t>(now_ms) & 0xffffffffffffULL;
    const std::uint64_t a = random();
    const std::uint64_t b = random();
    return fmt::format("{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}", time >> 16, time & 0xffff, a & 0xfff, 0x8000 | (b >> 50),
                       b & 0xffffffffffffULL);
}

/// The job that this key was used for; nothing when it is new.
Result<std::optional<Submitted>> used_before(Queue::Inside& inside, const std::string& account, const std::string& key,
                                             std::string_view body_hash) {
    if (key.empty()) return std::nullopt;
    EC_ASSIGN(sql::Statement * row, inside.rows.database().cached("SELECT id, same_as, body_hash FROM job "
                                                                  "WHERE account = ?1 AND idem_key = ?2"));
    EC_TRY(row->bind(account, key));
    EC_ASSIGN(const bool there, row->step());
    if (!there) return std::nullopt;
    if (row->text(2) != body_hash)
        return fail(ErrorCode::corrupt, "this idempotency key was used for another request", "use a new key");
    Submitted submitted{.again = true};
    EC_ASSIGN(submitted.job, JobId::parse(row->text(0)));
    if (!row->text(1).empty()) {
        EC_ASSIGN(submitted.same_as, JobId::parse(row->text(1)));
    }
    return submitted;
}

/// How much of one account may still come, while a call adds to it.
class QuotaLeft {
public:
    static Result<QuotaLeft> of(Queue::Inside& inside, const std::string& account, std::int64_t now_ms) {
        EC_ASSIGN(const Queued own, inside.share.queued(account));
        EC_ASSIGN(const std::int64_t all, inside.share.queued_of_all_lately(now_ms));
        return QuotaLeft(inside.rules.account_queued - own.tasks, kMostLanes - own.lanes, inside.rules.queued - all);
    }
    [[nodiscard]] Status check(std::size_t tasks) const {
        const auto more = static_cast<std::int64_t>(tasks);
        if (more > own_)
            return fail(
                {ErrorCode::over_quota, "too many tasks of this account wait already", "retry after 10 s", {}, 10});
        if (lanes_ <= 0)
            return fail({ErrorCode::over_quota,
                         "tasks of this account wait for too many sorts of workers already",
                         "retry after 10 s, or ask for the same needs more often",
                         {},
                         10});
        if (more > all_)
            return fail({ErrorCode::unavailable, "too many tasks wait already", "retry after 30 s", {}, 30});
        return {};
    }
    void take(std::int64_t tasks) {
        own_ -= tasks;
        all_ -= tasks;
    }

private:
    QuotaLeft(std::int64_t own, std::int64_t lanes, std::int64_t all) : own_(own), lanes_(lanes), all_(all) {}
    std::int64_t own_, lanes_, all_;
};

std::int64_t price_of(const Queue::Inside& inside, const NewTask& task) {
    return inside.parts.pricing.price(task.kind, task.needs).milli();
}

/// What is set aside: the price of all tasks with their verifications, as far as the budget goes.
Result<std::int64_t> amount_to_hold(const Queue::Inside& inside, const NewJob& job) {
    std::int64_t tasks = 0;
    std::int64_t checks = 0;
    bool grows = false;
    for (const NewTask& task : job.tasks) {
        tasks += price_of(inside, task);
        checks += kChecksHeld * inside.parts.pricing.price(TaskKind::verify, task.needs).milli();
        grows = grows || task.kind == TaskKind::decompose || task.kind == TaskKind::merge;
    }
    if (job.verification == Verification::none) checks = 0;
    const std::int64_t budget = job.budget.milli();
    // One check each at least, or whoever checks would work for nothing.
    const std::int64_t least = tasks + checks / kChecksHeld;
    if (budget != 0 && budget < least)
        return fail_field("budget_milli",
                          fmt::format("budget_milli: these tasks and their checks cost {} millicredits, more than {}",
                                      least, budget));
    if (!grows) return budget == 0 ? tasks + checks : std::min(budget, tasks + checks);
    // Without a budget there is room for as many children as one task may add.
    const auto children = static_cast<std::int64_t>(kMostChildren);
    NewTask child;
    child.kind = TaskKind::subtask;
    return budget != 0 ? budget : tasks + checks + children * price_of(inside, child);
}

Result<std::string> done_before(Queue::Inside& inside, const JobRow& job) {
    if (job.cache_key.empty()) return std::string();
    EC_ASSIGN(sql::Statement * row,
              inside.rows.database().cached("SELECT job FROM work_cache WHERE scope = ?1 AND cache_key = ?2"));
    EC_TRY(row->bind(cache_scope(job), job.cache_key));
    EC_ASSIGN(const bool there, row->step());
    return there ? row->text(0) : std::string();
}

/// What is shown as this job's result is kept as long as the job is.
Status keep_source(Queue::Inside& inside, const JobRow& job, std::int64_t until_ms) {
    EC_ASSIGN(sql::Statement * source,
              inside.rows.database().cached("UPDATE job SET expires = ?2 WHERE id = ?1 AND expires < ?2"));
    return source->run(job.same_as, until_ms);
}

/// The work was done before: the job is done as it comes in, for nothing.
Status insert_done(Queue::Inside& inside, JobRow& job, const std::string& key, std::string_view body_hash,
                   std::int64_t now_ms) {
    job.state = State::done;
    job.reason = "same_as";
    job.ended_ms = now_ms;
    EC_TRY(inside.rows.insert(job, key, body_hash));
    job.look_at_ms = now_ms + inside.rules.keep_ms;
    EC_TRY(keep_source(inside, job, *job.look_at_ms));
    EC_TRY(inside.payment.log_submit(job, body_hash, now_ms));
    EC_TRY(inside.rows.note(job, {.type = "state", .state = State::done, .reason = "same_as", .at_ms = now_ms}));
    return inside.rows.save(job);
}

}  // namespace

Status add_tasks(Queue::Inside& inside, JobRow& job, std::span<const NewTask> tasks, KnownTasks& keys,
                 Arrivals& arrivals, std::int64_t now_ms) {
    // Repairs are shares of one search; each part of a split job is a whole search of its own.
    const std::int64_t shares = std::ranges::count(tasks, TaskKind::repair, &NewTask::kind);
    std::int64_t share = 0;
    std::int64_t next = job.tasks;
    for (const NewTask& task : tasks) keys[task.key] = {.number = next++};
    for (const NewTask& task : tasks) {
        TaskRow row;
        row.job = job.id;
        row.number = job.tasks++;
        row.key = task.key;
        row.kind = task.kind;
        row.expected_s = task.expected_s;
        if (task.kind == TaskKind::repair) {
            row.shard = share++;
            row.shards = shares;
        }
        row.price = price_of(inside, task);
        EC_ASSIGN(const GroupId group, job.group.empty() ? Result<GroupId>(GroupId{}) : GroupId::parse(job.group));
        row.shape = inside.shapes.id({.kind = task.kind, .needs = task.needs, .group = group});
        row.queued_ms = now_ms;
        for (const std::string& key : task.after) {
            const KnownTask& on = keys.find(key)->second;
            EC_ASSIGN(sql::Statement * after,
                      inside.rows.database().cached("INSERT INTO task_after (job, number, on_number) "
                                                    "VALUES (?1, ?2, ?3)"));
            EC_TRY(after->run(job.id, row.number, on.number));
            job.graph = true;
            if (!ended(on.state)) ++row.after_left;
        }
        row.lane = inside.share.lane_id(row.shape, job.priority, job.account);
        if (row.after_left > 0) {
            EC_TRY(inside.shapes.write(row.shape));
        } else {
            row.waits = now_ms;
            ++arrivals[{row.shape, job.priority}];
        }
        ++job.open;
        ++job.live;
        job.owed += row.price;
        EC_TRY(inside.rows.insert(row));
        if (!task.payload.empty()) EC_TRY(inside.rows.put(job.id, SealedPlace::payload(row.number), task.payload));
    }
    return {};
}

Status let_in(Queue::Inside& inside, const std::string& account, const Arrivals& arrivals) {
    for (const auto& [where, count] : arrivals) EC_TRY(inside.course.arrive(account, where.first, where.second, count));
    return {};
}

namespace {

Result<Submitted> submit_one(Queue::Inside& inside, const std::string& account, const std::string& idempotency_key,
                             std::string_view body_hash, const NewJob& job, QuotaLeft& quota, Arrivals& arrivals,
                             std::int64_t now_ms) {
    EC_TRY(quota.check(job.tasks.size()));
    JobRow row;
    row.id = make_id(now_ms, inside.parts.random);
    row.account = account;
    row.kind = job.kind;
    row.verification = job.verification;
    row.priority = job.priority;
    row.group = job.group.text();
    row.group_key = job.group_key;
    row.cache_key = job.cache_key;
    row.snapshot = job.snapshot.text();
    row.expected = job.expected ? static_cast<std::int64_t>(*job.expected) : -1;
    row.submitted_ms = now_ms;
    row.ends_ms = now_ms + job.budget_s * 1000;
    Submitted submitted;
    EC_ASSIGN(submitted.job, JobId::parse(row.id));
    EC_ASSIGN(row.same_as, done_before(inside, row));
    if (!row.same_as.empty()) {
        EC_ASSIGN(submitted.same_as, JobId::parse(row.same_as));
        EC_TRY(insert_done(inside, row, idempotency_key, body_hash, now_ms));
        return submitted;
    }
    EC_ASSIGN(row.held, amount_to_hold(inside, job));
    EC_ASSIGN(row.bundle, keep_bundle(inside.rows.database(), account, job.blobs));
    EC_TRY(inside.payment.hold(row, now_ms));
    KnownTasks keys;
    EC_TRY(add_tasks(inside, row, job.tasks, keys, arrivals, now_ms));
    quota.take(row.live);
    EC_TRY(inside.rows.note(row, {.type = "state", .state = State::queued, .reason = "submitted", .at_ms = now_ms}));
    EC_TRY(inside.rows.insert(row, idempotency_key, body_hash));
    EC_TRY(inside.rows.put(row.id, SealedPlace::spec(), job.spec));
    EC_TRY(inside.payment.log_submit(row, body_hash, now_ms));
    return submitted;
}

}  // namespace

Result<Submitted> Queue::submit(const std::string& account, const std::string& idempotency_key,
                                std::string_view body_hash, const NewJob& job) {
    EC_ASSIGN(const std::vector<Submitted> one, submit(account, idempotency_key, body_hash, std::span(&job, 1)));
    return one.front();
}

Result<std::vector<Submitted>> Queue::submit(const std::string& account, const std::string& idempotency_key,
                                             std::string_view body_hash, std::span<const NewJob> jobs) {
    Inside& inside = *inside_;
    std::vector<Submitted> all;
    std::optional<QuotaLeft> quota;
    Arrivals arrivals;
    std::int64_t now_ms = 0;
    for (const NewJob& job : jobs) {
        EC_TRY(check_job(job));
        if (account.empty()) return fail(ErrorCode::invalid_argument, "a job needs an account");
        std::string key = idempotency_key;
        if (!key.empty() && !all.empty()) key += fmt::format("/{}", all.size());
        EC_ASSIGN(const std::optional<Submitted> before, used_before(inside, account, key, body_hash));
        if (before) {
            all.push_back(*before);
            continue;
        }
        if (!quota) {
            EC_ASSIGN(now_ms, inside.now());
            EC_ASSIGN(quota, QuotaLeft::of(inside, account, now_ms));
        }
        EC_ASSIGN(Submitted submitted, submit_one(inside, account, key, body_hash, job, *quota, arrivals, now_ms));
        all.push_back(std::move(submitted));
    }
    EC_TRY(let_in(inside, account, arrivals));
    return all;
}

Result<std::int64_t> Queue::queued(const std::string& account) {
    if (account.empty()) return inside_->share.queued_of_all();
    EC_ASSIGN(const Queued own, inside_->share.queued(account));
    return own.tasks;
}

}  // namespace ec::swarm
