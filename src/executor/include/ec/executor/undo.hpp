// Takes back what was applied to a workspace, and puts it there again.
//
// Every apply, undo and redo is a step in a journal of its own folder, written before the first file is replaced: what
// stood there, owner and mode, and what came instead. Whoever takes a step back looks first whether the files still
// are what the step left; if not, nothing is written. A process that dies in the middle leaves a step from which undo
// restores exactly the files that were replaced. The last 50 steps are kept, at most 1 GiB a workspace.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace ec::executor {

struct UndoOptions {
    std::filesystem::path undo_dir;  ///< as ApplyOptions::undo_dir
    /// Also over files that changed since; what they hold now becomes part of the new step. For a person to say.
    bool force = false;
    std::function<void()> before_step = {};  ///< as ApplyOptions::before_step
};

struct Undone {
    std::uint64_t step = 0;             ///< the step that was taken back
    std::vector<std::string> restored;  ///< files that were written or removed; sorted
    bool was_interrupted = false;       ///< that step had not come to its end
    std::string apply;                  ///< Applied::name of the apply it all began with; empty when not known
};

/// Takes back the newest applied step that is not taken back yet. `not_found` when there is none, `conflict` naming the
/// files that changed since, `corrupt` for a journal that cannot be read.
Result<Undone> undo(const std::filesystem::path& workspace, const UndoOptions& options);

/// Takes back the newest undo. A later apply makes an undo final.
Result<Undone> redo(const std::filesystem::path& workspace, const UndoOptions& options);

struct UndoEntry {
    enum class State { applied, undone, interrupted };
    std::uint64_t step = 0;
    std::int64_t time_ms = 0;  ///< since the epoch
    State state = State::applied;
    std::vector<std::string> files;
    std::string apply;  ///< Applied::name of the apply it all began with; empty when not known
};

/// The steps that undo (`applied`, `interrupted`) and redo (`undone`) can still reach, newest first.
Result<std::vector<UndoEntry>> undo_history(const std::filesystem::path& workspace,
                                            const std::filesystem::path& undo_dir);

}  // namespace ec::executor
