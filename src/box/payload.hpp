// The last steps before hostile code: every right is given up here, in an order in which each step still works.
#pragma once

#include <sys/types.h>

#include <ec/box/protocol.hpp>

#include "root.hpp"

namespace ec::box {

/// Landlock version of this kernel, 0 without.
int landlock_abi();

/// Puts the limits of `spec` on a process (0: this one); lowers, never raises. `watched`: pid 1 counts the memory.
bool set_limits(pid_t who, const Spec& spec, bool watched);

/// Child of pid 1. Writes {step, errno} to `failure_fd` when the program cannot be started.
[[noreturn]] void become_payload(const Spec& spec, const Tree& tree, int failure_fd);

/// What become_payload() writes when it fails.
struct PayloadFailure {
    int error = 0;
    bool exec = false;  ///< only the program was missing or unfit; the sandbox itself was fine
    char step[24] = {};
};

}  // namespace ec::box
