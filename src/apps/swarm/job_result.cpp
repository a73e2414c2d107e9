#include "job_result.hpp"

#include <fmt/format.h>

#include <ec/agent/judging_files.hpp>
#include <ec/core/text.hpp>
#include <ec/crypto/sha256.hpp>

#include "../project_sandbox.hpp"
#include "../project_view.hpp"
#include "job_record.hpp"
#include "swarm_places.hpp"
#include "tree_patch.hpp"

namespace ec::apps {

Result<crypto::SealKey> job_key_of(const swarm::JobStatus& job) {
    if (!job.group.empty() && !job.group_key.empty()) {
        EC_ASSIGN(const std::vector<NamedGroup> groups, load_groups());
        for (const NamedGroup& group : groups)
            if (group.key.id() == job.group) return group.key.open_job_key(job.group_key, swarm::job_key_context());
        return fail(ErrorCode::denied,
                    fmt::format("job {} is for a trust group that this machine is not in", job.id.text()),
                    "edgecoder group import takes a group in");
    }
    const auto record = find_record(job.id);
    if (record && record->job_key) return *record->job_key;
    return fail(ErrorCode::denied, fmt::format("the key of job {} is not on this machine", job.id.text()),
                "fetch it on the machine that submitted it");
}

Result<swarm::TaskResult> open_result(const crypto::SealKey& job_key, const std::string& key,
                                      const std::string& sealed) {
    EC_ASSIGN(const std::string text, job_key.open(sealed, swarm::result_context(key)));
    return swarm::read_task_result(text);
}

Words words_of(const swarm::JobStatus& job) {
    Words words;
    const auto key = job_key_of(job);
    if (!key) return words;
    for (const swarm::TaskStatus& task : job.tasks) {
        if (task.result.empty()) continue;
        const auto result = open_result(*key, task.key, task.result);
        if (!result || result->reason.empty() || result->reason == "already_passing") continue;
        words[task.id] = to_valid_utf8(result->reason);
    }
    return words;
}

Result<swarm::Explanation> explain_job(const swarm::JobId& id, swarm::CoordinatorClient& client, std::stop_token stop) {
    EC_ASSIGN(swarm::Explanation why, client.explain(id, stop));
    EC_ASSIGN(const swarm::JobStatus job, client.job(id, stop));
    const Words words = words_of(job);
    for (const swarm::TaskStatus& task : job.tasks) {
        const auto said = words.find(task.id);
        if (said != words.end()) why.reasons.push_back(fmt::format("{}: {}", task.key, said->second));
    }
    return why;
}

Result<OpenedJob> OpenedJob::open(const swarm::JobId& asked, const swarm::JobStatus& job, const crypto::SealKey& key,
                                  swarm::CoordinatorClient& client, std::stop_token stop) {
    EC_ASSIGN(const std::string text, key.open(job.spec, swarm::spec_context()));
    const auto record = find_record(asked);
    if (record && !record->spec_hash.empty() && record->spec_hash != crypto::sha256(text).hex()) {
        return fail(ErrorCode::corrupt,
                    fmt::format("what the coordinator gives as job {} is not what was submitted", asked.text()),
                    "nothing was taken from it; submit it again, elsewhere if this was no mistake of its operator");
    }
    EC_ASSIGN(swarm::JobSpec spec, swarm::read_job_spec(text));
    EC_ASSIGN(TempDir dir, TempDir::create());
    const auto source = [&](const std::vector<swarm::BlobId>& ids) { return client.fetch(ids, stop); };
    EC_TRY(unpack(spec, source, dir.path() / "tree", {}, stop));
    return OpenedJob(std::move(dir), std::move(spec));
}

Result<std::vector<vcs::FileVersion>> OpenedJob::files_of(const swarm::TaskResult& result) const {
    EC_ASSIGN(std::vector<vcs::FileVersion> files, files_of_patch(result.patch, folder()));
    for (const vcs::FileVersion& file : files) EC_TRY(swarm::check_path(file.path));
    return files;
}

Result<std::vector<std::string>> OpenedJob::judging(const std::vector<vcs::FileVersion>& files) const {
    EC_ASSIGN(const ProjectView tree, ProjectView::open(folder().string()));
    return agent::judging_files(files, executor::recognise_test_command(spec_.test, folder()), tree);
}

Result<agent::ReviewVerdict> OpenedJob::judge(const std::vector<vcs::FileVersion>& files, std::stop_token stop) const {
    EC_ASSIGN(const auto sandbox, open_project_sandbox(folder()));
    constexpr std::int64_t kLongestRun = 600;
    const std::chrono::seconds limit(std::min(kLongestRun, std::max<std::int64_t>(spec_.budget_s, 60)));
    return agent::judge_patch(*sandbox, spec_.test, files, limit, std::move(stop));
}

}  // namespace ec::apps
