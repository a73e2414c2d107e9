// `edgecoder submit`: lends a task to the swarm.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "submit_job.hpp"
#include "swarm_setup.hpp"

namespace ec::apps {

struct SubmitOptions {
    SwarmOptions swarm;
    JobWish wish;
    unsigned shards = 0;  ///< 0: as many as there are workers, where this machine can tell, else 4
    double budget_seconds = 120;
    double deadline_seconds = 0;
    std::string verify = "adaptive";
    std::vector<std::string> trust;  ///< ids of nodes
    std::string key;                 ///< Idempotency-Key; empty: a fresh one
    bool resume = false;             ///< send what an interrupted run prepared
    bool watch = false;
    bool apply = false;
    std::vector<std::string> approved;
    bool json = false;
    bool events = false;
};

/// Returns the exit status: 0 submitted (with `watch`: a verified patch), 1 the job came to nothing, 2 wrong usage, 3
/// this machine or the coordinator cannot do it, 130 interrupted.
int run_submit(const SubmitOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
