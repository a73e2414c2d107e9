// From a model's words to changes of files. Nothing here reads or writes a disk: files come through FileSource, changes
// go out as values, and what could not be understood goes out as sentences that a model can act on.
//
// Whatever format was asked for, the reply is read for all of them: whole files in fences, SEARCH/REPLACE blocks,
// unified diffs, apply_patch envelopes. A block is looked for exactly, then without trailing white space, then with its
// indentation shifted, then without blank lines, then by similarity with a clear margin; a doubtful place is a problem,
// never a guess. Files keep their byte order mark, their line endings and whether they end with a newline.
//
// Threads: functions of their arguments only. Errors: none; hostile input gives problems. An edit costs time linear in
// it and its file; similarity is tried within a fixed number of steps for the whole reply.
#pragma once

#include <cstddef>
#include <ec/agent/source.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::agent {

struct FileChange {
    enum class Kind { create, modify, remove, rename };
    Kind kind = Kind::modify;
    std::string path;      ///< relative to the workspace, '/' between its parts
    std::string new_path;  ///< rename only; what stood there is replaced
    std::string before;    ///< empty when created
    std::string after;     ///< empty when removed
    bool operator==(const FileChange&) const = default;
};

enum class EditFormat { whole, search_replace, unified_diff, apply_patch };
std::string_view name(EditFormat format);

struct EditProblem {
    enum class Kind {
        no_edits,    ///< the reply holds none
        no_match,    ///< the text to replace is not in the file
        ambiguous,   ///< it is there more than once, or two places are about as similar
        bad_path,    ///< outside the workspace, or no sensible name
        no_file,     ///< an edit of a file that does not exist
        malformed,   ///< a block without its parts
        no_change,   ///< the edit leaves the file as it was
        elided,      ///< a placeholder stands for code that was left out
        truncated,   ///< the reply was cut before the edit was complete
        drops_code,  ///< a whole file without many of its functions
        too_large,
        binary,
    };
    Kind kind = Kind::malformed;
    std::string path;     ///< as resolved, else as written; empty when unknown
    int line = 0;         ///< of the reply, from 1; 0 when the problem has no place
    std::string message;  ///< what is wrong and what to write instead, for the model
    bool operator==(const EditProblem&) const = default;
};

struct EditHints {
    std::string only_file;       ///< the one file of the task, for blocks that name none
    std::string workspace;       ///< absolute path of the workspace, taken off the front of absolute names
    bool cut = false;            ///< the model stopped because it ran out of tokens
    bool removal_asked = false;  ///< the task is to take functions away
    bool bare_code = false;      ///< a whole file was asked for: a reply without a fence may be one
};

struct ParsedEdits {
    std::vector<FileChange> changes;  ///< in the order in which the reply first names the files; one for each file
    std::vector<EditProblem> problems;
    std::vector<EditFormat> formats;  ///< that were found, each once
};

inline constexpr std::size_t kMaxReply = std::size_t{4} << 20;  ///< bytes of a reply that is read
inline constexpr std::size_t kMaxEditedFile = std::size_t{4} << 20;
inline constexpr std::size_t kMaxEdits = 500;

/// Every edit in `reply`, applied in order to the files as they are. SEARCH/REPLACE blocks succeed one by one; a diff
/// of a file or a patch of a file succeeds as a whole or not at all.
ParsedEdits parse_edits(std::string_view reply, const FileSource& files, const EditHints& hints = {});

/// One replacement, as an editing tool asks for it; the same layers, and the same care for names and endings. `search`
/// may be a part of one line when it is there once.
ParsedEdits replace_text(std::string_view path, std::string_view search, std::string_view replacement,
                         const FileSource& files, const EditHints& hints = {});

/// The whole content of one file, as a writing tool gives it.
ParsedEdits write_text(std::string_view path, std::string_view content, const FileSource& files,
                       const EditHints& hints = {});

/// Says which line of `after` stands for code left out ("... rest unchanged", "# existing code here", "// …",
/// "[remaining code]") and what to do instead; nothing when there is none, or when `before` has the same line. Prose
/// files (by `path`) may say "..." as they like.
std::optional<std::string> elided(std::string_view before, std::string_view after, std::string_view path = {});

}  // namespace ec::agent
