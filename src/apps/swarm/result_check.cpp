#include "result_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>

#include "project_view.hpp"
#include "tree_patch.hpp"

namespace ec::apps {
namespace {

using executor::TestCase;
using executor::TestOutcome;
using executor::TestReport;
using swarm::Outcome;
using swarm::TaskResult;

constexpr std::int64_t kLongestTestRun = 600;  // seconds
constexpr std::size_t kLogBytes = 8 << 10;

bool passes(const TestReport& report, const std::string& id) {
    const TestCase* test = report.find(id);
    return test != nullptr && test->outcome == TestOutcome::passed;
}

bool mends(const TestReport& before, const TestReport& after, const std::vector<std::string>& targets) {
    if (after.verdict == TestReport::Verdict::incomplete || after.heuristic) return false;
    return std::ranges::all_of(targets, [&](const std::string& id) { return passes(after, id); }) &&
           std::ranges::all_of(
               before.tests,
               [&](const TestCase& test) { return test.outcome != TestOutcome::passed || passes(after, test.id); }) &&
           std::ranges::all_of(after.tests, [&](const TestCase& test) {
               return test.outcome == TestOutcome::passed || test.outcome == TestOutcome::skipped ||
                      (before.find(test.id) != nullptr && !passes(before, test.id));
           });
}

}  // namespace

TreeTests tests_of(const swarm::JobSpec& job, const swarm::TaskSpec& task, std::filesystem::path folder) {
    TreeTests tests;
    tests.folder = std::move(folder);
    tests.command = task.test.empty() ? job.test : task.test;
    tests.limit = std::chrono::seconds(std::clamp<std::int64_t>(job.budget_s, 1, kLongestTestRun));
    if (job.memory_mb > 0) tests.memory_bytes = static_cast<std::uint64_t>(job.memory_mb) << 20;
    return tests;
}

Result<TestsSaid> run_tests(const TreeTests& tests, std::stop_token stop) {
    EC_ASSIGN(const auto sandbox, tests.open_sandbox(tests.folder));
    const executor::TestCommand command = executor::recognise_test_command(tests.command, tests.folder);
    executor::RunSpec spec = executor::test_run(command);
    spec.limits.wall = spec.limits.cpu = tests.limit;
    spec.limits.memory_bytes = tests.memory_bytes;
    spec.collect_changes = false;
    EC_ASSIGN(const executor::RunResult ran, sandbox->run(spec, std::move(stop)));
    if (ran.cannot_isolate) return fail(*ran.cannot_isolate);
    std::string log = ran.out + ran.err;
    if (log.size() > kLogBytes) log.erase(0, log.size() - kLogBytes);
    return TestsSaid{executor::read_test_report(command, ran, tests.folder), std::move(log)};
}

Result<TaskResult> check_patch(const TreeTests& tests, std::string_view patch, const std::vector<std::string>& targets,
                               const std::function<void(std::string_view, int percent)>& progress,
                               std::stop_token stop) {
    TaskResult out;
    out.outcome = Outcome::rejected;
    if (trim(tests.command).empty()) {
        out.reason = "there is no test command to judge it by";
        return out;
    }
    const auto files = files_of_patch(patch, tests.folder);
    if (!files) {
        out.reason = fmt::format("its patch does not fit: {}", files.error().message);
        return out;
    }
    {
        EC_ASSIGN(const ProjectView tree, ProjectView::open(tests.folder.string()));
        const executor::TestCommand command = executor::recognise_test_command(tests.command, tests.folder);
        out.reason = forbidden_change(*files, command, tree);
    }
    if (!out.reason.empty()) return out;
    TestReport before;
    if (!targets.empty()) {
        EC_ASSIGN(TestsSaid said, run_tests(tests, stop));
        before = std::move(said.report);
    }
    EC_TRY(write_files(*files, tests.folder));
    const auto accepted = [&]() -> Result<bool> {
        EC_ASSIGN(const TestsSaid said, run_tests(tests, stop));
        out.passed_after = static_cast<int>(said.report.passed());
        out.failed_after = static_cast<int>(said.report.failed());
        out.log = said.log;
        return said.report.verdict == TestReport::Verdict::passed ||
               (!targets.empty() && mends(before, said.report, targets));
    };
    int good = 0;
    for (int run = 0; run < 3; ++run) {
        progress(run == 0 ? "running the tests" : "running the tests again", 10 + 30 * run);
        EC_ASSIGN(const bool passed, accepted());
        if (passed) ++good;
        // Passed at once, in two of three, or no more to be had.
        if ((run == 0 && passed) || (run == 1 && !passed)) break;
    }
    if (good > 0) out.outcome = Outcome::passed;
    if (out.outcome == Outcome::rejected) out.reason = "the tests do not pass";
    return out;
}

}  // namespace ec::apps
