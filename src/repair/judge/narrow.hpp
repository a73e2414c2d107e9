// Narrowing: from a test command to one that runs only some of its tests.
#pragma once

#include <ec/executor/test_command.hpp>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ec::repair {

/// The command that runs the tests `ids` (as reports name them) and as little else as the runner allows. Nothing when
/// the runner cannot select tests, when its words cannot be told apart, or when they would not fit a command line.
std::optional<executor::TestCommand> narrow(const executor::TestCommand& command, std::span<const std::string> ids,
                                            const std::filesystem::path& workspace);

/// A command and the tests that it runs.
struct NarrowedRun {
    executor::TestCommand command;
    std::vector<std::string> tests;
};

/// The runs that together execute `ids`, in the order of `ids`: one for each test file where the runner starts a
/// process for each file anyway, so that what fails the first need not start the others; else one. Empty when narrow()
/// gives nothing.
std::vector<NarrowedRun> narrowed_runs(const executor::TestCommand& command, std::span<const std::string> ids,
                                       const std::filesystem::path& workspace);

}  // namespace ec::repair
