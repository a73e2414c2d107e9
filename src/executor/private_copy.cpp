#include "private_copy.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ec/box/protocol.hpp>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <optional>
#include <set>

namespace ec::executor {
namespace {

constexpr std::uint64_t kMostBytes = 2ULL << 30;
constexpr std::size_t kMostFiles = 100'000;
constexpr int kDeepest = 200;

std::optional<std::vector<std::string>> entries(int dir) {
    UniqueFd copy(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* stream = copy.valid() ? ::fdopendir(copy.get()) : nullptr;
    if (stream == nullptr) return std::nullopt;
    static_cast<void>(copy.release());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        if (names.size() > kMostFiles) break;
    }
    ::closedir(stream);
    std::ranges::sort(names);
    return names;
}

UniqueFd open_folder(int dir, const std::string& name) {
    return UniqueFd(::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

std::optional<std::string> read_regular(int dir, const std::string& name, std::uint64_t most) {
    const UniqueFd fd(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat info{};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    std::string content;
    char buffer[65536];
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 || content.size() + static_cast<std::size_t>(n) > most) return std::nullopt;
        if (n == 0) return content;
        content.append(buffer, static_cast<std::size_t>(n));
    }
}

std::optional<std::string> link_target(int dir, const std::string& name) {
    char target[4096];
    const ssize_t n = ::readlinkat(dir, name.c_str(), target, sizeof target);
    if (n <= 0) return std::nullopt;
    return std::string(target, static_cast<std::size_t>(n));
}

bool write_file(int dir, const std::string& name, std::string_view content, unsigned mode) {
    const UniqueFd fd(::openat(dir, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd.valid()) return false;
    while (!content.empty()) {
        const ssize_t n = ::write(fd.get(), content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return ::fchmod(fd.get(), static_cast<mode_t>(mode)) == 0;
}

}  // namespace

std::map<std::string, std::string> regular_files(const std::filesystem::path& folder, std::uint64_t each,
                                                 std::uint64_t all) {
    std::map<std::string, std::string> files;
    const UniqueFd dir(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    for (const std::string& name :
         dir.valid() ? entries(dir.get()).value_or(std::vector<std::string>{}) : std::vector<std::string>{}) {
        auto content = read_regular(dir.get(), name, std::min(each, all));
        if (!content || files.size() >= box::kMostArtifacts) continue;
        all -= content->size();
        files.emplace(name, std::move(*content));
    }
    return files;
}

class PrivateCopy::Copier {
public:
    explicit Copier(PrivateCopy& copy) : base_(copy.base_) {}

    Status folder(int from, int to, const std::string& path, int depth) {
        if (depth > kDeepest) return too_large();
        const auto names = entries(from);
        if (!names) return fail(from_errno(fmt::format("cannot read {}", path.empty() ? "." : path), errno));
        for (const std::string& name : *names) EC_TRY(entry(from, to, name, path + name, depth));
        return {};
    }

    Status edit(int root, const FileEdit& edit) {
        UniqueFd dir(::openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        std::size_t at = 0;
        for (std::size_t slash = edit.path.find('/'); slash != std::string::npos; slash = edit.path.find('/', at)) {
            const std::string part = edit.path.substr(at, slash - at);
            at = slash + 1;
            ::mkdirat(dir.get(), part.c_str(), 0755);
            dir = open_folder(dir.get(), part);
            if (!dir.valid()) return not_plain(edit.path);
        }
        const std::string name = edit.path.substr(at);
        const auto old = base_.find(edit.path);
        const unsigned mode = old != base_.end() && !old->second.symlink ? old->second.mode : 0644;
        ::unlinkat(dir.get(), name.c_str(), 0);
        if (!write_file(dir.get(), name, edit.content, mode)) return not_plain(edit.path);
        base_[edit.path] = {false, mode, hash128(edit.content)};
        return {};
    }

private:
    static Status too_large() {
        return fail(ErrorCode::too_large, "the workspace is too large to copy for the sandbox");
    }
    static Status not_plain(const std::string& path) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} cannot be edited: it is not a plain path in the workspace", path));
    }

    Status entry(int from, int to, const std::string& name, const std::string& path, int depth) {
        struct stat info{};
        if (::fstatat(from, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return {};
        const unsigned mode = info.st_mode & 0777U;
        if (S_ISDIR(info.st_mode)) {
            const UniqueFd source = open_folder(from, name);
            if (!source.valid()) return {};
            const bool made = ::mkdirat(to, name.c_str(), 0700) == 0;
            const UniqueFd target = made ? open_folder(to, name) : UniqueFd();
            if (!target.valid()) return cannot_copy(path);
            EC_TRY(folder(source.get(), target.get(), path + "/", depth + 1));
            if (::fchmod(target.get(), static_cast<mode_t>(mode | 0700U)) != 0) return cannot_copy(path);
            return {};
        }
        if (S_ISLNK(info.st_mode)) {
            const auto target = link_target(from, name);
            if (!target || ::symlinkat(target->c_str(), to, name.c_str()) != 0) return cannot_copy(path);
            return keep(path, {true, 0777, hash128(*target)}, target->size());
        }
        if (!S_ISREG(info.st_mode)) return {};
        if (static_cast<std::uint64_t>(info.st_size) > kMostBytes - bytes_) return too_large();
        const auto content = read_regular(from, name, kMostBytes - bytes_);
        // Not ours to read, or gone by now: the run does without, as it would have to anyway.
        if (!content) return {};
        if (!write_file(to, name, *content, mode)) return cannot_copy(path);
        return keep(path, {false, mode, hash128(*content)}, content->size());
    }

    static Status cannot_copy(const std::string& path) {
        return fail(from_errno(fmt::format("cannot copy {}", path), errno));
    }

    Status keep(const std::string& path, Entry entry, std::uint64_t size) {
        bytes_ += size;
        if (base_.size() >= kMostFiles) return too_large();
        base_.emplace(path, entry);
        return {};
    }

    std::map<std::string, Entry>& base_;
    std::uint64_t bytes_ = 0;
};

class PrivateCopy::Comparison {
public:
    Comparison(const std::map<std::string, Entry>& base, std::uint64_t content_bytes)
        : base_(base), with_content_(content_bytes > 0), content_left_(content_bytes) {}

    Difference run(const std::filesystem::path& root) {
        const UniqueFd dir(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!dir.valid()) return {{}, true};
        folder(dir.get(), "", 0);
        // Where not all could be looked at, what was not seen may still be there.
        for (const auto& [path, entry] : base_) {
            if (cut_ || seen_.contains(path)) continue;
            Change change;
            change.kind = Change::Kind::deleted;
            change.mode = 0;
            change.path = path;
            add(std::move(change));
        }
        std::ranges::sort(result_.changes, {}, &Change::path);
        result_.cut = cut_;
        return std::move(result_);
    }

private:
    void folder(int dir, const std::string& path, int depth) {
        const auto names = depth > kDeepest ? std::nullopt : entries(dir);
        if (!names) {
            cut_ = true;
            return;
        }
        for (const std::string& name : *names) entry(dir, name, path + name, depth);
    }

    void entry(int dir, const std::string& name, const std::string& path, int depth) {
        struct stat info{};
        if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
            cut_ = true;
            return;
        }
        if (S_ISDIR(info.st_mode)) {
            const UniqueFd inner = open_folder(dir, name);
            if (!inner.valid()) cut_ = true;
            if (inner.valid()) folder(inner.get(), path + "/", depth + 1);
            return;
        }
        const auto old = base_.find(path);
        Change change;
        change.path = path;
        change.mode = info.st_mode & 0777U;
        change.kind = old == base_.end() ? Change::Kind::created : Change::Kind::modified;
        Entry now{false, change.mode, {}};
        if (S_ISLNK(info.st_mode)) {
            const std::string target = link_target(dir, name).value_or("");
            now = {true, 0777, hash128(target)};
            change.symlink = true;
            change.mode = 0777;
            if (box::link_stays_inside(path, target)) change.symlink_target = target;
        } else if (S_ISREG(info.st_mode)) {
            auto content = read_regular(dir, name, kMostBytes);
            if (content) now.content = hash128(*content);
            change.content_missing = with_content_ && (!content || content->size() > content_left_);
            if (with_content_ && !change.content_missing) change.content = std::move(*content);
        } else {
            return;
        }
        seen_.insert(path);
        if (old != base_.end() && old->second == now) return;
        content_left_ -= change.content.size();
        add(std::move(change));
    }

    void add(Change change) {
        const std::uint64_t names = change.path.size() + change.symlink_target.size();
        if (result_.changes.size() >= box::kMostChanges || names > names_left_) {
            cut_ = true;
            return;
        }
        names_left_ -= names;
        result_.changes.push_back(std::move(change));
    }

    const std::map<std::string, Entry>& base_;
    bool with_content_;
    std::uint64_t content_left_;
    std::uint64_t names_left_ = box::kMostNameBytes;
    bool cut_ = false;
    std::set<std::string> seen_;
    Difference result_;
};

Result<PrivateCopy> PrivateCopy::make(const std::filesystem::path& workspace, const std::vector<FileEdit>& edits,
                                      const std::filesystem::path& root) {
    const UniqueFd from(::open(workspace.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!from.valid()) return fail(from_errno(fmt::format("cannot open {}", workspace.string()), errno));
    if (::mkdir(root.c_str(), 0700) != 0) return fail(from_errno("cannot make a copy of the workspace", errno));
    const UniqueFd to(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!to.valid()) return fail(from_errno("cannot make a copy of the workspace", errno));
    PrivateCopy copy(root);
    Copier copier(copy);
    EC_TRY(copier.folder(from.get(), to.get(), "", 0));
    for (const FileEdit& edit : edits) EC_TRY(copier.edit(to.get(), edit));
    return copy;
}

PrivateCopy::Difference PrivateCopy::difference(std::uint64_t content_bytes) const {
    return Comparison(base_, content_bytes).run(root_);
}

}  // namespace ec::executor
