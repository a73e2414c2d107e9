// The sandbox's network: a namespace with a loopback of its own and nothing else; on it, when the run has one, a socket
// that the host's proxy serves.
//
// The kernel takes as long for one as for the whole file tree, so a helper process makes it meanwhile, and pid 1 moves
// in.
#pragma once

namespace ec::box {

/// In pid 1, while the host's /proc is there: starts the helper, a child that is to be reaped. The descriptor tells
/// when it is done.
int begin_network();

/// The loopback is there and up when this returns. Ends the process through die() on failure.
void enter_network(int helper);

/// In pid 1, after enter_network(): makes a TCP listener on 127.0.0.1:kProxyPort and sends it over kProxyFd. A socket
/// belongs to the namespace it was made in, so whoever has it accepts this sandbox's connections from outside. kProxyFd
/// stays open in pid 1 alone: its end tells the proxy that the sandbox is gone.
void offer_proxy_socket();

}  // namespace ec::box
