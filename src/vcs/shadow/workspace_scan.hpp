// Walks a workspace and turns it into git objects. No symbolic link is followed anywhere below the root, so whoever
// plants one while we walk gains nothing. One thread.
#pragma once

#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <ec/vcs/shadow.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "object_store.hpp"
#include "stat_cache.hpp"

namespace ec::vcs {

class WorkspaceScan {
public:
    /// Looks at every file; reads none. `known` must outlive the scan.
    static Result<WorkspaceScan> walk(const std::filesystem::path& workspace, const FolderNode& known,
                                      const ShadowLimits& limits, std::uint64_t now_ns);

    /// How many files must be read.
    [[nodiscard]] std::size_t pending() const { return pending_; }

    /// Reads what is new, smallest first, and makes the trees. Call once.
    Status store(ObjectStore& store);

    [[nodiscard]] const FolderNode& root() const { return root_; }
    /// "0600 path NUL" for every file whose permission bits git does not keep, in the order of the walk.
    [[nodiscard]] const std::string& modes() const { return modes_; }
    /// Sorted by path and cut to 1000.
    [[nodiscard]] std::vector<LeftOut> take_left_out();
    [[nodiscard]] std::size_t files() const { return files_; }
    [[nodiscard]] std::size_t files_read() const { return files_read_; }
    /// False when everything is as `known` says.
    [[nodiscard]] bool differs() const { return differs_; }

private:
    struct Pending {
        FileNode* file;
        std::string path;
    };

    WorkspaceScan(UniqueFd root, const FolderNode& known, const ShadowLimits& limits, std::uint64_t now_ns)
        : root_fd_(std::move(root)), known_(&known), limits_(limits), started_ns_(now_ns) {}
    void walk_folder(int fd, const std::string& path, const FolderNode* known, FolderNode& out, unsigned depth);
    bool walk_entry(int fd, const std::string& path, const std::string& name, const FolderNode* known, FolderNode& out,
                    unsigned depth);
    void collect(FolderNode& folder, const std::string& path, std::vector<Pending>& pending);
    Status read_one(const Pending& pending, ObjectStore& store);
    Result<bool> make_tree(FolderNode& folder, const FolderNode* known, const std::string& path, ObjectStore& store);
    [[nodiscard]] std::string read_head(const std::string& path) const;
    void leave_out(std::string path, std::string why);

    UniqueFd root_fd_;
    const FolderNode* known_;
    ShadowLimits limits_;
    std::uint64_t started_ns_;
    FolderNode root_;
    std::string modes_;
    std::vector<LeftOut> left_out_;
    std::size_t files_ = 0;
    std::size_t pending_ = 0;
    std::size_t files_read_ = 0;
    std::uint64_t bytes_read_ = 0;
    bool differs_ = false;
};

}  // namespace ec::vcs
