// A job that came to an end, opened: the key, the snapshot it was made from, the patch, and whether its tests pass
// here.
#pragma once

#include <chrono>
#include <ec/agent/review.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/result.hpp>
#include <ec/crypto/sealed.hpp>
#include <ec/swarm/coordinator_client.hpp>
#include <ec/swarm/payload.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::apps {

/// The job's key: sealed to a trust group of this machine, or in the record of a job that it submitted. `denied` when
/// it is in neither.
Result<crypto::SealKey> job_key_of(const swarm::JobStatus& job);

/// A job and its own files, in a private folder for as long as this lives.
class OpenedJob {
public:
    /// Fetches and unpacks the snapshot. `corrupt` when it is not what this machine submitted as the job `asked` for:
    /// another job of the same group can be opened as well.
    static Result<OpenedJob> open(const swarm::JobId& asked, const swarm::JobStatus& job, const crypto::SealKey& key,
                                  swarm::CoordinatorClient& client, std::stop_token stop);

    [[nodiscard]] const swarm::JobSpec& spec() const { return spec_; }
    [[nodiscard]] std::filesystem::path folder() const { return dir_.path() / "tree"; }
    /// The files of a result's patch, as they are in the snapshot and as they become. `corrupt` or `conflict` for a
    /// patch that does not fit: no honest worker made it.
    [[nodiscard]] Result<std::vector<vcs::FileVersion>> files_of(const swarm::TaskResult& result) const;
    /// Those of them that say when a change is right, which no honest worker changes.
    [[nodiscard]] Result<std::vector<std::string>> judging(const std::vector<vcs::FileVersion>& files) const;
    /// Runs the job's tests over the patch in the sandbox of this machine.
    Result<agent::ReviewVerdict> judge(const std::vector<vcs::FileVersion>& files, std::stop_token stop) const;

private:
    OpenedJob(TempDir dir, swarm::JobSpec spec) : dir_(std::move(dir)), spec_(std::move(spec)) {}
    TempDir dir_;
    swarm::JobSpec spec_;
};

/// A sealed result of the task `key`.
Result<swarm::TaskResult> open_result(const crypto::SealKey& job_key, const std::string& key,
                                      const std::string& sealed);

/// Why tasks came to what they did, in their own words, which the coordinator cannot read. What cannot be opened here
/// is left out.
using Words = std::map<swarm::TaskId, std::string>;
Words words_of(const swarm::JobStatus& job);
/// Why a job waits, or how it ended: the coordinator's reasons and the words of its tasks.
Result<swarm::Explanation> explain_job(const swarm::JobId& id, swarm::CoordinatorClient& client, std::stop_token stop);

}  // namespace ec::apps
