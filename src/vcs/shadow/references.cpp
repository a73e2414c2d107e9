#include "references.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <thread>

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSnapshots = "refs/checkpoints/";
constexpr std::string_view kMarks = "refs/marks/";
constexpr std::uint64_t kLargestReferences = 16ULL << 20;
constexpr std::chrono::seconds kLockPatience{10};
constexpr std::chrono::milliseconds kLockPause{10};

Status make_private(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(from_errno(fmt::format("cannot create {}", folder.string()), errno));
    }
    struct stat info{};
    if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode) || info.st_uid != ::geteuid() ||
        ::chmod(folder.c_str(), 0700) != 0) {
        return fail(ErrorCode::denied, fmt::format("{} is not a folder of yours", folder.string()),
                    "set EDGECODER_DATA_DIR to one");
    }
    return {};
}

}  // namespace

Result<References> References::load(const fs::path& folder) {
    References found;
    const auto text = read_file(folder / "packed-refs", kLargestReferences);
    if (!text) {
        if (text.error().code == ErrorCode::not_found) return found;
        return fail(text.error());
    }
    for (const std::string_view line : split_lines(*text)) {
        if (line.starts_with('#')) continue;
        const auto id = parse_id(line.substr(0, std::min<std::size_t>(40, line.size())));
        const std::string_view name = line.size() > 41 ? line.substr(41) : std::string_view{};
        if (!id) return fail(ErrorCode::corrupt, "the checkpoints are damaged: packed-refs cannot be read");
        if (name.starts_with(kSnapshots)) {
            const std::string_view digits = name.substr(kSnapshots.size());
            std::uint64_t sequence = 0;
            const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
            if (error == std::errc{} && end == digits.data() + digits.size()) found.snapshots[sequence] = *id;
        } else if (name.starts_with(kMarks)) {
            found.marks[std::string(name.substr(kMarks.size()))] = *id;
        }
    }
    return found;
}

Status References::save(const fs::path& folder) const {
    std::string text = "# pack-refs with: peeled fully-peeled sorted \n";
    for (const auto& [sequence, id] : snapshots) text += fmt::format("{} {}{:010}\n", hex(id), kSnapshots, sequence);
    for (const auto& [name, id] : marks) text += fmt::format("{} {}{}\n", hex(id), kMarks, name);
    EC_TRY(write_file_atomic(folder / "packed-refs", text, 0600));
    return sync_directory(folder);
}

std::uint64_t References::sequence_of(const ObjectId& id) const {
    const auto at = std::find_if(snapshots.begin(), snapshots.end(), [&](const auto& one) { return one.second == id; });
    return at == snapshots.end() ? 0 : at->first;
}

Status sync_directory(const fs::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
        return fail(from_errno(fmt::format("cannot sync {}", folder.string()), errno));
    }
    return {};
}

// HEAD is written last: with it the folder is a repository.
Status make_repository(const fs::path& shadow_dir, const fs::path& folder) {
    EC_TRY(make_private(shadow_dir));
    EC_TRY(make_private(folder));
    if (::access((folder / "HEAD").c_str(), F_OK) == 0) return {};
    EC_ASSIGN(const UniqueFd lock, lock_repository(folder, Access::write));
    EC_TRY(make_private(folder / "objects"));
    EC_TRY(make_private(folder / "refs"));
    EC_TRY(write_file_atomic(folder / "config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n", 0600));
    return write_file_atomic(folder / "HEAD", "ref: refs/heads/none\n", 0600);
}

Result<UniqueFd> lock_repository(const fs::path& folder, Access access) {
    UniqueFd lock(::open((folder / "lock").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!lock.valid()) return fail(from_errno("cannot open the checkpoints' lock", errno));
    const int kind = access == Access::read ? LOCK_SH : LOCK_EX;
    const auto until = std::chrono::steady_clock::now() + kLockPatience;
    while (::flock(lock.get(), kind | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR) return fail(from_errno("cannot lock the checkpoints", errno));
        if (std::chrono::steady_clock::now() > until) {
            return fail(ErrorCode::conflict, "another edgecoder is at this project's checkpoints", "try again");
        }
        std::this_thread::sleep_for(kLockPause);
    }
    return lock;
}

}  // namespace ec::vcs
