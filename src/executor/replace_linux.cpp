// The second half of FileReplacer: making what is new aside, then putting it in place.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "beneath.hpp"
#include "file_replacer.hpp"
#include "hash_blocks.hpp"

namespace ec::executor {
namespace {

constexpr int kFolder = O_RDONLY | O_DIRECTORY;

Status write_content(int fd, std::string_view rest, const std::string& path) {
    while (!rest.empty()) {
        const ssize_t n = ::write(fd, rest.data(), rest.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno(fmt::format("cannot write {}", path), errno));
        rest.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Status copy_image(const Order& order, int to) {
    const UniqueFd from(::open(order.image.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!from.valid()) return fail(from_errno(fmt::format("the undo journal lost {}", order.path), errno));
    Hash128 hash;
    std::uint64_t size = 0;
    EC_TRY(read_blocks(from.get(), order.path, [&](std::string_view block) {
        hash = extend_hash(hash, block);
        size += block.size();
        return write_content(to, block, order.path);
    }));
    if (hash == order.after.hash && size == order.after.size) return {};
    return fail(ErrorCode::corrupt, fmt::format("the undo journal holds a damaged copy of {}", order.path));
}

bool unsupported(int error) { return error == EINVAL || error == ENOSYS || error == ENOTTY || error == EOPNOTSUPP; }

// rename that never replaces, also where the file system cannot do it in one step.
int rename_new(int from, const std::string& old_name, int to, const std::string& new_name) {
    const int rc = ::renameat2(from, old_name.c_str(), to, new_name.c_str(), RENAME_NOREPLACE);
    if (rc == 0 || !unsupported(errno)) return rc;
    struct stat info{};
    if (::fstatat(to, new_name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return ::renameat(from, old_name.c_str(), to, new_name.c_str());
}

// Root gives files to whom they belong; anybody else can at most choose one of his groups.
bool set_owner(int fd, const char* link, std::uint32_t uid, std::uint32_t gid) {
    const int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    const bool root = ::geteuid() == 0;
    return ::fchownat(fd, link, root ? uid : static_cast<uid_t>(-1), gid, flags) == 0 || !root;
}

// The group of what an ordinary creation would have made in that folder; what root makes follows the folder.
gid_t group_in(const struct stat& folder) {
    return ::geteuid() == 0 || (folder.st_mode & S_ISGID) != 0 ? folder.st_gid : ::getegid();
}

}  // namespace

Status FileReplacer::stage(const Item& item) const {
    const FileState& after = item.order.after;
    const std::string& path = item.order.path;
    std::uint32_t uid = after.uid;
    std::uint32_t gid = after.gid;
    if (!item.order.owner_given && item.file.before.kind != FileState::Kind::absent) {
        uid = item.file.before.uid;
        gid = item.file.before.gid;
    } else if (!item.order.owner_given) {
        struct stat model{};
        std::string at = folder_of(path);
        while (!at.empty() && !open_beneath(root_.get(), at, O_PATH | O_DIRECTORY).valid()) at = folder_of(at);
        const UniqueFd folder = open_beneath(root_.get(), at.empty() ? "." : at, O_PATH | O_DIRECTORY);
        if (!folder.valid() || ::fstat(folder.get(), &model) != 0)
            return fail(from_errno(fmt::format("cannot look at the folder of {}", path), errno));
        uid = model.st_uid;
        gid = group_in(model);
    }
    if (after.kind == FileState::Kind::link) {
        if (::symlinkat(after.target.c_str(), scratch_.get(), item.aside.c_str()) != 0 ||
            !set_owner(scratch_.get(), item.aside.c_str(), uid, gid)) {
            return fail(from_errno(fmt::format("cannot create the link {}", path), errno));
        }
        return {};
    }
    const UniqueFd file(
        ::openat(scratch_.get(), item.aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid()) return fail(from_errno(fmt::format("cannot write {}", path), errno));
    EC_TRY(item.order.image.empty() ? write_content(file.get(), item.order.content, path)
                                    : copy_image(item.order, file.get()));
    if (!set_owner(file.get(), "", uid, gid)) {
        return fail(from_errno(fmt::format("cannot set the owner of {}", path), errno));
    }
    if (::fchmod(file.get(), after.mode) != 0) {
        return fail(from_errno(fmt::format("cannot finish {}", path), errno));
    }
    return {};
}

Status FileReplacer::carry_out() {
    mark();
    if (::mkdirat(root_.get(), scratch_name_.c_str(), 0700) != 0) {
        return fail(from_errno("cannot write in the project's folder", errno));
    }
    scratch_ = open_beneath(root_.get(), scratch_name_, kFolder);
    if (!scratch_.valid()) return fail(from_errno("cannot open the scratch folder", errno));
    std::vector<std::string> files;
    for (const Item& item : items_) {
        if (item.order.after.kind == FileState::Kind::absent) continue;
        mark();
        EC_TRY(stage(item));
        if (item.order.after.kind == FileState::Kind::file) files.push_back(item.aside);
    }
    if (!sync_files(scratch_.get(), files) || ::fsync(scratch_.get()) != 0)
        return fail(from_errno("cannot sync the scratch folder", errno));
    return replace_all();
}

// What leaves goes first: a file may have become a folder, or the other way round.
Status FileReplacer::replace_all() {
    for (const Item& item : items_) {
        if (item.order.after.kind == FileState::Kind::absent) EC_TRY(take_away(item));
    }
    for (auto folder = removed_.rbegin(); folder != removed_.rend(); ++folder) remove_folder(*folder);
    for (const FolderState& folder : created_) EC_TRY(make_folder(folder, folder.mode != 0));
    for (const Item& item : items_) {
        if (item.order.after.kind != FileState::Kind::absent) EC_TRY(put(item));
    }
    for (const FolderState& folder : created_) {
        if (folder.mode == 0 || (folder.mode & 0700U) == 0700U) continue;
        const UniqueFd fd = open_beneath(root_.get(), folder.path, kFolder);
        if (fd.valid() && ::fchmod(fd.get(), folder.mode) != 0)
            return fail(from_errno(fmt::format("cannot set the mode of {}", folder.path), errno));
    }
    return sync_parents();
}

Status FileReplacer::take_away(const Item& item) {
    const std::string name = name_of(item.order.path);
    UniqueFd parent = open_parent(item.order.path, O_PATH);
    if (!parent.valid()) return fail(conflict({item.order.path}, "changed meanwhile", "run it again"));
    mark();
    if (rename_new(parent.get(), name, scratch_.get(), item.aside) != 0) {
        return fail(from_errno(fmt::format("cannot remove {}", item.order.path), errno));
    }
    struct stat gone{};
    const bool same =
        ::fstatat(scratch_.get(), item.aside.c_str(), &gone, AT_SYMLINK_NOFOLLOW) == 0 && is_same_file(gone, item.seen);
    inverse_.emplace_back([this, name, aside = item.aside, dir = std::make_shared<UniqueFd>(std::move(parent))] {
        return rename_new(scratch_.get(), aside, dir->get(), name) == 0;
    });
    if (!same) return fail(conflict({item.order.path}, "changed meanwhile", "run it again"));
    return {};
}

Status FileReplacer::put(const Item& item) {
    const std::string name = name_of(item.order.path);
    UniqueFd parent = open_parent(item.order.path, O_PATH);
    if (!parent.valid()) return fail(conflict({item.order.path}, "lost its folder meanwhile", "run it again"));
    mark();
    if (item.file.before.kind != FileState::Kind::absent) return exchange(item, parent.get(), name);
    if (rename_new(scratch_.get(), item.aside, parent.get(), name) != 0) {
        if (errno == EEXIST) return fail(conflict({item.order.path}, "changed meanwhile", "run it again"));
        return fail(from_errno(fmt::format("cannot put {} in place", item.order.path), errno));
    }
    inverse_.emplace_back([this, name, aside = item.aside, dir = std::make_shared<UniqueFd>(std::move(parent))] {
        return rename_new(dir->get(), name, scratch_.get(), aside) == 0;
    });
    return {};
}

Status FileReplacer::exchange(const Item& item, int parent, const std::string& name) {
    const auto dir = std::make_shared<UniqueFd>(::fcntl(parent, F_DUPFD_CLOEXEC, 0));
    const auto swap = [this, dir, name, aside = item.aside] {
        return ::renameat2(scratch_.get(), aside.c_str(), dir->get(), name.c_str(), RENAME_EXCHANGE) == 0;
    };
    struct stat came_out{};
    const auto changed = [&](int at, const std::string& where) {
        return ::fstatat(at, where.c_str(), &came_out, AT_SYMLINK_NOFOLLOW) != 0 || !is_same_file(came_out, item.seen);
    };
    if (swap()) {
        inverse_.emplace_back(swap);
        if (!changed(scratch_.get(), item.aside)) return {};
        return fail(conflict({item.order.path}, "changed meanwhile", "run it again"));
    }
    if (!unsupported(errno)) return fail(from_errno(fmt::format("cannot replace {}", item.order.path), errno));
    // No exchange on this file system: a second name keeps the old file until the end.
    const std::string kept = item.aside + "-old";
    if (changed(parent, name)) return fail(conflict({item.order.path}, "changed meanwhile", "run it again"));
    if (::linkat(parent, name.c_str(), scratch_.get(), kept.c_str(), 0) != 0 ||
        ::renameat(scratch_.get(), item.aside.c_str(), parent, name.c_str()) != 0) {
        return fail(from_errno(fmt::format("cannot replace {}", item.order.path), errno));
    }
    inverse_.emplace_back(
        [this, dir, name, kept] { return ::renameat(scratch_.get(), kept.c_str(), dir->get(), name.c_str()) == 0; });
    return {};
}

// Made where nobody else can enter, so that owner and mode never meet a folder that somebody put in its place.
Status FileReplacer::make_folder(const FolderState& folder, bool own_mode) {
    const std::string aside = fmt::format("folder-{}", folders_made_++);
    const std::string name = name_of(folder.path);
    UniqueFd parent = open_parent(folder.path, O_PATH);
    struct stat model{};
    if (!parent.valid() || ::fstat(parent.get(), &model) != 0) {
        return fail(from_errno(fmt::format("cannot enter the folder of {}", folder.path), errno));
    }
    mark();
    if (::mkdirat(scratch_.get(), aside.c_str(), 0755) != 0) {
        return fail(from_errno(fmt::format("cannot create the folder {}", folder.path), errno));
    }
    const UniqueFd made = open_beneath(scratch_.get(), aside, kFolder);
    const std::uint32_t uid = own_mode ? folder.uid : model.st_uid;
    const std::uint32_t gid = own_mode ? folder.gid : group_in(model);
    struct stat as_made{};
    if (!made.valid() || !set_owner(made.get(), "", uid, gid) || ::fstat(made.get(), &as_made) != 0 ||
        ::fchmod(made.get(), own_mode ? folder.mode | 0700U : (as_made.st_mode & 0777U) | (model.st_mode & S_ISGID)) !=
            0) {
        return fail(from_errno(fmt::format("cannot create the folder {}", folder.path), errno));
    }
    mark();
    if (rename_new(scratch_.get(), aside, parent.get(), name) != 0) {
        if (errno == EEXIST && open_beneath(root_.get(), folder.path, O_PATH | O_DIRECTORY).valid()) return {};
        return fail(from_errno(fmt::format("cannot create the folder {}", folder.path), errno));
    }
    inverse_.emplace_back([name, dir = std::make_shared<UniqueFd>(std::move(parent))] {
        return ::unlinkat(dir->get(), name.c_str(), AT_REMOVEDIR) == 0;
    });
    return {};
}

void FileReplacer::remove_folder(const FolderState& folder) {
    const UniqueFd parent = open_parent(folder.path, O_PATH);
    if (!parent.valid()) return;
    mark();
    // Not empty: it stays.
    if (::unlinkat(parent.get(), name_of(folder.path).c_str(), AT_REMOVEDIR) != 0) return;
    inverse_.emplace_back([this, folder] {
        if (!make_folder(folder, true)) return false;
        const UniqueFd fd = open_beneath(root_.get(), folder.path, kFolder);
        return fd.valid() && ::fchmod(fd.get(), folder.mode) == 0;
    });
}

Status FileReplacer::sync_parents() const {
    std::set<std::string> folders{""};
    for (const Item& item : items_) folders.insert(folder_of(item.order.path));
    for (const FolderState& folder : created_) folders.insert(folder_of(folder.path));
    for (const FolderState& folder : removed_) folders.insert(folder_of(folder.path));
    for (const std::string& folder : folders) {
        const UniqueFd fd = open_beneath(root_.get(), folder.empty() ? "." : folder, kFolder);
        // A folder that was removed, or that may be entered and not read, is written with its parent's journal.
        if (fd.valid() && ::fsync(fd.get()) != 0)
            return fail(from_errno(fmt::format("cannot sync the folder {}", folder), errno));
    }
    return {};
}

bool FileReplacer::roll_back() {
    bool clean = true;
    std::vector<std::function<bool()>> inverse = std::move(inverse_);
    inverse_.clear();
    for (auto step = inverse.rbegin(); step != inverse.rend(); ++step) {
        mark();
        clean = (*step)() && clean;
    }
    return clean;
}

}  // namespace ec::executor
