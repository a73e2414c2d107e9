#include "cause.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ec::executor {
namespace {

struct Cause {
    std::string why;
    std::string remedy;
};

constexpr std::string_view kProfile =
    "load the profile packaging/apparmor/edgecoder-box (sudo cp it to /etc/apparmor.d/, then sudo apparmor_parser -r "
    "/etc/apparmor.d/edgecoder-box), or set kernel.apparmor_restrict_unprivileged_userns=0 with sysctl";

bool makes_namespaces(const SetupError& error) {
    return error.step == "namespaces" || error.step == "user namespace" || error.step == "network";
}

bool builds_tree(const SetupError& error) {
    constexpr std::array<std::string_view, 6> kSteps = {"mount",      "pivot_root",    "open_tree",
                                                        "move_mount", "mount_setattr", "umount"};
    for (const std::string_view step : kSteps) {
        if (error.step == step) return true;
    }
    return error.step == "overlay" && (error.error == EPERM || error.error == EACCES);
}

bool refused(int error) { return error == EPERM || error == EACCES; }

Cause in_container(const MachineFacts& machine) {
    std::string remedy = "start the container with the right to make namespaces";
    if (machine.container == "docker")
        remedy =
            "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined "
            "--security-opt apparmor=unconfined …";
    if (machine.container == "podman")
        remedy = "podman run --security-opt seccomp=unconfined --security-opt unmask=ALL …";
    if (machine.container == "kubernetes" || machine.container == "containerd")
        remedy = "give the pod seccompProfile: Unconfined and procMount: Unmasked (or hostUsers: false)";
    if (machine.container == "lxc") remedy = "set security.nesting=true for the container";
    return {fmt::format("the container ({}) does not allow it", machine.container), std::move(remedy)};
}

Cause old_kernel(const MachineFacts& machine) {
    if (machine.filtered && (machine.kernel_major > 5 || (machine.kernel_major == 5 && machine.kernel_minor >= 12))) {
        if (!machine.container.empty()) return in_container(machine);
        return {"a system-call filter that this process was started under refuses it",
                "start it outside of that filter"};
    }
    return {fmt::format("the kernel is {} and Linux 5.12 or newer is needed",
                        machine.kernel.empty() ? "unknown" : machine.kernel),
            "use a newer kernel"};
}

Cause no_namespaces(const SetupError& error, const MachineFacts& machine) {
    if (machine.wsl == 1)
        return {"this is WSL 1, which has no Linux kernel", "convert it to WSL 2 (wsl --set-version DISTRIBUTION 2)"};
    if (machine.most_user_namespaces == 0)
        return {"user namespaces are switched off (user.max_user_namespaces is 0)",
                "sudo sysctl user.max_user_namespaces=10000"};
    if (machine.unprivileged_namespaces == 0)
        return {"user namespaces are switched off for ordinary users (kernel.unprivileged_userns_clone is 0)",
                "sudo sysctl kernel.unprivileged_userns_clone=1"};
    if (!machine.has_proc) return {"there is no /proc", "mount it: mount -t proc proc /proc"};
    if (error.error == ENOSYS) return old_kernel(machine);
    if (error.error == EINVAL)
        return {"the kernel was built without one of the namespaces",
                "use a kernel with CONFIG_USER_NS, CONFIG_PID_NS, "
                "CONFIG_NET_NS, CONFIG_IPC_NS and CONFIG_UTS_NS"};
    if (machine.changed_root)
        return {"the kernel gives no user namespaces inside a changed root (chroot)",
                "run it outside of the chroot, or as root with CAP_SYS_ADMIN"};
    if (!machine.container.empty()) return in_container(machine);
    if (machine.filtered)
        return {"a system-call filter that this process was started under refuses it",
                "start it outside of that filter"};
    if (machine.apparmor_restriction.value_or(0) != 0)
        return {"AppArmor restricts user namespaces", std::string(kProfile)};
    if (machine.root && machine.one_user)
        return {"root of this user namespace may not make further ones", "run it as an ordinary user outside"};
    return {std::strerror(error.error),
            "allow unprivileged user namespaces (sysctl user.max_user_namespaces=10000, where they exist also "
            "kernel.unprivileged_userns_clone=1 and kernel.apparmor_restrict_unprivileged_userns=0), or run as root"};
}

Cause no_tree(const SetupError& error, const MachineFacts& machine) {
    if (error.error == ENOSYS) return old_kernel(machine);
    if (machine.apparmor_restriction.value_or(0) != 0 && refused(error.error))
        return {"AppArmor gives user namespaces without any rights in them", std::string(kProfile)};
    if (!machine.container.empty()) return in_container(machine);
    if (machine.filtered && refused(error.error))
        return {"a security profile that this process was started under refuses it",
                "start it outside of that profile"};
    return {std::strerror(error.error),
            "allow mounts in user namespaces (on Ubuntu 24.04 " + std::string(kProfile) + "), or run as root"};
}

// What may be gone at the next try, or is nobody's refusal, is no reason to isolate less.
bool speaks_against_machine(const SetupError& error, const MachineFacts& machine) {
    if (makes_namespaces(error)) {
        if (error.error == ENOSPC || error.error == EUSERS) return machine.most_user_namespaces == 0;
        return error.error != EAGAIN && error.error != ENOMEM;
    }
    if (builds_tree(error))
        return refused(error.error) || error.error == EINVAL || error.error == ENODEV || error.error == ENOSYS;
    return error.step == "proc" || error.error == ENOSYS;
}

}  // namespace

std::optional<Error> why_not_isolated(const SetupError& error, const MachineFacts& machine) {
    const auto make = [](std::string what, Cause cause) {
        return Error{ErrorCode::unavailable, fmt::format("{}: {}", std::move(what), cause.why),
                     std::move(cause.remedy)};
    };
    if (!speaks_against_machine(error, machine)) return std::nullopt;
    if (makes_namespaces(error)) return make("no namespaces can be made here", no_namespaces(error, machine));
    if (error.step == "proc") {
        return make(
            "processes cannot be counted here",
            {fmt::format("/proc is missing or does not tell who is whose child ({})", std::strerror(error.error)),
             "mount /proc, and use a kernel with CONFIG_PROC_CHILDREN"});
    }
    if (!machine.has_proc)
        return make("no sandbox can be set up here", {"there is no /proc", "mount it: mount -t proc proc /proc"});
    return make(fmt::format("no file tree can be built here ({} {})", error.step, error.detail),
                no_tree(error, machine));
}

}  // namespace ec::executor
