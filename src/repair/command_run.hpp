// The person's whole test command as one run in the sandbox, with the room a real test suite needs.
#pragma once

#include <chrono>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>

namespace ec::repair {

/// `limit` bounds wall and processor time. The files it changes are of no interest.
inline executor::RunSpec whole_command_run(const executor::TestCommand& command, std::chrono::milliseconds limit) {
    executor::RunSpec spec = executor::test_run(command);
    spec.limits.wall = limit;
    spec.limits.cpu = limit;
    spec.limits.memory_bytes = 2ULL << 30;
    spec.limits.processes = 512;
    spec.collect_changes = false;
    return spec;
}

}  // namespace ec::repair
