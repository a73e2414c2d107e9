#include "mend.hpp"

#include <algorithm>
#include <ec/repair/repair.hpp>
#include <ec/repair/sources.hpp>

#include "scratch.hpp"
#include "search_events.hpp"

namespace ec::agent {

bool is_near_miss(const TestVerdict& now, const executor::TestReport& before) {
    if (now.report.verdict != executor::TestReport::Verdict::failed) return false;
    // Fewer tests than before: something did not even load, and no small mutation of it is what is missing.
    if (now.report.passed() + now.report.failed() < before.passed() + before.failed()) return false;
    return now.report.passed() >= now.report.failed() || now.report.failed() < before.failed();
}

Result<std::optional<Mended>> mend(const TestBench& bench, const Draft& draft, const MendRequest& request,
                                   const Clock& clock, AgentEvents& events, std::stop_token stop) {
    const auto scratch = Scratch::make(bench.sandbox().workspace(), draft);
    if (!scratch) return std::nullopt;  // too large to be copied: no search, no harm
    EC_ASSIGN(const auto sandbox, bench.opener()(scratch->path()));
    repair::RepairRequest search;
    search.test = bench.command().text;
    search.budget = request.budget;
    search.seed = request.seed;
    SearchEvents search_events(events);
    const auto result = repair::repair(*sandbox, clock, search_events, search, stop);
    if (!result) {
        if (result.error().code == ErrorCode::cancelled) return fail(result.error());
        return std::nullopt;
    }
    if (result->status != repair::RepairResult::Status::fixed) return std::nullopt;
    // Mended is what the model wrote. A mutation elsewhere may well make the command pass: in a test, for one.
    const std::vector<vcs::FileVersion> written = draft.versions();
    const auto is_written = [&](const vcs::FileVersion& file) {
        return !repair::is_test_or_configuration(file.path) &&
               std::ranges::find(written, file.path, &vcs::FileVersion::path) != written.end();
    };
    const auto best = std::ranges::find_if(result->patches, [&](const repair::VerifiedPatch& patch) {
        return std::ranges::all_of(patch.files, is_written);
    });
    if (best == result->patches.end()) return std::nullopt;
    Mended mended{draft, best->explanation, best->report};
    for (const vcs::FileVersion& file : best->files) mended.draft.put(file.path, file.after);
    return mended;
}

}  // namespace ec::agent
