#include "verify_stage.hpp"

#include <algorithm>
#include <optional>
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

}  // namespace

std::vector<VerifiedPatch> verify_candidates(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                             std::span<const RankedCandidate> ordered, const SourceMap& sources,
                                             const std::vector<std::string>& target, const VerifyLimits& limits,
                                             std::stop_token stop) {
    std::vector<VerifiedPatch> patches;
    constexpr std::size_t kAtOnce = 2;
    for (std::size_t i = 0; i < ordered.size() && patches.size() < limits.most && !stop.stop_requested();
         i += kAtOnce) {
        if (i > 0 && limits.out_of_time()) break;
        const std::size_t count = std::min(kAtOnce, ordered.size() - i);
        std::vector<std::optional<VerifiedPatch>> results(count);
        {
            std::vector<std::jthread> threads;
            for (std::size_t k = 0; k < count; ++k) {
                threads.emplace_back([&, k] {
                    results[k] = verify_one(sandbox, command, ordered[i + k], sources, target, limits.run, stop);
                });
            }
        }
        for (auto& result : results) {
            if (result) patches.push_back(*std::move(result));
        }
    }
    if (patches.size() > limits.most) patches.resize(limits.most);
    return patches;
}

}  // namespace ec::repair
