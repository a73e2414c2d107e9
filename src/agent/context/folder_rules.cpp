#include "context/folder_rules.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>

namespace ec::agent {

bool is_foreign_folder(std::string_view name) {
    constexpr std::array<std::string_view, 20> kNames = {
        ".git",  ".hg",   ".svn",        ".jj",         "node_modules",  "bower_components", ".venv",
        ".tox",  ".nox",  "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache",      "site-packages",
        ".next", ".nuxt", ".gradle",     ".svelte-kit", ".terraform",    ".direnv"};
    return std::ranges::find(kNames, name) != kNames.end();
}

bool is_output_folder(const std::filesystem::path& folder) {
    const auto has = [](const std::filesystem::path& place, std::initializer_list<const char*> names) {
        return std::ranges::any_of(names, [&](const char* name) {
            std::error_code error;
            return std::filesystem::exists(std::filesystem::symlink_status(place / name, error));
        });
    };
    if (has(folder, {"CACHEDIR.TAG", "pyvenv.cfg", "CMakeCache.txt"})) return true;
    const std::filesystem::path name = folder.filename();
    const std::filesystem::path parent = folder.parent_path();
    if (name == "target") return has(parent, {"Cargo.toml", "pom.xml"});
    if (name == "build" || name == "dist" || name == "out")
        return has(parent, {"package.json", "pyproject.toml", "setup.py", "build.gradle", "build.gradle.kts"});
    return false;
}

}  // namespace ec::agent
