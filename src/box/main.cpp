// edgecoder-box: builds one sandbox, runs one program in it, reports, and is gone. Started by the executor with an
// empty environment and the descriptors of protocol.hpp. Three processes: this one waits, pid 1 of the new namespaces
// supervises, pid 2 is the program. The way is entered by main(): spec -> namespaces -> tree -> rights given up -> run.
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <ec/box/protocol.hpp>
#include <string>

#include "init.hpp"
#include "network.hpp"
#include "payload.hpp"
#include "root.hpp"
#include "status.hpp"
#include "sys.hpp"
#include "users.hpp"

namespace ec::box {
namespace {

constexpr std::uint64_t kNamespaces =
    CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;  // and the network's, see network.hpp

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
    if (spec.warm) {
        share_root();
    } else {
        enter_root();
    }
    enter_network(network);
    capabilities.landlock_abi = landlock_abi();
    // A warm sandbox's pid 1 keeps its rights until it has mounted the workspace; its payload has none from the start.
    capabilities.own_userns = spec.warm || !spec.privileged || (tree.has_proc && drop_root(spec));
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
    const Spec spec = read_spec(0);
    if (!spec.warm) ::close(kSpecFd);
    ::syscall(SYS_close_range, spec.session ? kFirstStrayFd : kSessionIn, ~0U, 0);
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
        require(sys::write_file((spec.cgroup + "/tasks").c_str(), "0"), "cgroup", spec.cgroup);
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
