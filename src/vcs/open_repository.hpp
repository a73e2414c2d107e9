// Opens the repository around a folder once nothing is left in it that opening would wait for. libgit2 opens files
// without a look at what they are: a pipe named .gitignore, or one among the files of .git, would hold us for ever.
//
// What stands in a hostile project is looked at before libgit2 is; somebody who swaps files while we run can still make
// us wait, as can whoever writes git's settings of this machine. Threads: any.
#pragma once

#include <filesystem>

#include "git_library.hpp"

namespace ec::vcs {

/// `denied` for a pipe, a socket or a device, also behind links; /dev/null is an empty file. Absent: fine.
Status refuse_special(const std::filesystem::path& file);

/// Fails with `not_found` when `root` lies in no repository, `denied` when a file that git would
/// read for it, its own or the user's, is none.
Result<RepositoryHandle> open_repository(const GitLibrary& git, const std::filesystem::path& root);

/// The same check for the rule files that a comparison of the whole working tree reads: every .gitignore and
/// .gitattributes. `denied` as well for a tree with more than a million entries, which is not looked through.
Status check_rule_files(const std::filesystem::path& worktree);

}  // namespace ec::vcs
