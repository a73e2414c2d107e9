// Candidates: small edits of source files that might be the fix. Pure values.
#pragma once

#include <cstdint>
#include <ec/core/hash.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ec::repair {

/// Replaces bytes [begin, end) of the original content of `file` (relative to the workspace).
struct TextEdit {
    std::string file;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::string replacement;
    bool operator==(const TextEdit&) const = default;
};

/// One proposal. Edits never overlap; they refer to the original files, not to one another's results.
struct Candidate {
    std::vector<TextEdit> edits;
    std::string op;            ///< operator name, e.g. "comparison-swap"; several joined with '+'
    std::string explanation;   ///< in words: "the loop ran to n-1; it must include n"
    std::string file;          ///< where the first edit is
    int line = 0;              ///< 1-based line of the first edit
    double score = 0;          ///< larger is tried earlier; suspiciousness x prior x naturalness
    bool destructive = false;  ///< deletes behaviour (statement removal, condition forced, early return)
    bool own_find = false;     ///< stands on what this search alone has seen: no other shard proposes it
};

/// Original contents by workspace-relative path.
using SourceMap = std::map<std::string, std::string, std::less<>>;

/// The new content of `file` under the edits that concern it. Edits must not overlap.
std::string apply_edits(std::string_view original, std::string_view file, const std::vector<TextEdit>& edits);

/// Identity of the resulting files, used to judge nothing twice.
Hash128 content_id(const Candidate& candidate, const SourceMap& sources);

/// A share of a search that several machines make together, each of them proposing the same candidates and judging
/// those that fall to its share.
struct Shard {
    unsigned index = 0;
    unsigned of = 1;  ///< at least 1
    [[nodiscard]] bool holds(Hash128 candidate) const { return candidate.low % of == index; }
};

}  // namespace ec::repair
