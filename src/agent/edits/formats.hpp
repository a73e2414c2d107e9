// The readers of the formats. Each takes its lines out of the reply and adds what they say to `out`; what is broken
// becomes a problem. Order matters: envelopes and blocks may hold fences, fences may hold diffs.
#pragma once

#include <vector>

#include "edits/file_edit.hpp"
#include "edits/path_index.hpp"
#include "edits/reply.hpp"

namespace ec::agent::edits {

struct Reading {
    std::vector<FileEdit> edits;
    std::vector<EditProblem> problems;
};

void read_apply_patch(Reply& reply, const EditHints& hints, Reading& out);
void read_search_replace(Reply& reply, const EditHints& hints, const PathIndex& index, Reading& out);
void read_unified_diffs(Reply& reply, const EditHints& hints, const PathIndex& index, Reading& out);
void read_whole_files(Reply& reply, const EditHints& hints, const FileSource& files, const PathIndex& index,
                      Reading& out);

/// The file that the lines just before `at` name: alone on a line, or as the only name in backticks of a sentence.
/// Empty when none does.
std::string name_before(const Reply& reply, std::size_t at, const PathIndex& index);
/// The file that a fence's info string names ("python src/a.py", "src/a.py", "js:src/a.js", "title=\"a.py\"").
std::string name_in_info(std::string_view info);

}  // namespace ec::agent::edits
