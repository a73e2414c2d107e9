// Who is at the other end of a socket on this machine, as the system says it.
#pragma once

#include <sys/types.h>

#include <ec/core/result.hpp>

namespace ec::model::embedded {

/// The user as whom the other side connected, or listened.
Result<uid_t> peer_user(int socket);

}  // namespace ec::model::embedded
