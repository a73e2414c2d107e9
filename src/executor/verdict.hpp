// From what the supervisor knows to RunResult: the status is decided here and never from what the program printed.
#pragma once

#include <ec/box/protocol.hpp>
#include <ec/executor/sandbox.hpp>

#include "box_process.hpp"
#include "memory_group.hpp"

namespace ec::executor {

/// One sentence and a remedy for a set-up that failed.
Error explain(const SetupError& error);

/// A report that makes no sense: nothing in it is believed.
Error unreadable(const BoxReport& report);

/// The result of a box that has ended and been closed.
RunResult conclude(BoxProcess& process, const RunSpec& run, const MemoryUse& memory, std::string_view tier);

/// A run that never started.
RunResult sandbox_error(const Error& error, std::string_view tier);

}  // namespace ec::executor
