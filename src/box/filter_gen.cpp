// Writes the payload's seccomp filters as a C++ header, at build time: compiling them with libseccomp in every sandbox
// would cost 0.4 ms a run, and this way the box itself links nothing but libc.
//
// Default allow, minus what reaches into the kernel's riskier parts or out of the sandbox (docs/sandbox.md has the
// reasons). `soft` is for machines without a memory cgroup and also refuses memory that no watchdog sees. `reduced` is
// for runs without namespaces (tier C): what those kept away is refused here. `own_files` comes on top of it where the
// program runs as the person's own user.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <vector>

namespace {

// The first system call that is younger than this list. What is younger answers ENOSYS, as on a kernel without it: a
// later kernel must not open a way that nobody here has looked at.
constexpr std::uint32_t kFirstUnknown = 463;           // setxattrat, Linux 6.13
constexpr std::uint64_t kLow = 0xffffffffU;            // the kernel looks at 32 bits of most arguments
constexpr std::uint32_t kForeignNumbers = 0x40000000;  // the x32 ABI, which the filter proper kills

void check(int rc, const char* what) {
    if (rc == 0) return;
    std::fprintf(stderr, "filter_gen: %s: %d\n", what, rc);
    std::exit(1);
}

void deny(scmp_filter_ctx filter, int error, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        const int number = seccomp_syscall_resolve_name(name);
        if (number == __NR_SCMP_ERROR) {
            std::fprintf(stderr, "filter_gen: libseccomp does not know %s, left out\n", name);
            continue;
        }
        if (number < 0) continue;  // not a system call of this architecture
        check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number, 0), name);
    }
}

void deny_arguments(scmp_filter_ctx filter, const char* name, std::initializer_list<scmp_arg_cmp> compares,
                    int error = EPERM) {
    const std::vector<scmp_arg_cmp> list(compares);
    check(seccomp_rule_add_array(filter, SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)),
                                 seccomp_syscall_resolve_name(name), static_cast<unsigned>(list.size()), list.data()),
          name);
}

// By number, for what this libseccomp may not know by name. Since 424 every architecture uses the same numbers.
void deny_numbers(scmp_filter_ctx filter, int error, std::initializer_list<int> numbers) {
    for (const int number : numbers) {
        check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<std::uint16_t>(error)), number, 0), "number");
    }
}

scmp_arg_cmp compare(unsigned argument, scmp_compare op, std::uint64_t a, std::uint64_t b = 0) {
    return scmp_arg_cmp{argument, op, a, b};
}

void deny_families(scmp_filter_ctx filter) {
    // Allowed: UNIX, INET, INET6, and NETLINK_ROUTE (getaddrinfo and getifaddrs ask it which addresses exist). The
    // comparisons see all 64 bits, the kernel 32: a family with high bits set counts as large and is refused.
    deny_arguments(filter, "socket", {compare(0, SCMP_CMP_GT, AF_NETLINK)}, EAFNOSUPPORT);
    for (std::uint64_t family = 0; family < AF_NETLINK; ++family) {
        if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
        deny_arguments(filter, "socket", {compare(0, SCMP_CMP_EQ, family)}, EAFNOSUPPORT);
    }
    deny_arguments(filter, "socket", {compare(0, SCMP_CMP_EQ, AF_NETLINK), compare(2, SCMP_CMP_NE, NETLINK_ROUTE)},
                   EAFNOSUPPORT);
    // Asking for one of these would make the host load a module: packet sockets under their old name, DCCP, and all
    // protocols above ICMPv6 (SCTP, L2TP, MPTCP). Nor may socketpair() be asked for a family that socket() refuses.
    deny_arguments(filter, "socket", {compare(1, SCMP_CMP_MASKED_EQ, 0xf, SOCK_PACKET)});
    deny_arguments(filter, "socket", {compare(2, SCMP_CMP_EQ, IPPROTO_DCCP)}, EPROTONOSUPPORT);
    deny_arguments(filter, "socket", {compare(2, SCMP_CMP_GT, IPPROTO_ICMPV6)}, EPROTONOSUPPORT);
    deny_arguments(filter, "socketpair", {compare(0, SCMP_CMP_NE, AF_UNIX)}, EAFNOSUPPORT);
}

// Pid 1 has the payload's uid, so the kernel would let the payload take its supervisor's descriptors, memory and
// processor time away with these.
void protect_supervisor(scmp_filter_ctx filter) {
    for (const char* name :
         {"prlimit64", "sched_setparam", "sched_setscheduler", "sched_setattr", "sched_setaffinity"}) {
        deny_arguments(filter, name, {compare(0, SCMP_CMP_MASKED_EQ, kLow, 1)});
    }
    deny_arguments(filter, "setpriority",
                   {compare(0, SCMP_CMP_MASKED_EQ, kLow, PRIO_PROCESS), compare(1, SCMP_CMP_MASKED_EQ, kLow, 1)});
    deny_arguments(filter, "setpriority", {compare(0, SCMP_CMP_MASKED_EQ, kLow, PRIO_USER)});
    constexpr std::uint64_t kIoprioProcess = 1;  // include/uapi/linux/ioprio.h
    constexpr std::uint64_t kIoprioUser = 3;
    deny_arguments(filter, "ioprio_set",
                   {compare(0, SCMP_CMP_MASKED_EQ, kLow, kIoprioProcess), compare(1, SCMP_CMP_MASKED_EQ, kLow, 1)});
    deny_arguments(filter, "ioprio_set", {compare(0, SCMP_CMP_MASKED_EQ, kLow, kIoprioUser)});
}

// Setting the limit on core files succeeds and does nothing, so that it stays at the 1 of become_payload().
void keep_core_limit(scmp_filter_ctx filter) {
    deny_arguments(filter, "setrlimit", {compare(0, SCMP_CMP_MASKED_EQ, kLow, RLIMIT_CORE)}, 0);
    deny_arguments(filter, "prlimit64", {compare(1, SCMP_CMP_MASKED_EQ, kLow, RLIMIT_CORE), compare(2, SCMP_CMP_NE, 0)},
                   0);
}

void print(std::uint32_t code, unsigned jt, unsigned jf, std::uint32_t k) {
    std::printf("    {%u, %u, %u, %u},\n", code, jt, jf, k);
}

// Goes before the filter proper, whose jumps are relative.
void print_unknown_calls() {
    print(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr));
    print(BPF_JMP | BPF_JGE | BPF_K, 2, 0, kForeignNumbers);
    print(BPF_JMP | BPF_JGE | BPF_K, 0, 1, kFirstUnknown);
    print(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | ENOSYS);
}

void write(scmp_filter_ctx filter, const char* name) {
    std::FILE* scratch = std::tmpfile();
    check(scratch == nullptr ? -1 : 0, "tmpfile");
    check(seccomp_export_bpf(filter, fileno(scratch)), "export");
    check(std::fseek(scratch, 0, SEEK_SET), "rewind");
    struct {
        std::uint16_t code;
        std::uint8_t jt, jf;
        std::uint32_t k;
    } instruction{};
    std::printf("inline constexpr sock_filter %s[] = {\n", name);
    print_unknown_calls();
    while (std::fread(&instruction, sizeof instruction, 1, scratch) == 1) {
        print(instruction.code, instruction.jt, instruction.jf, instruction.k);
    }
    std::printf("};\n");
    std::fclose(scratch);
    seccomp_release(filter);
}

// Without namespaces the network, SysV objects and the other processes of the same user are the machine's own.
void deny_the_machine(scmp_filter_ctx filter) {
    // A pair of stream sockets can reach nobody else; one of datagram sockets could send to any name.
    deny(filter, EAFNOSUPPORT, {"socket"});
    deny(filter, EACCES, {"connect", "bind", "listen", "accept", "accept4"});
    deny_arguments(filter, "socketpair", {compare(0, SCMP_CMP_NE, AF_UNIX)}, EAFNOSUPPORT);
    for (const std::uint64_t type : std::initializer_list<std::uint64_t>{SOCK_DGRAM, SOCK_RAW}) {
        deny_arguments(filter, "socketpair", {compare(1, SCMP_CMP_MASKED_EQ, 0xf, type)}, EAFNOSUPPORT);
    }
    deny(filter, ENOSYS,
         {"shmat", "shmctl", "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl",
          "mq_unlink"});
    // Landlock keeps signals in, but not these. Allowed for 0, the caller itself.
    for (const char* name :
         {"prlimit64", "sched_setparam", "sched_setscheduler", "sched_setaffinity", "sched_setattr"}) {
        deny_arguments(filter, name, {compare(0, SCMP_CMP_NE, 0)});
    }
    for (const char* name : {"setpriority", "ioprio_set"}) {
        deny_arguments(filter, name, {compare(1, SCMP_CMP_NE, 0)});
        deny_arguments(filter, name, {compare(0, SCMP_CMP_GT, 1)});
    }
}

// Landlock does not know these, and the person's own files allow them to the person's own user.
void deny_metadata(scmp_filter_ctx filter) {
    deny(filter, EPERM,
         {"chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
          "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"});
    // fchmodat2, setxattrat, removexattrat, file_setattr: newer than libseccomp, and the same number everywhere.
    for (const int number : {452, 463, 466, 469}) {
        check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0), "a newer system call");
    }
    for (const std::uint64_t request : std::initializer_list<std::uint64_t>{FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR}) {
        deny_arguments(filter, "ioctl", {compare(1, SCMP_CMP_MASKED_EQ, 0xffffffffU, request)});
    }
}

enum class Kind { hard, soft, reduced, own_files };

void emit(const char* name, Kind kind) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    check(filter == nullptr ? -1 : 0, "seccomp_init");
    check(seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS), "bad architecture");
    check(seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2), "binary tree");
    if (kind == Kind::own_files) {
        deny_metadata(filter);
        return write(filter, name);
    }
    deny(filter, EPERM,
         {"mount",
          "umount2",
          "pivot_root",
          "chroot",
          "open_tree",
          "move_mount",
          "fsopen",
          "fsconfig",
          "fsmount",
          "fspick",
          "mount_setattr",
          "unshare",
          "setns",
          "ptrace",
          "process_vm_readv",
          "process_vm_writev",
          "pidfd_getfd",
          "kcmp",
          "process_madvise",
          "process_mrelease",
          "bpf",
          "perf_event_open",
          "userfaultfd",
          "keyctl",
          "add_key",
          "request_key",
          "name_to_handle_at",
          "open_by_handle_at",
          "init_module",
          "finit_module",
          "delete_module",
          "kexec_load",
          "kexec_file_load",
          "reboot",
          "swapon",
          "swapoff",
          "syslog",
          "acct",
          "quotactl",
          "quotactl_fd",
          "settimeofday",
          "clock_settime",
          "clock_adjtime",
          "adjtimex",
          "stime",
          "iopl",
          "ioperm",
          "lookup_dcookie",
          "nfsservctl",
          "vhangup",
          "sethostname",
          "setdomainname",
          "fanotify_init",
          "fanotify_mark",
          "move_pages",
          "migrate_pages",
          "modify_ldt",
          "uselib",
          "ustat",
          "sysfs",
          "_sysctl",
          "vm86",
          "vm86old"});
    // ENOSYS makes libc and libuv take their older path instead of failing. clone3 hides its flags behind a pointer.
    deny(filter, ENOSYS, {"clone3", "io_uring_setup", "io_uring_enter", "io_uring_register"});
    // How the page cache and the mounts look: cachestat, statmount, listmount.
    deny_numbers(filter, ENOSYS, {451, 457, 458});
    if (kind != Kind::hard) {
        deny(filter, ENOSYS, {"memfd_create", "memfd_secret", "shmget", "semget", "msgget", "mq_open"});
        // Buffers of sockets stay at the kernel's usual size: asking for more succeeds and does nothing.
        for (const std::uint64_t option : std::initializer_list<std::uint64_t>{SO_SNDBUF, SO_RCVBUF}) {
            deny_arguments(
                filter, "setsockopt",
                {compare(1, SCMP_CMP_MASKED_EQ, kLow, SOL_SOCKET), compare(2, SCMP_CMP_MASKED_EQ, kLow, option)}, 0);
        }
    }
    for (const std::uint64_t flag : std::initializer_list<std::uint64_t>{
             CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET}) {
        deny_arguments(filter, "clone", {compare(0, SCMP_CMP_MASKED_EQ, flag, flag)});
    }
    // The kernel looks at the low 32 bits of the request only, so must we (CVE-2019-10063).
    deny_arguments(filter, "ioctl", {compare(1, SCMP_CMP_MASKED_EQ, kLow, TIOCSTI)});
    deny_arguments(filter, "ioctl", {compare(1, SCMP_CMP_MASKED_EQ, kLow, TIOCLINUX)});
    // A listener would answer system calls of other processes in their place.
    deny_arguments(
        filter, "seccomp",
        {compare(1, SCMP_CMP_MASKED_EQ, SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_NEW_LISTENER)});
    if (kind == Kind::reduced) {
        deny_the_machine(filter);
    } else {
        deny_families(filter);
        protect_supervisor(filter);
    }
    keep_core_limit(filter);
    write(filter, name);
}

}  // namespace

int main() {
    std::printf("// Generated by filter_gen.\n#pragma once\n#include <linux/filter.h>\nnamespace ec::box {\n");
    emit("kFilterHard", Kind::hard);
    emit("kFilterSoft", Kind::soft);
    emit("kFilterReduced", Kind::reduced);
    emit("kFilterOwnFiles", Kind::own_files);
    std::printf("}  // namespace ec::box\n");
    return 0;
}
