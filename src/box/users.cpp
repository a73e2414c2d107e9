#include "users.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <string>

#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

constexpr unsigned kInsideId = 1000;

void write_proc(const std::string& path, const std::string& text, std::string_view step) {
    require(sys::write_file(path.c_str(), text), step, path);
}

void become(std::uint32_t id) {
    require(::setgroups(0, nullptr) == 0, "setgroups");
    require(::setresgid(id, id, id) == 0, "setresgid");
    require(::setresuid(id, id, id) == 0, "setresuid");
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

}  // namespace

void map_self(unsigned uid, unsigned gid) {
    write_proc("/proc/self/setgroups", "deny", "user namespace");
    write_proc("/proc/self/uid_map", std::to_string(kInsideId) + " " + std::to_string(uid) + " 1", "user namespace");
    write_proc("/proc/self/gid_map", std::to_string(kInsideId) + " " + std::to_string(gid) + " 1", "user namespace");
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
    write_proc(proc + "/uid_map", id_map(spec.owner_uid, spec.drop_uid), "idmap");
    write_proc(proc + "/gid_map", id_map(spec.owner_gid, spec.drop_uid), "idmap");
    const int userns = ::open((proc + "/ns/user").c_str(), O_RDONLY | O_CLOEXEC);
    require(userns >= 0, "idmap", "open");
    ::close(hold[0]);
    ::close(hold[1]);
    return userns;
}

bool drop_root(const Spec& spec) {
    become(spec.drop_uid);
    if (::unshare(CLONE_NEWUSER) != 0) return false;
    ::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // changing ids made /proc/self root's
    map_self(spec.drop_uid, spec.drop_uid);
    return true;
}

void follow_payload(const Spec& spec, pid_t payload, const char* proc) {
    const std::string path = std::string(proc) + "/" + std::to_string(payload) + "/ns/user";
    const int userns = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    require(userns >= 0, "open", path);
    become(spec.drop_uid);
    require(::setns(userns, CLONE_NEWUSER) == 0, "setns", "user namespace of the payload");
    ::close(userns);
}

}  // namespace ec::box
