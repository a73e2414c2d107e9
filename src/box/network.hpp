// The sandbox's network: a namespace with a loopback of its own and nothing else.
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

}  // namespace ec::box
