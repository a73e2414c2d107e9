// Which folders a sandbox may be opened over. The same on every system.
#pragma once

#include <ec/core/result.hpp>
#include <filesystem>

namespace ec::executor {

/// The real path of `wanted`; `not_found`, or `invalid_argument` for `/`, a system folder, and what is or holds a home.
/// Refuses a workspace that holds or lies in `private_folder` as well, where there is one.
Result<std::filesystem::path> check_workspace(const std::filesystem::path& wanted,
                                              const std::filesystem::path& private_folder = {});

}  // namespace ec::executor
