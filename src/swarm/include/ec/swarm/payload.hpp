// What is inside the sealed texts: only the submitter, workers that hold the job's key and the inference service of
// their group see it. Pure functions; any thread.
//
// Keys: a trust group has a secret (GroupKey), known to its members, from which come the names and keys of blobs, the
// names of work in the action cache, and a box key. Every job has a key of its own (JobKey), random, sealed to the
// group or given to single nodes by the submitter. Spec, payloads, results and progress are sealed with the job's key,
// each with its place as context, so that none can stand in for another.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/sealed.hpp>
#include <ec/swarm/job.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::swarm {

class GroupKey {
public:
    static GroupKey generate();
    /// 64 hexadecimal digits.
    static Result<GroupKey> parse(std::string_view hex);
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] GroupId id() const;  ///< from the public half of its box key
    /// Name and key of a blob of this content.
    [[nodiscard]] BlobId blob_id(std::string_view content) const;
    [[nodiscard]] crypto::SealKey blob_key(std::string_view content) const;
    /// The name of a piece of work, for the action cache.
    [[nodiscard]] std::string work_name(std::string_view canonical) const;
    /// For a job's key, and for the group's own secret on its way to a node.
    [[nodiscard]] std::string seal_job_key(const crypto::SealKey& job_key, std::string_view context) const;
    [[nodiscard]] Result<crypto::SealKey> open_job_key(std::string_view sealed, std::string_view context) const;

private:
    explicit GroupKey(crypto::SealKey secret) : secret_(std::move(secret)) {}
    crypto::SealKey secret_;
};

struct ManifestFile {
    std::string path;  ///< relative, '/', no "..", nothing of version control
    unsigned mode = 0644;
    bool symlink = false;  ///< then the content is the target, which stays inside
    std::uint64_t bytes = 0;
    std::vector<BlobId> blobs;      ///< in order
    std::vector<std::string> keys;  ///< of the blobs, kBytes bytes each
};

/// What is to be done, the same for all tasks of a job.
struct JobSpec {
    JobKind kind = JobKind::repair;
    std::string task;   ///< in a person's words; empty for a repair
    std::string test;   ///< the command
    std::string model;  ///< wanted; empty: the worker's
    std::uint64_t seed = 1;
    std::int64_t budget_s = 600;
    std::int64_t memory_mb = 0;
    std::vector<BlobId> manifest;  ///< blobs of the manifest's JSON
    std::vector<std::string> manifest_keys;
    std::string snapshot;  ///< the tree's own digest, checked after unpacking
};

/// Of one task, where it differs.
struct TaskSpec {
    std::string task;                ///< of a part
    std::vector<std::string> files;  ///< that it is about
    std::string test;                ///< of a part; empty: the job's
    std::uint64_t sample = 0;        ///< of best-of-N
};

struct TaskResult {
    Outcome outcome = Outcome::error;
    std::string patch;  ///< unified diff against the snapshot with the inputs' patches applied
    std::string explanation;
    std::string proposer;
    int passed_before = 0, failed_before = 0, passed_after = 0, failed_after = 0;
    std::int64_t candidates = 0;
    std::string log;     ///< the tail of what the tests said
    std::string reason;  ///< when there is no patch
};

std::string write(const JobSpec& spec);
std::string write(const TaskSpec& spec);
std::string write(const TaskResult& result);
std::string write(const std::vector<ManifestFile>& files);
/// Hostile bytes: `corrupt` with the field's name; bounded in every way.
Result<JobSpec> read_job_spec(std::string_view text);
Result<TaskSpec> read_task_spec(std::string_view text);
Result<TaskResult> read_task_result(std::string_view text);
Result<std::vector<ManifestFile>> read_manifest(std::string_view text);

/// Contexts of what is sealed with a job's key.
std::string spec_context();
std::string payload_context(std::string_view task_key);
std::string result_context(std::string_view task_key);
std::string progress_context(std::string_view task_key);

}  // namespace ec::swarm
