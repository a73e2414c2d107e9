#include <algorithm>
#include <deque>
#include <ec/swarm/group_of_one.hpp>

#include "queue_inside.hpp"

namespace ec::swarm {
namespace {

constexpr unsigned kMostLeases = 64;  // of one call
// Of one call: the lease that goes beyond is its last. What stands on much is much: one request must not make the
// coordinator write gigabytes while everybody waits.
constexpr std::size_t kMostBytes = 4U << 20;
constexpr unsigned kLanesAShape = 8;  // that are looked at
constexpr unsigned kHeads = 8;        // of a lane
constexpr std::size_t kMostInputs = 256;

bool goes_before(const Lane& a, const Lane& b) {
    if (a.priority != b.priority) return a.priority > b.priority;
    if (a.level != b.level) return a.level < b.level;
    return a.id < b.id;
}

/// A lane with those at its head that this worker may have, as far as they were looked at.
struct Waiting {
    Lane lane;
    std::deque<TaskRow> heads;
    bool dry = false;
};

/// The lanes in which there may be something for a worker, kept in mind while it takes one task after the other.
class ClaimableLanes {
public:
    ClaimableLanes(Queue::Inside& inside, const identity::Node& worker, const Offer& offer, std::int64_t now_ms)
        : inside_(inside), worker_(worker), offer_(offer), now_ms_(now_ms) {}

    Status read() {
        lanes_.clear();
        horizon_.reset();
        taken_ = false;
        EC_ASSIGN(const std::vector<std::int64_t> shapes, inside_.shapes.matching(offer_));
        for (const std::int64_t shape : shapes) {
            EC_ASSIGN(std::vector<Lane> best, inside_.share.best(shape, kLanesAShape));
            if (best.size() == kLanesAShape && (!horizon_ || goes_before(best.back(), *horizon_)))
                horizon_ = best.back();
            for (Lane& lane : best) lanes_.push_back({.lane = std::move(lane), .heads = {}});
        }
        return {};
    }

    /// The task whose turn it is, of those that are known to be the best: nothing, and there may be others when
    /// outlived().
    Result<std::optional<TaskRow>> next(std::size_t most, Lane& lane) {
        for (;;) {
            Waiting* best = nullptr;
            for (Waiting& one : lanes_)
                if (!one.dry && (best == nullptr || goes_before(one.lane, best->lane))) best = &one;
            if (best == nullptr || (taken_ && horizon_ && goes_before(*horizon_, best->lane))) return std::nullopt;
            if (best->heads.empty()) EC_TRY(look(*best, most));
            if (best->heads.empty()) {
                best->dry = true;
                continue;
            }
            EC_ASSIGN(TaskRow task, choose(best->heads));
            lane = best->lane;
            return task;
        }
    }

    /// A task was taken, and the lanes of its account stand elsewhere now.
    void taken(const Lane& from, Level level) {
        taken_ = true;
        for (Waiting& one : lanes_) {
            if (one.lane.account != from.account) continue;
            one.lane.level = level;
            if (one.lane.id == from.id && --one.lane.queued <= 0) one.dry = true;
        }
    }
    /// Lanes that were not read may come before those that were.
    [[nodiscard]] bool outlived() const { return taken_ && horizon_.has_value(); }

private:
    Status look(Waiting& waiting, std::size_t most) {
        // As many as this lane's part may be.
        const std::size_t share = (most + lanes_.size() - 1) / lanes_.size();
        const std::size_t wanted = offer_.snapshots.empty() ? share : std::max<std::size_t>(share, kHeads);
        EC_ASSIGN(std::vector<TaskRow> heads,
                  inside_.rows.heads(waiting.lane.id, worker_.id.text(), worker_.account, now_ms_, wanted));
        std::ranges::move(heads, std::back_inserter(waiting.heads));
        return {};
    }

    /// The first, or the first of those near it whose files the worker has at hand.
    Result<TaskRow> choose(std::deque<TaskRow>& heads) {
        auto chosen = heads.begin();
        if (!offer_.snapshots.empty()) {
            EC_ASSIGN(sql::Statement * snapshot,
                      inside_.rows.database().cached("SELECT snapshot FROM job WHERE id = ?1"));
            const std::size_t near = std::min<std::size_t>(kHeads, heads.size());
            for (std::size_t i = 0; i < near; ++i) {
                EC_TRY(snapshot->bind(heads[i].job));
                EC_TRY(snapshot->step());
                const std::string name = snapshot->text(0);
                if (!std::ranges::any_of(offer_.snapshots, [&name](const BlobId& id) { return id.text() == name; }))
                    continue;
                chosen += static_cast<std::ptrdiff_t>(i);
                break;
            }
        }
        TaskRow task = std::move(*chosen);
        heads.erase(chosen);
        return task;
    }

    Queue::Inside& inside_;
    const identity::Node& worker_;
    const Offer& offer_;
    const std::int64_t now_ms_;
    std::vector<Waiting> lanes_;
    std::optional<Lane> horizon_;  ///< the last that was read, where there may be more
    bool taken_ = false;
};

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

std::size_t bytes_of(const Lease& lease) {
    std::size_t bytes = lease.spec.size() + lease.payload.size() + lease.group_key.size();
    for (const Input& input : lease.inputs) bytes += input.result.size();
    return bytes;
}

Result<Lease> take(Queue::Inside& inside, const identity::Node& worker, TaskRow task, std::int64_t now_ms) {
    EC_ASSIGN(JobRow job, inside.rows.job(task.job));
    // Where others may write meanwhile, what was read before the job was locked may be out of date.
    if (inside.rows.database().dialect() == sql::Dialect::postgres) {
        EC_ASSIGN(task, inside.rows.task(task.job, task.number));
    }
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
    const std::size_t wanted = std::min(most, kMostLeases);
    std::size_t bytes = 0;
    FairShare::Charges charges;
    Offer own = offer;
    own.groups.push_back(group_of_one(worker.id));
    ClaimableLanes lanes(inside, worker, own, now_ms);
    EC_TRY(lanes.read());
    while (leases.size() < wanted && bytes < kMostBytes) {
        Lane lane;
        EC_ASSIGN(std::optional<TaskRow> task, lanes.next(wanted - leases.size(), lane));
        if (task) {
            EC_ASSIGN(const Level level, inside.share.take(charges, lane, task->expected_s * 1000, now_ms));
            lanes.taken(lane, level);
            EC_ASSIGN(Lease lease, take(inside, worker, *std::move(task), now_ms));
            bytes += bytes_of(lease);
            leases.push_back(std::move(lease));
            continue;
        }
        if (lanes.outlived()) {
            EC_TRY(inside.share.settle(charges));
            EC_TRY(lanes.read());
            continue;
        }
        break;
    }
    EC_TRY(inside.share.settle(charges));
    return leases;
}

}  // namespace ec::swarm
