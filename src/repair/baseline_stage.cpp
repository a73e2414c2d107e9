#include "baseline_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "command_run.hpp"

namespace ec::repair {
namespace {

using executor::RunResult;
using executor::TestOutcome;
using executor::TestReport;

constexpr int kRepeats = 3;

bool fails(const executor::TestCase& test) {
    return test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error;
}

std::set<std::string> failing_ids(const TestReport& report) {
    std::set<std::string> ids;
    for (const executor::TestCase& test : report.tests) {
        if (fails(test)) ids.insert(test.id);
    }
    return ids;
}

std::chrono::milliseconds run_limit(const RepairRequest& request) {
    return std::clamp(request.budget, std::chrono::milliseconds(2000), std::chrono::milliseconds(600'000));
}

// Runs the person's command beside the judge's own look at the program; on two cores this costs the longer of both.
class WholeRun {
public:
    WholeRun(executor::Sandbox& sandbox, const executor::TestCommand& command, std::chrono::milliseconds limit) {
        thread_ = std::jthread([this, &sandbox, &command, limit](std::stop_token stop) {
            executor::RunSpec spec = whole_command_run(command, limit);
            result_ = sandbox.run(spec, stop);
        });
    }
    /// Waits for the end; a run cut short by cancel() gives a `cancelled` error.
    Result<RunResult> wait() {
        if (thread_.joinable()) thread_.join();
        return std::move(result_);
    }
    void cancel() { thread_.request_stop(); }

private:
    Result<RunResult> result_ = fail(ErrorCode::cancelled, "the run was stopped");
    std::jthread thread_;
};

// A judge that does not see the failures the command sees cannot be used to look for their fix.
bool agrees(const BaselineRun& run, const TestReport& report) {
    std::set<std::string> seen;
    bool any = false;
    for (const ObservedTest& observed : run.tests) {
        if (!fails(observed.test) && !observed.flaky) continue;
        any = any || !observed.flaky;
        seen.insert(observed.test.id);
    }
    if (!any) return false;
    if (report.runner == "command" || report.tests.empty()) return true;
    std::set<std::string> flaky;
    for (const ObservedTest& observed : run.tests) {
        if (observed.flaky) flaky.insert(observed.test.id);
    }
    const std::set<std::string> expected = failing_ids(report);
    const bool all_seen = std::ranges::includes(seen, expected);
    const bool none_invented =
        std::ranges::all_of(seen, [&](const std::string& id) { return expected.contains(id) || flaky.contains(id); });
    return all_seen && none_invented;
}

bool hangs(const BaselineRun& run) {
    return std::ranges::any_of(run.tests, [](const ObservedTest& observed) { return observed.hung; });
}

Status command_can_start(const RunResult& result, const executor::TestCommand& command) {
    if (result.status == executor::RunStatus::sandbox_error) return fail(ErrorCode::unavailable, result.reason);
    if (result.exit_code == 127 || result.exit_code == 126) {
        return fail(
            ErrorCode::not_found,
            fmt::format("the test command cannot be started: {}",
                        result.err.empty() ? command.text : std::string(result.err.substr(0, result.err.find('\n')))),
            "check the spelling, and that the program is installed and on PATH (edgecoder doctor lists what was "
            "found)");
    }
    return {};
}

TestReport report_of(const BaselineRun& run, std::string_view runner) {
    TestReport report;
    report.runner = runner;
    report.verdict = TestReport::Verdict::failed;
    for (const ObservedTest& observed : run.tests) report.tests.push_back(observed.test);
    return report;
}

// The quickest failing test first, for it decides most candidates. Passing ones stay in the order of the command: tests
// that share state may pass in no other.
void sort_tests(ObservedProgram& program) {
    std::vector<const ObservedTest*> failing;
    for (const ObservedTest& observed : program.run.tests) {
        if (observed.flaky)
            program.flaky.push_back(observed.test.id);
        else if (fails(observed.test))
            failing.push_back(&observed);
        else if (observed.test.outcome == TestOutcome::passed)
            program.passing.push_back(observed.test.id);
    }
    std::ranges::stable_sort(
        failing, [](const ObservedTest* a, const ObservedTest* b) { return a->test.duration < b->test.duration; });
    for (const ObservedTest* observed : failing) program.failing.push_back(observed->test.id);
}

Result<BaselineRun> look(const Result<std::unique_ptr<Judge>>& judge, std::chrono::milliseconds limit,
                         std::stop_token stop) {
    if (!judge) return fail(judge.error());
    return (*judge)->observe_baseline(kRepeats, limit, stop);
}

/// Replaces the judge and what it saw as long as that is an error or other than the failures of `wanted` (null:
/// whatever it sees will do).
Status try_other_judges(const std::vector<JudgeFactory>& factories, std::chrono::milliseconds limit,
                        const TestReport* wanted, RepairEvents& events, const std::stop_token& stop,
                        Result<std::unique_ptr<Judge>>& judge, Result<BaselineRun>& run) {
    for (std::size_t next = 1; next < factories.size(); ++next) {
        if (run && (wanted == nullptr || agrees(*run, *wanted))) return {};
        const std::string why = run ? "it sees other failures than the command does" : run.error().message;
        events.stage("judge", fmt::format("trying another way to judge: {}", why));
        judge = factories[next](stop);
        run = look(judge, limit, stop);
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    }
    return {};
}

}  // namespace

Result<ObservedProgram> observe_program(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                        const RepairRequest& request, RepairEvents& events, std::stop_token stop,
                                        const std::stop_token& out_of_time) {
    ObservedProgram program;
    const auto limit = run_limit(request);
    WholeRun whole(sandbox, command, limit);
    const std::stop_callback on_stop(stop, [&] { whole.cancel(); });
    const std::vector<JudgeFactory> factories = default_judges(command, sandbox, request.seed);

    auto judge = factories.front()(out_of_time);
    auto run = look(judge, limit, out_of_time);
    const bool observed = run && std::ranges::any_of(run->tests, [](const ObservedTest& test) {
                              return fails(test.test) && !test.flaky;
                          });
    // A test that hangs alone hangs the whole command too; its report would only come at the time limit.
    const bool hanging = observed && hangs(*run);
    if (hanging) whole.cancel();
    Result<RunResult> finished = whole.wait();
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    if (!finished && !hanging) return fail(std::move(finished).error());
    if (finished) {
        EC_TRY(command_can_start(*finished, command));
        if (finished->status != executor::RunStatus::timeout) program.whole_run = finished->wall;
        program.before = executor::read_test_report(command, *finished, sandbox.workspace());
        if (program.before.verdict == TestReport::Verdict::passed) {
            program.already_passing = true;
            return program;
        }
    } else {
        program.before = report_of(*run, name(command.framework));
    }

    const TestReport* wanted = finished ? &program.before : nullptr;
    const bool satisfied = run && (wanted == nullptr || agrees(*run, *wanted));
    Status others;
    if (!satisfied && !out_of_time.stop_requested())
        others = try_other_judges(factories, limit, wanted, events, out_of_time, judge, run);
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    if (!satisfied && out_of_time.stop_requested()) {
        program.out_of_time = true;
        return program;
    }
    EC_TRY(std::move(others));
    if (!run) return fail(std::move(run).error());
    program.run = *std::move(run);
    program.judge = *std::move(judge);
    sort_tests(program);
    return program;
}

}  // namespace ec::repair
