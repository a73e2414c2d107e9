#include "job_fetch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

#include "../data_dir.hpp"
#include "../write_patch.hpp"
#include "job_record.hpp"
#include "job_result.hpp"

namespace ec::apps {
namespace {

std::string place_of(const swarm::JobId& id, const FetchWish& wish) {
    if (!wish.directory.empty()) return wish.directory;
    const auto record = find_record(id);
    return record && !record->directory.empty() ? record->directory : ".";
}

Status apply(const FetchedJob& fetched, const std::vector<vcs::FileVersion>& files, const FetchWish& wish) {
    if (fetched.verdict && !fetched.passed()) {
        return fail(ErrorCode::conflict, "the patch is not applied: its tests do not pass here");
    }
    std::error_code error;
    const std::string place = place_of(fetched.asked, wish);
    const std::filesystem::path root = std::filesystem::canonical(place, error);
    if (error) return fail(ErrorCode::not_found, fmt::format("{} is no folder", place));
    EC_TRY(write_patch(root, files, wish.approved, "a job"));
    return {};
}

}  // namespace

Result<FetchedJob> fetch_job(const swarm::JobId& id, const FetchWish& wish, swarm::CoordinatorClient& client,
                             std::stop_token stop) {
    EC_TRY(executor::check_approvals(wish.approved));
    if (wish.apply) EC_TRY(undo_dir());
    FetchedJob fetched;
    fetched.asked = id;
    EC_ASSIGN(fetched.job, client.job(id, stop));
    if (!fetched.job.same_as.empty()) {
        EC_ASSIGN(fetched.job, client.job(fetched.job.same_as, stop));
    }
    const swarm::JobStatus& job = fetched.job;
    if (!swarm::ended(job.state)) {
        return fail(ErrorCode::conflict, fmt::format("job {} is {}", id.text(), swarm::name(job.state)),
                    fmt::format("edgecoder jobs watch {} waits for it", id.text()));
    }
    if (job.state != swarm::State::done || job.result.empty()) return fetched;
    const auto task = std::ranges::find(job.tasks, job.result_task, &swarm::TaskStatus::id);
    if (task == job.tasks.end()) return fail(ErrorCode::corrupt, "the job's result is of no task of it");
    EC_ASSIGN(const crypto::SealKey key, job_key_of(job));
    EC_ASSIGN(fetched.result, open_result(key, task->key, job.result));
    if (fetched.result->outcome != swarm::Outcome::solved) {
        fetched.result.reset();
        return fetched;
    }
    EC_ASSIGN(const OpenedJob opened, OpenedJob::open(id, job, key, client, stop));
    EC_ASSIGN(const std::vector<vcs::FileVersion> files, opened.files_of(*fetched.result));
    EC_ASSIGN(const std::vector<std::string> judging, opened.judging(files));
    if (!judging.empty()) {
        return fail(ErrorCode::denied,
                    fmt::format("the result of job {} is not taken: it changes {}, which say when a change is right",
                                id.text(), join(judging, ", ")),
                    "submit it again; with --verify always or submitter a second machine looks at every result");
    }
    if (wish.verify) {
        EC_ASSIGN(fetched.verdict, opened.judge(files, stop));
    }
    if (wish.apply && !files.empty()) {
        EC_TRY(apply(fetched, files, wish));
        fetched.applied = true;
    }
    return fetched;
}

}  // namespace ec::apps
