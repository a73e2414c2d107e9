// Which files of a folder git knows or ignores. Reads a repository, never writes, runs no hook and no filter.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ec::vcs {

/// The working tree around a folder; paths are relative to that folder, with '/' separators. One thread at a time.
class WorkingTree {
public:
    /// Fails with `not_found` when `root` lies in no working tree, `unavailable` where libgit2 is not installed,
    /// `denied` where a file of the repository's own, or a .gitignore above `root`, is a pipe, a socket or a device.
    static Result<WorkingTree> open(const std::filesystem::path& root);
    WorkingTree(WorkingTree&&) noexcept;
    WorkingTree& operator=(WorkingTree&&) noexcept;
    ~WorkingTree();

    /// Files in the index below the folder, sorted bytewise; submodules are none. They may be missing on disk.
    [[nodiscard]] Result<std::vector<std::string>> tracked() const;
    /// By .gitignore, info/exclude and core.excludesFile, whether tracked or not. Folders are written "name/". All is
    /// ignored below a folder whose .gitignore is a pipe, a socket or a device.
    [[nodiscard]] bool ignored(std::string_view path) const;

private:
    struct State;
    explicit WorkingTree(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ec::vcs
