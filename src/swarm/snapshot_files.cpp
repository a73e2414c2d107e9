#include "snapshot_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ec/core/text.hpp>
#include <optional>

namespace ec::swarm {
namespace {

constexpr int kAttempts = 5;
constexpr std::size_t kMostNames = 200'000;

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Whether nothing was written to a file between two looks.
bool same_content(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mode == b.st_mode &&
           a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec &&
           a.st_ctim.tv_sec == b.st_ctim.tv_sec && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

EntryKind kind_of(mode_t mode) {
    if (S_ISREG(mode)) return EntryKind::file;
    if (S_ISLNK(mode)) return EntryKind::link;
    return S_ISDIR(mode) ? EntryKind::folder : EntryKind::special;
}

Result<std::string> read_to_end(int fd, const std::string& path, std::uint64_t most) {
    std::string content;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t n = ::read(fd, buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno(fmt::format("cannot read {}", path), errno));
        if (n == 0) return content;
        content.append(buffer.data(), static_cast<std::size_t>(n));
        if (content.size() > most) {
            return fail(ErrorCode::too_large, fmt::format("{} is larger than {} bytes", path, most));
        }
    }
}

Result<TreeEntry> read_link(int folder, const std::string& path) {
    std::array<char, 4096> target{};
    const ssize_t n = ::readlinkat(folder, name_of(path).c_str(), target.data(), target.size());
    if (n < 0) return fail(from_errno(fmt::format("cannot read {}", path), errno));
    return TreeEntry{.kind = EntryKind::link, .content = std::string(target.data(), static_cast<std::size_t>(n))};
}

/// Nothing when the file changed while it was read.
Result<std::optional<TreeEntry>> read_once(int folder, const std::string& path, std::uint64_t most) {
    struct stat before{};
    if (::fstatat(folder, name_of(path).c_str(), &before, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) return TreeEntry{};
        return fail(from_errno(fmt::format("cannot look at {}", path), errno));
    }
    const EntryKind kind = kind_of(before.st_mode);
    if (kind == EntryKind::link) return read_link(folder, path);
    if (kind != EntryKind::file) return TreeEntry{.kind = kind, .content = {}};
    const UniqueFd file(
        ::openat(folder, name_of(path).c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (!file.valid()) {
        if (errno == ENOENT || errno == ELOOP) return std::nullopt;
        return fail(from_errno(fmt::format("cannot open {}", path), errno));
    }
    struct stat opened{};
    if (::fstat(file.get(), &opened) != 0 || !S_ISREG(opened.st_mode)) return std::nullopt;
    EC_ASSIGN(std::string content, read_to_end(file.get(), path, most));
    struct stat after{};
    if (::fstat(file.get(), &after) != 0 || !same_content(opened, after) ||
        content.size() != static_cast<std::size_t>(after.st_size)) {
        return std::nullopt;
    }
    return TreeEntry{.kind = kind, .mode = (after.st_mode & S_IXUSR) != 0 ? 0755U : 0644U, .content = content};
}

}  // namespace

Result<TreeReader> TreeReader::open(const std::filesystem::path& root) {
    UniqueFd fd(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail(from_errno(fmt::format("cannot open {}", root.string()), errno));
    return TreeReader(std::move(fd));
}

UniqueFd TreeReader::parent_of(const std::string& path) const {
    UniqueFd folder(::openat(root_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::vector<std::string_view> names = split(path, '/');
    names.pop_back();
    for (const std::string_view name : names) {
        if (!folder.valid()) break;
        folder = UniqueFd(
            ::openat(folder.get(), std::string(name).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    }
    return folder;
}

EntryKind TreeReader::kind(const std::string& path) const {
    const UniqueFd folder = parent_of(path);
    struct stat info{};
    if (!folder.valid() || ::fstatat(folder.get(), name_of(path).c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return EntryKind::absent;
    }
    return kind_of(info.st_mode);
}

Result<TreeEntry> TreeReader::read(const std::string& path, std::uint64_t most) const {
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const UniqueFd folder = parent_of(path);
        if (!folder.valid()) return TreeEntry{};
        EC_ASSIGN(std::optional<TreeEntry> entry, read_once(folder.get(), path, most));
        if (entry) return *std::move(entry);
    }
    return fail(ErrorCode::conflict, fmt::format("{} does not stop changing", path),
                "try again when nothing writes to it");
}

Result<std::vector<std::string>> TreeReader::names(const std::string& folder) const {
    const UniqueFd parent = parent_of(folder.empty() ? "." : folder + "/.");
    UniqueFd copy(parent.valid() ? ::openat(parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1);
    DIR* stream = copy.valid() ? ::fdopendir(copy.get()) : nullptr;
    if (stream == nullptr) return fail(from_errno(fmt::format("cannot look into {}", folder), errno));
    static_cast<void>(copy.release());
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        if (names.size() > kMostNames) break;
    }
    ::closedir(stream);
    if (names.size() > kMostNames) {
        return fail(ErrorCode::too_large, fmt::format("{} holds more than {} names", folder, kMostNames));
    }
    std::ranges::sort(names);
    return names;
}

void TreeDigest::add(std::string_view path, unsigned mode, bool symlink, const crypto::Sha256Digest& content) {
    hash_.update(symlink ? "l " : mode == 0755 ? "x " : "f ");
    hash_.update(content.hex());
    hash_.update(" ");
    hash_.update(path);
    hash_.update(std::string_view("\0", 1));
}

}  // namespace ec::swarm
