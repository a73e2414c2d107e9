// Writes an approved change to the project: every file is checked first, then all are replaced or none.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/apply.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

/// What apply needs here: where the undo journal is kept, and the guarded places that may be written.
Result<executor::ApplyOptions> apply_options(const std::vector<std::string>& approved);

/// `denied` when one of the files lies in a guarded place that `approved` does not name.
Status may_write(const std::vector<vcs::FileVersion>& files, const std::vector<std::string>& approved,
                 std::string_view who);

/// `who` names the writer in errors ("a fix"). `conflict` when a file is not what the change was made from, `denied`
/// for guarded places that `approved` does not name. `edgecoder undo` takes it back.
Result<executor::Applied> write_patch(const std::filesystem::path& root, const std::vector<vcs::FileVersion>& files,
                                      const std::vector<std::string>& approved, std::string_view who);

}  // namespace ec::apps
