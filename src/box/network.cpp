#include "network.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "status.hpp"
#include "sys.hpp"

namespace ec::box {
namespace {

/// 0, or the errno of what went wrong.
int loopback_up() {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;  // a kernel without IPv4: then there is no loopback to miss
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    const int error = ::ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
    ::close(fd);
    return error;
}

struct Made {
    int error;
    int network;
};

struct Work {
    int proc;
    int result[2];
};

// Shares pid 1's memory and descriptors (a copy would cost more than it saves), so it makes system calls and nothing
// else. It shows the namespace by a descriptor, because pid 1 may not look into a process that cannot be dumped.
int make_namespace(void* argument) {
    const Work& work = *static_cast<const Work*>(argument);
    Made made{::unshare(CLONE_NEWNET) == 0 ? loopback_up() : errno, -1};
    if (made.error == 0) made.network = ::openat(work.proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
    ::close(work.proc);
    return ::write(work.result[1], &made, sizeof made) == sizeof made && ::close(work.result[1]) == 0 ? 0 : 1;
}

}  // namespace

int begin_network() {
    static Work work;
    alignas(16) static char stack[16384];
    work.proc = ::open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    require(work.proc >= 0 && ::pipe2(work.result, O_CLOEXEC) == 0, "network", "pipe");
    require(::clone(make_namespace, stack + sizeof stack, CLONE_VM | CLONE_FILES | SIGCHLD, &work) >= 0, "network",
            "clone");
    return work.result[0];
}

void enter_network(int helper) {
    Made made{EPIPE, -1};
    if (::read(helper, &made, sizeof made) != sizeof made || made.error != 0) die("namespaces", made.error, "network");
    require(::setns(made.network, CLONE_NEWNET) == 0, "namespaces", "network");
    ::close(made.network);
    ::close(helper);
}

void offer_proxy_socket() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kProxyPort);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    require(listener >= 0 && ::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                ::listen(listener, 64) == 0,
            "proxy", "listen");
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof listener)] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = ancillary;
    message.msg_controllen = sizeof ancillary;
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof listener);
    std::memcpy(CMSG_DATA(head), &listener, sizeof listener);
    require(::sendmsg(kProxyFd, &message, MSG_NOSIGNAL) == 1, "proxy", "send");
    ::close(listener);
}

}  // namespace ec::box
