// Runs the person's test command over a draft, in the sandbox. Nothing of the workspace changes.
//
// A draft that removes files runs in a scratch copy, because the sandbox lays whole files over a workspace and cannot
// take one away. Threads: run() may be called from several at once.
#pragma once

#include <chrono>
#include <ec/agent/interactive_agent.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <stop_token>
#include <string>

#include "draft.hpp"

namespace ec::agent {

struct TestVerdict {
    executor::TestReport report;
    std::string output;  ///< what the command printed, both streams, cut to what a prompt can hold
    executor::RunStatus status = executor::RunStatus::sandbox_error;
    std::string reason;  ///< sandbox_error: why
    std::string note;    ///< for the model, when a part of its change did not count
    std::chrono::milliseconds wall{0};
    std::string tier;

    [[nodiscard]] bool passed() const { return report.verdict == executor::TestReport::Verdict::passed; }
};

class TestBench {
public:
    /// `sandbox` outlives the bench. `limit` bounds one run of the command.
    TestBench(executor::Sandbox& sandbox, SandboxOpener open, const std::string& command,
              std::chrono::milliseconds limit);

    /// Fails only on stop, and with what the machine lacks.
    /// A run takes `left` at most, where that is less than the limit.
    Result<TestVerdict> run(const Draft& draft, std::stop_token stop,
                            std::chrono::milliseconds left = std::chrono::milliseconds::max()) const;
    [[nodiscard]] const executor::TestCommand& command() const { return command_; }
    [[nodiscard]] executor::Sandbox& sandbox() const { return sandbox_; }
    [[nodiscard]] const SandboxOpener& opener() const { return open_; }

private:
    Result<TestVerdict> run_in(executor::Sandbox& sandbox, std::vector<executor::FileEdit> edits,
                               std::chrono::milliseconds limit, std::stop_token stop) const;

    executor::Sandbox& sandbox_;
    SandboxOpener open_;
    executor::TestCommand command_;
    std::chrono::milliseconds limit_;
};

/// What a model is told of a run: the verdict, then for each failing test its name, its message and the end of its
/// details, at most `bytes` long.
std::string describe(const TestVerdict& verdict, std::size_t bytes);

/// "3 failed, 12 passed".
std::string counts(const executor::TestReport& report);

}  // namespace ec::agent
