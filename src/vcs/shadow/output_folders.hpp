// Which folders of a workspace hold nothing but what a tool can make again. Whatever is in doubt is kept: a snapshot
// that is too large costs disk, one that is too small costs work.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

/// Version control's own folders and files (`.git` as a pointer too), at any depth.
bool is_version_control(std::string_view name);

/// The names in the folder, and a way to read a file of it: its first bytes, or "".
using ReadHead = std::function<std::string(const std::string& path)>;

/// True for a folder that is always output (node_modules), that says so itself (CACHEDIR.TAG, see bford.info/cachedir,
/// or a virtual environment's pyvenv.cfg), or that has a usual name of build output (build, dist, target, …) and is
/// ignored by a .gitignore above it. `path` is relative to the workspace; `names` are the folder's entries.
bool is_output_folder(const std::string& path, const std::vector<std::string>& names, const ReadHead& read);

}  // namespace ec::vcs
