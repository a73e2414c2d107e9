// One hunk put into a file.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "edits/file_edit.hpp"
#include "edits/file_text.hpp"

namespace ec::agent::edits {

/// How far the hunks before this one in the same diff have come.
struct HunkCursor {
    std::size_t from = 0;          ///< line after the last hunk
    std::size_t* pairs = nullptr;  ///< as in MatchQuery
    std::ptrdiff_t shift = 0;      ///< lines that the hunks before have added
};

struct HunkFailure {
    EditProblem::Kind kind = EditProblem::Kind::no_match;
    std::string message;  ///< continues "the SEARCH block of app.py …"
};

/// Changes `file` and moves `cursor`, or changes neither and says why.
std::optional<HunkFailure> apply_hunk(FileText& file, const Hunk& hunk, HunkCursor& cursor);

}  // namespace ec::agent::edits
