// Writes a verified patch into the real workspace: all of it or nothing, with a step in the undo journal.
#pragma once

#include <ec/core/result.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

/// Every file is checked before the first is written. `conflict` when one is not what `before` says, `denied` for a
/// guarded place that `approved` does not name. `who` is what a refusal calls the writer: "a fix".
Status write_patch(const std::filesystem::path& root, const std::vector<vcs::FileVersion>& files,
                   const std::vector<std::string>& approved, std::string_view who);

}  // namespace ec::apps
