// What a process group uses at this moment, asked of the system.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace ec::executor {

struct GroupUsage {
    unsigned processes = 0;
    std::uint64_t memory = 0;  ///< resident bytes, shared pages counted in every process
};

GroupUsage usage_of_group(pid_t group);

}  // namespace ec::executor
