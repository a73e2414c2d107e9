#include "machine_facts.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <fstream>
#include <iterator>

#include "machine.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

// Not read_file(): files of /proc report no size.
std::string text_of(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string text(1 << 16, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    return text;
}

std::optional<long> number_of(const fs::path& path) {
    const std::string text = text_of(path);
    char* end = nullptr;
    const long value = std::strtol(text.c_str(), &end, 10);
    if (end == text.c_str()) return std::nullopt;
    return value;
}

std::string container_of(const fs::path& root) {
    std::error_code ignored;
    const std::string told(trim(text_of(root / "run/systemd/container")));
    if (!told.empty()) return told;
    if (fs::exists(root / "run/.containerenv", ignored)) return "podman";
    if (fs::exists(root / ".dockerenv", ignored)) return "docker";
    const std::string environment = text_of(root / "proc/1/environ");
    for (const std::string_view variable : split(environment, '\0')) {
        if (variable.starts_with("container=") && variable.size() > 10) return std::string(variable.substr(10));
    }
    const std::string groups = text_of(root / "proc/self/cgroup");
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kMarks = {
        {{"docker", "docker"},
         {"kubepods", "kubernetes"},
         {"libpod", "podman"},
         {"containerd", "containerd"},
         {"lxc", "lxc"},
         {"machine.slice/", "systemd-nspawn"}}};
    for (const auto& [mark, name] : kMarks) {
        if (groups.find(mark) != std::string::npos) return std::string(name);
    }
    return {};
}

// In a changed root no mount is at "/", unless the new root happens to be one.
bool changed_root(const fs::path& root) {
    const std::string mounts = text_of(root / "proc/self/mountinfo");
    if (mounts.empty()) return false;
    for (const std::string_view line : split_lines(mounts)) {
        const std::vector<std::string_view> parts = split(line, ' ');
        if (parts.size() > 4 && parts[4] == "/") return false;
    }
    return true;
}

bool one_user(const fs::path& root) {
    const std::string map = text_of(root / "proc/self/uid_map");
    unsigned long long inside = 0;
    unsigned long long outside = 0;
    unsigned long long count = 0;
    return std::sscanf(map.c_str(), "%llu %llu %llu", &inside, &outside, &count) == 3 && count == 1 &&
           split_lines(trim(map)).size() == 1;
}

}  // namespace

MachineFacts look_at_machine(const fs::path& root) {
    MachineFacts machine;
    const fs::path sys = root / "proc/sys";
    machine.kernel = std::string(trim(text_of(sys / "kernel/osrelease")));
    std::sscanf(machine.kernel.c_str(), "%d.%d", &machine.kernel_major, &machine.kernel_minor);
    if (machine.kernel.find("icrosoft") != std::string::npos) {
        machine.wsl = machine.kernel.find("WSL2") != std::string::npos || machine.kernel_major > 4 ? 2 : 1;
    }
    machine.container = container_of(root);
    machine.most_user_namespaces = number_of(sys / "user/max_user_namespaces");
    machine.unprivileged_namespaces = number_of(sys / "kernel/unprivileged_userns_clone");
    machine.apparmor_restriction = number_of(sys / "kernel/apparmor_restrict_unprivileged_userns");
    const std::string status = text_of(root / "proc/self/status");
    machine.has_proc = !status.empty();
    machine.filtered = status.find("\nSeccomp:\t2") != std::string::npos;
    machine.changed_root = changed_root(root);
    machine.one_user = one_user(root);
    machine.root = ::geteuid() == 0;
    machine.landlock_abi = landlock_abi();
    return machine;
}

std::vector<std::string> machine_notes(const MachineFacts& machine) {
    std::vector<std::string> notes;
    if (machine.wsl == 2) {
        notes.emplace_back(
            "WSL 2: the Windows drives below /mnt and /run/WSL are not shown to programs, and AF_VSOCK is refused");
    }
    if (!machine.container.empty()) {
        notes.push_back(fmt::format("inside a container ({}): the container is the outer boundary", machine.container));
    }
    return notes;
}

}  // namespace ec::executor
