#include "verify_stage.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "command_run.hpp"

namespace ec::repair {
namespace {

using executor::TestOutcome;
using executor::TestReport;

std::vector<vcs::FileVersion> edited_files(const Candidate& candidate, const SourceMap& sources) {
    std::vector<vcs::FileVersion> files;
    for (const TextEdit& edit : candidate.edits) {
        if (std::ranges::any_of(files, [&](const auto& file) { return file.path == edit.file; })) continue;
        const std::string& before = sources.at(edit.file);
        files.push_back({edit.file, before, apply_edits(before, edit.file, candidate.edits)});
    }
    return files;
}

bool proves(const TestReport& report, const std::vector<std::string>& target) {
    if (report.verdict != TestReport::Verdict::passed) return false;
    if (report.runner == "command" || report.heuristic) return true;
    return std::ranges::all_of(target, [&](const std::string& id) {
        const executor::TestCase* test = report.find(id);
        return test == nullptr || test->outcome == TestOutcome::passed;
    });
}

/// Takes the next candidates of distinct clusters none of whose members has passed yet: those that behave alike are one
/// answer, and a further one only matters when the first of them failed.
std::vector<std::size_t> next_batch(std::span<const RankedCandidate> ordered, std::size_t most,
                                    const std::set<std::size_t>& answered, std::vector<char>& tried) {
    std::vector<std::size_t> batch;
    for (std::size_t i = 0; i < ordered.size() && batch.size() < most; ++i) {
        const std::size_t cluster = ordered[i].cluster;
        if (tried[i] != 0 || answered.contains(cluster)) continue;
        if (std::ranges::any_of(batch, [&](std::size_t other) { return ordered[other].cluster == cluster; })) continue;
        tried[i] = 1;
        batch.push_back(i);
    }
    return batch;
}

}  // namespace

struct Verifier::State {
    executor::Sandbox& sandbox;
    const executor::TestCommand& command;
    const SourceMap& sources;
    const std::vector<std::string>& target;
    VerifyLimits limits;
    std::stop_token stop;
    std::atomic<bool> busy{false};
    std::mutex mutex;
    std::map<Hash128, std::optional<VerifiedPatch>> known;  ///< guarded by mutex; nullopt: the command does not pass
    std::jthread early;

    /// The patch and the report that proves it.
    std::optional<VerifiedPatch> run(const Candidate& candidate) {
        VerifiedPatch verified;
        verified.files = edited_files(candidate, sources);
        executor::RunSpec spec = whole_command_run(command, limits.run);
        for (const vcs::FileVersion& file : verified.files) spec.edits.push_back({file.path, file.after});
        const auto result = sandbox.run(spec, stop);
        if (!result) return std::nullopt;
        verified.report = executor::read_test_report(command, *result, sandbox.workspace());
        if (!proves(verified.report, target)) return std::nullopt;
        auto patch = vcs::unified_patch(verified.files);
        if (!patch) return std::nullopt;
        verified.patch = *std::move(patch);
        return verified;
    }

    std::optional<VerifiedPatch> run_once(const Candidate& candidate) {
        const Hash128 id = content_id(candidate, sources);
        {
            const std::scoped_lock lock(mutex);
            if (const auto at = known.find(id); at != known.end()) return at->second;
        }
        auto verified = run(candidate);
        const std::scoped_lock lock(mutex);
        return known.insert_or_assign(id, std::move(verified)).first->second;
    }
};

Verifier::Verifier(executor::Sandbox& sandbox, const executor::TestCommand& command, const SourceMap& sources,
                   const std::vector<std::string>& target, VerifyLimits limits, std::stop_token stop)
    : state_(new State{.sandbox = sandbox,
                       .command = command,
                       .sources = sources,
                       .target = target,
                       .limits = std::move(limits),
                       .stop = std::move(stop),
                       .mutex = {},
                       .known = {},
                       .early = {}}) {}

Verifier::~Verifier() = default;

void Verifier::begin(const Candidate& candidate) {
    if (state_->busy.exchange(true)) return;
    state_->early = std::jthread([state = state_.get(), candidate] {
        state->run_once(candidate);
        state->busy = false;
    });
}

std::vector<VerifiedPatch> Verifier::verify(std::span<const RankedCandidate> ordered) {
    constexpr std::size_t kAtOnce = 2;
    if (state_->early.joinable()) state_->early.join();
    std::vector<VerifiedPatch> patches;
    std::vector<char> tried(ordered.size(), 0);
    std::set<std::size_t> answered;
    for (bool first = true; patches.size() < state_->limits.most && !state_->stop.stop_requested(); first = false) {
        if (!first && state_->limits.out_of_time()) break;
        const std::vector<std::size_t> batch = next_batch(ordered, kAtOnce, answered, tried);
        if (batch.empty()) break;
        std::vector<std::optional<VerifiedPatch>> results(batch.size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t k = 0; k < batch.size(); ++k)
                threads.emplace_back([&, k] { results[k] = state_->run_once(ordered[batch[k]].candidate); });
        }
        for (std::size_t k = 0; k < batch.size(); ++k) {
            if (!results[k]) continue;
            const RankedCandidate& ranked = ordered[batch[k]];
            results[k]->explanation = ranked.candidate.explanation;
            results[k]->op = ranked.candidate.op;
            results[k]->agreeing = ranked.cluster_size;
            answered.insert(ranked.cluster);
            patches.push_back(*std::move(results[k]));
        }
    }
    if (patches.size() > state_->limits.most) patches.resize(state_->limits.most);
    return patches;
}

}  // namespace ec::repair
