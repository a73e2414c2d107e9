// A worker: claims tasks, has them run, keeps their leases, hands in what came out. The work itself is a port.
//
// It only dials out. Results are in its journal before they are sent, and stay there until the coordinator has them.
// Threads: run() blocks and owns one thread a slot; `stop` drains: no new tasks, those in hand are finished within
// `drain`, then given back.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <ec/core/waiter.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <ec/swarm/payload.hpp>
#include <ec/swarm/power.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::swarm {

/// A task with its seals open and its files on the disk.
struct Work {
    Lease lease;
    JobSpec job;
    TaskSpec task;
    std::filesystem::path folder;  ///< the snapshot, this task's own copy
    std::vector<std::pair<std::string, TaskResult>>
        inputs;  ///< by key; their patches are not applied yet. Of a check the first one is what it judges
};
struct WorkDone {
    TaskResult result;
    std::string word;               ///< of an error, for the coordinator: one of our words, or empty
    std::vector<NewTask> children;  ///< payloads in clear: the worker seals them
    std::vector<TaskSpec> child_specs;
};

/// What a task says while it works, in words, and how far it is in percent (-1: nobody knows). Any thread.
using JobProgress = std::function<void(std::string_view words, int percent)>;

/// Runs in the sandbox what the task asks for. Called from several threads. An Error is this machine's (`unavailable`:
/// it cannot do such tasks); what the task itself comes to is a TaskResult.
class JobRunner {
public:
    virtual ~JobRunner() = default;
    [[nodiscard]] virtual Offer offer() const = 0;
    virtual Result<WorkDone> run(const Work& work, const JobProgress& progress, std::stop_token stop) = 0;
};

struct WorkerOptions {
    std::filesystem::path folder;  ///< journal, cached blobs and copies of trees; private, of one worker at a time
    int slots = 1;                 ///< 1 to kMostSlots
    PowerRules power;
    std::vector<GroupKey> groups;
    std::chrono::milliseconds drain{30'000};
    std::chrono::milliseconds flush{5'000};   ///< at its end, for results that are not delivered yet
    std::uint64_t cached_bytes = 2ULL << 30;  ///< of sealed blobs
    bool once = false;                        ///< end after one task
};
inline constexpr int kMostSlots = 256;

/// What a person at the terminal may want to know.
class WorkerEvents {
public:
    virtual ~WorkerEvents() = default;
    virtual void says(std::string_view line) = 0;
};

struct WorkerPorts {
    std::function<std::unique_ptr<CoordinatorClient>()> connect;  ///< one for every thread
    JobRunner& runner;
    const Clock& clock;
    Waiter& waiter;
    std::function<Telemetry()> telemetry;              ///< asked by one thread
    WorkerEvents& events;                              ///< by one thread at a time
    crypto::SecretKey key;                             ///< of the node, to open what is sealed to it
    std::function<int()> hour;                         ///< the local one, 0 to 23
    std::function<std::chrono::nanoseconds()> asleep;  ///< for how long the machine slept since it started
    std::function<double()> jitter;                    ///< [0, 1); any thread
};

/// Returns when stopped and drained, or with what makes work impossible: `denied` (revoked, or not approved),
/// `invalid_argument`, `conflict` (another worker has the folder).
Status run_worker(const WorkerOptions& options, WorkerPorts ports, std::stop_token stop);

}  // namespace ec::swarm
