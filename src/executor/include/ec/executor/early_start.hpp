// A sandbox that starts before it is known what is to run in it.
#pragma once

#include <filesystem>
#include <memory>

namespace ec::executor {

/// Gone with its last owner.
struct EarlyStart;

/// Starts a sandbox beside everything that has to be found out before something can run in it: for a program that runs
/// one thing and ends. Shows nothing to anybody yet, and costs a sandbox when nothing is run. Null when it cannot be
/// done here: open_sandbox() or the run says why.
std::shared_ptr<EarlyStart> start_early(const std::filesystem::path& workspace, const std::filesystem::path& box = {});

}  // namespace ec::executor
