#include <fmt/format.h>

#include "worker_run.hpp"

namespace ec::swarm {
namespace {

constexpr std::size_t kOfferedSnapshots = 32;

/// What went wrong on the way to the coordinator, and not with the task.
bool on_the_way(ErrorCode code) { return may_recover(code) || code == ErrorCode::cancelled; }

Report error_report(const Lease& lease, const Error& error) {
    Report report;
    report.task = lease.task;
    report.fence = lease.fence;
    report.outcome = Outcome::error;
    report.reason = name(error.code);
    return report;
}

}  // namespace

std::optional<WorkerRun::Taken> WorkerRun::next_taken() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return no_more_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Taken taken = std::move(waiting_.front());
    waiting_.pop_front();
    ++busy_;
    return taken;
}

void WorkerRun::run_slot() {
    const auto client = ports_.connect();
    while (const auto taken = next_taken()) {
        run_lease(*taken, *client);
        const std::scoped_lock lock(mutex_);
        --busy_;
        ++handled_;
        changed_.notify_all();
    }
}

void WorkerRun::run_lease(const Taken& taken, CoordinatorClient& client) {
    const Lease& lease = taken.lease;
    const auto start = ports_.clock.now();
    says(fmt::format("{} {} begins (attempt {})", name(lease.kind), lease.task.text(), lease.attempt));
    const auto opened = OpenedWork::open(lease, place_, client, taken.stop.get_token());
    Result<Report> report = opened ? run_opened(**opened, taken.stop.get_token()) : fail(opened.error());
    const Ending ending = leases_.ending(lease.task);
    if (ending == Ending::lost || ending == Ending::cancelled) {
        says(fmt::format("{} was {}", lease.task.text(), ending == Ending::lost ? "given to another" : "cancelled"));
        let_go(lease);
        return;
    }
    if (!report && ending == Ending::give_back) {
        give_back(lease, leases_.why(lease.task), client);
        leases_.remove(lease.task);
        return;
    }
    if (!report && !opened && on_the_way(report.error().code)) {
        says(fmt::format("{} could not begin: {}", lease.task.text(), report.error().message));
        give_back(lease, std::string(name(report.error().code)), client);
        leases_.remove(lease.task);
        return;
    }
    if (!report) {
        says(fmt::format("{} failed here: {}", lease.task.text(), report.error().message));
        report = error_report(lease, report.error());
    }
    report->wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.now() - start).count();
    says(fmt::format("{} {} after {} ms", lease.task.text(), name(report->outcome), report->wall_ms));
    deliver(*std::move(report), client);
}

Result<Report> WorkerRun::run_opened(const OpenedWork& opened, const std::stop_token& stop) {
    const Lease& lease = opened.work().lease;
    const auto progress = [&](std::string_view text, int percent) {
        leases_.progress(lease.task, opened.seal_progress(text), percent);
    };
    remember_snapshot(opened.work());
    EC_ASSIGN(const WorkDone done, ports_.runner.run(opened.work(), progress, stop));
    return opened.seal(done);
}

// As the submitter named the tree: jobs over it are best given to whoever has its blobs.
void WorkerRun::remember_snapshot(const Work& work) {
    for (const GroupKey& group : options_.groups) {
        if (group.id() != work.lease.group) continue;
        const BlobId name = group.blob_id(work.job.snapshot);
        const std::scoped_lock lock(mutex_);
        std::erase(snapshots_, name);
        snapshots_.insert(snapshots_.begin(), name);
        if (snapshots_.size() > kOfferedSnapshots) snapshots_.pop_back();
    }
}

Offer WorkerRun::offer() {
    Offer out = ports_.runner.offer();
    const std::scoped_lock lock(mutex_);
    out.snapshots = snapshots_;
    return out;
}

void WorkerRun::hold(const Taken& taken) {
    const Lease& lease = taken.lease;
    if (const Status kept = journal_.begin(lease.task, lease.fence); !kept)
        says(fmt::format("the journal cannot be written: {}", kept.error().message));
    leases_.add(lease.task, lease.fence, taken.stop);
}

void WorkerRun::let_go(const Lease& lease) {
    leases_.remove(lease.task);
    if (const Status removed = journal_.remove(lease.task, lease.fence); !removed) says(removed.error().message);
}

// A lease that cannot even be given back runs out by itself, or is given back by the next run.
void WorkerRun::give_back(const Lease& lease, const std::string& reason, CoordinatorClient& client) {
    const Status given = client.give_back(lease.task, lease.fence, reason, {});
    if (given || !may_pass(given.error().code)) {
        if (const Status removed = journal_.remove(lease.task, lease.fence); !removed) says(removed.error().message);
    }
    says(fmt::format("{} given back ({}){}", lease.task.text(), reason,
                     given ? "" : fmt::format(", which the coordinator did not take: {}", given.error().message)));
}

void WorkerRun::deliver(Report report, CoordinatorClient& client) {
    leases_.finished(report.task);
    if (const Status kept = journal_.put(report); !kept) {
        says(fmt::format("the journal cannot be written: {}", kept.error().message));
        if (const Status sent = send(client, {report}, {}); !sent)
            says(fmt::format("{} is lost here, and will be done again", report.task.text()));
        leases_.remove(report.task);
        return;
    }
    const std::scoped_lock lock(mutex_);
    to_deliver_ = true;
    changed_.notify_all();
}

}  // namespace ec::swarm
