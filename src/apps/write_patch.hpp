// Writes an approved change to the project: every file is checked first, then all are replaced or none.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/apply.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace ec::apps {

/// `who` names the writer in errors ("a fix"). `conflict` when a file is not what the change was made from, `denied`
/// for guarded places that `approved` does not name. `edgecoder undo` takes it back.
Result<executor::Applied> write_patch(const std::filesystem::path& root, const std::vector<vcs::FileVersion>& files,
                                      const std::vector<std::string>& approved, std::string_view who);

}  // namespace ec::apps
