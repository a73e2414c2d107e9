#include "staged_copy.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fd.hpp>

#include "file_identity.hpp"
#include "folder_walk.hpp"

namespace ec::executor {
namespace {

constexpr std::size_t kMostFiles = 100'000;
constexpr std::uint64_t kMostBytes = 2ULL << 30;
constexpr int kDeepest = 200;

UniqueFd open_dir(int dir, const std::string& name) {
    return UniqueFd(::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

void remove_tree(int dir, const std::string& name) {
    if (::unlinkat(dir, name.c_str(), 0) == 0 || errno == ENOENT) return;
    const UniqueFd inner = open_dir(dir, name);
    if (!inner.valid()) return;
    for (const std::string& child : names_in(inner.get())) remove_tree(inner.get(), child);
    ::unlinkat(dir, name.c_str(), AT_REMOVEDIR);
}

}  // namespace

// Descriptors all the way and no link followed: the workspace may belong to somebody who swaps folders for links to
// what only root may read while root copies.
class StagedCopy::Walk {
public:
    explicit Walk(StagedCopy& copy) : copy_(copy) {}

    Status run(int from, int to) {
        copy_.bound_.clear();
        EC_TRY(directory(from, to, "", 0));
        copy_.copied_ = std::make_shared<const Originals>(std::move(seen_));
        return {};
    }

private:
    Status directory(int from, int to, const std::string& path, int depth) {
        if (depth > kDeepest) return fail(ErrorCode::too_large, fmt::format("{} is nested too deeply to copy", path));
        std::map<std::string, bool> present;
        for (const std::string& name : names_in(from)) {
            present[name] = true;
            EC_TRY(entry(from, to, name, path + name, depth));
        }
        for (const std::string& name : names_in(to)) {
            if (!present.contains(name)) remove_tree(to, name);
        }
        return {};
    }

    Status entry(int from, int to, const std::string& name, const std::string& path, int depth) {
        struct stat info{};
        if (::fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
        if (S_ISDIR(info.st_mode)) return folder(from, to, name, path, info, depth);
        if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode)) return {};
        bytes_ += static_cast<std::uint64_t>(info.st_size);
        if (seen_.size() >= kMostFiles || bytes_ > kMostBytes) {
            return fail(ErrorCode::too_large,
                        fmt::format("{} is too large to copy for the sandbox", copy_.workspace_.string()),
                        "run as the project's owner instead of root");
        }
        const FileIdentity stamp = identity_of(info);
        const auto known = copy_.copied_->find(path);
        if (known == copy_.copied_->end() || known->second != stamp) {
            remove_tree(to, name);
            EC_TRY(S_ISLNK(info.st_mode) ? link(from, to, name, path) : file(from, to, name, path, info));
        }
        seen_.emplace(path, stamp);
        return {};
    }

    Status folder(int from, int to, const std::string& name, const std::string& path, const struct stat& info,
                  int depth) {
        const UniqueFd source = open_dir(from, name);
        if (!source.valid()) return {};
        UniqueFd target = open_dir(to, name);
        if (!target.valid()) {
            remove_tree(to, name);
            if (::mkdirat(to, name.c_str(), 0700) != 0)
                return fail(from_errno(fmt::format("cannot copy {}", path), errno));
            target = open_dir(to, name);
        }
        if (!target.valid() || ::fchown(target.get(), copy_.owner_, copy_.group_) != 0 ||
            ::fchmod(target.get(), info.st_mode & 0777U) != 0) {
            return fail(from_errno(fmt::format("cannot copy {}", path), errno));
        }
        const bool venv = ::faccessat(source.get(), "pyvenv.cfg", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (name == "node_modules" || venv || path == ".git/objects") {
            copy_.bound_.push_back(path);
            return {};
        }
        return directory(source.get(), target.get(), path + "/", depth + 1);
    }

    Status link(int from, int to, const std::string& name, const std::string& path) {
        char text[4096];
        const ssize_t n = ::readlinkat(from, name.c_str(), text, sizeof text - 1);
        if (n < 0) return {};
        text[n] = '\0';
        if (::symlinkat(text, to, name.c_str()) != 0 ||
            ::fchownat(to, name.c_str(), copy_.owner_, copy_.group_, AT_SYMLINK_NOFOLLOW) != 0) {
            return fail(from_errno(fmt::format("cannot copy {}", path), errno));
        }
        return {};
    }

    Status file(int from, int to, const std::string& name, const std::string& path, const struct stat& info) {
        const UniqueFd source(::openat(from, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        struct stat real{};
        if (!source.valid() || ::fstat(source.get(), &real) != 0 || !S_ISREG(real.st_mode)) return {};
        const UniqueFd target(::openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!target.valid()) return fail(from_errno(fmt::format("cannot copy {}", path), errno));
        char buffer[65536];
        for (;;) {
            const ssize_t n = ::read(source.get(), buffer, sizeof buffer);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return fail(from_errno(fmt::format("cannot read {}", path), errno));
            if (n == 0) break;
            if (::write(target.get(), buffer, static_cast<std::size_t>(n)) != n) {
                return fail(from_errno(fmt::format("cannot copy {}", path), errno));
            }
        }
        const timespec times[] = {info.st_atim, info.st_mtim};
        if (::fchown(target.get(), copy_.owner_, copy_.group_) != 0 ||
            ::fchmod(target.get(), info.st_mode & 0777U) != 0 || ::futimens(target.get(), times) != 0) {
            return fail(from_errno(fmt::format("cannot copy {}", path), errno));
        }
        return {};
    }

    StagedCopy& copy_;
    Originals seen_;
    std::uint64_t bytes_ = 0;
};

Status StagedCopy::refresh() {
    const std::lock_guard lock(mutex_);
    if (!prepared_) {
        if (base_.empty()) {
            EC_ASSIGN(TempDir home, TempDir::create("edgecoder-stage-"));
            base_ = home_.emplace(std::move(home)).path();
        }
        struct stat info{};
        if (::mkdir(tree().c_str(), 0700) != 0 || ::stat(workspace_.c_str(), &info) != 0 ||
            ::chown(tree().c_str(), owner_, group_) != 0 || ::chmod(tree().c_str(), info.st_mode & 0777U) != 0) {
            return fail(from_errno("cannot prepare a copy of the workspace", errno));
        }
        prepared_ = true;
    }
    const UniqueFd from(::open(workspace_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const UniqueFd to(::open(tree().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!from.valid() || !to.valid()) return fail(from_errno("cannot open the workspace", errno));
    return Walk(*this).run(from.get(), to.get());
}

std::shared_ptr<const StagedCopy::Originals> StagedCopy::originals() const {
    const std::lock_guard lock(mutex_);
    return copied_;
}

std::vector<std::string> StagedCopy::bound() const {
    const std::lock_guard lock(mutex_);
    return bound_;
}

void name_originals(std::vector<Change>& changes, const StagedCopy::Originals& originals) {
    for (Change& change : changes) {
        const auto original = originals.find(change.path);
        change.before = original == originals.end() ? FileIdentity{} : original->second;
    }
}

}  // namespace ec::executor
