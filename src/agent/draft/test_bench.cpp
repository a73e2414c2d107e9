#include "test_bench.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>

#include "scratch.hpp"

namespace ec::agent {
namespace {

using executor::TestCase;
using executor::TestOutcome;
using executor::TestReport;

constexpr std::size_t kOutputKept = 16 << 10;
constexpr std::size_t kDetailsShown = 1500;

std::string tail(std::string_view text, std::size_t bytes) {
    if (text.size() <= bytes) return std::string(text);
    std::string_view end = text.substr(text.size() - bytes);
    if (const auto line = end.find('\n'); line != std::string_view::npos) end.remove_prefix(line + 1);
    return "…\n" + std::string(end);
}

bool bad(const TestCase& test) { return test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error; }

}  // namespace

std::string counts(const TestReport& report) {
    return fmt::format("{} failed, {} passed", report.failed(), report.passed());
}

TestBench::TestBench(executor::Sandbox& sandbox, SandboxOpener open, const std::string& command,
                     std::chrono::milliseconds limit)
    : sandbox_(sandbox),
      open_(std::move(open)),
      command_(executor::recognise_test_command(command, sandbox.workspace())),
      limit_(limit) {}

Result<TestVerdict> TestBench::run_in(executor::Sandbox& sandbox, std::vector<executor::FileEdit> edits,
                                      std::chrono::milliseconds limit, std::stop_token stop) const {
    executor::RunSpec spec = executor::test_run(command_);
    spec.limits.wall = limit;
    spec.limits.cpu = limit;
    spec.limits.memory_bytes = 2ULL << 30;
    spec.limits.processes = 512;
    spec.collect_changes = false;
    spec.edits = std::move(edits);
    EC_ASSIGN(const executor::RunResult result, sandbox.run(spec, stop));
    if (result.cannot_isolate) return fail(*result.cannot_isolate);
    TestVerdict verdict;
    verdict.report = executor::read_test_report(command_, result, sandbox.workspace());
    verdict.output = to_valid_utf8(tail(result.out, kOutputKept) + tail(result.err, kOutputKept));
    verdict.status = result.status;
    verdict.reason = result.reason;
    verdict.wall = result.wall;
    verdict.tier = result.tier;
    return verdict;
}

Result<TestVerdict> TestBench::run(const Draft& draft, std::stop_token stop, std::chrono::milliseconds left) const {
    const std::chrono::milliseconds limit = std::min(limit_, left);
    if (!draft.removes_files()) return run_in(sandbox_, draft.edits(), limit, stop);
    EC_ASSIGN(const Scratch scratch, Scratch::make(sandbox_.workspace(), draft));
    EC_ASSIGN(const auto sandbox, open_(scratch.path()));
    return run_in(*sandbox, {}, limit, stop);
}

std::string describe(const TestVerdict& verdict, std::size_t bytes) {
    std::string text;
    switch (verdict.report.verdict) {
        case TestReport::Verdict::passed:
            return fmt::format("The tests pass: {}.", counts(verdict.report));
        case TestReport::Verdict::failed:
            text = fmt::format("The tests fail: {}.\n", counts(verdict.report));
            break;
        case TestReport::Verdict::incomplete:
            text = fmt::format("The test command did not come to a verdict: {}.\n", verdict.report.reason);
            break;
    }
    if (verdict.status == executor::RunStatus::timeout || verdict.status == executor::RunStatus::cpu) {
        text += "It was stopped because its time was over.\n";
    }
    if (!verdict.note.empty()) text += verdict.note + "\n";
    bool any = false;
    for (const TestCase& test : verdict.report.tests) {
        if (!bad(test)) continue;
        any = true;
        text += fmt::format("\n{}: {}\n{}\n", test.id, test.message, tail(test.details, kDetailsShown));
        if (text.size() > bytes) break;
    }
    if (!any) text += "\n" + tail(verdict.output, bytes);
    return to_valid_utf8(ellipsize(text, bytes));
}

}  // namespace ec::agent
