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

struct Pipes {
    int hold[2];
    int result[2];
};

// Shares the box's memory (a copy would cost more than it saves), so it makes system calls and nothing else.
int make_namespace(void* argument) {
    const Pipes& pipes = *static_cast<const Pipes*>(argument);
    ::close(pipes.hold[1]);
    const int error = ::unshare(CLONE_NEWNET) == 0 ? loopback_up() : errno;
    char byte = static_cast<char>(error);
    if (::write(pipes.result[1], &byte, 1) != 1) return 1;
    return ::read(pipes.hold[0], &byte, 1) == 0 ? 0 : 1;
}

}  // namespace

Network begin_network(const Spec& spec) {
    if (!spec.privileged) return {};
    static Pipes pipes;
    alignas(16) static char stack[16384];
    require(::pipe2(pipes.hold, O_CLOEXEC) == 0 && ::pipe2(pipes.result, O_CLOEXEC) == 0, "network", "pipe");
    Network network;
    const int child =
        ::clone(make_namespace, stack + sizeof stack, CLONE_VM | CLONE_PIDFD | SIGCHLD, &pipes, &network.helper);
    require(child >= 0, "network", "clone");
    ::close(pipes.hold[0]);
    ::close(pipes.result[1]);
    network.hold = pipes.hold[1];
    network.result = pipes.result[0];
    return network;
}

void enter_network(const Network& network) {
    int error = 0;
    if (network.helper < 0) {
        error = loopback_up();
    } else {
        char byte = EPIPE;
        if (::read(network.result, &byte, 1) != 1 || byte != 0) die("namespaces", byte, "network");
        require(::setns(network.helper, CLONE_NEWNET) == 0, "namespaces", "network");
        for (const int fd : {network.helper, network.hold, network.result}) ::close(fd);
    }
    if (error != 0) die("loopback", error);
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
