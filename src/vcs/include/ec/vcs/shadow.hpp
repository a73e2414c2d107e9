// Snapshots of a workspace in a bare git repository of its own, far from the user's.
//
// SHADOW_DIR/<id of the workspace>/ is a repository that git itself can read (`git --git-dir=… log --all`), for a last
// rescue. It is reached through libgit2's object store alone: no `git_repository` is ever opened, so that no
// configuration, attribute, hook, filter or index is read, neither the user's nor the machine's. The workspace's own
// `.git`, and that of repositories nested in it, is never looked into.
//
// What is kept: every regular file (bytes and all permission bits) and symbolic link of the workspace, but for version
// control's own folders and for heavy output that can be made again: folders such as node_modules and .venv, those with
// a CACHEDIR.TAG, and build folders that the project's .gitignore names. Files are bounded one by one and together; the
// smallest are taken first and what was left out is told. Files that did not change since the last snapshot, by inode,
// size and times, are not read again. Empty folders are not kept.
//
// Crash safety: objects are on the disk before the one file that names them is replaced by a rename, so a snapshot
// that was cut short is simply not there. A snapshot has no git parent (the one before it is a fact in its message), so
// that old ones can be dropped without rewriting the rest.
//
// Threads: one at a time per object. Any number of processes may have one open for the same workspace: a lock file
// orders them, waited for at most ten seconds (`conflict`).
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

struct ShadowLimits {
    std::uint64_t file_bytes = 8ULL << 20;       ///< larger files are left out
    std::uint64_t new_bytes = 512ULL << 20;      ///< that one snapshot reads at most
    std::size_t files = 200'000;                 ///< beyond that many the rest is left out
    std::size_t snapshots = 200;                 ///< the newest so many are kept
    std::uint64_t store_bytes = 2ULL << 30;      ///< on the disk, for all snapshots; checked when pruning
    std::uint64_t attached_bytes = 64ULL << 20;  ///< of one snapshot
};

struct ShadowOptions {
    std::filesystem::path shadow_dir;  ///< DATA_DIR/checkpoints; not inside the workspace
    ShadowLimits limits;
    /// Nanoseconds since the epoch by the clock that stamps files; the machine's where empty.
    std::function<std::uint64_t()> now_ns = {};
    /// Called before every step that can be seen on the disk; tests end the process there.
    std::function<void()> before_step = {};
};

/// A file that is not in a snapshot, and why, in words: "larger than 8 MiB".
struct LeftOut {
    std::string path;
    std::string why;
    bool operator==(const LeftOut&) const = default;
};

/// Bytes kept with a snapshot beside the workspace's files: a list of texts under a name ([a-z]+). A text that an
/// earlier snapshot has too costs nothing.
using Attachments = std::map<std::string, std::vector<std::string>>;

struct SnapshotRequest {
    std::string message;                       ///< one line for a person; at most 200 bytes are kept
    std::map<std::string, std::string> facts;  ///< keys [a-z-]+, values of one line: come back with list()
    Attachments attached;
    std::string parent;  ///< id of the snapshot before, or empty
    /// When not empty, [a-z0-9-]+: in the same step the mark of this name is set to the new snapshot.
    std::string mark;
    /// When not empty: no snapshot is made where the files are these already (SnapshotInfo::files).
    std::string unless_files = {};
};

struct SnapshotInfo {
    std::string id;              ///< 40 hexadecimal digits
    std::uint64_t sequence = 0;  ///< grows with every snapshot of the workspace
    std::int64_t time_s = 0;     ///< since the epoch
    std::string message;
    std::string parent;
    std::map<std::string, std::string> facts;
    std::string files;  ///< id of the files alone: equal for equal files
};

struct Snapshot {
    SnapshotInfo info;              ///< without an id where none was made, see SnapshotRequest::unless_files
    std::vector<LeftOut> left_out;  ///< sorted by path, at most 1000
    std::size_t files = 0;
    std::size_t files_read = 0;  ///< not known from the snapshot before
};

/// One file as a snapshot holds it.
struct ShadowFile {
    std::string path;
    unsigned mode = 0644;  ///< permission bits
    bool symlink = false;  ///< then the object is the target
    std::string object;    ///< id of its bytes
    bool operator==(const ShadowFile&) const = default;
};

/// What a path holds in two snapshots; a side without an object is absent there.
struct ShadowChange {
    std::string path;
    ShadowFile before;
    ShadowFile after;
};

class ShadowRepository {
public:
    /// Makes the folder (0700) where it is missing. `invalid_argument` when it would lie inside the workspace,
    /// `not_found` without a workspace, `unavailable` without libgit2 or without a place, `denied` for a folder that is
    /// somebody else's.
    static Result<ShadowRepository> open(const std::filesystem::path& workspace, ShadowOptions options);

    /// Keeps the workspace as it is now. A file that is written to meanwhile is kept as one of its states when it
    /// settles within three readings, else as it was read last.
    Result<Snapshot> snapshot(const SnapshotRequest& request);

    /// All snapshots, oldest first.
    Result<std::vector<SnapshotInfo>> list();
    /// `not_found` when there is no such snapshot (any more).
    Result<SnapshotInfo> find(const std::string& id);
    /// The names and the snapshots they mark.
    Result<std::map<std::string, std::string>> marks();
    /// Sets a mark to a snapshot that is there.
    Status set_mark(const std::string& name, const std::string& id);

    /// The files of a snapshot, sorted by path.
    Result<std::vector<ShadowFile>> files(const std::string& id);
    /// What differs between two snapshots, sorted by path; an empty id stands for no files at all.
    Result<std::vector<ShadowChange>> changes(const std::string& before, const std::string& after);
    /// The same as a unified patch in git's format, modes included; a binary file is one line. With `only`, of those
    /// files.
    Result<std::string> diff(const std::string& before, const std::string& after,
                             const std::set<std::string>* only = nullptr);
    /// The bytes of ShadowFile::object; `corrupt` when the store is damaged.
    Result<std::string> content(const std::string& object);
    /// What a snapshot does not hold although it was there: files, and folders with all below them. At most 1000.
    Result<std::vector<std::string>> left_out(const std::string& id);
    Result<std::vector<std::string>> attached(const std::string& id, const std::string& name);

    /// Drops the oldest snapshots beyond the limits and everything that only they held, and the marks that pointed to
    /// them. `keep` is asked for snapshots that must stay whatever the limits say.
    Result<std::size_t> prune(const std::function<bool(const SnapshotInfo&)>& keep);
    /// True when there are so many more than ShadowLimits::snapshots (a tenth), or so many bytes, that pruning pays.
    Result<bool> wants_pruning();

    [[nodiscard]] const std::filesystem::path& workspace() const { return workspace_; }
    [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

private:
    ShadowRepository(std::filesystem::path workspace, std::filesystem::path folder, ShadowOptions options);
    void step() const {
        if (options_.before_step) options_.before_step();
    }
    [[nodiscard]] std::uint64_t now_ns() const;

    std::filesystem::path workspace_;
    std::filesystem::path folder_;
    ShadowOptions options_;
};

}  // namespace ec::vcs
