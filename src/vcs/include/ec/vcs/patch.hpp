// Takes a unified patch of somebody else's apart again: what unified_patch() wrote (diff.hpp), and nothing else.
//
// A patch that does not fit its files exactly, or that would read otherwise when written again, is refused: there is no
// fuzz, and nothing in it stays without an effect. Pure functions; safe from any thread.
#pragma once

#include <ec/core/result.hpp>
#include <ec/vcs/diff.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

/// The content of a file that the patch changes or removes.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;
/// Whether there is something at a path, asked of files that the patch creates.
using HasFile = std::function<bool(const std::string& path)>;

/// The files with their contents before and after, in the patch's order. `corrupt` for what is no such patch, leaves
/// the tree or touches version control's own; `conflict` where it does not fit; what `read` fails with.
Result<std::vector<FileVersion>> read_patch(std::string_view patch, const ReadFile& read, const HasFile& has);

}  // namespace ec::vcs
