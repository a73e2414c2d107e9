// Runs a RunSpec as a plain child process, for tests of reports that do not need isolation.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <filesystem>

namespace ec::executor::testing {

RunResult run_bare(RunSpec spec, const std::filesystem::path& workspace);

}  // namespace ec::executor::testing
