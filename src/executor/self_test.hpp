// Attacks a sandbox from inside and looks from outside whether anything came of it. Isolation that is only decoration
// (a kernel or a profile that says yes and does nothing) is found here and never reported as real.
#pragma once

#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>

namespace ec::executor {

/// Reads a canary outside, writes beside it, connects to a listener of ours on the loopback, makes a user namespace,
/// reads the environment of this process. `unavailable` names what got through. What this machine has no program to try
/// with is noted in `isolation`.
Status attack_from_inside(Sandbox& sandbox, Isolation& isolation);

}  // namespace ec::executor
