#include "files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <vector>

namespace ec::model::library {
namespace {

constexpr std::size_t kBlock = 1U << 20;
constexpr std::chrono::milliseconds kLook{200};

std::string amount(std::uint64_t bytes) { return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6); }

}  // namespace

std::uint64_t free_space(const std::filesystem::path& folder) {
    struct statvfs info{};
    if (::statvfs(folder.c_str(), &info) != 0) return std::numeric_limits<std::uint64_t>::max();
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

Status check_space(const std::filesystem::path& folder, std::uint64_t needed) {
    const std::uint64_t free = free_space(folder);
    if (needed <= free) return {};
    return fail(ErrorCode::io,
                fmt::format("the disk is too full: {} are needed and {} are free in {}", amount(needed), amount(free),
                            folder.string()),
                "make room, or set EDGECODER_DATA_DIR to a folder on a larger disk");
}

Status write_bytes(int fd, std::string_view bytes, const std::filesystem::path& folder) {
    while (!bytes.empty()) {
        const ssize_t n = ::write(fd, bytes.data(), bytes.size());
        if (n >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
        } else if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) {
            return fail(ErrorCode::io,
                        errno == EFBIG
                            ? fmt::format("this process may write no file as large as the model in {}", folder.string())
                            : fmt::format("the disk is full: {}", folder.string()),
                        "make room, or set EDGECODER_DATA_DIR to a folder on a larger disk");
        } else if (errno != EINTR) {
            return fail(from_errno(fmt::format("cannot write in {}", folder.string()), errno));
        }
    }
    return {};
}

Status sync_folder(const std::filesystem::path& folder) {
    const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd.valid() && ::fsync(fd.get()) == 0) return {};
    return fail(from_errno(fmt::format("cannot sync {}", folder.string()), errno));
}

Status hash_bytes(int fd, std::uint64_t size, crypto::Sha256& hash, const OnPullProgress& progress,
                  const std::stop_token& stop) {
    std::vector<char> block(kBlock);
    for (std::uint64_t at = 0; at < size;) {
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        const ssize_t n = ::pread(fd, block.data(), std::min<std::uint64_t>(kBlock, size - at), static_cast<off_t>(at));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail(from_errno("cannot read a model file", errno));
        if (n == 0) return fail(ErrorCode::corrupt, "a model file became shorter while it was read");
        hash.update({block.data(), static_cast<std::size_t>(n)});
        at += static_cast<std::uint64_t>(n);
        if (progress) progress({PullProgress::Stage::hashing, at, size, {}});
    }
    return {};
}

Result<crypto::Sha256Digest> hash_file(const std::filesystem::path& file, const OnPullProgress& progress,
                                       const std::stop_token& stop) {
    const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info{};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0) {
        return fail(from_errno(fmt::format("cannot read {}", file.string()), errno));
    }
    if (!S_ISREG(info.st_mode)) return fail(ErrorCode::corrupt, fmt::format("{} is no file", file.string()));
    crypto::Sha256 hash;
    EC_TRY(hash_bytes(fd.get(), static_cast<std::uint64_t>(info.st_size), hash, progress, stop));
    return hash.finish();
}

Result<UniqueFd> lock_file(const std::filesystem::path& file, Waiter& waiter, std::chrono::milliseconds patience,
                           const OnPullProgress& progress, const std::stop_token& stop) {
    for (std::chrono::milliseconds waited{0};;) {
        UniqueFd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!fd.valid()) return fail(from_errno(fmt::format("cannot open {}", file.string()), errno));
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
            struct stat held{};
            struct stat named{};
            // The one who had it before may have renamed or removed it.
            const bool still = ::fstat(fd.get(), &held) == 0 && ::stat(file.c_str(), &named) == 0 &&
                               held.st_ino == named.st_ino && held.st_dev == named.st_dev;
            if (still) return fd;
            continue;
        }
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return fail(from_errno(fmt::format("cannot lock {}", file.string()), errno));
        }
        if (waited >= patience) {
            return fail(ErrorCode::conflict, fmt::format("another program works on {}", file.string()),
                        "wait until it is done");
        }
        if (progress) progress({PullProgress::Stage::waiting, 0, 0, {}});
        if (!waiter.wait(kLook, stop)) return fail(ErrorCode::cancelled, "stopped");
        waited += kLook;
    }
}

}  // namespace ec::model::library
