#include "swarm_runner.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ec/agent/worker_agent.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/repair.hpp>

#include "../data_dir.hpp"
#include "../error_report.hpp"
#include "../policy_files.hpp"
#include "../project_view.hpp"
#include "../reduced_consent.hpp"
#include "result_check.hpp"
#include "tree_patch.hpp"

namespace ec::apps {
namespace {

using swarm::Outcome;
using swarm::TaskKind;
using swarm::TaskResult;

constexpr std::size_t kLogBytes = 8 << 10;
constexpr std::size_t kShownFiles = 8;

bool on_path(std::string_view program) {
    const char* path = std::getenv("PATH");
    for (const std::string_view folder : split(path == nullptr ? "" : path, ':')) {
        const std::string file = fmt::format("{}/{}", folder, program);
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return true;
    }
    return false;
}

std::string model_class(const model::ModelFacts& facts) {
    constexpr std::int64_t kSmall = 4'000'000'000, kMedium = 20'000'000'000;
    if (facts.parameters == 0 || facts.parameters < kSmall) return "small";
    return facts.parameters < kMedium ? "medium" : "large";
}

std::int64_t machine_memory_mb() {
    const long pages = ::sysconf(_SC_PHYS_PAGES), bytes = ::sysconf(_SC_PAGE_SIZE);
    return pages > 0 && bytes > 0 ? static_cast<std::int64_t>(pages) * bytes >> 20 : 1024;
}

const std::string& test_of(const swarm::Work& work) { return work.task.test.empty() ? work.job.test : work.task.test; }

std::chrono::milliseconds asked_of(const swarm::Work& work) {
    return std::chrono::seconds(std::clamp<std::int64_t>(work.job.budget_s, 1, 7 * 24 * 3600));
}

std::string failures(const executor::TestReport& report) {
    std::string out;
    for (const executor::TestCase& test : report.tests) {
        if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
        out += fmt::format("{}: {}\n", test.id, test.message);
        if (out.size() > kLogBytes) break;
    }
    return out;
}

std::int64_t per_second(std::size_t tried, std::chrono::nanoseconds time) {
    const double seconds = std::chrono::duration<double>(time).count();
    return seconds > 0 ? static_cast<std::int64_t>(static_cast<double>(tried) / seconds) : 0;
}

void count_after(const executor::TestReport& report, TaskResult& result) {
    result.passed_after = static_cast<int>(report.passed());
    result.failed_after = static_cast<int>(report.failed());
}

class ProgressOfRepair final : public repair::RepairEvents {
public:
    ProgressOfRepair(const swarm::JobProgress& progress, const Clock& clock, std::chrono::nanoseconds budget)
        : progress_(progress), clock_(clock), start_(clock.now()), budget_(budget) {}
    void stage(std::string_view name, std::string_view detail) override {
        progress_(fmt::format("{}: {}", name, detail), percent());
    }
    void progress(const repair::SearchProgress& search) override {
        progress_(fmt::format("{} candidates tried, {:.0f} a second", search.tried, search.per_second), percent());
    }

private:
    [[nodiscard]] int percent() const {
        const auto used = std::chrono::duration<double>(clock_.now() - start_).count();
        return static_cast<int>(std::clamp(100 * used / std::chrono::duration<double>(budget_).count(), 0.0, 99.0));
    }
    const swarm::JobProgress& progress_;
    const Clock& clock_;
    std::chrono::nanoseconds start_, budget_;
};

bool judges_a_patch(const swarm::Work& work) { return work.inputs.front().second.outcome != Outcome::nothing; }

// Of what a task stands on: the patches that were accepted before, in their order.
Status apply_inputs(const swarm::Work& work, std::size_t from) {
    for (std::size_t i = from; i < work.inputs.size(); ++i) {
        const auto& [key, result] = work.inputs[i];
        EC_ASSIGN(const auto files, files_of_patch(result.patch, work.folder));
        EC_TRY(write_files(files, work.folder));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<SwarmRunner>> SwarmRunner::open(RunnerOptions options) {
    std::unique_ptr<SwarmRunner> runner(new SwarmRunner(std::move(options)));
    const RunnerOptions& given = runner->options_;
    swarm::Offer& offer = runner->offer_;
    EC_ASSIGN(runner->ports_, ModelPorts::open(data_dir(), "worker"));
    EC_ASSIGN(runner->model_, choose_model(given.model, *runner->ports_));
    offer.kinds = {TaskKind::repair, TaskKind::subtask, TaskKind::verify};
    if (runner->model_) {
        offer.kinds.push_back(TaskKind::attempt);
        offer.model = runner->model_->facts().name;
        offer.model_class = model_class(runner->model_->facts());
    }
    for (const TaskKind kind : given.kinds) {
        if (std::ranges::find(offer.kinds, kind) == offer.kinds.end())
            return fail(ErrorCode::invalid_argument, fmt::format("this worker cannot do {}", name(kind)),
                        kind == TaskKind::attempt ? "an attempt needs a model: --model NAME"
                                                  : "the inference service does that: edgecoderd inference");
    }
    if (!given.kinds.empty()) offer.kinds = given.kinds;
    if (on_path("node")) offer.languages.emplace_back("javascript");
    if (on_path("python3")) offer.languages.emplace_back("python");
    offer.memory_mb = given.memory_mb > 0 ? given.memory_mb : machine_memory_mb() / std::max(given.slots, 1);
    offer.groups = given.groups;
    return runner;
}

Result<std::unique_ptr<executor::Sandbox>> SwarmRunner::open_sandbox(const std::filesystem::path& folder) const {
    executor::SandboxOptions options;
    options.workspace = folder;
    EC_ASSIGN(options.policy, effective_policy(folder));
    if (options_.memory_mb > 0) {
        auto& ceiling = options.policy.limits.memory_mb.ceiling;
        ceiling = std::min(ceiling.value_or(UINT64_MAX), static_cast<std::uint64_t>(options_.memory_mb));
    }
    options.reduced_consent = consent_under(options.policy);
    options.private_folder = consent_folder();
    return executor::open_sandbox(options);
}

std::chrono::milliseconds SwarmRunner::budget_of(const swarm::Work& work) const {
    const std::chrono::milliseconds asked = asked_of(work);
    return options_.budget.count() > 0 ? std::min<std::chrono::milliseconds>(asked, options_.budget) : asked;
}

bool SwarmRunner::cut_short(const swarm::Work& work, std::chrono::nanoseconds start) const {
    return budget_of(work) < asked_of(work) && clock_.now() - start >= budget_of(work);
}

Result<swarm::WorkDone> SwarmRunner::run(const swarm::Work& work, const swarm::JobProgress& progress,
                                         std::stop_token stop) {
    const TaskKind kind = work.lease.kind;
    if (std::ranges::find(offer_.kinds, kind) == offer_.kinds.end())
        return fail(ErrorCode::unavailable, fmt::format("this worker does no {}", name(kind)));
    const bool checks = kind == TaskKind::verify;
    if (checks && work.inputs.empty()) return fail(ErrorCode::invalid_argument, "there is no result to check");
    swarm::WorkDone done;
    // What was merged is a patch of the snapshot itself.
    const bool merged = !work.task.parts.empty();
    if (const Status applied = merged ? Status{} : apply_inputs(work, checks ? 1 : 0); !applied) {
        done.result.outcome = Outcome::error;
        done.result.reason = fmt::format("what it stands on cannot be applied: {}", applied.error().message);
        return done;
    }
    const auto start = clock_.now();
    if (budget_of(work) < asked_of(work)) {
        progress(fmt::format("this machine gives it {} s of the {} s that were asked for",
                             budget_of(work).count() / 1000, work.job.budget_s),
                 0);
    }
    EC_ASSIGN(done.result, judge(work, progress, std::move(stop)));
    // That nothing was found, or that tests did not end, says nothing of the work when the time was not what it asks
    // for: somebody who gives it more has to look.
    const Outcome outcome = done.result.outcome;
    const bool found = outcome == Outcome::solved || (checks && outcome == Outcome::passed && judges_a_patch(work));
    if (!found && outcome != Outcome::error && cut_short(work, start)) {
        done.result.outcome = Outcome::error;
        done.result.reason = fmt::format("this machine gives a task at most {} s", options_.budget.count());
        done.word = "owner_limit";
    }
    return done;
}

Result<TaskResult> SwarmRunner::judge(const swarm::Work& work, const swarm::JobProgress& progress,
                                      std::stop_token stop) {
    if (work.lease.kind == TaskKind::verify) return verify(work, work.inputs.front().second, progress, std::move(stop));
    if (work.lease.kind == TaskKind::repair || !model_ || !work.task.targets.empty())
        return repair(work, progress, std::move(stop));
    return attempt(work, progress, std::move(stop));
}

Result<TaskResult> SwarmRunner::repair(const swarm::Work& work, const swarm::JobProgress& progress,
                                       std::stop_token stop) {
    TaskResult out;
    out.outcome = Outcome::nothing;
    if (trim(test_of(work)).empty()) {
        out.reason = "without a test command and without a model there is nothing to go by";
        return out;
    }
    EC_ASSIGN(const auto sandbox, open_sandbox(work.folder));
    repair::RepairRequest request;
    request.test = test_of(work);
    request.budget = budget_of(work);
    request.seed = work.job.seed;
    request.targets = work.task.targets;
    request.shard = {static_cast<unsigned>(work.lease.shard), static_cast<unsigned>(std::max(work.lease.shards, 1))};
    ProgressOfRepair events(progress, clock_, request.budget);
    const auto repaired = repair::repair(*sandbox, clock_, events, request, std::move(stop));
    out.tier = sandbox->isolation().tier;
    const bool hopeless = !repaired && (repaired.error().code == ErrorCode::invalid_argument ||
                                        repaired.error().code == ErrorCode::not_found);
    if (hopeless && request.shard.index < request.shard.of) {
        // Nothing that another try could mend: no such command, no test. The submitter is told; another worker, which
        // may have what is missing here, searches again.
        out.reason = in_one_line(repaired.error());
        return out;
    }
    EC_TRY(repaired);
    const repair::RepairResult& result = *repaired;
    out.proposer = result.proposer;
    out.passed_before = static_cast<int>(result.before.passed());
    out.failed_before = static_cast<int>(result.before.failed());
    out.candidates = static_cast<std::int64_t>(result.search.tried);
    out.per_second = per_second(result.search.tried, result.search.elapsed);
    out.reason = result.reason;
    count_after(result.before, out);
    if (result.status == repair::RepairResult::Status::already_passing) {
        out.outcome = Outcome::solved;
        out.reason = "already_passing";
    }
    EC_ASSIGN(const ProjectView tree, ProjectView::open(work.folder.string()));
    const executor::TestCommand command = executor::recognise_test_command(request.test, work.folder);
    for (const repair::VerifiedPatch& patch : result.patches) {
        out.reason = forbidden_change(patch.files, command, tree);
        if (!out.reason.empty()) continue;
        out.outcome = Outcome::solved;
        out.patch = patch.patch;
        out.explanation = patch.explanation;
        count_after(patch.report, out);
        break;
    }
    if (out.outcome == Outcome::nothing) out.log = failures(result.before);
    return out;
}

Result<TaskResult> SwarmRunner::attempt(const swarm::Work& work, const swarm::JobProgress& progress,
                                        std::stop_token stop) {
    TaskResult out;
    out.outcome = Outcome::nothing;
    out.proposer = "model:" + model_->facts().name;
    agent::WorkItem item;
    item.task = work.task.task.empty() ? work.job.task : work.task.task;
    item.test = test_of(work);
    item.samples = 1;
    item.seed = work.job.seed + work.task.sample;
    item.budget = budget_of(work);
    EC_ASSIGN(ProjectView project, ProjectView::open(work.folder.string()));
    item.files = work.task.files.empty() ? project.related(item.task, kShownFiles) : work.task.files;
    if (item.task.empty() || trim(item.test).empty() || item.files.empty()) {
        out.reason = "it names no task, no test command or no file that could be changed";
        return out;
    }
    EC_ASSIGN(const auto sandbox, open_sandbox(work.folder));
    progress("asking the model", 0);
    const std::scoped_lock lock(model_mutex_);
    agent::WorkerAgent worker(*model_, *sandbox, project, clock_);
    const auto start = clock_.now();
    EC_ASSIGN(const agent::WorkResult result, worker.work(item, std::move(stop)));
    out.tier = sandbox->isolation().tier;
    out.candidates = result.tried;
    out.per_second = per_second(result.tried, clock_.now() - start);
    out.reason = result.reason;
    out.log = failures(result.report);
    count_after(result.report, out);
    if (!result.verified) return out;
    const executor::TestCommand command = executor::recognise_test_command(item.test, work.folder);
    out.reason = forbidden_change(result.files, command, project);
    if (!out.reason.empty()) return out;
    out.outcome = Outcome::solved;
    out.patch = result.patch;
    return out;
}

Result<TaskResult> SwarmRunner::verify(const swarm::Work& work, const TaskResult& judged,
                                       const swarm::JobProgress& progress, std::stop_token stop) {
    if (judged.outcome == Outcome::nothing) {
        EC_ASSIGN(TaskResult again, repair(work, progress, std::move(stop)));
        again.outcome = again.outcome == Outcome::nothing ? Outcome::passed : Outcome::rejected;
        return again;
    }
    if (judged.already_passing() && work.job.kind != swarm::JobKind::repair && work.task.targets.empty()) {
        TaskResult out;
        out.outcome = Outcome::rejected;
        out.reason = "it changes nothing, and a change was asked for";
        return out;
    }
    TreeTests tests = tests_of(work.job, work.task, work.folder);
    tests.limit = std::min<std::chrono::milliseconds>(tests.limit, budget_of(work));
    tests.open_sandbox = [this](const std::filesystem::path& folder) { return open_sandbox(folder); };
    return check_patch(tests, judged.patch, work.task.targets, progress, std::move(stop));
}

}  // namespace ec::apps
