// Which workers are here, by what they said when they last asked for work or told of it: for explanations, statistics
// and nothing that money or a lease hangs on. In memory, bounded. Thread-safe.
#pragma once

#include <cstdint>
#include <ec/swarm/protocol.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace ec::apps::coordinator {

struct Seen {
    swarm::Present present;
    std::string account;
    std::string label;
    std::optional<swarm::Telemetry> telemetry;  ///< the last that can be true
    bool doubtful = false;                      ///< what it told last cannot be true
    bool told = false;                          ///< its heartbeats say what it offers
    std::int64_t at_ms = 0;
};

class Presence {
public:
    static constexpr std::size_t kMost = 100'000;
    static constexpr std::int64_t kGoneAfterMs = 90'000;

    void claims(const identity::Node& node, const swarm::Offer& offer, std::int64_t now_ms);
    /// Telemetry that cannot be true, or is older than what was told, is not kept; the machine is marked as holding
    /// back until it says something better. It is no reason to lose work: its leases are another matter.
    void tells(const identity::Node& node, const swarm::HeartbeatRequest& heartbeat, std::int64_t now_ms);
    /// Of a machine that says no more than that.
    void tells_power(const identity::Node& node, const swarm::Telemetry& telemetry, std::int64_t now_ms);
    [[nodiscard]] std::optional<Seen> find(const identity::NodeId& id, std::int64_t now_ms);
    /// At most `most` of those who are here.
    [[nodiscard]] std::vector<swarm::Present> present(std::size_t most, std::int64_t now_ms);
    /// Of all accounts where it is empty.
    [[nodiscard]] std::vector<Seen> of_account(const std::string& account, std::size_t most, std::int64_t now_ms);
    [[nodiscard]] std::size_t count(std::int64_t now_ms);
    /// Those that take more than an inference service does.
    [[nodiscard]] std::size_t workers(std::int64_t now_ms);
    /// Those that take repairs and say that they have this group's key; empty: of any group.
    [[nodiscard]] std::size_t searchers(const swarm::GroupId& group, std::int64_t now_ms);
    void forget(const identity::NodeId& id);

private:
    static bool keep(Seen& seen, const swarm::Telemetry& telemetry);
    Seen& seat(const identity::Node& node, std::int64_t now_ms);
    void drop_old(std::int64_t now_ms);

    std::mutex mutex_;
    std::map<identity::NodeId, Seen> seen_;  ///< guarded by mutex_, as what follows
    std::int64_t dropped_ms_ = 0;
};

}  // namespace ec::apps::coordinator
