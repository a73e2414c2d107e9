// Carries what a sandboxed run changed into the real workspace: the one place where anything of a run gets out.
//
// Paths are resolved beneath the workspace without following any symbolic link, so a link planted between the run and
// the copying leads nowhere. Every new file is written in full beside its place first; only when all are there are they
// renamed into place, so a disk that fills or a right that lacks leaves the workspace as it was.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

/// True for places whose content runs later without being asked for, or describes history: `.git` and its kin at any
/// depth, hooks, continuous integration and editor configuration. A run may not write there.
bool is_guarded_path(std::string_view path);

struct Applied {
    std::vector<std::string> written;  ///< created, changed or deleted
    std::vector<std::string> refused;  ///< guarded paths, links that lead out, files too large to carry
};

/// `changes` must have been collected with collect_change_contents.
Result<Applied> apply_changes(const std::filesystem::path& workspace, std::span<const Change> changes);

}  // namespace ec::executor
