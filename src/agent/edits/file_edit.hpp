// What every format's reader makes of a reply: edits of files, not yet looked up anywhere.
#pragma once

#include <cstddef>
#include <ec/agent/edits.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ec::agent::edits {

struct HunkLine {
    char mark = ' ';  ///< ' ' stays, '-' goes, '+' comes
    std::string text;
};

struct Hunk {
    std::vector<HunkLine> lines;
    std::vector<std::vector<HunkLine>> others;  ///< other ways to read it, taken when one of them matches exactly
    std::vector<std::string> anchors;           ///< lines above the hunk that it names, outermost first
    std::optional<std::size_t> near;            ///< line of the old file, from 0
    bool at_end = false;                        ///< stands at the end of the file
    std::optional<bool> final_newline;          ///< what the hunk says about the end of the new file
    bool adds_final_newline = false;            ///< a change of the last line ends it with a newline
    int line = 0;                               ///< of the reply, from 1
    bool part_of_line = false;                  ///< a search of one line may stand inside a line
};

struct FileEdit {
    enum class Kind { update, write, remove };
    Kind kind = Kind::update;
    EditFormat format = EditFormat::whole;
    std::string path;        ///< as written; empty when the reply names none
    std::string other_path;  ///< tried when nothing is at `path`
    std::string new_path;    ///< update that also moves the file
    bool creates = false;    ///< write: said to be a new file
    std::vector<Hunk> hunks;
    std::vector<std::string> content;   ///< write
    std::optional<bool> final_newline;  ///< write: when the format says it
    bool name_line = false;             ///< write: the first line only names the file, unless the file has it too
    bool cut = false;                   ///< the reply ended inside
    int line = 0;
};

/// Replacing `search` by `replacement` as one hunk; lines that both have stay lines of the file.
Hunk hunk_of(const std::vector<std::string>& search, const std::vector<std::string>& replacement);

}  // namespace ec::agent::edits
