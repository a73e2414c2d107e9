#include <fmt/format.h>

#include <ec/swarm/worker.hpp>

#include "worker_run.hpp"

namespace ec::swarm {

Status run_worker(const WorkerOptions& options, WorkerPorts ports, std::stop_token stop) {
    if (options.slots < 1 || options.slots > kMostSlots)
        return fail(ErrorCode::invalid_argument, fmt::format("a worker has 1 to {} slots", kMostSlots));
    EC_ASSIGN(const auto run, WorkerRun::open(options, std::move(ports)));
    return run->work(std::move(stop));
}

}  // namespace ec::swarm
