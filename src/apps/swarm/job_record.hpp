// What this machine remembers of a job that it submitted: DATA_DIR/swarm/jobs/KEY.json, mode 0600. The request is kept
// until the coordinator acknowledged it, so that it can be sent again as it was; the job's key as long as the record,
// where no trust group has it.
#pragma once

#include <cstddef>
#include <ec/core/result.hpp>
#include <ec/crypto/sealed.hpp>
#include <ec/swarm/job.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ec::apps {

struct JobRecord {
    std::string key;   ///< Idempotency-Key
    swarm::JobId job;  ///< empty: not acknowledged yet
    std::string directory;
    std::optional<swarm::NewJob> request;    ///< until it is acknowledged
    std::optional<crypto::SealKey> job_key;  ///< of a job without a group
    std::vector<identity::NodeId> trusted;   ///< to whom it may be given
    swarm::Verification verification = swarm::Verification::adaptive;
    std::string spec_hash;  ///< of the spec before it was sealed: a job with another one is not this one
};

/// `invalid_argument` for a key that is not 8 to 64 letters, digits, - and _.
Status check_job_key(const std::string& key);
std::string fresh_job_key();

Status save_record(const JobRecord& record);
Result<JobRecord> load_record(const std::string& key);
/// `not_found` when this machine did not submit it.
Result<JobRecord> find_record(const swarm::JobId& job);
/// The newest of a folder that was never acknowledged.
Result<JobRecord> find_unsent(const std::filesystem::path& directory);
/// Removes the oldest acknowledged records beyond so many.
Status trim_records(std::size_t kept = 500);

}  // namespace ec::apps
