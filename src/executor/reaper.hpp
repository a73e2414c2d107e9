// Sandboxes that have reported and are still being taken down by the kernel (namespaces and mounts go last).
//
// A run returns when it has its report, most of a millisecond before the sandbox is gone; who started the run collects
// the dead here later: at the next run, or at the latest with this object, which waits. Safe to use from several
// threads.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <vector>

#include "memory_group.hpp"

namespace ec::executor {

/// A sandbox that nobody talks to any more, and the control group it still sits in.
struct Ending {
    pid_t init = -1;  ///< its pid 1, a child of ours; -1 when it was never started
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

/// Waits for a child of ours that is about to end, and kills it when it takes too long.
void wait_for_child(pid_t pid);

}  // namespace ec::executor
