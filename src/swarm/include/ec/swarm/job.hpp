// Jobs, tasks, leases and reports, as they travel and as they are kept. Pure values.
//
// Every text that could tell of the source is sealed before it comes here (payload.hpp): what stands below in clear are
// routing facts.
#pragma once

#include <cstdint>
#include <ec/identity/node.hpp>
#include <ec/ledger/books.hpp>
#include <ec/swarm/types.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ec::swarm {

/// What a machine must have to be given a task: hard predicates.
struct Needs {
    std::vector<std::string> languages;  ///< sorted: "python", "javascript"
    std::int64_t memory_mb = 0;
    std::string model_class;  ///< "" none, else "small", "medium", "large"
    bool gpu = false;
    bool operator==(const Needs&) const = default;
};

/// What a worker offers now.
struct Offer {
    std::vector<TaskKind> kinds;
    std::vector<std::string> languages;
    std::int64_t memory_mb = 0;
    std::string model_class;
    bool gpu = false;
    std::vector<GroupId> groups;    ///< whose keys it holds
    std::vector<BlobId> snapshots;  ///< that it has at hand; at most 32
    std::string model;              ///< loaded now
};

/// Whether a machine that offers this may be given such a task; no group: anybody may.
bool suits(const Offer& offer, TaskKind kind, const Needs& needs, const GroupId& group);

/// A task as it is submitted, or added by a task that decomposes.
struct NewTask {
    std::string key;  ///< unique in the job: "shard-0", "part-3"; [a-z0-9-]{1,32}
    TaskKind kind = TaskKind::repair;
    Needs needs;
    std::string payload;             ///< sealed; at most kPayloadBytes
    std::vector<std::string> after;  ///< keys of tasks whose verified results it needs
    std::int64_t expected_s = 60;    ///< how long it may take; more makes it a straggler
};

struct NewJob {
    JobKind kind = JobKind::repair;
    std::string spec;           ///< sealed JobSpec; at most kSpecBytes
    std::vector<BlobId> blobs;  ///< all that the spec's manifest names, kept as long as the job
    BlobId snapshot;            ///< names the frozen tree, for affinity
    std::vector<NewTask> tasks;
    int priority = 50;  ///< 0 to 100
    Verification verification = Verification::adaptive;
    GroupId group;                ///< whose members may be given it; empty: whoever is sent the key by the submitter
    std::string group_key;        ///< the job's key sealed to the group; empty when the submitter gives it out itself
    std::string cache_key;        ///< keyed name of the work, empty: not to be shared
    std::int64_t budget_s = 600;  ///< for the whole job
    ledger::Credits budget;       ///< it costs at most this much
    std::optional<Outcome> expected;  ///< a canary: the answer is known. Never told to a worker
};

inline constexpr std::size_t kPayloadBytes = 64U << 10;
inline constexpr std::size_t kSpecBytes = 256U << 10;
inline constexpr std::size_t kResultBytes = 256U << 10;  ///< inline; larger results are blobs
inline constexpr std::size_t kMostResultBlobs = 256;     ///< of one result
inline constexpr std::size_t kBlobBytes = 1U << 20;      ///< sealed
inline constexpr std::size_t kMostTasks = 256;           ///< of one job at submit
inline constexpr std::size_t kMostChildren = 64;         ///< that one task may add

/// A result of a task that this one stands on.
struct Input {
    std::string key;
    std::string result;  ///< sealed
};

struct Lease {
    TaskId task;
    JobId job;
    std::string key;
    TaskKind kind = TaskKind::repair;
    Fence fence;
    int attempt = 1;
    std::int64_t until_ms = 0;  ///< by the database's clock
    std::int64_t expected_s = 60;
    int shard = 0;
    int shards = 1;
    Needs needs;
    std::string spec;     ///< sealed JobSpec
    std::string payload;  ///< sealed
    std::vector<Input> inputs;
    GroupId group;
    std::string group_key;  ///< or empty: ask for the key (coordinator_client.hpp)
};

/// What a worker hands in.
struct Report {
    TaskId task;
    Fence fence;
    Outcome outcome = Outcome::error;
    std::string result;  ///< sealed TaskResult
    std::vector<BlobId> blobs;
    std::vector<NewTask> children;  ///< of decompose and merge
    std::string reason;             ///< of an error: a word of ours, never a text of the payload
    std::int64_t wall_ms = 0;       ///< what it says; pay does not depend on it
};

/// What a transition leaves behind.
struct Event {
    std::int64_t sequence = 0;  ///< grows within the job
    JobId job;
    TaskId task;       ///< empty: the job itself
    std::string type;  ///< "state", "progress", "key_wanted", "note"
    State state = State::queued;
    std::string reason;  ///< "submitted", "lease_expired", "rejected_by_verifier", …
    identity::NodeId node;
    std::string data;  ///< sealed progress, or empty
    std::int64_t at_ms = 0;
};

struct TaskStatus {
    TaskId id;
    std::string key;
    TaskKind kind = TaskKind::repair;
    State state = State::queued;
    int attempts = 0;
    identity::NodeId worker;
    Outcome outcome = Outcome::error;
    std::string reason;
    std::string result;   ///< sealed
    std::string payload;  ///< sealed; only while its result waits to be verified, for the submitter to judge it by
    std::vector<std::string> after;
};

struct JobStatus {
    JobId id;
    std::string account;
    JobKind kind = JobKind::repair;
    State state = State::queued;
    std::string reason;
    std::string spec;    ///< sealed
    std::string result;  ///< sealed, of the task whose result is the job's; when done
    TaskId result_task;
    JobId same_as;  ///< the work was done before, by this job: its result and key are there
    GroupId group;
    std::string group_key;
    std::int64_t submitted_ms = 0;
    std::int64_t ended_ms = 0;
    ledger::Credits paid;
    std::vector<TaskStatus> tasks;
};

}  // namespace ec::swarm
