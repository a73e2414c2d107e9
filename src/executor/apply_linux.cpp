#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <random>

namespace ec::executor {
namespace {

UniqueFd open_beneath(int dir, const char* path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how)));
}

// A change that is ready to be put in place by one rename or unlink.
struct Staged {
    UniqueFd parent;
    std::string name;
    std::string temporary;  ///< empty: the file is to be deleted
    std::string path;
};

class Copier {
public:
    explicit Copier(UniqueFd root) : root_(std::move(root)) {}
    Copier(const Copier&) = delete;
    Copier& operator=(const Copier&) = delete;
    ~Copier() {
        for (const Staged& staged : staged_) {
            if (!staged.temporary.empty()) ::unlinkat(staged.parent.get(), staged.temporary.c_str(), 0);
        }
    }

    Status stage(const Change& change) {
        const bool deletes = change.kind == Change::Kind::deleted;
        const std::filesystem::path path(change.path);
        EC_ASSIGN(UniqueFd parent, open_parent(path.parent_path().string(), !deletes));
        if (!parent.valid()) return {};  // deleted in a folder that is gone as well
        Staged staged{std::move(parent), path.filename().string(), {}, change.path};
        if (!deletes) {
            staged.temporary = fresh_name();
            EC_TRY(change.symlink ? stage_link(change, staged) : stage_file(change, staged));
        }
        staged_.push_back(std::move(staged));
        return {};
    }

    Result<std::vector<std::string>> commit() {
        std::vector<std::string> written;
        for (Staged& staged : staged_) {
            const int dir = staged.parent.get();
            const bool deletes = staged.temporary.empty();
            const int rc = deletes ? ::unlinkat(dir, staged.name.c_str(), 0)
                                   : ::renameat(dir, staged.temporary.c_str(), dir, staged.name.c_str());
            if (rc != 0 && !(deletes && errno == ENOENT)) {
                return fail(from_errno(fmt::format("cannot put {} in place", staged.path), errno));
            }
            staged.temporary.clear();
            written.push_back(staged.path);
        }
        remove_empty_parents();
        return written;
    }

private:
    // Creates missing folders on the way when `create`; gives an invalid descriptor when one is missing and not.
    Result<UniqueFd> open_parent(const std::string& path, bool create) {
        UniqueFd dir = open_beneath(root_.get(), ".", O_RDONLY | O_DIRECTORY);
        if (!dir.valid()) return fail(from_errno("cannot open the workspace", errno));
        if (path.empty()) return dir;
        for (const std::string_view part : split(path, '/')) {
            const std::string name(part);
            UniqueFd next = open_beneath(dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
            if (!next.valid() && errno == ENOENT && !create) return UniqueFd();
            if (!next.valid() && errno == ENOENT) {
                if (::mkdirat(dir.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
                    return fail(from_errno(fmt::format("cannot create the folder {}", path), errno));
                }
                next = open_beneath(dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
                if (next.valid()) follow_owner(next.get(), dir.get());
            }
            if (!next.valid()) return fail(from_errno(fmt::format("cannot enter the folder {}", path), errno));
            dir = std::move(next);
        }
        return dir;
    }

    // What root creates in somebody's project belongs to that somebody.
    static void follow_owner(int fd, int model) {
        struct stat info{};
        if (::geteuid() == 0 && ::fstat(model, &info) == 0 && ::fchown(fd, info.st_uid, info.st_gid) != 0) return;
    }

    std::string fresh_name() { return fmt::format(".edgecoder-{:08x}{:08x}", random_(), random_()); }

    Status stage_file(const Change& change, const Staged& staged) {
        const int dir = staged.parent.get();
        const UniqueFd file(
            ::openat(dir, staged.temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        Status status;
        if (!file.valid()) return fail(from_errno(fmt::format("cannot write beside {}", change.path), errno));
        std::string_view rest = change.content;
        while (status && !rest.empty()) {
            const ssize_t n = ::write(file.get(), rest.data(), rest.size());
            if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
            if (n < 0 && errno != EINTR) status = fail(from_errno(fmt::format("cannot write {}", change.path), errno));
        }
        struct stat old{};
        if (::fstatat(dir, staged.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) != 0) {
            follow_owner(file.get(), dir);
        } else if (::geteuid() == 0 && ::fchown(file.get(), old.st_uid, old.st_gid) != 0 && status) {
            status = fail(from_errno(fmt::format("cannot set the owner of {}", change.path), errno));
        }
        if (status && (::fchmod(file.get(), change.mode & 0777U) != 0 || ::fsync(file.get()) != 0)) {
            status = fail(from_errno(fmt::format("cannot finish {}", change.path), errno));
        }
        if (!status) ::unlinkat(dir, staged.temporary.c_str(), 0);
        return status;
    }

    static Status stage_link(const Change& change, const Staged& staged) {
        if (::symlinkat(change.symlink_target.c_str(), staged.parent.get(), staged.temporary.c_str()) != 0) {
            return fail(from_errno(fmt::format("cannot create the link {}", change.path), errno));
        }
        return {};
    }

    // A deleted tree comes as the list of its files; the folders it leaves empty go as well.
    void remove_empty_parents() {
        for (const Staged& staged : staged_) {
            std::filesystem::path folder = std::filesystem::path(staged.path).parent_path();
            for (; !folder.empty(); folder = folder.parent_path()) {
                const UniqueFd above = open_beneath(
                    root_.get(), folder.has_parent_path() ? folder.parent_path().c_str() : ".", O_RDONLY | O_DIRECTORY);
                if (!above.valid() || ::unlinkat(above.get(), folder.filename().c_str(), AT_REMOVEDIR) != 0) break;
            }
        }
    }

    UniqueFd root_;
    std::vector<Staged> staged_;
    std::random_device random_;
};

}  // namespace

bool is_guarded_path(std::string_view path) {
    std::string lower(path);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::vector<std::string_view> parts = split(lower, '/');
    static constexpr std::string_view kAnywhere[] = {".git",    ".hg",   ".svn",   ".bzr",      ".husky",
                                                     ".vscode", ".idea", ".envrc", ".circleci", ".gitlab-ci.yml"};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (std::find(std::begin(kAnywhere), std::end(kAnywhere), parts[i]) != std::end(kAnywhere)) return true;
        if (parts[i] == ".github" && i + 1 < parts.size() && (parts[i + 1] == "workflows" || parts[i + 1] == "actions"))
            return true;
    }
    return false;
}

Result<Applied> apply_changes(const std::filesystem::path& workspace, std::span<const Change> changes) {
    UniqueFd root(::open(workspace.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root.valid()) return fail(from_errno(fmt::format("cannot open {}", workspace.string()), errno));
    Applied applied;
    Copier copier(std::move(root));
    // Deletions first: a file may have become a folder, or the other way round.
    for (const bool deletions : {true, false}) {
        for (const Change& change : changes) {
            if ((change.kind == Change::Kind::deleted) != deletions) continue;
            const bool leads_out = change.symlink && change.symlink_target.empty();
            if (!is_inside_relative(change.path) || is_guarded_path(change.path) || leads_out ||
                change.content_missing) {
                applied.refused.push_back(change.path);
                continue;
            }
            EC_TRY(copier.stage(change));
        }
    }
    EC_ASSIGN(applied.written, copier.commit());
    std::sort(applied.refused.begin(), applied.refused.end());
    std::sort(applied.written.begin(), applied.written.end());
    return applied;
}

}  // namespace ec::executor
