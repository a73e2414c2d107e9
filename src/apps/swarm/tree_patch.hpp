// Patches of other people, put onto a copy of a tree that is ours to spoil.
#pragma once

#include <ec/agent/source.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/vcs/patch.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

/// The files of the tree at `root`, for patches of it: `conflict` for a link, for what lies behind one, and
/// for what is no file.
vcs::ReadText reader_of(const std::filesystem::path& root);
/// The files behind a patch of the tree at `root`. `corrupt` or `conflict` for what does not fit it exactly.
Result<std::vector<vcs::FileVersion>> files_of_patch(std::string_view patch, const std::filesystem::path& root);

/// Writes them below `root`, through no symbolic link.
Status write_files(const std::vector<vcs::FileVersion>& files, const std::filesystem::path& root);

/// Why a fix may not change these files: tests, what steers them, places that run unasked. Empty: it may.
std::string forbidden_change(const std::vector<vcs::FileVersion>& files, const executor::TestCommand& command,
                             const agent::FileSource& tree);

}  // namespace ec::apps
