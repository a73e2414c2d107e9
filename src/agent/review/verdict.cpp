#include <fmt/format.h>

#include <ec/agent/judging_files.hpp>
#include <ec/agent/review.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <set>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestFile = 16U << 20;
constexpr std::uint64_t kMemory = 2ULL << 30;
constexpr unsigned kProcesses = 512;

// Of the file itself: a link is not read through, for a patch would replace it.
Status check_before(const vcs::FileVersion& file, const fs::path& workspace) {
    const fs::path place = workspace / file.path;
    std::error_code error;
    const fs::file_status status = fs::symlink_status(place, error);
    if (status.type() == fs::file_type::not_found) {
        if (file.created) return {};
        return fail(ErrorCode::conflict, fmt::format("{} is not there any more", file.path));
    }
    if (file.created) return fail(ErrorCode::conflict, fmt::format("{} is there already", file.path));
    if (status.type() != fs::file_type::regular)
        return fail(ErrorCode::invalid_argument, fmt::format("{} is not a regular file", file.path));
    const fs::path root = fs::canonical(workspace, error);
    const fs::path real = fs::canonical(place, error);
    if (error || real != root / fs::path(file.path).lexically_normal())
        return fail(ErrorCode::invalid_argument, fmt::format("{} lies behind a link", file.path));
    EC_ASSIGN(const std::string now, read_file(place, kLargestFile));
    if (now != file.before)
        return fail(ErrorCode::conflict, fmt::format("{} has changed since the answer was read", file.path));
    return {};
}

}  // namespace

Status check_patch(const std::vector<vcs::FileVersion>& files, const fs::path& workspace) {
    std::set<std::string> seen;
    bool changes = false;
    for (const vcs::FileVersion& file : files) {
        if (!is_inside_relative(file.path) || fs::path(file.path).lexically_normal().string() != file.path)
            return fail(ErrorCode::invalid_argument,
                        fmt::format("the answer names {}, which is no plain path inside the project",
                                    ellipsize(file.path, 200)));
        if (!seen.insert(file.path).second)
            return fail(ErrorCode::invalid_argument, fmt::format("the answer changes {} twice", file.path));
        if (file.removed)
            return fail(ErrorCode::invalid_argument,
                        fmt::format("the answer removes {}, which cannot be tried in the sandbox", file.path),
                        "edgecoder review edit takes that part out");
        if (file.after.size() > kLargestFile)
            return fail(ErrorCode::too_large,
                        fmt::format("the answer makes {} larger than {} bytes", file.path, kLargestFile));
        EC_TRY(check_before(file, workspace));
        changes = changes || file.after != file.before;
    }
    if (!changes) return fail(ErrorCode::invalid_argument, "the answer changes nothing");
    return {};
}

std::string_view ReviewVerdict::outcome_name() const {
    switch (outcome) {
        case Outcome::passed:
            return "passed";
        case Outcome::failed:
            return "failed";
        case Outcome::incomplete:
            return "incomplete";
        case Outcome::untested:
            return "untested";
    }
    return {};
}

std::string ReviewVerdict::text() const {
    if (outcome == Outcome::untested) return "untested: there is no test command";
    const std::string place = fmt::format("in {} ms (tier {})", wall.count(), tier.empty() ? "?" : tier);
    if (outcome == Outcome::incomplete) return fmt::format("no verdict {}: {}", place, reason);
    return fmt::format("{}: {} passed, {} failed {}", outcome_name(), passed, failed, place);
}

namespace {

struct Tested {
    executor::RunResult result;
    executor::TestReport report;
};

Result<Tested> run_tests(executor::Sandbox& sandbox, const std::string& test,
                         const std::vector<vcs::FileVersion>& files, std::chrono::milliseconds limit,
                         std::stop_token stop) {
    const executor::TestCommand command = executor::recognise_test_command(test, sandbox.workspace());
    executor::RunSpec spec = executor::test_run(command);
    spec.limits.wall = limit;
    spec.limits.cpu = limit;
    spec.limits.memory_bytes = kMemory;
    spec.limits.processes = kProcesses;
    spec.collect_changes = false;
    for (const vcs::FileVersion& file : files) spec.edits.push_back({file.path, file.after});
    Tested tested;
    EC_ASSIGN(tested.result, sandbox.run(spec, std::move(stop)));
    if (tested.result.cannot_isolate) return fail(*tested.result.cannot_isolate);
    tested.report = executor::read_test_report(command, tested.result, sandbox.workspace());
    return tested;
}

}  // namespace

Result<std::string> failing_output(executor::Sandbox& sandbox, const std::string& test, std::chrono::milliseconds limit,
                                   std::stop_token stop) {
    EC_ASSIGN(const Tested tested, run_tests(sandbox, test, {}, limit, std::move(stop)));
    if (tested.report.verdict == executor::TestReport::Verdict::passed) return std::string();
    std::string text;
    for (const executor::TestCase& one : tested.report.tests) {
        if (one.outcome != executor::TestOutcome::failed && one.outcome != executor::TestOutcome::error) continue;
        text += fmt::format("{}: {}\n{}\n", one.id, one.message, one.details);
        if (text.size() > kMostOutput) break;
    }
    // No report, or one without words: what the command printed has to do.
    if (trim(text).empty()) text = tested.result.out + tested.result.err;
    if (trim(text).empty()) text = fmt::format("the command ended with {}", executor::name(tested.result.status));
    return text;
}

Result<ReviewVerdict> judge_patch(executor::Sandbox& sandbox, const std::string& test,
                                  const std::vector<vcs::FileVersion>& files, std::chrono::milliseconds limit,
                                  std::stop_token stop) {
    ReviewVerdict verdict;
    if (trim(test).empty()) return verdict;
    EC_ASSIGN(const Tested tested, run_tests(sandbox, test, files, limit, std::move(stop)));
    const executor::TestReport& report = tested.report;
    using Report = executor::TestReport::Verdict;
    using Outcome = ReviewVerdict::Outcome;
    verdict.outcome = report.verdict == Report::passed   ? Outcome::passed
                      : report.verdict == Report::failed ? Outcome::failed
                                                         : Outcome::incomplete;
    verdict.passed = report.passed();
    verdict.failed = report.failed();
    verdict.tier = tested.result.tier;
    verdict.reason = report.reason;
    verdict.wall = tested.result.wall;
    const auto judging =
        judging_files(files, executor::recognise_test_command(test, sandbox.workspace()), MemoryFiles{});
    if (verdict.outcome == Outcome::passed && !judging.empty()) {
        verdict.outcome = Outcome::incomplete;
        verdict.reason = "the answer changes what judges it: " + join(judging, ", ");
    }
    return verdict;
}

}  // namespace ec::agent
