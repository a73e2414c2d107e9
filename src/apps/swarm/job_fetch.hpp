// Gets a job's result: opened, checked against its snapshot, its tests run here when that is wanted, and applied.
#pragma once

#include <ec/agent/review.hpp>
#include <ec/core/result.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <ec/swarm/payload.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

struct FetchWish {
    bool verify = false;
    bool apply = false;
    std::string directory;              ///< to apply it in; empty: where it was submitted from, else here
    std::vector<std::string> approved;  ///< guarded places that may be written
};

struct FetchedJob {
    swarm::JobStatus job;                         ///< the one whose result it is
    swarm::JobId asked;                           ///< the one that was asked for
    std::optional<swarm::TaskResult> result;      ///< of a job that is done
    std::optional<agent::ReviewVerdict> verdict;  ///< of this machine
    bool applied = false;
    [[nodiscard]] bool fixed() const { return result && (!verdict || passed()); }
    /// There was nothing to mend: the tests pass as they are.
    [[nodiscard]] bool already_passing() const { return fixed() && result->patch.empty(); }
    [[nodiscard]] bool passed() const { return verdict->outcome == agent::ReviewVerdict::Outcome::passed; }
};

/// `conflict` for a job that has not ended, and for files that changed since the snapshot.
Result<FetchedJob> fetch_job(const swarm::JobId& id, const FetchWish& wish, swarm::CoordinatorClient& client,
                             std::stop_token stop);

}  // namespace ec::apps
