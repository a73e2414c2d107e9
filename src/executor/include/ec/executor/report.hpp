// Test reports: what a run of a test command said, per test, and the verdict that follows from it.
//
// A report is evidence, not proof: the verdict is `passed` only when the report, the exit code and a positive count of
// tests agree (docs/test-reports.md).
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

enum class TestOutcome { passed, failed, error, skipped };
std::string_view name(TestOutcome outcome);

struct TraceFrame {
    std::string file;  ///< relative to the workspace when inside it, else absolute
    int line = 0;      ///< 1-based
    std::string function;
    bool operator==(const TraceFrame&) const = default;
};

struct TestCase {
    std::string id;  ///< the runner's own name, unique within the report, usable to select the test
    TestOutcome outcome = TestOutcome::error;
    std::chrono::microseconds duration{0};
    std::string message;             ///< first line of the failure
    std::string details;             ///< full failure text, capped
    std::vector<TraceFrame> frames;  ///< from outermost to innermost
};

struct TestReport {
    /// `incomplete`: no report, zero tests, or a report that contradicts the exit code. Never counts as passed.
    enum class Verdict { passed, failed, incomplete };
    Verdict verdict = Verdict::incomplete;
    std::string runner;      ///< "pytest", "node-test", … or "command"
    bool heuristic = false;  ///< parsed from text that was not meant to be parsed
    std::vector<TestCase> tests;
    std::string reason;  ///< one sentence when incomplete

    [[nodiscard]] std::size_t count(TestOutcome outcome) const;
    [[nodiscard]] std::size_t passed() const { return count(TestOutcome::passed); }
    /// Failures and errors together.
    [[nodiscard]] std::size_t failed() const { return count(TestOutcome::failed) + count(TestOutcome::error); }
    [[nodiscard]] const TestCase* find(std::string_view id) const;
};

}  // namespace ec::executor
