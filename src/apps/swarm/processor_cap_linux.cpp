#include <fmt/format.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>

#include "processor_cap.hpp"

namespace ec::apps {

// Cores rather than a quota: a quota needs a cgroup of our own, which not every machine gives us.
Result<std::string> cap_processor(int percent) {
    cpu_set_t ours;
    if (::sched_getaffinity(0, sizeof ours, &ours) != 0)
        return fail(from_errno("cannot see which cores may be used", errno));
    const int cores = CPU_COUNT(&ours);
    const int wanted = std::max(1, cores * percent / 100);
    cpu_set_t kept;
    CPU_ZERO(&kept);
    // The last ones: interrupts and the first programs of a machine tend to be on the first.
    for (int core = CPU_SETSIZE - 1, left = wanted; core >= 0 && left > 0; --core) {
        if (!CPU_ISSET(static_cast<std::size_t>(core), &ours)) continue;
        CPU_SET(static_cast<std::size_t>(core), &kept);
        --left;
    }
    if (::sched_setaffinity(0, sizeof kept, &kept) != 0) return fail(from_errno("cannot keep to some cores", errno));
    std::string said = fmt::format("uses {} of {} cores", wanted, cores);
    if (wanted * 100 > cores * percent) said += ", because less than one core cannot be set here";
    return said;
}

}  // namespace ec::apps
