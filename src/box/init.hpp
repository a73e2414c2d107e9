// Pid 1 of the sandbox: starts the payload, reaps, enforces, ends everything, then reports.
#pragma once

#include <csignal>
#include <ec/box/protocol.hpp>
#include <string_view>

#include "root.hpp"

namespace ec::box {

struct Capabilities {
    int landlock_abi = 0;
    bool own_userns = false;
    int oom_fd = -1;         ///< this process's oom_score_adj, opened while it could be
    int memory_events = -1;  ///< the memory group's count of processes killed, likewise
};

/// The signal of an ended child. pid 1 blocks it before it has any child and reads it later.
sigset_t child_signal();

/// Sets how eagerly the kernel kills this process when memory runs out; best effort.
void set_badness(int oom_fd, std::string_view value);

/// Never returns; the process exit ends whatever is left of the sandbox.
[[noreturn]] void supervise(Spec spec, const Tree& tree, Capabilities capabilities);

}  // namespace ec::box
