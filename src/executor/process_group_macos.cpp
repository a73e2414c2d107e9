#include <libproc.h>
#include <sys/proc_info.h>

#include <algorithm>
#include <vector>

#include "process_group.hpp"

namespace ec::executor {

GroupUsage usage_of_group(pid_t group) {
    std::vector<pid_t> pids(4096);
    const int found = ::proc_listpgrppids(group, pids.data(), static_cast<int>(pids.size() * sizeof(pid_t)));
    GroupUsage usage;
    const auto count = std::min(pids.size(), static_cast<std::size_t>(std::max(0, found)));
    for (std::size_t i = 0; i < count && pids[i] > 0; ++i) {
        proc_taskinfo info{};
        if (::proc_pidinfo(pids[i], PROC_PIDTASKINFO, 0, &info, sizeof info) != sizeof info) continue;
        ++usage.processes;
        usage.memory += info.pti_resident_size;
    }
    return usage;
}

}  // namespace ec::executor
