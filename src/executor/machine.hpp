// What can be known about this machine without making a sandbox.
#pragma once

#include <filesystem>

namespace ec::executor {

/// Landlock version of the kernel, 0 without.
int landlock_abi();

/// False where idmapped mounts are known not to work (overlay roots of containers, network and FUSE file systems), so
/// that nobody has to try. True means: worth trying.
bool may_idmap(const std::filesystem::path& path);

}  // namespace ec::executor
