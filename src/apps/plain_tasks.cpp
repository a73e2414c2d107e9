#include "plain_tasks.hpp"

#include <ec/core/fs.hpp>
#include <ec/swarm/payload.hpp>
#include <ec/swarm/snapshot.hpp>

#include "swarm/swarm_places.hpp"

namespace ec::apps {

Result<coordinator::PlainJob> seal_plain_task(const coordinator::PlainTask& task) {
    constexpr std::string_view kKey = "sample-0";
    constexpr std::string_view kReadme = "README.md";
    EC_ASSIGN(const swarm::GroupKey group, load_group(std::string(kLocalGroup)));
    EC_ASSIGN(const TempDir folder, TempDir::create());
    // Something must be in it; the task itself touches no disk in clear.
    EC_TRY(write_file_atomic(folder.path() / kReadme, "# A new project\n"));
    coordinator::PlainJob out;
    EC_ASSIGN(const swarm::PackedSnapshot packed,
              swarm::pack({.root = folder.path(), .also = {std::string(kReadme)}, .limits = {}}, group,
                          [&](swarm::SealedBlob blob) -> Status {
                              out.blobs.push_back(std::move(blob));
                              return {};
                          },
                          {}));
    const crypto::SealKey key = crypto::SealKey::generate();
    swarm::JobSpec spec;
    spec.kind = swarm::JobKind::best_of;
    spec.task = task.prompt;
    spec.manifest = packed.manifest;
    spec.manifest_keys = packed.manifest_keys;
    spec.snapshot = packed.digest;
    spec.budget_s = out.job.budget_s;
    swarm::NewTask attempt;
    attempt.key = kKey;
    attempt.kind = swarm::TaskKind::attempt;
    attempt.needs.languages = {task.language};
    attempt.payload = key.seal(swarm::write(swarm::TaskSpec{}), swarm::payload_context(kKey));
    swarm::NewJob& job = out.job;
    job.kind = swarm::JobKind::best_of;
    job.spec = key.seal(swarm::write(spec), swarm::spec_context());
    job.blobs = packed.blobs;
    job.snapshot = packed.name;
    job.tasks = {std::move(attempt)};
    job.priority = task.priority;
    job.group = group.id();
    job.group_key = group.seal_job_key(key, swarm::job_key_context());
    job.budget = ledger::Credits::milli(10'000);
    return out;
}

}  // namespace ec::apps
