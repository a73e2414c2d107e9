#include <sys/socket.h>

#include <cerrno>

#include "admin.hpp"

namespace ec::apps::coordinator {

Result<unsigned> peer_user(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return fail(from_errno("cannot tell who is at the other end of a socket", errno));
    return peer.uid;
}

}  // namespace ec::apps::coordinator
