#include "sweep.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <ec/core/result.hpp>
#include <string>
#include <vector>

#include "commit_text.hpp"
#include "stat_cache.hpp"

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBlock = 512;  // st_blocks, POSIX

std::uint64_t disk_bytes(const fs::path& path) {
    struct stat info{};
    return ::lstat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_blocks) * kBlock : 0;
}

template <class Each>
void for_each_object(const fs::path& folder, const Each& each) {
    std::error_code error;
    for (const auto& part : fs::directory_iterator(folder / "objects", error)) {
        const std::string prefix = part.path().filename().string();
        if (prefix.size() != 2 || !part.is_directory(error)) {
            each(part.path(), std::string{});
            continue;
        }
        for (const auto& object : fs::directory_iterator(part.path(), error)) {
            each(object.path(), prefix + object.path().filename().string());
        }
    }
}

}  // namespace

std::uint64_t Reachable::size_of(const ObjectId& id) const {
    const std::string name = hex(id);
    return disk_bytes(folder_ / "objects" / name.substr(0, 2) / name.substr(2));
}

Result<std::uint64_t> Reachable::add(const ObjectId& commit) {
    if (!found_.insert(commit).second) return 0;
    EC_ASSIGN(const std::string text, store_.get(ObjectKind::commit, commit));
    EC_ASSIGN(const Commit parsed, read_commit(text));
    EC_ASSIGN(const std::uint64_t below, add_tree(parsed.tree, 0));
    return below + size_of(commit);
}

Result<std::uint64_t> Reachable::add_tree(const ObjectId& tree, unsigned depth) {
    if (!found_.insert(tree).second) return 0;
    if (depth > kDeepest + 4) return fail(ErrorCode::corrupt, "the checkpoints are damaged: folders too deep");
    EC_ASSIGN(const std::vector<TreeEntry> entries, store_.get_tree(tree));
    std::uint64_t bytes = size_of(tree);
    for (const TreeEntry& entry : entries) {
        if (entry.mode == kFolderMode) {
            EC_ASSIGN(const std::uint64_t inside, add_tree(entry.id, depth + 1));
            bytes += inside;
        } else if (found_.insert(entry.id).second) {
            bytes += size_of(entry.id);
        }
    }
    return bytes;
}

void sweep(const fs::path& folder, const Reachable& keep) {
    std::vector<fs::path> doomed;
    for_each_object(folder, [&](const fs::path& path, const std::string& name) {
        const auto id = parse_id(name);
        if (!id || !keep.contains(*id)) doomed.push_back(path);
    });
    for (const fs::path& path : doomed) ::unlink(path.c_str());
}

std::uint64_t stored_bytes(const fs::path& folder) {
    std::uint64_t bytes = 0;
    for_each_object(folder, [&](const fs::path& path, const std::string&) { bytes += disk_bytes(path); });
    return bytes;
}

}  // namespace ec::vcs
