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
    /// Name and key of a blob of this content. A tree's name is that of its digest (JobSpec::snapshot).
    [[nodiscard]] BlobId blob_id(std::string_view content) const;
    [[nodiscard]] crypto::SealKey blob_key(std::string_view content) const;
    /// The name of a piece of work, for the action cache.
    [[nodiscard]] std::string work_name(std::string_view canonical) const;
    /// For a job's key; `context` is job_key_context().
    [[nodiscard]] std::string seal_job_key(const crypto::SealKey& job_key, std::string_view context) const;
    [[nodiscard]] Result<crypto::SealKey> open_job_key(std::string_view sealed, std::string_view context) const;

private:
    explicit GroupKey(crypto::SealKey secret) : secret_(std::move(secret)) {}
    crypto::SealKey secret_;
};

/// What one blob holds before it is sealed; all of a file's but the last are full.
inline constexpr std::size_t kBlobPlainBytes = kBlobBytes - crypto::SealKey::kOverhead;
inline constexpr std::size_t kManifestFiles = 100'000;
inline constexpr std::size_t kManifestBytes = 32U << 20;

struct ManifestFile {
    std::string path;      ///< relative, '/', valid UTF-8, no "..", nothing of version control
    unsigned mode = 0644;  ///< or 0755
    bool symlink = false;  ///< then the content is the target, which stays inside
    std::uint64_t bytes = 0;
    std::vector<BlobId> blobs;      ///< in order; as many as `bytes` needs
    std::vector<std::string> keys;  ///< of the blobs, kBytes bytes each
};

/// What is to be done, the same for all tasks of a job.
struct JobSpec {
    JobKind kind = JobKind::repair;
    std::string task;         ///< in a person's words; empty for a repair
    std::string test;         ///< the command
    std::string model;        ///< wanted; empty: the worker's
    std::string model_class;  ///< of a split job: what its parts in words need, as in Needs
    std::uint64_t seed = 1;
    std::int64_t budget_s = 600;
    std::int64_t memory_mb = 0;
    std::vector<BlobId> manifest;  ///< blobs of the manifest's JSON
    std::vector<std::string> manifest_keys;
    std::string snapshot;  ///< the tree's own digest, checked after unpacking
};

/// A part of a split job, as whoever merges must know it.
struct PartSpec {
    std::string key;  ///< of its task
    std::string task;
    std::vector<std::string> files;
    std::vector<std::string> targets;
    std::vector<std::string> after;  ///< keys of the parts that its patch stands on
};

/// Of one task, where it differs.
struct TaskSpec {
    std::string task;                  ///< of a part
    std::vector<std::string> files;    ///< that it is about
    std::string test;                  ///< of a part; empty: the job's
    std::vector<std::string> targets;  ///< ids of failing tests that the part is to mend; others may go on failing
    std::uint64_t sample = 0;          ///< of best-of-N
    int round = 0;                     ///< of a merge: how often it was tried before
    std::vector<PartSpec> parts;       ///< of a merge
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
/// One line of JSON a file, so that a long one need not be read to its end to be refused.
std::string write(const std::vector<ManifestFile>& files);
/// Hostile bytes: `corrupt` with the field's name, `too_large`; bounded in every way. A manifest that is read is a
/// tree: every path is inside, none twice, none below a file or a link, and sizes fit the blobs.
Result<JobSpec> read_job_spec(std::string_view text);
Result<TaskSpec> read_task_spec(std::string_view text);
Result<TaskResult> read_task_result(std::string_view text);
Result<std::vector<ManifestFile>> read_manifest(std::string_view text);

/// Whether a manifest may hold such a path, and a link there such a target: one that goes up at its beginning alone,
/// and not above the tree.
Status check_path(std::string_view path);
Status check_link(std::string_view path, std::string_view target);

/// Contexts of what is sealed with a job's key.
std::string job_key_context();
std::string spec_context();
std::string payload_context(std::string_view task_key);
std::string result_context(std::string_view task_key);
std::string progress_context(std::string_view task_key);

}  // namespace ec::swarm
