// What a run of tier C works on: a private folder with a copy of the workspace, a place for temporary files, our helper
// files, and the folder for artifacts. Everything in it that a program touched is hostile: it is looked at with
// descriptors, no link is followed, nothing but regular files is opened, and all of it is removed with the object.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "staged_copy.hpp"

namespace ec::executor {

class ReducedWorkspace {
public:
    /// Copies `workspace` and lays `run`'s edits and helper files. `owner`: the uid that programs run as, when it is
    /// not ours.
    static Result<std::unique_ptr<ReducedWorkspace>> create(const std::filesystem::path& workspace, const RunSpec& run,
                                                            std::optional<uid_t> owner);
    ~ReducedWorkspace();
    ReducedWorkspace(const ReducedWorkspace&) = delete;
    ReducedWorkspace& operator=(const ReducedWorkspace&) = delete;

    [[nodiscard]] std::filesystem::path tree() const { return home_.path() / "tree"; }
    [[nodiscard]] std::filesystem::path temporary() const { return home_.path() / "tmp"; }
    [[nodiscard]] std::filesystem::path support() const { return home_.path() / "lib"; }
    [[nodiscard]] std::filesystem::path artifact_folder() const { return home_.path() / "artifacts"; }
    /// Folders of the real workspace that the copy only points to; they must be readable.
    [[nodiscard]] std::vector<std::string> shared() const;

    /// True when the run has filled more than `room` bytes, or made more than 100,000 files.
    [[nodiscard]] bool full(std::uint64_t room) const;
    /// Wall clock before any file was copied.
    [[nodiscard]] std::uint64_t started_ns() const { return started_ns_; }
    /// After every process is gone: what differs from the copy as it was made, sorted by path.
    [[nodiscard]] std::vector<Change> changes(bool contents, std::uint64_t most_bytes) const;
    [[nodiscard]] std::map<std::string, std::string> artifacts() const;

private:
    struct Known {
        mode_t mode = 0;
        ino_t inode = 0;
        std::uint64_t size = 0;
        std::int64_t changed = 0;  ///< nanoseconds
        Hash128 hash;              ///< of the bytes, or of a link's target
    };
    class Diff;

    ReducedWorkspace(TempDir home, std::filesystem::path workspace)
        : home_(std::move(home)), workspace_(std::move(workspace)) {}
    Status fill(const RunSpec& run, std::optional<uid_t> owner);
    Status lay(const RunSpec& run, std::optional<uid_t> owner);
    void remember(int dir, const std::string& path, int depth);

    TempDir home_;
    std::filesystem::path workspace_;
    std::set<std::string> shared_;
    std::map<std::string, Known> known_;  ///< files and links; folders are no changes
    std::shared_ptr<const StagedCopy::Originals> originals_;
    std::uint64_t started_ns_ = 0;
    std::uint64_t bytes_before_ = 0;
    std::int64_t ready_ = 0;  ///< when the copy was complete, nanoseconds
};

}  // namespace ec::executor
