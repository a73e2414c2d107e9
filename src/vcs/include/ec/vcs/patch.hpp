// Unified patches back into files, and three-way merges of texts, with libgit2. Pure functions over text; safe from any
// thread. Patches are hostile bytes: what is not exactly one is refused, and nothing is guessed.
#pragma once

#include <ec/core/result.hpp>
#include <ec/vcs/diff.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

/// The content of a file by its relative path; nullopt where there is none.
using ReadText = std::function<Result<std::optional<std::string>>(const std::string& path)>;

inline constexpr std::size_t kMaxPatch = std::size_t{8} << 20;

/// The files that `patch` changes, before and after, each once. Every hunk must fit exactly at its line. `conflict`
/// when the files are not those that it was made from; `corrupt` for what is no patch of text files in git's format,
/// names a path that leaves the folder or lies in .git, or renames; `too_large`.
Result<std::vector<FileVersion>> apply_patch(std::string_view patch, const ReadText& read);

struct MergedText {
    std::string text;  ///< with conflict markers where they do not fit
    bool clean = true;
};

/// `ours` with what `theirs` changed against `base`. The labels stand behind the markers of a conflict.
Result<MergedText> merge_texts(std::string_view base, std::string_view ours, std::string_view theirs,
                               const std::string& our_label, const std::string& their_label);

}  // namespace ec::vcs
