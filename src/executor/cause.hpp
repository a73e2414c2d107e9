// Why isolation does not work on this machine, and what a person can do about it.
#pragma once

#include <ec/core/error.hpp>
#include <optional>

#include "box_process.hpp"
#include "machine_facts.hpp"

namespace ec::executor {

/// Nothing when the failure does not speak against the machine (a wrong path, a full disk, a limit that is
/// reached just now). Else one sentence with the
/// cause, and the remedy.
std::optional<Error> why_not_isolated(const SetupError& error, const MachineFacts& machine);

}  // namespace ec::executor
