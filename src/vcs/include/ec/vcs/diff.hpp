// Unified patches in git's format, made and measured with libgit2. Pure functions over text; safe from any thread.
#pragma once

#include <cstddef>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

struct FileVersion {
    std::string path;  ///< relative, with '/' separators
    std::string before;
    std::string after;
    bool created = false;  ///< there was no such file: `before` is empty
    bool removed = false;  ///< there is none any more: `after` is empty
    bool operator==(const FileVersion&) const = default;
};

/// A patch that `git apply` and `patch -p1` accept, three lines of context; empty when nothing differs. Files whose
/// content is binary by git's rule are an error (`invalid_argument`): a repair never touches them.
Result<std::string> unified_patch(const std::vector<FileVersion>& files);

/// How many lines a patch removes plus how many it adds.
std::size_t changed_lines(std::string_view patch);

}  // namespace ec::vcs
