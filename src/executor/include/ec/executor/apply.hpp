// Carries what a sandboxed run changed into the real workspace: the one place where anything of a run gets out.
//
// Paths are resolved beneath the workspace without following any symbolic link, so a link planted between the run and
// the copying leads nowhere. Nothing is written when a file is not what it was before the run. Every new file is
// written in full aside first; each then takes its place in one rename, and what it replaces is kept until all are in
// place, so whatever fails midway is put back. What was replaced is in the undo journal (undo.hpp) before that.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ec::executor {

/// True for places whose content runs later without being asked for, steers those who do, or describes history: version
/// control, hooks, continuous integration, configuration of editors, shells, agents and package managers, at any depth
/// (docs/sandbox.md has the table). A run may write there only with an approval that names the place.
bool is_guarded_path(std::string_view path);

/// True when one of `approved` is the path itself or a folder above it. An approval does not reach into a guarded place
/// that lies below it (`.vscode` does not approve `.vscode/x/.git/config`).
bool is_approved(std::string_view path, std::span<const std::string> approved);

/// Fails with `invalid_argument` for an approval that is no plain relative name or names nothing that is guarded.
Status check_approvals(std::span<const std::string> approved);

struct Refusal {
    enum class Why {
        guarded,    ///< needs a named approval
        behind,     ///< a guarded name is a link, or git's pointer, to this place
        leads_out,  ///< a link that can be followed out of the workspace
        too_large,  ///< more bytes than a run may carry out
        name,       ///< a path that cannot be shown as it is
        special     ///< what stands there is a device, a socket or a FIFO
    };
    std::string path;
    Why why = Why::guarded;
    bool operator==(const Refusal&) const = default;
};

struct Applied {
    std::vector<std::string> written;  ///< created, changed or deleted; sorted
    std::vector<Refusal> refused;      ///< sorted by path
    /// Of this apply in the undo journal, unlike that of any other, and kept through undo and redo: whoever remembers
    /// it can tell later whether the apply is in force (undo_history). Empty when nothing was written.
    std::string name;
};

struct ApplyOptions {
    std::filesystem::path undo_dir;     ///< where all undo journals are kept (DATA_DIR/undo)
    std::vector<std::string> approved;  ///< guarded files or folders that may be written, each by its own name
    std::uint64_t started_ns = 0;  ///< RunResult::started_ns: a file changed after that counts as changed meanwhile
    /// Called before every step that can be seen on the disk; tests end the process there.
    std::function<void()> before_step = {};
};

/// `changes` must have been collected with collect_change_contents, with Change::before as the run or identify() gave
/// it. Fails with `conflict`, naming the files, when the workspace changed meanwhile; nothing is written then.
/// `unavailable` without a place for the journal.
Result<Applied> apply_changes(const std::filesystem::path& workspace, std::span<const Change> changes,
                              const ApplyOptions& options);

/// A file that somebody else writes: an editor that holds it open.
struct HandedChange {
    std::string path;
    std::optional<std::string> before;  ///< what undo brings back, perhaps newer than the disk; nothing: no such file
    std::string after;
};
/// Has the other side write `text` to the file at `path`, relative to the workspace, and save it.
using Hand = std::function<Status(const std::string& path, const std::string& text)>;

/// Has every change written by `hand`, and keeps what stood there in the undo journal once all are. Nothing is written
/// when one of them may not be (`refused`) or a file to be created is there already (`conflict`); when the hand fails
/// midway, what it wrote is taken back by it. Applied::written has what reached the disk: what the other side holds
/// unsaved is its own to take back. A process that dies in between leaves no step.
Result<Applied> apply_by_hand(const std::filesystem::path& workspace, std::span<const HandedChange> changes,
                              const ApplyOptions& options, const Hand& hand);

/// What stands at a path now, for Change::before of changes that come from elsewhere than a run.
Result<FileIdentity> identify(const std::filesystem::path& workspace, const std::string& path);

}  // namespace ec::executor
