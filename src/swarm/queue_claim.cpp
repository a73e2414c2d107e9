#include <algorithm>

#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr unsigned kMostLeases = 64;  // of one call
constexpr unsigned kLanesAShape = 8;  // that are looked at
constexpr unsigned kHeads = 8;        // of a lane
constexpr std::size_t kMostInputs = 256;

/// The lanes in which there may be something for this worker, the best first.
Result<std::vector<Lane>> lanes_for(Queue::Inside& inside, const Offer& offer) {
    EC_ASSIGN(const std::vector<std::int64_t> shapes, inside.shapes.matching(offer));
    std::vector<Lane> lanes;
    for (const std::int64_t shape : shapes) {
        EC_ASSIGN(std::vector<Lane> best, inside.share.best(shape, kLanesAShape));
        std::ranges::move(best, std::back_inserter(lanes));
    }
    std::ranges::sort(lanes, [](const Lane& a, const Lane& b) {
        if (a.priority != b.priority) return a.priority > b.priority;
        if (a.level != b.level) return a.level < b.level;
        return a.id < b.id;
    });
    return lanes;
}

struct Head {
    std::string job;
    std::int64_t number = 0;
};

/// The first of a lane that this worker may have, best by what it has at hand already.
Result<std::vector<Head>> heads_of(Queue::Inside& inside, const Lane& lane, const identity::Node& worker,
                                   const Offer& offer, std::int64_t now_ms) {
    EC_ASSIGN(
        sql::Statement * rows,
        inside.rows.database().cached(
            "SELECT job, number FROM task WHERE lane = ?1 AND waits IS NOT NULL AND waits <= ?2 "
            "AND NOT EXISTS (SELECT 1 FROM task_exclusion WHERE task_exclusion.job = task.job "
            "AND task_exclusion.number = task.number AND (task_exclusion.worker = ?3 OR "
            "task_exclusion.worker = ?5) AND task_exclusion.until_ms > ?2) ORDER BY waits, job, number LIMIT ?4"));
    const bool chooses = !offer.snapshots.empty();
    EC_TRY(rows->bind(lane.id, now_ms, worker.id.text(), chooses ? kHeads : 1U, account_word(worker.account)));
    std::vector<Head> heads;
    EC_TRY(each_row(*rows, [&heads](const sql::Statement& row) {
        heads.push_back({.job = row.text(0), .number = row.integer(1)});
    }));
    if (heads.size() < 2) return heads;
    EC_ASSIGN(sql::Statement * snapshot, inside.rows.database().cached("SELECT snapshot FROM job WHERE id = ?1"));
    for (std::size_t i = 0; i < heads.size(); ++i) {
        EC_TRY(snapshot->bind(heads[i].job));
        EC_TRY(snapshot->step());
        const std::string name = snapshot->text(0);
        const bool at_hand =
            std::ranges::any_of(offer.snapshots, [&name](const BlobId& id) { return id.text() == name; });
        if (!at_hand) continue;
        std::rotate(heads.begin(), heads.begin() + static_cast<std::ptrdiff_t>(i),
                    heads.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        break;
    }
    return heads;
}

/// The verified results that a task of work stands on.
Status add_inputs(Queue::Inside& inside, const TaskRow& work, std::vector<Input>& inputs) {
    EC_ASSIGN(sql::Statement * rows,
              inside.rows.database().cached("SELECT on_number FROM task_after WHERE job = ?1 AND number = ?2 "
                                            "ORDER BY on_number"));
    EC_TRY(rows->bind(work.job, work.number));
    std::vector<std::int64_t> numbers;
    EC_TRY(each_row(*rows, [&numbers](const sql::Statement& row) { numbers.push_back(row.integer(0)); }));
    for (const std::int64_t number : numbers) {
        if (inputs.size() >= kMostInputs) break;
        EC_ASSIGN(const TaskRow on, inside.rows.task(work.job, number));
        if (on.state != State::done || on.outcome != Outcome::solved) continue;
        EC_ASSIGN(std::string result, inside.rows.sealed(work.job, SealedPlace::result(number)));
        inputs.push_back({.key = on.key, .result = std::move(result)});
    }
    return {};
}

Result<Lease> lease_of(Queue::Inside& inside, const JobRow& job, const TaskRow& task) {
    Lease lease;
    lease.task = task_id(job.id, task.number);
    EC_ASSIGN(lease.job, JobId::parse(job.id));
    lease.key = task.key;
    lease.kind = task.kind;
    lease.fence = Fence{task.fence};
    lease.attempt = static_cast<int>(task.attempt);
    lease.until_ms = task.lease_until;
    lease.expected_s = task.expected_s;
    lease.shard = static_cast<int>(task.shard);
    lease.shards = static_cast<int>(task.shards);
    EC_ASSIGN(Shape shape, inside.shapes.at(task.shape));
    lease.needs = std::move(shape.needs);
    lease.group = shape.group;
    lease.group_key = job.group_key;
    EC_ASSIGN(lease.spec, inside.rows.sealed(job.id, SealedPlace::spec()));
    EC_ASSIGN(const TaskRow work, inside.course.work_of(task));
    EC_ASSIGN(lease.payload, inside.rows.sealed(job.id, SealedPlace::payload(work.number)));
    if (task.role == Role::verify) {
        EC_ASSIGN(std::string result, inside.rows.sealed(job.id, SealedPlace::result(task.subject)));
        lease.inputs.push_back({.key = work.key, .result = std::move(result)});
    }
    if (job.graph) EC_TRY(add_inputs(inside, work, lease.inputs));
    return lease;
}

Result<Lease> take(Queue::Inside& inside, const identity::Node& worker, const Lane& lane, const Head& head,
                   std::int64_t now_ms) {
    EC_ASSIGN(JobRow job, inside.rows.job(head.job));
    EC_ASSIGN(TaskRow task, inside.rows.task(head.job, head.number));
    if (!task.waits || task.state != State::queued)
        return fail(ErrorCode::timeout, "this task was claimed at the same time", "try again");
    task.state = State::leased;
    task.waits.reset();
    task.worker = worker.id.text();
    task.worker_account = worker.account;
    task.holder = task.worker;
    ++task.fence;
    ++task.attempt;
    task.leased_ms = now_ms;
    task.lease_until = now_ms + inside.rules.lease_ms;
    const std::int64_t usual = std::max(task.expected_s * 1000, inside.pace.usual_ms(task.kind));
    const bool may_lag = task.role == Role::work;
    task.late_ms = may_lag ? now_ms + usual : kForever;
    task.due = std::min(task.lease_until, task.late_ms);
    EC_TRY(inside.rows.save(task));
    EC_TRY(inside.share.take(lane, task.expected_s * 1000, now_ms));
    EC_TRY(inside.course.note(job, task, "claimed", task.worker, now_ms));
    if (job.state == State::queued) {
        job.state = State::running;
        EC_TRY(inside.rows.note(job, {.type = "state", .state = job.state, .reason = "claimed", .at_ms = now_ms}));
    }
    EC_TRY(inside.rows.save(job));
    return lease_of(inside, job, task);
}

}  // namespace

Result<std::vector<Lease>> Queue::claim(const identity::Node& worker, const Offer& offer, unsigned most) {
    Inside& inside = *inside_;
    std::vector<Lease> leases;
    EC_ASSIGN(const std::int64_t now_ms, inside.now());
    EC_ASSIGN(const bool barred, inside.trust.barred(worker.id.text(), now_ms));
    if (barred) return leases;
    while (leases.size() < std::min(most, kMostLeases)) {
        EC_ASSIGN(const std::vector<Lane> lanes, lanes_for(inside, offer));
        const std::size_t before = leases.size();
        for (const Lane& lane : lanes) {
            EC_ASSIGN(const std::vector<Head> heads, heads_of(inside, lane, worker, offer, now_ms));
            if (heads.empty()) continue;
            EC_ASSIGN(Lease lease, take(inside, worker, lane, heads.front(), now_ms));
            leases.push_back(std::move(lease));
            break;
        }
        if (leases.size() == before) break;
    }
    return leases;
}

}  // namespace ec::swarm
