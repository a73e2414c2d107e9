// Heartbeats with leases, collected and written together: once a tick, or as soon as there are many. Each is answered
// when its leases are renewed on the disk. Threads: any.
#pragma once

#include <ec/net/http_server.hpp>
#include <ec/swarm/protocol.hpp>
#include <functional>
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

private:
    struct Beat {
        identity::NodeId node;
        std::vector<swarm::Held> held;
        std::shared_ptr<net::Responder> responder;
    };
    [[nodiscard]] std::string reply(std::vector<swarm::Renewal> held) const;

    static constexpr std::size_t kTogether = 128;
    Ports ports_;
    std::mutex mutex_;
    std::vector<Beat> beats_;  ///< guarded by mutex_
};

}  // namespace ec::apps::coordinator
