// `edgecoder jobs`: what became of jobs that were lent to the swarm.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "swarm_setup.hpp"

namespace ec::apps {

struct JobsOptions {
    SwarmOptions swarm;
    std::string what;  ///< "list", "show", "watch", "cancel", "fetch", "explain", "receipts"
    std::string id;
    std::string before;
    unsigned limit = 20;
    bool verify = false;
    bool apply = false;
    std::string directory;
    std::vector<std::string> approved;
    bool json = false;
    bool events = false;
};

/// Returns the exit status: 0 done, 1 the job has no patch (yet), 2 wrong usage or no such job, 3 this machine or the
/// coordinator cannot do it, 130 interrupted.
int run_jobs(const JobsOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
