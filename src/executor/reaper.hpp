// Boxes that have reported and are still being taken down by the kernel (namespaces and mounts go last).
//
// A run returns when it has its report, most of a millisecond before the box is gone; who started the run collects the
// dead here later: at the next run, or at the latest with this object, which waits. Safe to use from several threads.
#pragma once

#include <sys/types.h>

#include <ec/core/fd.hpp>
#include <mutex>
#include <optional>
#include <vector>

#include "memory_group.hpp"

namespace ec::executor {

/// A box process that nobody talks to any more, and the control group it still sits in.
struct Ending {
    pid_t pid = -1;
    UniqueFd pidfd;
    std::optional<MemoryGroups::Lease> group;
};

class Reaper {
public:
    Reaper() = default;
    ~Reaper();
    Reaper(const Reaper&) = delete;
    Reaper& operator=(const Reaper&) = delete;

    /// Takes over; waits for the oldest when too many are on their way out.
    void add(Ending ending);
    /// Reaps those that are gone by now.
    void collect();

private:
    std::mutex mutex_;
    std::vector<Ending> endings_;
};

/// Waits for a box that has reported or was told to die, and kills it when it takes too long.
void wait_for(const Ending& ending);

}  // namespace ec::executor
