#include "workspace_scan.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>

#include "output_folders.hpp"

namespace ec::vcs {
namespace {

// File systems stamp with a clock that ticks every few milliseconds: two writes within a tick look the same.
constexpr std::uint64_t kTickNs = 50'000'000;
constexpr std::size_t kMostLeftOut = 1000;
constexpr std::size_t kHeadBytes = 64U << 10;
constexpr std::size_t kLongestTarget = 4096;
constexpr int kReadings = 3;

std::string below(const std::string& folder, const std::string& name) {
    return folder.empty() ? name : folder + "/" + name;
}

std::optional<std::vector<std::string>> names_in(int folder) {
    const int copy = ::fcntl(folder, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) return std::nullopt;
    const auto close = [](DIR* stream) { ::closedir(stream); };
    const std::unique_ptr<DIR, decltype(close)> stream(::fdopendir(copy), close);
    if (!stream) {
        ::close(copy);
        return std::nullopt;
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream.get())) {
        std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

// Opens a file below a folder, every folder on the way without following links.
UniqueFd open_below(int root, const std::string& path) {
    UniqueFd folder;
    std::size_t at = 0;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', at)) {
        const std::string part = path.substr(at, slash - at);
        folder.reset(::openat(folder.valid() ? folder.get() : root, part.c_str(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!folder.valid()) return {};
        at = slash + 1;
    }
    // O_NONBLOCK: a FIFO that took the file's place must not hold us.
    return UniqueFd(::openat(folder.valid() ? folder.get() : root, path.substr(at).c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

// At most `limit` + 1 bytes; nothing when reading fails.
std::optional<std::string> read_all(int fd, std::uint64_t limit) {
    std::string content;
    char block[65536];
    for (off_t at = 0;;) {
        const ssize_t n = ::pread(fd, block, sizeof block, at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::nullopt;
        if (n == 0 || content.size() > limit) return content;
        content.append(block, static_cast<std::size_t>(n));
        at += n;
    }
}

template <class Node>
const Node* find(const std::vector<Node>& sorted, const std::string& name) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), name,
                                     [](const Node& node, const std::string& wanted) { return node.name < wanted; });
    return at != sorted.end() && at->name == name ? &*at : nullptr;
}

unsigned git_mode(const FileNode& file) {
    if (file.symlink) return kLinkMode;
    return (file.mode & 0100U) != 0 ? kProgramMode : kFileMode;
}

bool same_entry(const FileNode& a, const FileNode& b) {
    return a.name == b.name && a.object == b.object && git_mode(a) == git_mode(b);
}

bool same_entry(const FolderNode& a, const FolderNode& b) { return a.name == b.name && a.tree == b.tree; }

}  // namespace

Result<WorkspaceScan> WorkspaceScan::walk(const std::filesystem::path& workspace, const FolderNode& known,
                                          const ShadowLimits& limits, std::uint64_t now_ns) {
    UniqueFd root(::open(workspace.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail(from_errno(fmt::format("cannot open {}", workspace.string()), errno));
    WorkspaceScan scan(std::move(root), known, limits, now_ns);
    scan.walk_folder(scan.root_fd_.get(), "", &known, scan.root_, 0);
    return scan;
}

void WorkspaceScan::leave_out(std::string path, std::string why) {
    if (left_out_.size() < kMostLeftOut) left_out_.push_back({std::move(path), std::move(why)});
}

std::vector<LeftOut> WorkspaceScan::take_left_out() {
    std::sort(left_out_.begin(), left_out_.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return std::move(left_out_);
}

std::string WorkspaceScan::read_head(const std::string& path) const {
    const UniqueFd fd = open_below(root_fd_.get(), path);
    return fd.valid() ? read_all(fd.get(), kHeadBytes).value_or("") : "";
}

void WorkspaceScan::walk_folder(int fd, const std::string& path, const FolderNode* known, FolderNode& out,
                                unsigned depth) {
    const auto names = names_in(fd);
    if (!names) return leave_out(path, "cannot be read");
    if (depth > 0 && is_output_folder(path, *names, [this](const std::string& file) { return read_head(file); })) {
        return leave_out(path, "output that can be made again");
    }
    for (const std::string& name : *names) {
        if (is_version_control(name)) continue;
        if (!walk_entry(fd, path, name, known, out, depth)) leave_out(below(path, name), "one file too many");
    }
}

bool WorkspaceScan::walk_entry(int fd, const std::string& path, const std::string& name, const FolderNode* known,
                               FolderNode& out, unsigned depth) {
    struct stat info{};
    if (::fstatat(fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return true;  // gone since
    if (S_ISDIR(info.st_mode)) {
        const UniqueFd inside(::openat(fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!inside.valid() || depth + 1 >= kDeepest) {
            if (inside.valid() || errno != ENOENT)
                leave_out(below(path, name), inside.valid() ? "too deep" : "cannot be read");
            return true;
        }
        FolderNode folder;
        folder.name = name;
        walk_folder(inside.get(), below(path, name), known == nullptr ? nullptr : find(known->folders, name), folder,
                    depth + 1);
        if (!folder.files.empty() || !folder.folders.empty()) out.folders.push_back(std::move(folder));
        return true;
    }
    if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) return true;
    if (files_ >= limits_.files) return false;
    FileNode file;
    file.name = name;
    file.symlink = S_ISLNK(info.st_mode);
    file.mode = info.st_mode & 0777U;
    file.stamp = Stamp::of(info);
    if (!file.symlink && file.stamp.size > limits_.file_bytes) {
        leave_out(below(path, name), fmt::format("larger than {} bytes", limits_.file_bytes));
        return true;
    }
    const FileNode* before = known == nullptr ? nullptr : find(known->files, name);
    if (before != nullptr && before->known && before->stamp == file.stamp && before->symlink == file.symlink) {
        file.known = true;
        file.object = before->object;
    } else {
        ++pending_;
    }
    ++files_;
    out.files.push_back(std::move(file));
    return true;
}

void WorkspaceScan::collect(FolderNode& folder, const std::string& path, std::vector<Pending>& pending) {
    for (FileNode& file : folder.files) {
        if (!file.known) pending.push_back({&file, below(path, file.name)});
    }
    for (FolderNode& child : folder.folders) collect(child, below(path, child.name), pending);
}

// Leaves the file's `object` zero when there is nothing to keep.
Status WorkspaceScan::read_one(const Pending& pending, ObjectStore& store) {
    FileNode& file = *pending.file;
    std::string content;
    if (file.symlink) {
        const std::size_t slash = pending.path.rfind('/');
        UniqueFd parent;
        if (slash != std::string::npos) {
            parent = open_below(root_fd_.get(), pending.path.substr(0, slash));
            if (!parent.valid()) return {};
        }
        content.resize(kLongestTarget);
        const ssize_t n = ::readlinkat(parent.valid() ? parent.get() : root_fd_.get(), file.name.c_str(),
                                       content.data(), content.size());
        if (n <= 0) return {};
        content.resize(static_cast<std::size_t>(n));
    } else {
        const UniqueFd fd = open_below(root_fd_.get(), pending.path);
        if (!fd.valid() && errno == ENOENT) return {};
        for (int reading = 0; reading < kReadings; ++reading) {
            struct stat before{};
            struct stat after{};
            std::optional<std::string> read;
            if (fd.valid() && ::fstat(fd.get(), &before) == 0 && S_ISREG(before.st_mode)) {
                read = read_all(fd.get(), limits_.file_bytes);
            }
            if (!read || ::fstat(fd.get(), &after) != 0) {
                leave_out(pending.path, "cannot be read");
                return {};
            }
            content = *std::move(read);
            file.stamp = Stamp::of(after);
            file.mode = after.st_mode & 0777U;
            file.known = Stamp::of(before) == file.stamp && content.size() == file.stamp.size;
            if (file.known) break;
        }
        if (content.size() > limits_.file_bytes) {
            leave_out(pending.path, fmt::format("larger than {} bytes", limits_.file_bytes));
            file.known = false;
            return {};
        }
    }
    if (bytes_read_ + content.size() > limits_.new_bytes) {
        leave_out(pending.path, fmt::format("beyond the {} new bytes of one snapshot", limits_.new_bytes));
        file.known = false;
        return {};
    }
    bytes_read_ += content.size();
    ++files_read_;
    EC_ASSIGN(file.object, store.put(ObjectKind::blob, content));
    file.known = (file.symlink || file.known) && file.stamp.ctime_ns + kTickNs < started_ns_;
    return {};
}

Status WorkspaceScan::store(ObjectStore& store) {
    std::vector<Pending> pending;
    collect(root_, "", pending);
    std::stable_sort(pending.begin(), pending.end(),
                     [](const Pending& a, const Pending& b) { return a.file->stamp.size < b.file->stamp.size; });
    for (const Pending& one : pending) EC_TRY(read_one(one, store));
    differs_ = !pending.empty();
    EC_ASSIGN(const bool changed, make_tree(root_, known_, "", store));
    differs_ = differs_ || changed;
    return {};
}

// Depth first. A folder that holds what it held is not written again. Returns whether it changed.
Result<bool> WorkspaceScan::make_tree(FolderNode& folder, const FolderNode* known, const std::string& path,
                                      ObjectStore& store) {
    files_ -= std::erase_if(folder.files, [](const FileNode& file) { return file.object == ObjectId{}; });
    for (FolderNode& child : folder.folders) {
        const FolderNode* before = known == nullptr ? nullptr : find(known->folders, child.name);
        EC_TRY(make_tree(child, before, below(path, child.name), store));
    }
    std::erase_if(folder.folders, [](const FolderNode& child) { return child.files.empty() && child.folders.empty(); });
    for (const FileNode& file : folder.files) {
        if (file.symlink || file.mode == 0644 || file.mode == 0755) continue;
        modes_ += fmt::format("{:04o} {}", file.mode, below(path, file.name));
        modes_ += '\0';
    }
    const auto same = [](const auto& a, const auto& b) { return same_entry(a, b); };
    if (known != nullptr && known->tree != ObjectId{} && std::ranges::equal(folder.files, known->files, same) &&
        std::ranges::equal(folder.folders, known->folders, same)) {
        folder.tree = known->tree;
        return false;
    }
    std::vector<TreeEntry> entries;
    for (const FileNode& file : folder.files) entries.push_back({file.name, git_mode(file), file.object});
    for (const FolderNode& child : folder.folders) entries.push_back({child.name, kFolderMode, child.tree});
    EC_ASSIGN(folder.tree, store.put_tree(std::move(entries)));
    return true;
}

}  // namespace ec::vcs
