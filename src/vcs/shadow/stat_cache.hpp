// What a workspace was at its last snapshot: a tree of folders with, for every file, the times and numbers by which a
// later look can tell that it is still the same, and the object that its bytes are.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "object_store.hpp"

namespace ec::vcs {

struct Stamp {
    std::uint64_t inode = 0;
    std::uint64_t size = 0;
    std::uint64_t mtime_ns = 0;
    std::uint64_t ctime_ns = 0;
    bool operator==(const Stamp&) const = default;
    static Stamp of(const struct stat& info);
};

struct FileNode {
    std::string name;
    Stamp stamp;
    unsigned mode = 0;  ///< permission bits
    bool symlink = false;
    bool known = false;  ///< the object holds what the stamp stands for
    ObjectId object{};
};

struct FolderNode {
    std::string name;
    std::vector<FileNode> files;      ///< sorted by name
    std::vector<FolderNode> folders;  ///< sorted by name; only those with files below them once the tree is made
    ObjectId tree{};                  ///< of the files below it, as git has it
};

/// Deeper folders are left out of snapshots.
inline constexpr unsigned kDeepest = 128;

/// Nothing when there is none, when it is damaged, or when it belongs to another snapshot than one that is there:
/// everything is read again then.
class StatCache {
public:
    static StatCache load(const std::filesystem::path& folder);
    static Status save(const std::filesystem::path& folder, const ObjectId& snapshot, const FolderNode& root);

    ObjectId snapshot{};
    FolderNode root;
    bool valid = false;
};

}  // namespace ec::vcs
