// The repository map: the definitions that matter most for a task, as lines of code within a token budget.
//
// Files are nodes; a file that uses a name points to the files that define it. Personalised PageRank (L. Page, S. Brin,
// R. Motwani, T. Winograd, "The PageRank Citation Ranking: Bringing Order to the Web", 1999) from the files and names
// that the task speaks of says which files matter, and the names through which rank flows say which definitions.
//
// Pure functions; equal inputs give equal bytes, so the map may stand in the stable part of a prompt.
#pragma once

#include <cstddef>
#include <ec/codeindex/index.hpp>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ec::codeindex {

/// What the task and the work so far point at.
struct Focus {
    std::set<std::string> in_hand;  ///< paths whose text the model has anyway; they steer the map and are not in it
    std::set<std::string> files;    ///< other paths that matter
    std::set<std::string> names;    ///< identifiers that matter
};

/// The files (by path, or by a file name that is only one file's) and defined names that `text` mentions.
Focus mentions(const Index& index, std::string_view text);

struct MapLimits {
    std::size_t tokens = 1024;
    /// How many tokens a text has; empty counts one for three bytes.
    std::function<std::size_t(std::string_view)> count;
};

/// "path:\n  12: def f(x):\n  …" with files by path and definitions by line; empty when nothing fits.
std::string repository_map(const Index& index, const Focus& focus, const MapLimits& limits = {});

/// Rank of every file of the index, summing to 1 (all 0 for an empty index).
std::vector<double> file_ranks(const Index& index, const Focus& focus);

}  // namespace ec::codeindex
