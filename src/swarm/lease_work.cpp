#include "lease_work.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>

namespace ec::swarm {
namespace {

constexpr int kKeyWaitS = 25;
constexpr int kKeyTries = 12;  // five minutes in all: the submitter's client may have to start first
constexpr std::size_t kLogBytes = 16 << 10;
constexpr std::size_t kWordsBytes = 4 << 10;

Result<crypto::SealKey> job_key(const Lease& lease, const WorkPlace& place, CoordinatorClient& client,
                                const std::stop_token& stop) {
    if (!lease.group_key.empty()) {
        for (const GroupKey& group : place.groups)
            if (group.id() == lease.group) return group.open_job_key(lease.group_key, job_key_context());
    }
    for (int i = 0; i < kKeyTries && !stop.stop_requested(); ++i) {
        EC_ASSIGN(const std::string sealed, client.key(lease.task, lease.fence, kKeyWaitS, stop));
        if (sealed.empty()) continue;
        EC_ASSIGN(const std::string bytes, crypto::BoxSecretKey::of(place.node_key).open(sealed));
        return crypto::SealKey::from_bytes(bytes);
    }
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    return fail(ErrorCode::timeout, "the submitter has given no key for this job");
}

// A check's payload is that of the task it checks, whose result comes first among its inputs.
Result<TaskSpec> task_spec(const Lease& lease, const crypto::SealKey& key) {
    auto text = key.open(lease.payload, payload_context(lease.key));
    if (!text && lease.kind == TaskKind::verify && !lease.inputs.empty())
        text = key.open(lease.payload, payload_context(lease.inputs.front().key));
    EC_TRY(text);
    return read_task_spec(*text);
}

// Texts are cut before patches are: a patch is all or nothing.
TaskResult fitting(TaskResult result) {
    if (result.log.size() > kLogBytes) result.log.erase(0, result.log.size() - kLogBytes);
    result.log = to_valid_utf8(result.log);
    for (std::string* text : {&result.explanation, &result.reason, &result.proposer})
        *text = ellipsize(to_valid_utf8(*text), kWordsBytes);
    return result;
}

}  // namespace

OpenedWork::~OpenedWork() {
    std::error_code error;
    if (!work_.folder.empty()) std::filesystem::remove_all(work_.folder, error);
}

Result<std::unique_ptr<OpenedWork>> OpenedWork::open(const Lease& lease, const WorkPlace& place,
                                                     CoordinatorClient& client, std::stop_token stop) {
    EC_ASSIGN(crypto::SealKey key, job_key(lease, place, client, stop));
    EC_ASSIGN(const std::string spec, key.open(lease.spec, spec_context()));
    Work work;
    work.lease = lease;
    EC_ASSIGN(work.job, read_job_spec(spec));
    EC_ASSIGN(work.task, task_spec(lease, key));
    for (const Input& input : lease.inputs) {
        EC_ASSIGN(const std::string text, key.open(input.result, result_context(input.key)));
        EC_ASSIGN(TaskResult result, read_task_result(text));
        work.inputs.emplace_back(input.key, std::move(result));
    }
    const std::filesystem::path folder = place.trees / fmt::format("{}-{}", lease.task.text(), lease.fence.value);
    std::unique_ptr<OpenedWork> opened(new OpenedWork(std::move(work), std::move(key)));
    opened->work_.folder = folder;
    std::vector<BlobId> used;
    const BlobSource source = [&](const std::vector<BlobId>& ids) {
        used.insert(used.end(), ids.begin(), ids.end());
        return place.blobs.get(ids, [&](const std::vector<BlobId>& missing) { return client.fetch(missing, stop); });
    };
    const Status unpacked = unpack(opened->work_.job, source, folder, {}, stop);
    if (!unpacked && unpacked.error().code == ErrorCode::corrupt) place.blobs.forget(used);
    EC_TRY(unpacked);
    return opened;
}

std::string OpenedWork::seal_progress(std::string_view text) const {
    return key_.seal(ellipsize(to_valid_utf8(text), 1024), progress_context(work_.lease.key));
}

Result<Report> OpenedWork::seal(const WorkDone& done) const {
    Report report;
    report.task = work_.lease.task;
    report.fence = work_.lease.fence;
    report.outcome = done.result.outcome;
    if (report.outcome == Outcome::error) report.reason = done.word;
    report.result = key_.seal(write(fitting(done.result)), result_context(work_.lease.key));
    if (report.result.size() > kResultBytes) return fail(ErrorCode::too_large, "the result is too large to be sent");
    if (done.children.size() != done.child_specs.size() || done.children.size() > kMostChildren)
        return fail(ErrorCode::internal, "the parts do not fit their descriptions");
    for (std::size_t i = 0; i < done.children.size(); ++i) {
        NewTask child = done.children[i];
        child.payload = key_.seal(write(done.child_specs[i]), payload_context(child.key));
        if (child.payload.size() > kPayloadBytes) return fail(ErrorCode::too_large, "a part is too large to be sent");
        report.children.push_back(std::move(child));
    }
    return report;
}

}  // namespace ec::swarm
