// Checkpoints: every step of a session can be gone back to, files and conversation together, and nothing that ever
// stood in a file is lost on the way.
//
// A session is a line of steps. A step is one snapshot in the shadow repository (ec/vcs/shadow.hpp) that holds the
// files, the conversation, the notes and the names of what was applied: one object, so that they cannot diverge. The
// session's mark in the repository says where it stands.
//
// Files are taken back by the undo journal (ec/executor/undo.hpp) wherever it can: it stays the one undo of files, and
// `edgecoder undo` in another terminal and undo() here are the same thing. A session follows the journal: when the
// files of its newest step were taken back, it stands a step earlier (docs/adr/0003). Where the journal no longer
// reaches, or something else was applied since, undo() writes the step's own files from the snapshots, through
// executor::apply_changes. Before any file is written, what is there is kept as a snapshot.
//
// Threads: one at a time per object; any number of processes. Errors as in shadow.hpp and undo.hpp; `conflict` names
// files that changed since, and then nothing was written.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/json/json.hpp>
#include <ec/model/chat.hpp>
#include <ec/vcs/shadow.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace ec::agent {

struct CheckpointOptions {
    std::filesystem::path shadow_dir;  ///< DATA_DIR/checkpoints
    std::filesystem::path undo_dir;    ///< DATA_DIR/undo, as executor::ApplyOptions::undo_dir
    vcs::ShadowLimits limits;
    std::function<std::uint64_t()> now_ns = {};  ///< as vcs::ShadowOptions::now_ns
    std::function<void()> before_step = {};      ///< as vcs::ShadowOptions::before_step, and for every file written
};

/// What one apply_changes() wrote: executor::Applied's `name` and `written`.
struct AppliedFiles {
    std::string name;
    std::vector<std::string> files;
    bool operator==(const AppliedFiles&) const = default;
};

struct StepRecord {
    std::string label;  ///< one line for a person
    /// The whole conversation so far. Text that is not UTF-8 comes back with U+FFFD in its place.
    std::vector<model::Message> conversation;
    json::Object notes;                 ///< task, plan, usage: whatever is needed to go on
    std::vector<AppliedFiles> applied;  ///< since the step before, in order
};

struct Step {
    std::string id;  ///< of its snapshot
    std::string session;
    unsigned number = 0;  ///< 0 is the state the session began with
    std::int64_t time_s = 0;
    std::string label;
    std::string parent;
};

struct LoadedStep {
    Step step;
    std::vector<model::Message> conversation;
    json::Object notes;
    std::vector<AppliedFiles> applied;
    std::vector<std::string> files;  ///< undo and redo: written or removed just now; sorted
};

struct SessionInfo {
    std::string id;
    std::string task;
    std::int64_t time_s = 0;  ///< of the newest step
    unsigned step = 0;        ///< where it stands
    unsigned last_step = 0;   ///< that redo can reach
};

struct RestoreOptions {
    bool force = false;                 ///< also over files that changed since; what they hold is kept
    std::vector<std::string> approved;  ///< guarded files that may be written, as ApplyOptions::approved
};

class Checkpoints {
public:
    static Result<Checkpoints> open(const std::filesystem::path& workspace, CheckpointOptions options);

    /// Starts a session with its step 0; returns its id ([a-z0-9-]+), which is `name`, or a fresh one without.
    Result<std::string> begin(const std::string& task, const std::string& name = {});
    /// An id that no session has.
    static std::string fresh_session();
    /// The next step of a session. Steps that were undone before it stay in the store, but redo no longer reaches them.
    Result<Step> record(const std::string& session, const StepRecord& record);
    /// Keeps the files as they are now without making a step: before a command that may destroy something. The id of
    /// the snapshot, or that of the session's current step when it holds the very same files.
    Result<std::string> keep(const std::string& session, const std::string& label);
    /// What the last snapshot left out, to be told once.
    [[nodiscard]] const std::vector<vcs::LeftOut>& left_out() const { return left_out_; }

    /// Newest first.
    Result<std::vector<SessionInfo>> sessions();
    /// The session's steps from the first that is still there to the last that redo can reach.
    Result<std::vector<Step>> steps(const std::string& session);
    /// A step with its conversation; without a number, the one where the session stands: resuming starts from it.
    Result<LoadedStep> load(const std::string& session, std::optional<unsigned> step = std::nullopt);

    /// Takes the session's current step back, files and conversation; returns the step where it stands then.
    /// `not_found` at its beginning, or where older steps were dropped. An apply that was cut in the middle and is no
    /// step's is taken back instead, and the session stays where it stands.
    Result<LoadedStep> undo(const std::string& session, const RestoreOptions& options = {});
    Result<LoadedStep> redo(const std::string& session, const RestoreOptions& options = {});

    /// What the agent changed: in a step, or since the beginning of the session up to where it stands. Only files that
    /// it wrote; changes that a person made to the same files in between are among them.
    Result<std::string> diff(const std::string& session, std::optional<unsigned> step = std::nullopt);

    /// Writes the given files as a snapshot holds them (a path it does not hold is removed), whatever they are now;
    /// returns what was written. The way back to what an undo or a command took away.
    Result<std::vector<std::string>> restore(const std::string& snapshot, const std::set<std::string>& paths,
                                             const RestoreOptions& options = {});

    [[nodiscard]] vcs::ShadowRepository& repository() { return repository_; }

private:
    struct Line {
        std::map<std::string, Step> steps;  ///< by id
        std::map<std::string, std::uint64_t> sequence;
        std::map<std::string, std::string> files;  ///< SnapshotInfo::files by id
        std::set<std::string> floors;
        std::set<std::string> writers;
        std::string head;
        [[nodiscard]] const Step* parent_of(const std::string& id) const;
        [[nodiscard]] const Step* child_of(const std::string& id) const;
    };

    Checkpoints(vcs::ShadowRepository repository, CheckpointOptions options)
        : repository_(std::move(repository)), options_(std::move(options)) {}
    Result<Line> line(const std::string& session);
    Result<std::string> settled(const Line& line);
    Result<bool> is_taken_back(vcs::SnapshotInfo here);
    Result<std::string> settle(const std::string& session, Line& line);
    Result<std::vector<AppliedFiles>> applied_of(const std::string& id);
    Result<LoadedStep> load_step(const Step& step);
    Result<std::vector<std::string>> mend(const std::string& session, const std::string& at,
                                          const RestoreOptions& options);
    Result<vcs::Snapshot> snapshot(const vcs::SnapshotRequest& request);
    Status prune();
    Result<std::vector<std::string>> take_back(const Step& step, const std::vector<AppliedFiles>& applied,
                                               const RestoreOptions& options);
    Result<std::vector<std::string>> put_back(const Step& step, const Step& parent,
                                              const std::vector<AppliedFiles>& applied, const RestoreOptions& options);
    Result<std::vector<std::string>> write_files(const std::set<std::string>& paths, const std::string& expected,
                                                 const std::string& target, const RestoreOptions& options);

    vcs::ShadowRepository repository_;
    CheckpointOptions options_;
    std::vector<vcs::LeftOut> left_out_;
};

}  // namespace ec::agent
