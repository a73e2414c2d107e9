// What libgit2's settings lead it to read, looked at before it does: whoever opens a pipe that nobody writes to waits
// for ever. Errors: `denied` for a pipe, socket or device, which the message names.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>

#include "git_library.hpp"

namespace ec::vcs {

/// A settings file, those that it includes, and whatever its values name.
Status check_settings(const GitLibrary& git, const std::filesystem::path& file);

/// The settings, ignore rules and attributes of the user and of the machine, wherever libgit2 looks for them.
Status check_settings_of_user(const GitLibrary& git);

/// The files of rules that an open repository's settings name, which libgit2 reads when it is asked about a path.
Status check_named_rules(const GitLibrary& git, git_repository& repository);

}  // namespace ec::vcs
