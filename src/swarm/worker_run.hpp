// One run of a worker: its threads and what they share. Private to the module; worker.hpp is its front door.
//
//   the caller's thread   looks at power and hours, claims tasks, and at the end drains
//   one thread a slot     opens a lease, has it run, writes what came out into the journal
//   one for checks        while all slots are in use, claims a check and runs it beside them
//   one for heartbeats    keeps all leases, and hears which are lost or cancelled
//   one for delivery      sends what is in the journal until the coordinator has it
#pragma once

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <ec/core/fd.hpp>
#include <ec/swarm/worker.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "blob_cache.hpp"
#include "held_leases.hpp"
#include "journal.hpp"
#include "lease_work.hpp"

namespace ec::swarm {

/// Longer and longer waits, each cut at random, so that a coordinator that comes back is not met by all at once.
class Backoff {
public:
    explicit Backoff(const std::function<double()>& jitter) : jitter_(jitter) {}
    std::chrono::milliseconds next() {
        constexpr std::chrono::milliseconds kLongest{60'000};
        const auto wait = std::chrono::milliseconds(
            static_cast<std::int64_t>(static_cast<double>(step_.count()) * (1 + jitter_()) / 2));
        step_ = std::min(step_ * 2, kLongest);
        return wait;
    }
    void reset() { step_ = kFirst; }

private:
    static constexpr std::chrono::milliseconds kFirst{500};
    const std::function<double()>& jitter_;
    std::chrono::milliseconds step_ = kFirst;
};

/// Whether what was refused or not answered may go well at another time.
bool may_pass(ErrorCode code);

class WorkerRun {
public:
    static Result<std::unique_ptr<WorkerRun>> open(const WorkerOptions& options, WorkerPorts ports);
    Status work(std::stop_token stop);

private:
    struct Taken {
        Lease lease;
        std::stop_source stop;
    };

    WorkerRun(const WorkerOptions& options, WorkerPorts ports, UniqueFd lock, ResultJournal journal);

    // worker_run.cpp: claiming and the end.
    Status claim_until(const std::stop_token& stop);
    Status greet(CoordinatorClient& client, const std::stop_token& stop);
    PowerVerdict look();
    void tell_verdict(const PowerVerdict& verdict);
    unsigned free_slots();
    void take(std::vector<Lease> leases, unsigned asked, bool small, CoordinatorClient& client);
    bool wants_checks();
    void check_until(const std::stop_token& stop);
    void check(Lease lease, CoordinatorClient& client);
    void drain(std::vector<std::jthread>& slots);

    // worker_slots.cpp: the work.
    void run_slot();
    std::optional<Taken> next_taken();
    void run_lease(const Taken& taken, CoordinatorClient& client);
    Result<Report> run_opened(const OpenedWork& opened, const std::stop_token& stop);
    void remember_snapshot(const Work& work);
    Offer offer();
    /// It is in hand from now on, also for the run after a kill.
    void hold(const Taken& taken);
    void give_back(const Lease& lease, const std::string& reason, CoordinatorClient& client);
    /// Nothing of it is in hand any more.
    void let_go(const Lease& lease);
    void deliver(Report report, CoordinatorClient& client);

    // worker_delivery.cpp: heartbeats and results.
    void beat_until(const std::stop_token& stop);
    Result<std::chrono::milliseconds> beat(CoordinatorClient& client, bool wait, const std::stop_token& stop);
    std::stop_source fresh_beat();
    void beat_at_once();
    void deliver_until(const std::stop_token& stop);
    Status give_back_left(CoordinatorClient& client, const std::stop_token& stop);
    Status send(CoordinatorClient& client, const std::vector<Report>& reports, const std::stop_token& stop);
    void settle(const Report& report, const Result<Completion>& answer);

    void says(const std::string& line);
    /// Ends the run with this error, when it is one that no waiting helps against.
    bool ends_work(const Error& error);
    bool is_fatal();

    WorkerOptions options_;
    WorkerPorts ports_;
    UniqueFd lock_;
    ResultJournal journal_;
    BlobCache blobs_;
    WorkPlace place_;
    HeldLeases leases_;
    std::stop_source ending_;  ///< no new tasks

    std::mutex says_mutex_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::stop_source beat_now_;
    std::deque<Taken> waiting_;
    int busy_ = 0;
    bool checking_ = false;
    int handled_ = 0;  ///< tasks that ended here, one way or another
    bool no_more_ = false;
    bool to_deliver_ = true;
    Telemetry telemetry_;
    std::string holding_back_;
    std::optional<Error> fatal_;
    std::vector<BlobId> snapshots_;  ///< used last; at most kOfferedSnapshots
    std::vector<Held> left_;         ///< in hand of a run that was killed; of the thread that delivers

    // Of the caller's thread.
    std::optional<Telemetry> seen_;
    std::chrono::nanoseconds looked_{0};
    std::chrono::nanoseconds last_lease_{-1};
    std::optional<std::int64_t> told_off_s_;
};

}  // namespace ec::swarm
