// From what a run left behind to a verdict: pick the parser, then hold the report against the exit code and the count.
#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/executor/trace_text.hpp>

#include "parsers/parsed.hpp"
#include "recognise.hpp"
#include "report_files.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxAllReports = 64U << 20;

/// The last line that says something: what a program that could not start complains about.
std::string last_line(std::string_view text) {
    auto lines = split_lines(text);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (const auto words = trim(*line); !words.empty()) return ellipsize(clean_text(words), 200);
    }
    return {};
}

/// What a program that could not do its work says about it: the first line of its errors that speaks of one, else the
/// last line of all.
std::string complaint(const RunResult& result) {
    const std::string_view text = trim(result.err).empty() ? result.out : result.err;
    for (const std::string_view line : split_lines(text)) {
        if (line.find("usage:") != std::string_view::npos) continue;
        if (line.find("rror") != std::string_view::npos || line.find("ERROR") != std::string_view::npos) {
            return ellipsize(clean_text(trim(line)), 200);
        }
    }
    return last_line(text);
}

/// Why a run that is not ok ended, in words that go on from "the run …".
std::string ending(const RunResult& result) {
    switch (result.status) {
        case RunStatus::ok:
            return "ended with exit code 0";
        case RunStatus::failed:
            return fmt::format("ended with exit code {}", result.exit_code);
        case RunStatus::timeout:
            return "was stopped at its time limit";
        case RunStatus::cpu:
            return "was stopped at its processor-time limit";
        case RunStatus::memory:
            return "was stopped at its memory limit";
        case RunStatus::pids:
            return "was stopped at its limit of processes";
        case RunStatus::output:
            return "was stopped because it printed too much";
        case RunStatus::disk:
            return "was stopped because it wrote too much";
        case RunStatus::signal:
            return fmt::format("was ended by signal {}", result.signal);
        case RunStatus::sandbox_error:
            return "could not be made: " + (result.reason.empty() ? "the sandbox failed" : result.reason);
    }
    return "ended in an unknown way";
}

/// Several reports of one run (a command that starts the runner twice) become one, as good as the worst of them.
void merge(Parsed& all, Parsed next, CaseList& cases) {
    if (!next.found) {
        if (all.problem.empty()) all.problem = next.problem;
        return;
    }
    all.complete = all.found ? all.complete && next.complete : next.complete;
    if (!all.found) all.runner = next.runner;
    all.found = true;
    all.heuristic |= next.heuristic;
    if (!next.complete) all.problem = next.problem;
    for (TestCase& test : next.tests) cases.add(std::move(test));
}

Parsed read_artifact(std::string_view file, std::string_view content, const fs::path& workspace) {
    if (file.starts_with(kEventsPrefix) && file.ends_with(".jsonl")) return parse_events(content, workspace);
    if (file == kVitestFile) return parse_jest_json(content, workspace);
    if (file == kGoFile) return parse_go_json(content, workspace);
    if (file.ends_with(".xml")) {
        Parsed parsed = parse_junit(content, workspace);
        if (file == kCtestFile) parsed.runner = "ctest";
        if (file == kPytestFile) parsed.runner = "pytest";
        return parsed;
    }
    return {};
}

Parsed read_artifacts(const RunResult& result, const fs::path& workspace) {
    Parsed all;
    CaseList cases;
    std::size_t total = 0;
    for (const auto& [file, content] : result.artifacts) {
        total += content.size();
        if (content.size() > kMaxReportBytes || total > kMaxAllReports) {
            merge(all, Parsed{.found = true, .problem = "the report is larger than 16 MiB"}, cases);
            continue;
        }
        // vitest 3 and newer tell the same twice; the events come first in the order of names.
        if (file == kVitestFile && all.found && all.complete) continue;
        merge(all, read_artifact(file, content, workspace), cases);
    }
    if (cases.overflowed()) {
        all.complete = false;
        all.problem = "the report holds more than 100000 tests";
    }
    all.tests = cases.take();
    return all;
}

/// Reports that the runner prints instead of writing a file.
Parsed read_output(const TestCommand& command, const RunResult& result, const fs::path& workspace) {
    Parsed parsed;
    if (command.framework == Framework::cargo_test)
        parsed = parse_cargo_text(result.out, workspace);
    else if (command.framework == Framework::tap && !command.words.empty() &&
             program_name(command.words.front()) == "prove") {
        parsed = parse_prove_text(result.out, workspace);
    } else if (command.framework == Framework::tap || command.framework == Framework::command) {
        parsed = parse_tap(result.out, workspace);
    }
    if (parsed.found && result.truncated) {
        parsed.complete = false;
        parsed.problem = "the output was cut, so that tests may be missing";
    }
    return parsed;
}

/// A command without a report is one test, judged by its exit code alone.
TestReport whole_command(const TestCommand& command, const RunResult& result, const fs::path& workspace) {
    TestReport report{.runner = "command"};
    TestCase test{.id = command.text, .outcome = result.ok() ? TestOutcome::passed : TestOutcome::failed};
    test.duration = std::chrono::duration_cast<std::chrono::microseconds>(result.wall);
    if (!result.ok()) {
        if (result.status != RunStatus::failed) test.outcome = TestOutcome::error;
        const std::string shown =
            clean_text(result.out + (result.out.empty() || result.out.ends_with('\n') ? "" : "\n") + result.err);
        constexpr std::size_t kTail = kMaxDetails - 8;
        test.details = shown.size() <= kTail
                           ? shown
                           : "…\n" + to_valid_utf8(std::string_view(shown).substr(shown.size() - kTail / 2));
        test.message = last_line(result.err);
        if (test.message.empty()) test.message = last_line(result.out);
        if (test.message.empty()) test.message = "the command " + ending(result);
        test.frames = frames_from_text(clean_text(result.err), workspace);
        if (test.frames.empty()) test.frames = frames_from_text(clean_text(result.out), workspace);
    }
    CaseList cases;
    cases.add(std::move(test));
    report.tests = cases.take();
    if (result.ok())
        report.verdict = TestReport::Verdict::passed;
    else if (result.status == RunStatus::failed)
        report.verdict = TestReport::Verdict::failed;
    else
        report.reason = "the run " + ending(result);
    return report;
}

TestReport judge(Parsed parsed, const RunResult& result) {
    TestReport report{
        .runner = std::move(parsed.runner), .heuristic = parsed.heuristic, .tests = std::move(parsed.tests)};
    const bool ended_by_itself = result.status == RunStatus::ok || result.status == RunStatus::failed;
    const std::string output = complaint(result);
    if (!ended_by_itself)
        report.reason = "the run " + ending(result);
    else if (!parsed.found) {
        report.reason = "the test runner left no report; it " + ending(result) + (output.empty() ? "" : ": " + output);
    } else if (!parsed.complete) {
        report.reason = parsed.problem;
        if (report.tests.empty() && !output.empty()) report.reason += ": " + output;
    } else if (report.failed() > 0) {
        report.verdict = TestReport::Verdict::failed;
    } else if (report.tests.empty()) {
        report.reason = "no test was run";
    } else if (!result.ok() || result.exit_code != 0) {
        report.reason =
            fmt::format("no test failed, but the run {}", ending(result)) + (output.empty() ? "" : ": " + output);
    } else if (report.passed() == 0) {
        report.reason = "every test was skipped";
    } else {
        report.verdict = TestReport::Verdict::passed;
    }
    return report;
}

}  // namespace

TestReport read_test_report(const TestCommand& command, const RunResult& result, const fs::path& workspace) {
    Parsed parsed = read_artifacts(result, workspace);
    if (!parsed.found) {
        Parsed printed = read_output(command, result, workspace);
        if (printed.found || parsed.problem.empty()) parsed = std::move(printed);
    }
    if (!parsed.found && command.framework == Framework::command) return whole_command(command, result, workspace);
    if (parsed.runner.empty()) parsed.runner = std::string(name(command.framework));
    return judge(std::move(parsed), result);
}

}  // namespace ec::executor
