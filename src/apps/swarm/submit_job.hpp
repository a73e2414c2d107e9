// From a folder and a wish to a sealed job: packs the snapshot, stores its blobs, seals spec and tasks.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <ec/swarm/snapshot.hpp>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "job_record.hpp"

namespace ec::apps {

struct JobWish {
    std::string task;  ///< empty: a repair, a search without a model
    std::string test;
    std::string directory = ".";
    std::string model;
    bool split = false;
    unsigned samples = 4;  ///< of a task that is not split
    unsigned shards = 0;   ///< of a repair; 0: one for each worker that is here and may open it
    int priority = 50;
    std::int64_t budget_s = 120;  ///< that a worker may work on its part
    std::int64_t deadline_s = 0;  ///< of the whole job, waiting included; 0: an hour and four budgets
    std::int64_t credits = 0;     ///< it costs at most so many; 0: what its tasks cost with their checks
    std::int64_t memory_mb = 0;
    std::string model_class;  ///< that answers are to come from, or a larger one; empty: any
    std::uint64_t seed = 1;
    swarm::Verification verification = swarm::Verification::adaptive;
    std::vector<std::string> include;
    std::string group;                      ///< a group's name, or "none"
    std::vector<identity::NodeId> trusted;  ///< without a group: who may be given the key
};

struct PreparedJob {
    JobRecord record;  ///< saved, with the request in it
    std::size_t files = 0;
    std::uint64_t bytes = 0;       ///< of the files
    std::uint64_t sent_bytes = 0;  ///< of blobs that the coordinator did not have
    std::vector<std::pair<std::string, std::string>> withheld;
};

/// `says` hears what is being done, for a person.
Result<PreparedJob> prepare_job(JobWish wish, const std::string& key, swarm::CoordinatorClient& client,
                                const std::function<void(std::string_view)>& says, std::stop_token stop);

/// Sends what the record holds, and remembers that it was acknowledged. Safe to call again.
Result<swarm::Submitted> send_job(JobRecord& record, swarm::CoordinatorClient& client, std::stop_token stop);

}  // namespace ec::apps
