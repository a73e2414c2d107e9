// Autocomplete's own rules, without a model: how far a completion reaches, where it ends, and which text of other files
// goes before it. Pure functions over hostile text; the ring is one value behind a lock.
#pragma once

#include <cstdint>
#include <ec/model/chat.hpp>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps::ide {

/// How far a completion reaches. `raw`: until the model or its limits end it.
enum class Extent { line, block, raw };
/// Nothing for a word that names none.
std::optional<Extent> extent_named(std::string_view word);

/// A block where the cursor stands alone on its line or behind what opens one (`:` `{` `(` `[` `=>` `->`), a line
/// where something else stands before it or anything but closing brackets behind it.
Extent extent_at(std::string_view prefix, std::string_view suffix);

/// The columns of whitespace at the front of a line, a tab as four.
std::size_t indentation(std::string_view line);

/// Finds the end of a completion while it is made.
class CompletionEnd {
public:
    /// `indent`: what every line of the answer is indented by at least; none: found from the prefix.
    CompletionEnd(Extent extent, std::string_view prefix, std::optional<std::size_t> indent);

    /// How many bytes of `text`, which begins with what was shown before, belong to the completion; none while more
    /// may.
    [[nodiscard]] std::optional<std::size_t> find(std::string_view text) const;

private:
    Extent extent_;
    std::size_t least_ = 0;  ///< columns of a line that belongs to the block
    bool opened_ = false;    ///< the prefix ends with what opens a block: its closing line belongs to it
};

/// `completion` without an end that the suffix begins with; closing brackets that it opened itself stay.
std::string without_overlap(std::string_view completion, std::string_view suffix);

/// What was lately worked on beside the file with the gap, a list a workspace. Pieces keep their place, oldest first,
/// so that a model that has read the list reads only what is new. Any thread.
class NeighbourRing {
public:
    static constexpr std::size_t kMostPieces = 16;
    static constexpr std::size_t kMostLines = 64;
    static constexpr std::size_t kMostBytes = 8 << 10;  ///< of a piece
    static constexpr std::size_t kMostWorkspaces = 16;
    static constexpr std::size_t kLongestPath = 4096;  ///< what is called longer is no file, and not kept

    /// The pieces of other files, after `path` was looked at around its gap.
    std::vector<model::Excerpt> visit(const std::string& workspace, const std::string& path, std::string_view prefix,
                                      std::string_view suffix);

private:
    struct Workspace {
        std::string name;
        model::Excerpt current;              ///< the file that is being worked on
        std::vector<model::Excerpt> pieces;  ///< oldest first
    };
    Workspace& workspace(const std::string& name);

    std::mutex mutex_;
    std::list<Workspace> workspaces_;  ///< the newest first; guarded by mutex_
};

/// The lines around a gap, at most kMostLines and kMostBytes of them.
std::string around(std::string_view prefix, std::string_view suffix);

}  // namespace ec::apps::ide
