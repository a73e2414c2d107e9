// edgecoder-box: builds one sandbox, runs one program in it, reports, and is gone. Started by the executor with an
// empty environment and the descriptors of protocol.hpp. Three processes: this one makes the namespaces and is gone,
// pid 1 in them supervises, its child is the program. The way of main(): spec -> namespaces -> tree -> rights given up
// -> run.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <ec/box/protocol.hpp>
#include <string>
#include <utility>

#include "init.hpp"
#include "network.hpp"
#include "payload.hpp"
#include "processes.hpp"
#include "root.hpp"
#include "status.hpp"
#include "sys.hpp"
#include "users.hpp"

namespace ec::box {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;  // and the network's, see network.hpp

// The rest of a spec that was started early; nothing else is said on the control pipe before.
Spec await_second(const Spec& first) {
    char order = 0;
    if (::read(kControlFd, &order, 1) != 1 || order != kHandOff) ::_exit(124);
    Spec second = read_spec(first.end);
    ::close(kSpecFd);
    return second;
}

void send_started(long pid) {
    Writer body;
    body.u32(static_cast<std::uint32_t>(pid));
    send_record(Tag::started, body.bytes());
    flush_records();
}

Capabilities prepare(const Spec& spec) {
    const sigset_t child = child_signal();
    require(::sigprocmask(SIG_BLOCK, &child, nullptr) == 0, "sigprocmask");
    // The kernel kills the largest badness first: the payload inherits this, and we lower our own again after the fork.
    Capabilities capabilities;
    capabilities.landlock_abi = landlock_abi();
    capabilities.oom_fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    set_badness(capabilities.oom_fd, "1000");
    if (!spec.cgroup.empty()) {
        const std::string events = spec.cgroup + (spec.cgroup_v2 ? "/memory.events" : "/memory.oom_control");
        capabilities.memory_events = ::open(events.c_str(), O_RDONLY | O_CLOEXEC);
    }
    return capabilities;
}

// Tier C: this process itself supervises. Whatever the program starts stays below it, because it takes in orphans, and
// what Landlock of this version does not yet keep in must not be run.
[[noreturn]] void without_namespaces(const Spec& spec) {
    Capabilities capabilities = prepare(spec);
    if (capabilities.landlock_abi < kLandlockAlone) {
        die("landlock", EOPNOTSUPP, std::to_string(capabilities.landlock_abi));
    }
    const std::string entrance = spec.cgroup + (spec.cgroup_v2 ? "/cgroup.procs" : "/tasks");
    require(spec.cgroup.empty() || sys::write_file(entrance.c_str(), "0"), "cgroup", spec.cgroup);
    if (spec.privileged) drop_ids(spec);
    Tree tree;
    tree.outer_proc = ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    require(can_see_children(tree.outer_proc), "proc", "/proc");
    if (!is_own(tree.outer_proc)) die("proc", EXDEV, "/proc");
    require(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0, "subreaper");
    send_started(::getpid());
    supervise(spec, tree, capabilities);
}

[[noreturn]] void inside(Spec spec, int userns, int box_done, unsigned uid, unsigned gid) {
    Capabilities capabilities = prepare(spec);
    if (!spec.privileged) map_self("/proc/self", uid, gid);
    const int network = begin_network();
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    require(::sethostname("sandbox", 7) == 0, "hostname");
    enter_base();
    if (spec.start == Start::early) spec = await_second(spec);
    const bool warm = spec.start == Start::warm;
    Tree tree;
    make_mounts(spec, userns, tree);
    warm ? share_root() : enter_root();
    enter_network(network);
    if (spec.proxy) offer_proxy_socket();
    const int proc = tree.has_proc ? ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : tree.outer_proc;
    // A warm sandbox's pid 1 keeps its rights until it has mounted the workspace; its payload has none from the start.
    capabilities.own_userns = warm || !spec.privileged || drop_root(spec, proc);
    // The box writes one record of its own; ours come after it.
    char none = 0;
    require(::read(box_done, &none, 1) == 0, "box");
    ::close(box_done);
    supervise(std::move(spec), tree, capabilities);
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
    const Spec spec = read_spec(0);
    if (spec.start == Start::whole) ::close(kSpecFd);
    if (!spec.session) ::syscall(SYS_close_range, kSessionIn, kSessionOut, 0);
    ::syscall(SYS_close_range, spec.proxy ? kFirstStrayFd : kProxyFd, ~0U, 0);
    if (spec.confinement == Confinement::landlock) without_namespaces(spec);
    const unsigned uid = ::getuid();
    const unsigned gid = ::getgid();
    clone_args arguments{};
    // A child of the executor's: it waits for pid 1 itself, and this process is gone before the program is started.
    arguments.flags = kNamespaces | CLONE_PARENT | (spec.privileged ? 0U : CLONE_NEWUSER);
    if (!spec.cgroup.empty() && spec.cgroup_v2) {
        const int cgroup = ::open(spec.cgroup.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
        require(cgroup >= 0, "cgroup", spec.cgroup);
        arguments.flags |= CLONE_INTO_CGROUP;
        arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    } else if (!spec.cgroup.empty()) {
        // "0" in tasks moves this single thread without the system-wide lock that a pid in cgroup.procs takes.
        require(sys::write_file((spec.cgroup + "/tasks").c_str(), "0"), "cgroup", spec.cgroup);
    }
    const int userns = idmap_namespace(spec);
    int done[2];
    require(::pipe2(done, O_CLOEXEC) == 0, "pipe");
    const long child = sys::clone3(arguments);
    require(child >= 0, "namespaces");
    if (child == 0) {
        ::close(done[1]);
        inside(spec, userns, done[0], uid, gid);
    }
    send_started(child);
    ::close(done[1]);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    return 0;
}

}  // namespace
}  // namespace ec::box

int main() { return ec::box::start(); }
