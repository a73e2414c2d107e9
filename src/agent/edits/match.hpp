// Where in a file the lines that a model quoted stand, looked for in layers from exact to similar.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "edits/file_text.hpp"
#include "edits/indent.hpp"

namespace ec::agent::edits {

inline constexpr std::size_t kMostPairs = 2'000'000;

struct MatchQuery {
    std::vector<std::string> search;
    std::optional<std::size_t> near;  ///< line (from 0) where the model says it is; decides between equals only
    std::size_t from = 0;             ///< lines before this one count only when nothing is found after it
    bool at_end = false;              ///< the last of several equals is meant
    std::size_t* pairs = nullptr;     ///< of lines that may still be compared for similarity, over several queries
};

struct Match {
    static constexpr std::ptrdiff_t kNowhere = -1;
    std::size_t begin = 0;  ///< the lines of the file that are covered
    std::size_t end = 0;
    std::vector<std::ptrdiff_t> where;  ///< for each line of the search its line in the file, or kNowhere
    IndentMap indent;
    bool exact = false;
};

struct MatchFailure {
    bool ambiguous = false;
    std::string message;  ///< continues "the SEARCH block ... "
};

using MatchResult = std::expected<Match, MatchFailure>;

MatchResult find_match(std::span<const TextLine> file, const MatchQuery& query);

/// `line` trimmed, with typographic quotes, dashes and spaces as their plain forms.
std::string loose_form(std::string_view line);

/// The last layer: the best alignment when at least 0.8 similar and clearly better than any other place.
MatchResult find_similar(std::span<const TextLine> file, const MatchQuery& query);

}  // namespace ec::agent::edits
