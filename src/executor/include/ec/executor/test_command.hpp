// Test commands: recognises the runner behind the words a person typed, asks it for a structured report, reads that.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/report.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::executor {

enum class Framework {
    pytest,
    unittest,
    doctest,
    node_test,
    jest,
    vitest,
    mocha,
    tap,
    ctest,
    go_test,
    cargo_test,
    command
};
std::string_view name(Framework framework);

struct TestCommand {
    Framework framework = Framework::command;
    std::string text;  ///< as the person typed it
    /// The words when no shell is needed, leading VAR=value taken off into `environment` and a leading `cd DIR &&`
    /// into `directory`; empty when only a shell can run `text`.
    std::vector<std::string> words;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string directory = ".";
    /// Words after the runner itself: for `python3 -m pytest -q tests` these are {"-q", "tests"}.
    std::vector<std::string> runner_arguments;
    /// The interpreter words before the runner: {"python3"}, {"node"}; empty for a console script such as `pytest`.
    std::vector<std::string> interpreter;
};

/// Recognises the runner, looking through `npm test` / `npm run X` / `npx` / `yarn` / `pnpm` into package.json, and
/// through `python -m`, `make`-less wrappers and pytest's console script. Never fails: what it does not know is
/// Framework::command. `workspace` is only read.
TestCommand recognise_test_command(std::string_view command, const std::filesystem::path& workspace);

/// What the caller of test_run() can do without; runners that can save time by it do.
struct ReportOptions {
    bool output_unread = false;  ///< nobody reads what the runner prints beside the report
    /// The run may end as soon as one of these has failed: ids with an absolute path in front.
    std::vector<std::string> stop_at;
};

/// The run that executes `command` and leaves a structured report where the runner can give one. The caller sets
/// limits and edits.
RunSpec test_run(const TestCommand& command, const ReportOptions& options = {});

/// Reads what a run of test_run(command) left behind.
TestReport read_test_report(const TestCommand& command, const RunResult& result,
                            const std::filesystem::path& workspace);

}  // namespace ec::executor
