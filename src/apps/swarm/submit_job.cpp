#include "submit_job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/swarm/group_of_one.hpp>
#include <ec/swarm/pricing.hpp>

#include "secret_check.hpp"
#include "swarm_places.hpp"

namespace ec::apps {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kBatchBytes = 4U << 20;
constexpr std::size_t kBatchBlobs = 256;

/// Stores blobs as they come, those that the coordinator does not have.
class BlobSender {
public:
    BlobSender(swarm::CoordinatorClient& client, std::stop_token stop) : client_(client), stop_(std::move(stop)) {}

    Status add(swarm::SealedBlob blob) {
        bytes_ += blob.bytes.size();
        batch_.push_back(std::move(blob));
        return bytes_ >= kBatchBytes || batch_.size() == kBatchBlobs ? flush() : Status{};
    }

    Status flush() {
        std::vector<swarm::BlobId> ids;
        for (const swarm::SealedBlob& blob : batch_) ids.push_back(blob.id);
        if (ids.empty()) return {};
        EC_ASSIGN(const std::vector<swarm::BlobId> missing, client_.missing(ids, stop_));
        std::erase_if(batch_, [&](const swarm::SealedBlob& blob) {
            return std::ranges::find(missing, blob.id) == missing.end();
        });
        for (const swarm::SealedBlob& blob : batch_) sent_ += blob.bytes.size();
        EC_TRY(client_.put(batch_, stop_));
        batch_.clear();
        bytes_ = 0;
        return {};
    }
    [[nodiscard]] std::uint64_t sent() const { return sent_; }

private:
    swarm::CoordinatorClient& client_;
    std::stop_token stop_;
    std::vector<swarm::SealedBlob> batch_;
    std::size_t bytes_ = 0;
    std::uint64_t sent_ = 0;
};

swarm::JobKind kind_of(const JobWish& wish) {
    if (wish.split) return swarm::JobKind::split;
    return trim(wish.task).empty() ? swarm::JobKind::repair : swarm::JobKind::best_of;
}

Status check(const JobWish& wish) {
    if (trim(wish.test).empty() && !wish.split) {
        return fail(ErrorCode::invalid_argument, "--test needs a command",
                    "a job is judged by its tests; only --split does without");
    }
    if (wish.split && trim(wish.task).empty() && trim(wish.test).empty()) {
        return fail(ErrorCode::invalid_argument, "--split needs a task, or tests that fail, to split by");
    }
    if (!wish.model_class.empty() && kind_of(wish) == swarm::JobKind::repair) {
        return fail(ErrorCode::invalid_argument, "--model-class needs a task in words",
                    "a repair is searched without a model");
    }
    if (wish.group == "none" && wish.trusted.empty()) {
        return fail(ErrorCode::invalid_argument, "--group none needs --trust NODE, once or more",
                    "edgecoder node id on a worker's machine prints its id");
    }
    return {};
}

std::vector<std::string> languages_of(const std::string& test, const fs::path& root) {
    using executor::Framework;
    switch (executor::recognise_test_command(test, root).framework) {
        case Framework::pytest:
        case Framework::unittest:
        case Framework::doctest:
            return {"python"};
        case Framework::node_test:
        case Framework::jest:
        case Framework::vitest:
        case Framework::mocha:
            return {"javascript"};
        default:
            return {};
    }
}

/// The job's tasks, payloads sealed.
std::vector<swarm::NewTask> tasks_of(const JobWish& wish, const fs::path& root, const crypto::SealKey& job_key) {
    swarm::NewTask base;
    base.needs.languages = languages_of(wish.test, root);
    base.needs.memory_mb = wish.memory_mb;
    base.expected_s = std::clamp<std::int64_t>(wish.budget_s / 2, 10, 3600);
    unsigned count = wish.shards;
    std::string_view prefix = "shard";
    if (kind_of(wish) == swarm::JobKind::best_of) {
        base.kind = swarm::TaskKind::attempt;
        base.needs.model_class = wish.model_class;
        count = wish.samples;
        prefix = "sample";
    } else if (kind_of(wish) == swarm::JobKind::split) {
        base.kind = swarm::TaskKind::decompose;
        base.needs.languages.clear();  // it is read, not run
        count = 1;
        prefix = "decompose";
    }
    std::vector<swarm::NewTask> tasks;
    for (unsigned i = 0; i < std::max(1U, count); ++i) {
        swarm::NewTask task = base;
        task.key = wish.split ? std::string(prefix) : fmt::format("{}-{}", prefix, i);
        swarm::TaskSpec spec;
        if (base.kind == swarm::TaskKind::attempt) spec.sample = i;
        task.payload = job_key.seal(write(spec), swarm::payload_context(task.key));
        tasks.push_back(std::move(task));
    }
    return tasks;
}

/// What the tasks cost, each with two checks; a split job has yet to find out what it consists of.
ledger::Credits cost_of(const JobWish& wish, std::size_t tasks) {
    constexpr std::int64_t kMilli = 1000;
    if (wish.credits > 0) return ledger::Credits::milli(wish.credits * kMilli);
    const swarm::FixedPricing pricing;
    const std::int64_t task = pricing.price(swarm::TaskKind::repair, {}).milli();
    const std::int64_t checks = 2 * pricing.price(swarm::TaskKind::verify, {}).milli();
    const std::size_t count = wish.split ? swarm::kMostChildren : tasks;
    return ledger::Credits::milli(static_cast<std::int64_t>(count) * (task + checks));
}

swarm::JobSpec spec_of(const JobWish& wish, const swarm::PackedSnapshot& packed) {
    swarm::JobSpec spec;
    spec.kind = kind_of(wish);
    spec.task = wish.task;
    spec.test = wish.test;
    spec.model = wish.model;
    spec.model_class = wish.model_class;  // of the parts that it is split into
    spec.seed = wish.seed;
    spec.budget_s = wish.budget_s;
    spec.memory_mb = wish.memory_mb;
    spec.manifest = packed.manifest;
    spec.manifest_keys = packed.manifest_keys;
    spec.snapshot = packed.digest;
    return spec;
}

/// Its spec sealed with its key; who may be given that is for share() to say.
swarm::NewJob new_job(const JobWish& wish, const swarm::PackedSnapshot& packed, std::string_view spec,
                      std::vector<swarm::NewTask> tasks, const crypto::SealKey& job_key) {
    swarm::NewJob job;
    job.kind = kind_of(wish);
    job.spec = job_key.seal(spec, swarm::spec_context());
    job.blobs = packed.blobs;
    job.snapshot = packed.name;
    job.budget = cost_of(wish, tasks.size());
    job.tasks = std::move(tasks);
    job.priority = wish.priority;
    job.verification = wish.verification;
    job.budget_s = wish.deadline_s > 0 ? wish.deadline_s : 3600 + 4 * wish.budget_s;
    return job;
}

/// Lets whoever has the group's key open the job, and find it as work that was done before.
void share(swarm::NewJob& job, const swarm::GroupKey& group, const crypto::SealKey& job_key, std::string_view spec) {
    job.group = group.id();
    job.group_key = group.seal_job_key(job_key, swarm::job_key_context());
    // A search is the same work in however many shares; samples are more work the more they are.
    const std::size_t samples = job.kind == swarm::JobKind::best_of ? job.tasks.size() : 1;
    job.cache_key = group.work_name(fmt::format("{}\n{}", samples, spec));
}

/// One share for each worker that could begin now: a worker with more searches them one after the other, and with fewer
/// some have nothing to do.
unsigned shards_for(const JobWish& wish, const swarm::GroupKey& group, swarm::CoordinatorClient& client,
                    const std::stop_token& stop) {
    constexpr std::int64_t kUnknown = 4;
    constexpr std::int64_t kMost = 256;
    if (wish.shards > 0) return wish.shards;
    if (wish.group == "none") return static_cast<unsigned>(std::max<std::size_t>(1, wish.trusted.size()));
    const auto workers = client.searchers(group.id(), stop);
    return static_cast<unsigned>(std::clamp<std::int64_t>(workers && *workers > 0 ? *workers : kUnknown, 1, kMost));
}

}  // namespace

Result<PreparedJob> prepare_job(JobWish wish, const std::string& key, swarm::CoordinatorClient& client,
                                const std::function<void(std::string_view)>& says, std::stop_token stop) {
    EC_TRY(check(wish));
    std::error_code error;
    const fs::path root = fs::canonical(wish.directory, error);
    if (error || !fs::is_directory(root)) {
        return fail(ErrorCode::not_found, fmt::format("{} is no folder", wish.directory));
    }
    const bool grouped = wish.group != "none";
    swarm::GroupKey group = swarm::GroupKey::generate();
    if (grouped) {
        EC_ASSIGN(group, load_group(wish.group));
    }
    if (kind_of(wish) == swarm::JobKind::repair) wish.shards = shards_for(wish, group, client, stop);
    swarm::SnapshotWish snapshot{.root = root, .also = wish.include, .limits = {}};
    EC_ASSIGN(snapshot.withheld, secret_check(root, wish.include));
    says("packing the project");
    BlobSender sender(client, stop);
    EC_ASSIGN(const swarm::PackedSnapshot packed,
              pack(snapshot, group, [&](swarm::SealedBlob blob) { return sender.add(std::move(blob)); }, stop));
    EC_TRY(sender.flush());

    const crypto::SealKey job_key = crypto::SealKey::generate();
    const std::string spec = write(spec_of(wish, packed));
    swarm::NewJob job = new_job(wish, packed, spec, tasks_of(wish, root, job_key), job_key);
    if (grouped) share(job, group, job_key, spec);
    if (!grouped && wish.trusted.size() == 1) job.group = swarm::group_of_one(wish.trusted.front());
    PreparedJob prepared;
    prepared.record = {.key = key,
                       .job = {},
                       .directory = root.string(),
                       .request = std::move(job),
                       .job_key = grouped ? std::nullopt : std::optional(job_key),
                       .trusted = wish.trusted,
                       .verification = wish.verification,
                       .spec_hash = crypto::sha256(spec).hex()};
    prepared.files = packed.files.size();
    for (const swarm::ManifestFile& file : packed.files) prepared.bytes += file.bytes;
    prepared.sent_bytes = sender.sent();
    prepared.withheld = packed.withheld;
    EC_TRY(save_record(prepared.record));
    return prepared;
}

Result<swarm::Submitted> send_job(JobRecord& record, swarm::CoordinatorClient& client, std::stop_token stop) {
    if (!record.request) return swarm::Submitted{.job = record.job, .again = true, .same_as = {}};
    EC_ASSIGN(const std::vector<swarm::Submitted> answers, client.submit({*record.request}, record.key, stop));
    record.job = answers.front().job;
    record.request.reset();
    EC_TRY(save_record(record));
    EC_TRY(trim_records());
    return answers.front();
}

}  // namespace ec::apps
