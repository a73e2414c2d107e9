#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "machine.hpp"

namespace ec::executor {

int landlock_abi() {
    constexpr unsigned kVersion = 1;  // LANDLOCK_CREATE_RULESET_VERSION
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersion);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

bool may_idmap(const std::filesystem::path& path) {
    struct statfs info{};
    if (::statfs(path.c_str(), &info) != 0) return false;
    return info.f_type != OVERLAYFS_SUPER_MAGIC && info.f_type != NFS_SUPER_MAGIC;
}

}  // namespace ec::executor
