#include "verify_stage.hpp"

#include <algorithm>
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

std::optional<VerifiedPatch> verify_one(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                        const RankedCandidate& ranked, const SourceMap& sources,
                                        const std::vector<std::string>& target, std::chrono::milliseconds limit,
                                        const std::stop_token& stop) {
    VerifiedPatch verified;
    verified.files = edited_files(ranked.candidate, sources);
    executor::RunSpec spec = whole_command_run(command, limit);
    for (const vcs::FileVersion& file : verified.files) spec.edits.push_back({file.path, file.after});
    const auto result = sandbox.run(spec, stop);
    if (!result) return std::nullopt;
    verified.report = executor::read_test_report(command, *result, sandbox.workspace());
    if (!proves(verified.report, target)) return std::nullopt;
    auto patch = vcs::unified_patch(verified.files);
    if (!patch) return std::nullopt;
    verified.patch = *std::move(patch);
    verified.explanation = ranked.candidate.explanation;
    verified.op = ranked.candidate.op;
    verified.agreeing = ranked.cluster_size;
    return verified;
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

std::vector<VerifiedPatch> verify_candidates(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                             std::span<const RankedCandidate> ordered, const SourceMap& sources,
                                             const std::vector<std::string>& target, const VerifyLimits& limits,
                                             std::stop_token stop) {
    constexpr std::size_t kAtOnce = 2;
    std::vector<VerifiedPatch> patches;
    std::vector<char> tried(ordered.size(), 0);
    std::set<std::size_t> answered;
    for (bool first = true; patches.size() < limits.most && !stop.stop_requested(); first = false) {
        if (!first && limits.out_of_time()) break;
        const std::vector<std::size_t> batch = next_batch(ordered, kAtOnce, answered, tried);
        if (batch.empty()) break;
        std::vector<std::optional<VerifiedPatch>> results(batch.size());
        {
            std::vector<std::jthread> threads;
            for (std::size_t k = 0; k < batch.size(); ++k) {
                threads.emplace_back([&, k] {
                    results[k] = verify_one(sandbox, command, ordered[batch[k]], sources, target, limits.run, stop);
                });
            }
        }
        for (std::size_t k = 0; k < batch.size(); ++k) {
            if (!results[k]) continue;
            answered.insert(ordered[batch[k]].cluster);
            patches.push_back(*std::move(results[k]));
        }
    }
    if (patches.size() > limits.most) patches.resize(limits.most);
    return patches;
}

}  // namespace ec::repair
