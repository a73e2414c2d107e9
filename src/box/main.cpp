// edgecoder-box: builds one sandbox, runs one program in it, reports, and is gone. Started by the executor with an
// empty environment and the descriptors of protocol.hpp. Three processes: this one waits, pid 1 of the new namespaces
// supervises, pid 2 is the program. The way is entered by main(): spec -> namespaces -> tree -> rights given up -> run.
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ec/box/protocol.hpp>
#include <string>
#include <vector>

#include "init.hpp"
#include "network.hpp"
#include "payload.hpp"
#include "root.hpp"
#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;  // and the network's, see network.hpp
constexpr unsigned kInsideId = 1000;

Spec read_spec() {
    struct stat info{};
    require(::fstat(kSpecFd, &info) == 0, "spec");
    std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t n = ::pread(kSpecFd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
        if (n <= 0) die("spec", n < 0 ? errno : EIO);
        done += static_cast<std::size_t>(n);
    }
    Spec spec;
    if (!decode(bytes, spec)) die("spec", EINVAL, "the executor and edgecoder-box do not fit each other");
    ::close(kSpecFd);
    return spec;
}

void write_file(const char* path, const std::string& text, std::string_view step) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    require(fd >= 0, step, path);
    require(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()), step, path);
    ::close(fd);
}

void map_self(unsigned uid, unsigned gid) {
    write_file("/proc/self/setgroups", "deny", "user namespace");
    write_file("/proc/self/uid_map", std::to_string(kInsideId) + " " + std::to_string(uid) + " 1", "user namespace");
    write_file("/proc/self/gid_map", std::to_string(kInsideId) + " " + std::to_string(gid) + " 1", "user namespace");
}

// All ids map to themselves but the owner's, which becomes the payload's; the payload's own is left out.
std::string id_map(std::uint64_t owner, std::uint64_t payload) {
    std::string map = std::to_string(owner) + " " + std::to_string(payload) + " 1\n";
    std::uint64_t from = 0;
    for (const std::uint64_t hole : {std::min(owner, payload), std::max(owner, payload), std::uint64_t{4294967294}}) {
        if (hole > from) {
            map += std::to_string(from) + " " + std::to_string(from) + " " + std::to_string(hole - from) + "\n";
        }
        from = hole + 1;
    }
    return map;
}

// Shares our memory (a copy would cost more than the whole namespace), so it makes two system calls and nothing else.
int hold_namespace(void* pipe) {
    const int* hold = static_cast<const int*>(pipe);
    ::close(hold[1]);
    char byte = 0;
    ::_exit(::read(hold[0], &byte, 1) == 0 ? 0 : 1);
}

// A user namespace that exists only to describe the id mapping of the workspace. Its one process ends as soon as the
// pipe is closed, and is reaped together with the sandbox: nobody waits for it before.
int idmap_namespace(const Spec& spec) {
    if (!spec.idmap) return -1;
    static int hold[2];
    alignas(16) static char stack[16384];
    require(::pipe2(hold, O_CLOEXEC) == 0, "idmap", "pipe");
    const int child = ::clone(hold_namespace, stack + sizeof stack, CLONE_VM | CLONE_NEWUSER | SIGCHLD, hold);
    require(child >= 0, "idmap", "clone");
    const std::string proc = "/proc/" + std::to_string(child);
    write_file((proc + "/uid_map").c_str(), id_map(spec.owner_uid, spec.drop_uid), "idmap");
    write_file((proc + "/gid_map").c_str(), id_map(spec.owner_gid, spec.drop_uid), "idmap");
    const int userns = ::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
    require(userns >= 0, "idmap", "open");
    ::close(hold[0]);
    ::close(hold[1]);
    return userns;
}

// From real root to nobody in particular, in a user namespace of its own where the kernel gives one: only there do
// process limits count this sandbox alone, and pid 1 keeps the right to read what the payload made unreadable.
bool drop_root(const Spec& spec) {
    require(::setgroups(0, nullptr) == 0, "setgroups");
    require(::setresgid(spec.drop_uid, spec.drop_uid, spec.drop_uid) == 0, "setresgid");
    require(::setresuid(spec.drop_uid, spec.drop_uid, spec.drop_uid) == 0, "setresuid");
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // changing ids made /proc/self root's
    map_self(spec.drop_uid, spec.drop_uid);
    return true;
}

[[noreturn]] void inside(const Spec& spec, int userns, const Network& network, unsigned uid, unsigned gid) {
    if (!spec.privileged) map_self(uid, gid);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    // The kernel kills the largest badness first: the payload inherits this, and we lower our own again after the fork.
    Capabilities capabilities;
    capabilities.oom_fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    set_badness(capabilities.oom_fd, "1000");
    if (!spec.cgroup.empty()) {
        const std::string events = spec.cgroup + (spec.cgroup_v2 ? "/memory.events" : "/memory.oom_control");
        capabilities.memory_events = ::open(events.c_str(), O_RDONLY | O_CLOEXEC);
    }
    require(::sethostname("sandbox", 7) == 0, "hostname");
    const Tree tree = build_root(spec, userns);
    enter_network(network);
    if (spec.proxy) offer_proxy_socket();
    capabilities.landlock_abi = landlock_abi();
    capabilities.own_userns = !spec.privileged || (tree.has_proc && drop_root(spec));
    ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    supervise(spec, tree, capabilities);
}

// A program that spins at a first-in-first-out priority would starve its own supervisor and the executor for ever;
// round-robin lets equals take turns. Who may not change it this way gives the priority up in become_payload().
void take_turns() {
    sched_param parameters{};
    if (::sched_getscheduler(0) != SCHED_FIFO || ::sched_getparam(0, &parameters) != 0) return;
    static_cast<void>(::sched_setscheduler(0, SCHED_RR, &parameters));
}

int start() {
    take_turns();
    const Spec spec = read_spec();
    if (!spec.session) ::syscall(SYS_close_range, kSessionIn, kSessionOut, 0);
    ::syscall(SYS_close_range, spec.proxy ? kFirstStrayFd : kProxyFd, ~0U, 0);
    const unsigned uid = ::getuid();
    const unsigned gid = ::getgid();
    const Network network = begin_network(spec);
    clone_args arguments{};
    arguments.flags = kNamespaces | (network.helper >= 0 ? 0U : CLONE_NEWNET) | (spec.privileged ? 0U : CLONE_NEWUSER);
    arguments.exit_signal = SIGCHLD;
    if (!spec.cgroup.empty() && spec.cgroup_v2) {
        const int cgroup = ::open(spec.cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        require(cgroup >= 0, "cgroup", spec.cgroup);
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    } else if (!spec.cgroup.empty()) {
        // "0" in tasks moves this single thread without the system-wide lock that a pid in cgroup.procs takes.
        write_file((spec.cgroup + "/tasks").c_str(), "0", "cgroup");
    }
    const int userns = idmap_namespace(spec);
    const long child = sys::clone3(arguments);
    require(child >= 0, "namespaces");
    if (child == 0) inside(spec, userns, network, uid, gid);
    // Only pid 1 may hold these, or the executor would wait for us instead of for it.
    ::syscall(SYS_close_range, 0, ~0U, 0);
    int verdict = 125;
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended < 0 && errno != EINTR) return verdict;
        if (ended == child && WIFEXITED(status)) verdict = WEXITSTATUS(status);
    }
}

}  // namespace
}  // namespace ec::box

int main() { return ec::box::start(); }
