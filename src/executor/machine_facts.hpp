// What this machine says about itself that explains why isolation does not work here. Read only after a failure and by
// `doctor`: whether isolation works is found by doing it, never by these.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ec::executor {

struct MachineFacts {
    std::string kernel;  ///< as uname gives it: "6.1.0-18-amd64"
    int kernel_major = 0;
    int kernel_minor = 0;
    int wsl = 0;                                  ///< 1 or 2 under the Windows Subsystem for Linux
    std::string container;                        ///< "docker", "podman", …; empty outside of one
    std::optional<long> most_user_namespaces;     ///< user.max_user_namespaces
    std::optional<long> unprivileged_namespaces;  ///< kernel.unprivileged_userns_clone (Debian and kin)
    std::optional<long> apparmor_restriction;     ///< kernel.apparmor_restrict_unprivileged_userns (Ubuntu)
    bool has_proc = false;
    bool filtered = false;      ///< this process runs under a system-call filter of somebody's
    bool changed_root = false;  ///< chroot: the kernel gives no user namespaces there
    bool one_user = false;      ///< in a user namespace that knows a single uid
    bool root = false;
    int landlock_abi = 0;
};

/// `root` stands for "/" in tests.
MachineFacts look_at_machine(const std::filesystem::path& root = "/");

/// What a person should know about a machine on which isolation works.
std::vector<std::string> machine_notes(const MachineFacts& machine);

}  // namespace ec::executor
