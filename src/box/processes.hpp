// Finding and ending the processes of a sandbox that has no pid namespace to itself, or cannot list it: everything
// below this process, which takes in orphans (pid 1 does by nature, a subreaper by choice), so that none gets away.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace ec::box {

/// Whether `proc` (an open /proc, or -1) tells the children of a process. Sets errno.
bool can_see_children(int proc);

/// Whether `proc` numbers processes as this one does, so that they can be signalled by it.
bool is_own(int proc);

/// The processes below this one, sorted, as `proc` numbers them.
std::vector<pid_t> descendants(int proc);

/// Stops, then kills everything below this process. They still have to be reaped.
void kill_descendants(int proc);

}  // namespace ec::box
