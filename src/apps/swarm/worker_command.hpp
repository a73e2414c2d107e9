// `edgecoder worker`: lends this machine to a coordinator.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "swarm_setup.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

struct WorkerCommandOptions {
    SwarmOptions swarm;
    int slots = 1;
    std::int64_t memory_mb = 0;
    int cpu_percent = 100;
    std::int64_t budget_s = 0;
    std::string hours;
    bool idle_only = false;
    bool on_power_only = false;
    std::string profile;
    std::vector<std::string> groups;
    std::vector<std::string> kinds;
    std::string model = "none";
    double drain_seconds = 30;
    bool once = false;
    bool events = false;
};

void add_worker(CLI::App& app, WorkerCommandOptions& options);

/// Works until it is stopped. What it says goes to `err`, with `events` as JSON lines to `out`.
int run_worker_command(const WorkerCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
