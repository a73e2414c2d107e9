#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "machine.hpp"

namespace ec::executor {
namespace {

// Not a uid of any distribution or of systemd: 1879048192 to 2147483647 are unassigned (systemd's UIDS-GIDS.md).
constexpr std::uint64_t kPayloadUid = 1'900'000'000;

struct Range {
    std::uint64_t first;
    std::uint64_t count;
    [[nodiscard]] bool holds(std::uint64_t id) const { return id >= first && id - first < count; }
};

std::vector<Range> id_map(const char* path) {
    std::vector<Range> ranges;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "re"), &std::fclose);
    unsigned long long first = 0;
    unsigned long long outside = 0;
    unsigned long long count = 0;
    while (file && std::fscanf(file.get(), "%llu %llu %llu", &first, &outside, &count) == 3)
        ranges.push_back({first, count});
    return ranges;
}

bool holds(const std::vector<Range>& ranges, std::uint64_t id) {
    return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) { return range.holds(id); });
}

}  // namespace

std::uint64_t wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

int landlock_abi() {
    constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

std::optional<uid_t> payload_uid() {
    const std::vector<Range> uids = id_map("/proc/self/uid_map");
    const std::vector<Range> gids = id_map("/proc/self/gid_map");
    if (holds(uids, kPayloadUid) && holds(gids, kPayloadUid)) return static_cast<uid_t>(kPayloadUid);
    std::uint64_t last = 0;
    for (const Range& range : uids) {
        const std::uint64_t end = range.first + range.count - 1;
        if (range.count > 0 && end < 0xffffffffU && holds(gids, end)) last = std::max(last, end);
    }
    if (last == 0) return std::nullopt;
    return static_cast<uid_t>(last);
}

std::uint64_t tasks_of(uid_t uid) {
    std::uint64_t tasks = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        struct stat info{};
        if (name.front() < '1' || name.front() > '9' || ::stat(entry.path().c_str(), &info) != 0 || info.st_uid != uid)
            continue;
        std::error_code gone;
        for (auto task = std::filesystem::directory_iterator(entry.path() / "task", gone);
             !gone && task != std::filesystem::directory_iterator(); task.increment(gone)) {
            ++tasks;
        }
    }
    return tasks;
}

bool may_idmap(const std::filesystem::path& path) {
    struct statfs info{};
    if (::statfs(path.c_str(), &info) != 0) return false;
    return info.f_type != OVERLAYFS_SUPER_MAGIC && info.f_type != NFS_SUPER_MAGIC;
}

}  // namespace ec::executor
