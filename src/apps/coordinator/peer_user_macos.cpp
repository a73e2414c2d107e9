#include <unistd.h>

#include <cerrno>

#include "admin.hpp"

namespace ec::apps::coordinator {

Result<unsigned> peer_user(int socket) {
    uid_t user = 0;
    gid_t group = 0;
    if (::getpeereid(socket, &user, &group) != 0)
        return fail(from_errno("cannot tell who is at the other end of a socket", errno));
    return user;
}

}  // namespace ec::apps::coordinator
