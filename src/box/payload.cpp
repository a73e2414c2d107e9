#include "payload.hpp"

#include <ec_box_filter.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "sys.hpp"

// Debian 12's headers stop at ABI 2; the values are the kernel's.
#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif

namespace ec::box {
namespace {

int g_failure_fd = -1;

[[noreturn]] void give_up(const char* step, bool exec = false) {
    PayloadFailure failure;
    failure.error = errno;
    failure.exec = exec;
    std::strncpy(failure.step, step, sizeof failure.step - 1);
    if (::write(g_failure_fd, &failure, sizeof failure) != sizeof failure) ::_exit(124);
    ::_exit(125);
}

void must(bool ok, const char* step) {
    if (!ok) give_up(step);
}

void drop_capabilities() {
    for (int capability = 0; capability <= 63; ++capability) {
        if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL) break;
    }
    ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct none[2] = {};
    must(::syscall(SYS_capset, &header, none) == 0, "capset");
}

// Structures of newer ABIs than the build machine's headers know.
struct RulesetAttributes {
    std::uint64_t fs;
    std::uint64_t net;
    std::uint64_t scoped;
};
constexpr std::uint64_t kWriteAccess = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                       LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                                       LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
                                       LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                                       LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
constexpr std::uint64_t kDevices = LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK;  // allowed nowhere
constexpr std::uint64_t kReadAccess =
    LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kFileAccess = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE |
                                      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE;

void allow_below(int ruleset, const std::string& path, std::uint64_t access) {
    const int dir = ::open(path.c_str(), O_PATH | O_CLOEXEC);
    if (dir < 0) return;
    struct stat info{};
    must(::fstat(dir, &info) == 0, "landlock path");
    landlock_path_beneath_attr rule{};
    rule.allowed_access = S_ISDIR(info.st_mode) ? access & ~kDevices : access & kFileAccess;
    rule.parent_fd = dir;
    must(::syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0, "landlock_add_rule");
    ::close(dir);
}

// Second layer behind the mount tree, which already holds nothing but what may be read: writes only below the writable
// paths, no signals and no abstract sockets out of the sandbox. Without a mount tree it is the first layer, and says
// what may be read and run as well; no TCP port is ever allowed there.
void restrict_access(const Spec& spec, int abi) {
    if (abi < 1) return;
    const bool alone = spec.confinement == Confinement::landlock;
    std::uint64_t handled = kWriteAccess;
    if (abi >= 2) handled |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) handled |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (alone) handled |= kReadAccess | LANDLOCK_ACCESS_FS_IOCTL_DEV;
    RulesetAttributes attributes{handled, alone ? 3ULL : 0ULL, abi >= 6 ? 3ULL : 0ULL};
    const std::size_t size = abi >= 6 ? sizeof attributes : abi >= 4 ? 16 : 8;
    const int ruleset = static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, size, 0));
    must(ruleset >= 0, "landlock_create_ruleset");
    for (const std::string& path : spec.writable) allow_below(ruleset, path, handled);
    for (const std::string& path : spec.readable) allow_below(ruleset, path, handled & kReadAccess);
    must(::syscall(SYS_landlock_restrict_self, ruleset, 0) == 0, "landlock_restrict_self");
    ::close(ruleset);
}

void install_filter(const Spec& spec) {
    const auto install = [](const auto& filter) {
        sock_fprog program{static_cast<unsigned short>(std::size(filter)), const_cast<sock_filter*>(filter)};
        must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0, "seccomp");
    };
    if (spec.confinement == Confinement::landlock) {
        if (!spec.privileged) install(kFilterOwnFiles);
        install(kFilterReduced);
    } else if (spec.soft_memory) {
        install(kFilterSoft);
    } else {
        install(kFilterHard);
    }
}

void arrange_descriptors(const Spec& spec) {
    int keep = 3;
    must(::fcntl(g_failure_fd, F_DUPFD_CLOEXEC, 64) >= 0, "dup");
    g_failure_fd = ::fcntl(g_failure_fd, F_DUPFD_CLOEXEC, 64);
    must(g_failure_fd >= 64, "dup");
    if (spec.session) {
        must(::dup2(kSessionIn, 3) == 3 && ::dup2(kSessionOut, 4) == 4, "dup2");
        keep = 5;
    }
    must(::syscall(SYS_close_range, keep, g_failure_fd - 1, 0) == 0, "close_range");
    must(::syscall(SYS_close_range, g_failure_fd + 1, ~0U, 0) == 0, "close_range");
}

[[noreturn]] void run(const Spec& spec) {
    std::vector<char*> argv;
    for (const std::string& word : spec.argv) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> environment;
    std::string path = "/usr/local/bin:/usr/bin:/bin";
    for (const std::string& variable : spec.environment) {
        environment.push_back(const_cast<char*>(variable.c_str()));
        if (variable.starts_with("PATH=")) path = variable.substr(5);
    }
    environment.push_back(nullptr);
    const std::string& name = spec.argv.front();
    int error = ENOENT;
    if (name.find('/') != std::string::npos) {
        ::execve(name.c_str(), argv.data(), environment.data());
        error = errno;
    } else {
        for (std::size_t at = 0; at <= path.size();) {
            const std::size_t end = std::min(path.find(':', at), path.size());
            const std::string candidate = (end == at ? "." : path.substr(at, end - at)) + "/" + name;
            ::execve(candidate.c_str(), argv.data(), environment.data());
            if (errno != ENOENT && errno != ENOTDIR) error = errno;
            at = end + 1;
        }
    }
    errno = error;
    give_up("execve", true);
}

}  // namespace

bool set_limits(pid_t who, const Spec& spec, bool watched) {
    const auto limit = [who](__rlimit_resource resource, std::uint64_t soft, std::uint64_t hard) {
        rlimit current{};
        if (::prlimit(who, resource, nullptr, &current) != 0) return false;
        // A hard limit already lower than ours stays: raising it takes a right we may lack.
        const rlimit value{std::min<rlim_t>(soft, current.rlim_max), std::min<rlim_t>(hard, current.rlim_max)};
        return ::prlimit(who, resource, &value, nullptr) == 0;
    };
    // A core limit of 0 would still start a handler that core_pattern names, as root outside; 1 starts none and is too
    // small for a file. Where the watchdog in pid 1 decides, this only bounds how far one process gets between two
    // looks.
    const std::uint64_t data = watched ? 2 * spec.memory_bytes + (1ULL << 30) : spec.memory_bytes;
    return (spec.cpu_seconds == 0 || limit(RLIMIT_CPU, spec.cpu_seconds, spec.cpu_seconds + 1)) &&
           limit(RLIMIT_NPROC, spec.processes + spec.user_processes, spec.processes + spec.user_processes) &&
           limit(RLIMIT_FSIZE, spec.file_bytes, spec.file_bytes) &&
           limit(RLIMIT_NOFILE, spec.open_files, spec.open_files) && limit(RLIMIT_CORE, 1, 1) &&
           limit(RLIMIT_RTPRIO, 0, 0) && limit(RLIMIT_NICE, 0, 0) && limit(RLIMIT_MSGQUEUE, 0, 0) &&
           limit(RLIMIT_MEMLOCK, 64 << 10, 64 << 10) && (!spec.soft_memory || limit(RLIMIT_DATA, data, data));
}

int landlock_abi() {
    const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U /* LANDLOCK_CREATE_RULESET_VERSION */);
    return abi < 0 ? 0 : static_cast<int>(abi);
}

void become_payload(const Spec& spec, const Tree& tree, int failure_fd) {
    g_failure_fd = failure_fd;
    arrange_descriptors(spec);
    must(::setsid() >= 0, "setsid");
    must(::chdir(spec.directory.c_str()) == 0, "working directory");
    ::umask(022);
    if (::sched_getscheduler(0) == SCHED_FIFO) {
        const sched_param ordinary{};
        must(::sched_setscheduler(0, SCHED_OTHER, &ordinary) == 0, "scheduler");
    }
    must(set_limits(0, spec, tree.has_proc || tree.outer_proc >= 0), "setrlimit");
    if (spec.confinement == Confinement::landlock) must(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, "pdeathsig");
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "no_new_privs");
    drop_capabilities();
    restrict_access(spec, landlock_abi());
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    install_filter(spec);
    run(spec);
}

}  // namespace ec::box
