// Narrowing: from a test command to one that runs only some of its tests.
#pragma once

#include <ec/executor/test_command.hpp>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace ec::repair {

/// The command that runs the tests `ids` (as reports name them) and as little else as the runner allows. Nothing when
/// the runner cannot select tests, when its words cannot be told apart, or when they would not fit a command line.
std::optional<executor::TestCommand> narrow(const executor::TestCommand& command, std::span<const std::string> ids,
                                            const std::filesystem::path& workspace);

}  // namespace ec::repair
