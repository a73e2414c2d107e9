// `edgecoder worker`: lends this machine to a coordinator.
#pragma once

#include <iosfwd>

#include "../worker_config.hpp"
#include "swarm_setup.hpp"

namespace CLI {
class App;
}

namespace ec::apps {

struct WorkerCommandOptions {
    SwarmOptions swarm;
    WorkerConfig lend;
    bool once = false;
    bool events = false;
};

void add_worker(CLI::App& app, WorkerCommandOptions& options);

/// Works until it is stopped. What it says goes to `err`, with `events` as JSON lines to `out`.
int run_worker_command(const WorkerCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
