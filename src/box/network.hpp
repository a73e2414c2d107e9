// The sandbox's network: a namespace with a loopback of its own and nothing else; on it, when the run has one, a socket
// that the host's proxy serves.
//
// The kernel takes as long for one as for the whole file tree. Where pid 1 may change namespaces (started by real root)
// a helper process makes it meanwhile, and pid 1 moves in; an ordinary user's pid 1 is born in its own.
#pragma once

#include <ec/box/protocol.hpp>

namespace ec::box {

/// Descriptors of the helper, -1 without one. The helper ends when the last copy of `hold` is closed.
struct Network {
    int helper = -1;  ///< pidfd
    int hold = -1;
    int result = -1;  ///< one byte comes: 0, or the errno of what went wrong
};

/// In the box, before pid 1 is started: starts the helper when this run is to have one.
Network begin_network(const Spec& spec);

/// In pid 1: the loopback is there and up when this returns. Ends the process through die() on failure.
void enter_network(const Network& network);

/// In pid 1, after enter_network(): makes a TCP listener on 127.0.0.1:kProxyPort and sends it over kProxyFd. A socket
/// belongs to the namespace it was made in, so whoever has it accepts this sandbox's connections from outside. kProxyFd
/// stays open in pid 1 alone: its end tells the proxy that the sandbox is gone.
void offer_proxy_socket();

}  // namespace ec::box
