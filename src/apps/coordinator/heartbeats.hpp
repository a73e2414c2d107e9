// Heartbeats with leases, collected and written together: once a tick, or as soon as there are many. Each is answered
// when its leases are renewed on the disk; one that says how long it may wait, when a job that it works at ends, or
// that time is over. So whoever works in vain hears of it at once. Jobs that another coordinator of the same database
// ends are heard of with the next heartbeat.
//
// Threads: any; ended() is called by the writer's, after what ended the job.
#pragma once

#include <ec/net/http_server.hpp>
#include <ec/swarm/protocol.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "store.hpp"

namespace ec::apps::coordinator {

class Heartbeats {
public:
    struct Ports {
        Store& store;
        std::function<std::int64_t()> now_ms;
        std::function<bool()> draining;
        /// Hears which tasks were told of, on the writer's thread.
        std::function<void(const std::vector<swarm::TaskId>&)> told;
    };
    explicit Heartbeats(Ports ports) : ports_(std::move(ports)) {}

    void take(const identity::Node& node, swarm::HeartbeatRequest request, std::shared_ptr<net::Responder> responder);
    /// Writes what was collected.
    void flush();
    /// The job of this task is over, or this one: whoever works at it is told.
    void ended(const swarm::TaskId& task);
    void ended(const swarm::JobId& job);
    /// Answers those that have waited long enough.
    void tick();
    /// The node is out: its next heartbeat tells it so.
    void forget(const identity::NodeId& node);
    /// Answers all that wait.
    void drain();

private:
    struct Beat {
        identity::NodeId node;
        std::vector<swarm::Held> held;
        std::shared_ptr<net::Responder> responder;
        std::int64_t until_ms = 0;  ///< it may wait so long
        std::vector<swarm::Renewal> renewed = {};
    };
    using Beats = std::vector<Beat>;
    [[nodiscard]] std::string reply(std::vector<swarm::Renewal> held, bool waited) const;
    void renewed(Beats& beats);
    /// False: it is to be answered now.
    bool park(Beat& beat);
    /// Of those parked; needs mutex_.
    Beats take_out(const std::vector<identity::NodeId>& nodes);
    void answer_waiting(Beats beats);

    static constexpr std::size_t kTogether = 128;
    static constexpr std::size_t kMostParked = 32'768;
    Ports ports_;
    std::mutex mutex_;
    Beats beats_;                              ///< guarded by mutex_
    std::map<identity::NodeId, Beat> parked_;  ///< one a node; guarded by mutex_
    /// Who works at a job, of those parked; guarded by mutex_.
    std::multimap<swarm::JobId, identity::NodeId> at_work_;
};

}  // namespace ec::apps::coordinator
