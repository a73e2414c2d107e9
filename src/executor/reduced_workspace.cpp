#include "reduced_workspace.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <ec/box/protocol.hpp>
#include <ec/core/fd.hpp>
#include <memory>

#include "beneath.hpp"
#include "folder_walk.hpp"
#include "machine.hpp"
#include "staged_copy.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostChanges = 100'000;
constexpr std::size_t kMostFiles = 100'000;
constexpr int kDeepest = 200;
constexpr std::uint64_t kLargestHashed = 64ULL << 20;  // beyond, size, mode and times decide
constexpr std::uint64_t kArtifactLimit = 16ULL << 20;
// File times come from a clock that ticks: what changed within one tick of another change looks the same.
constexpr std::int64_t kTick = 20'000'000;

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

Hash128 hash_of(int dir, const std::string& name, const struct stat& info) {
    if (S_ISLNK(info.st_mode)) return hash128(link_target(dir, name));
    const UniqueFd fd = open_regular(dir, name, kLargestHashed);
    return fd.valid() ? hash128(read_to_end(fd.get(), kLargestHashed)) : Hash128{};
}

Status give(int fd, std::optional<uid_t> owner, mode_t mode, const std::string& what) {
    if ((owner && ::fchown(fd, *owner, *owner) != 0) || ::fchmod(fd, mode) != 0)
        return fail(from_errno(fmt::format("cannot prepare {}", what), errno));
    return {};
}

// Writes below `root`, making folders on the way; nothing there is a link but what the workspace itself has.
Status put(int root, const std::string& path, std::string_view content, std::optional<uid_t> owner) {
    UniqueFd dir(::dup(root));
    std::size_t at = 0;
    for (std::size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', at)) {
        const std::string part = path.substr(at, slash - at);
        at = slash + 1;
        if (::mkdirat(dir.get(), part.c_str(), 0755) == 0) {
            const UniqueFd made = open_folder(dir.get(), part);
            EC_TRY(give(made.get(), owner, 0755, path));
        }
        dir = open_folder(dir.get(), part);
        if (!dir.valid()) return fail(ErrorCode::invalid_argument, fmt::format("{} cannot be edited", path));
    }
    const std::string name = path.substr(at);
    struct stat old{};
    const bool exists = ::fstatat(dir.get(), name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode);
    ::unlinkat(dir.get(), name.c_str(), 0);
    const UniqueFd file(::openat(dir.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.valid())
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} cannot be edited: it is not a plain path in the workspace", path));
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t n = ::write(file.get(), content.data() + done, content.size() - done);
        if (n <= 0) return fail(from_errno(fmt::format("cannot write {}", path), errno));
        done += static_cast<std::size_t>(n);
    }
    return give(file.get(), owner, exists ? old.st_mode & 0777U : 0644U, path);
}

Status make_folder(const fs::path& path, std::optional<uid_t> owner) {
    if (::mkdir(path.c_str(), 0700) != 0) return fail(from_errno("cannot make a folder for the run", errno));
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return give(fd.get(), owner, 0700, path.string());
}

// Bytes and files below, as far as they can be seen while a program may be changing them.
void weigh(int dir, int depth, std::uint64_t& bytes, std::size_t& files) {
    for (const std::string& name : names_in(dir)) {
        struct stat info{};
        if (++files > 4 * kMostFiles || ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
        if (!S_ISDIR(info.st_mode) || depth >= kDeepest) continue;
        const UniqueFd inner = open_folder(dir, name);
        if (inner.valid()) weigh(inner.get(), depth + 1, bytes, files);
    }
}

}  // namespace

// Two lists in order of their names: what was there, what is there.
class ReducedWorkspace::Diff {
public:
    Diff(const ReducedWorkspace& workspace, bool contents, std::uint64_t budget)
        : workspace_(workspace), contents_(contents), budget_(budget) {}

    std::vector<Change> run() {
        const UniqueFd root(::open(workspace_.tree().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (root.valid()) folder(root.get(), "", 0);
        for (const auto& [path, known] : workspace_.known_) {
            if (seen_.contains(path) || changes_.size() >= kMostChanges) continue;
            Change change;
            change.kind = Change::Kind::deleted;
            change.path = path;
            changes_.push_back(std::move(change));
        }
        std::sort(changes_.begin(), changes_.end(), [](const Change& a, const Change& b) { return a.path < b.path; });
        return std::move(changes_);
    }

private:
    void folder(int dir, const std::string& path, int depth) {
        for (const std::string& name : names_in(dir)) {
            const std::string full = path + name;
            struct stat info{};
            if (workspace_.shared_.contains(full) || ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
                continue;
            if (S_ISDIR(info.st_mode)) {
                if (depth >= kDeepest) continue;
                // What the program made unreadable for itself is still its owner's to read.
                if ((info.st_mode & 0500U) != 0500U) add_mode(dir, name, 0700);
                const UniqueFd inner = open_folder(dir, name);
                if (inner.valid()) folder(inner.get(), full + "/", depth + 1);
            } else if (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode)) {
                entry(dir, name, full, info);
            }
        }
    }

    void entry(int dir, const std::string& name, const std::string& path, const struct stat& info) {
        const auto known = workspace_.known_.find(path);
        const bool existed = known != workspace_.known_.end();
        if (existed) seen_.insert(path);
        if (changes_.size() >= kMostChanges || (existed && same(dir, name, info, known->second))) return;
        Change change;
        change.kind = existed ? Change::Kind::modified : Change::Kind::created;
        change.path = path;
        change.mode = info.st_mode & 0777U;
        change.symlink = S_ISLNK(info.st_mode);
        if (change.symlink) {
            std::string target = link_target(dir, name);
            if (box::link_stays_inside(path, target)) change.symlink_target = std::move(target);
        } else if (contents_) {
            if ((info.st_mode & 0400U) == 0) add_mode(dir, name, 0400);
            const UniqueFd fd = open_regular(dir, name, budget_);
            change.content_missing = !fd.valid();
            if (fd.valid()) change.content = read_to_end(fd.get(), budget_);
            budget_ -= std::min<std::uint64_t>(budget_, change.content.size());
        }
        changes_.push_back(std::move(change));
    }

    bool same(int dir, const std::string& name, const struct stat& info, const Known& known) const {
        if ((info.st_mode & (S_IFMT | 0777U)) != (known.mode & (S_IFMT | 0777U))) return false;
        if (static_cast<std::uint64_t>(info.st_size) != known.size) return false;
        const std::int64_t changed = nanoseconds(info.st_ctim);
        if (info.st_ino == known.inode && changed == known.changed && changed + kTick < workspace_.ready_) return true;
        return hash_of(dir, name, info) == known.hash;
    }

    const ReducedWorkspace& workspace_;
    bool contents_;
    std::uint64_t budget_;
    std::set<std::string> seen_;
    std::vector<Change> changes_;
};

Result<std::unique_ptr<ReducedWorkspace>> ReducedWorkspace::create(const fs::path& workspace, const RunSpec& run,
                                                                   std::optional<uid_t> owner) {
    EC_ASSIGN(TempDir home, TempDir::create("edgecoder-run-"));
    std::unique_ptr<ReducedWorkspace> made(new ReducedWorkspace(std::move(home), workspace));
    EC_TRY(made->fill(run, owner));
    return made;
}

Status ReducedWorkspace::fill(const RunSpec& run, std::optional<uid_t> owner) {
    std::error_code error;
    const fs::path real = fs::canonical(home_.path(), error);
    if (error || (real.string() + "/").starts_with(workspace_.string() + "/")) {
        return fail(ErrorCode::invalid_argument, "the folder for temporary files lies in the workspace",
                    "set TMPDIR to a folder outside of the project");
    }
    // Its user must get through to what lies in it, whose names nobody else needs to know.
    if (owner && ::chmod(home_.path().c_str(), 0711) != 0)
        return fail(from_errno("cannot prepare a folder for the run", errno));
    StagedCopy copy(workspace_, owner.value_or(::geteuid()), owner.value_or(::getegid()), home_.path());
    started_ns_ = wall_clock_ns();
    EC_TRY(copy.refresh());
    originals_ = copy.originals();
    const UniqueFd root(::open(tree().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    for (const std::string& path : copy.bound()) {
        // What is big and only read stays where it is. The copy is still only ours.
        if (::unlinkat(root.get(), path.c_str(), AT_REMOVEDIR) == 0 &&
            ::symlinkat((workspace_ / path).c_str(), root.get(), path.c_str()) == 0) {
            shared_.insert(path);
        }
    }
    EC_TRY(lay(run, owner));
    remember(root.get(), "", 0);
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    ready_ = nanoseconds(now);
    std::size_t files = 0;
    weigh(root.get(), 0, bytes_before_, files);
    return {};
}

Status ReducedWorkspace::lay(const RunSpec& run, std::optional<uid_t> owner) {
    EC_TRY(make_folder(temporary(), owner));
    EC_TRY(make_folder(temporary() / "home", owner));
    EC_TRY(make_folder(artifact_folder(), owner));
    EC_TRY(make_folder(support(), std::nullopt));
    const UniqueFd root(::open(tree().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const UniqueFd library(::open(support().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    EC_TRY(give(library.get(), std::nullopt, 0755, "helper files"));
    for (const FileEdit& edit : run.edits) EC_TRY(put(root.get(), edit.path, edit.content, owner));
    for (const auto& [name, content] : run.support_files) EC_TRY(put(library.get(), name, content, std::nullopt));
    return {};
}

void ReducedWorkspace::remember(int dir, const std::string& path, int depth) {
    for (const std::string& name : names_in(dir)) {
        const std::string full = path + name;
        struct stat info{};
        if (shared_.contains(full) || ::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (S_ISDIR(info.st_mode)) {
            const UniqueFd inner = open_folder(dir, name);
            if (inner.valid() && depth < kDeepest) remember(inner.get(), full + "/", depth + 1);
            continue;
        }
        known_[full] = {info.st_mode, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_ctim),
                        hash_of(dir, name, info)};
    }
}

ReducedWorkspace::~ReducedWorkspace() {
    const UniqueFd home(::open(home_.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    for (const char* name : {"tree", "tmp", "artifacts", "lib"}) {
        if (home.valid()) remove_hostile_tree(home.get(), name);
    }
}

std::vector<std::string> ReducedWorkspace::shared() const { return {shared_.begin(), shared_.end()}; }

bool ReducedWorkspace::full(std::uint64_t room) const {
    std::uint64_t bytes = 0;
    std::size_t files = 0;
    for (const fs::path& path : {tree(), temporary(), artifact_folder()}) {
        const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (fd.valid()) weigh(fd.get(), 0, bytes, files);
    }
    return files > known_.size() + 2 * kMostFiles || bytes > bytes_before_ + room;
}

std::vector<Change> ReducedWorkspace::changes(bool contents, std::uint64_t most_bytes) const {
    std::vector<Change> changes = Diff(*this, contents, most_bytes).run();
    name_originals(changes, *originals_);
    return changes;
}

std::map<std::string, std::string> ReducedWorkspace::artifacts() const {
    std::map<std::string, std::string> found;
    const UniqueFd dir(::open(artifact_folder().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    for (const std::string& name : names_in(dir.get(), 1000)) {
        const UniqueFd fd = open_regular(dir.get(), name, kArtifactLimit);
        if (fd.valid()) found.emplace(name, read_to_end(fd.get(), kArtifactLimit));
    }
    return found;
}

}  // namespace ec::executor
