// Opening, looking at and syncing things below a folder without ever following a symbolic link.
#pragma once

#include <sys/stat.h>

#include <ec/core/fd.hpp>
#include <string>
#include <vector>

namespace ec::executor {

/// openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS; errno says why it is not valid.
UniqueFd open_beneath(int dir, const std::string& path, int flags);

/// The parts of a relative path: everything before the last slash (empty: none), and what follows it.
std::string folder_of(const std::string& path);
std::string name_of(const std::string& path);

/// Empty when there is no such link.
std::string link_target(int dir, const std::string& name);

/// Same inode, kind, mode, size and time of writing. Not the time of change: a rename or the loss of another name
/// moves it.
bool is_same_file(const struct stat& a, const struct stat& b);

/// Puts the named files of a folder on the disk: one by one, or the whole file system at once when they are many.
bool sync_files(int dir, const std::vector<std::string>& names);

}  // namespace ec::executor
