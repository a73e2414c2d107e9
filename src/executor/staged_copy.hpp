// A copy of a workspace that belongs to the payload's uid: for a root whose file system knows no idmapped mounts
// (inside many containers), where the payload could otherwise not write to the copy-on-write view of somebody's files.
//
// Made once, brought up to date before a run. What is big and only read (node_modules, virtual environments, git's
// objects) is not copied but bound read-only over its place. Safe to use from several threads.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <ec/core/fs.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ec::executor {

class StagedCopy {
public:
    StagedCopy(std::filesystem::path workspace, uid_t owner) : StagedCopy(std::move(workspace), owner, owner, {}) {}
    /// Below `home`, an existing folder of the caller's, instead of one of its own.
    StagedCopy(std::filesystem::path workspace, uid_t owner, gid_t group, std::filesystem::path home)
        : workspace_(std::move(workspace)), owner_(owner), group_(group), base_(std::move(home)) {}

    /// Copies what is new or changed, removes what is gone. Fails with `too_large` above 100,000 files or 2 GiB.
    Status refresh();
    /// The copy, by its real path; belongs to the owner, in a folder that only we can enter.
    [[nodiscard]] std::filesystem::path tree() const { return base_ / "tree"; }
    /// What the files of the workspace were when the copy was last brought up to date, by path.
    using Originals = std::map<std::string, FileIdentity>;
    [[nodiscard]] std::shared_ptr<const Originals> originals() const;
    /// Folders, relative to the workspace, that must be bound over the copy.
    [[nodiscard]] std::vector<std::string> bound() const;

private:
    class Walk;

    std::filesystem::path workspace_;
    uid_t owner_;
    gid_t group_;
    std::filesystem::path base_;
    bool prepared_ = false;
    std::optional<TempDir> home_;
    mutable std::mutex mutex_;
    std::shared_ptr<const Originals> copied_ = std::make_shared<const Originals>();
    std::vector<std::string> bound_;
};

/// The sandbox saw a copy; what may be replaced later is the file it was made from.
void name_originals(std::vector<Change>& changes, const StagedCopy::Originals& originals);

}  // namespace ec::executor
