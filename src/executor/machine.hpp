// What can be known about this machine without making a sandbox.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>

namespace ec::executor {

/// Wall clock, as file systems stamp their files with.
std::uint64_t wall_clock_ns();

/// Landlock version of the kernel, 0 without.
int landlock_abi();

/// False where idmapped mounts are known not to work (overlay roots of containers, network and FUSE file systems), so
/// that nobody has to try. True means: worth trying.
bool may_idmap(const std::filesystem::path& path);

/// The uid (and gid) that a sandbox started by root drops to: one that no distribution assigns, or where this root
/// lives in a user namespace that does not know it, the last one it does. Nothing when there is only uid 0, and then
/// "root" is an ordinary user outside and is treated as one.
std::optional<uid_t> payload_uid();

/// Processes and threads that `uid` has now, as far as /proc shows them.
std::uint64_t tasks_of(uid_t uid);

}  // namespace ec::executor
