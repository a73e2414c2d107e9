// From what the supervisor knows to RunResult: the status is decided here and never from what the program printed.
#pragma once

#include <ec/box/protocol.hpp>
#include <ec/executor/sandbox.hpp>

#include "box_process.hpp"

namespace ec::executor {

/// What the memory controller saw, where there is one.
struct MemoryUse {
    bool out_of_memory = false;
    std::uint64_t peak_bytes = 0;
};

/// One sentence and a remedy for a set-up that failed.
Error explain(const SetupError& error);

/// The result of a box that has ended and been closed.
RunResult conclude(BoxProcess& process, const RunSpec& run, const MemoryUse& memory);

}  // namespace ec::executor
