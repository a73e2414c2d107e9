// What changed lately in a working tree: evidence for where a fault may lie. Reads a repository, never writes, runs no
// hook and no filter.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace ec::vcs {

/// 1-based lines by path relative to `root`, as they stand in the working tree now.
using ChangedLines = std::map<std::string, std::set<int>, std::less<>>;

/// Lines below `root` that differ from the commit `commits` before HEAD (or the oldest first-parent ancestor when there
/// are fewer): uncommitted work and the last commits together. Fails with not_found when `root` is in no repository,
/// denied when a file that git would read there is a pipe, a socket or a device.
Result<ChangedLines> recently_changed_lines(const std::filesystem::path& root, int commits);

}  // namespace ec::vcs
