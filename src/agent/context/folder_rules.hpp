// Folders that hold no work of the workspace's people: repositories' own data, installed packages, build outputs.
#pragma once

#include <filesystem>
#include <string_view>

namespace ec::agent {

/// By name alone: ".git", "node_modules", "__pycache__", …
bool is_foreign_folder(std::string_view name);

/// By what lies in or beside it: a cache that says so (CACHEDIR.TAG), a virtual environment, a build folder of CMake,
/// cargo, Maven, or of a JavaScript or Python package.
bool is_output_folder(const std::filesystem::path& folder);

}  // namespace ec::agent
