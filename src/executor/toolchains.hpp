// What of the host a sandbox must show for the programs in the caller's PATH to work: the system's own folders, the
// roots of interpreters that live elsewhere (pyenv, nvm, volta, virtual environments, ~/.local, ~/.cargo), and the
// environment variables that go with them. Everything is shown read-only at the path it has outside.
#pragma once

#include <ec/executor/policy.hpp>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ec::executor {

struct Toolchains {
    std::vector<std::string> read_only;                            ///< canonical host paths, parents first
    std::vector<std::pair<std::string, std::string>> links;        ///< /bin -> usr/bin and the like: path, target
    std::vector<std::pair<std::string, std::string>> environment;  ///< the allow-listed base environment
};

/// Looks once, at the file system and the caller's environment. `workspace` is canonical. The policy adds its paths and
/// language roots, says which variables are passed on, and may forbid to look for more than it names.
Toolchains discover_toolchains(const std::filesystem::path& workspace, const SandboxPolicy& policy,
                               const std::vector<std::filesystem::path>& extra,
                               const std::vector<std::string>& extra_names);

/// True for names that look like they carry a credential; those are never passed on.
bool looks_secret(std::string_view name);

}  // namespace ec::executor
