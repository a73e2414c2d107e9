#include "swarm_health.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>
#include <ostream>

#include "../data_dir.hpp"
#include "swarm_places.hpp"
#include "swarm_setup.hpp"

namespace ec::apps {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::int64_t kClockMatters = 60;

/// Of a machine that may have no key yet: a greeting is not signed.
Result<swarm::ServerTime> greet(const swarm::CoordinatorAddress& address, const std::stop_token& stop) {
    EC_ASSIGN(net::FileEgressLedger ledger, net::FileEgressLedger::open(data_dir()));
    EC_ASSIGN(crypto::SecretKey key, crypto::SecretKey::generate());
    return swarm::make_coordinator_client(address, std::move(key), ledger, unix_seconds)->hello(stop);
}

SwarmHealth::Node look_at(identity::NodeKind kind, const std::stop_token& stop) {
    SwarmHealth::Node node{std::string(identity::name(kind)), {}, {}};
    const auto link = SwarmLink::open(kind, {});
    if (!link) {
        node.refused = link.error().message;
        return node;
    }
    node.id = link->id().text();
    if (const Status known = link->let_in(stop); !known) node.refused = known.error().message;
    return node;
}

}  // namespace

SwarmHealth look_at_swarm() {
    SwarmHealth health;
    const TimeOrStop limit({}, kPatience);
    const auto address = coordinator_address({});
    const std::vector<KeptKey> keys = kept_keys();
    for (const KeptKey& key : keys) {
        if (!key.group.empty()) health.groups.push_back(key.group);
        if (key.open_to_others) health.exposed.push_back(key.file.string());
    }
    if (!address) {
        health.problem = address.error().message;
        health.remedy = address.error().remedy;
        return health;
    }
    health.coordinator = address->urls.front();
    const auto time = greet(*address, limit.token());
    if (!time) {
        const bool late = time.error().code == ErrorCode::cancelled;
        health.problem = late ? fmt::format("{} does not answer in time", health.coordinator) : time.error().message;
        health.remedy = time.error().code == ErrorCode::unavailable ? std::string(kNoCoordinator) : time.error().remedy;
        return health;
    }
    health.clock_off_s = time->off_s;
    for (const KeptKey& key : keys)
        if (key.kind) health.nodes.push_back(look_at(*key.kind, limit.token()));
    return health;
}

json::Value to_json(const SwarmHealth& health) {
    json::Array nodes, groups, exposed;
    for (const SwarmHealth::Node& node : health.nodes) {
        nodes.push_back(json::Object{
            {"kind", node.kind}, {"id", node.id}, {"let_in", node.refused.empty()}, {"reason", node.refused}});
    }
    for (const std::string& group : health.groups) groups.emplace_back(to_valid_utf8(group));
    for (const std::string& file : health.exposed) exposed.emplace_back(to_valid_utf8(file));
    return json::Object{{"coordinator", health.coordinator}, {"answers", health.problem.empty()},
                        {"reason", health.problem},          {"remedy", health.remedy},
                        {"clock_off_s", health.clock_off_s}, {"nodes", std::move(nodes)},
                        {"groups", std::move(groups)},       {"exposed_keys", std::move(exposed)}};
}

void print(const SwarmHealth& health, const Style& style, std::ostream& out) {
    out << "Swarm      ";
    if (health.problem.empty()) {
        out << "the coordinator at " << printable(health.coordinator) << " answers\n";
    } else {
        out << style.dim("no coordinator") << " (" << printable(health.problem) << ")\n";
        if (!health.remedy.empty()) out << "           " << printable(health.remedy) << "\n";
    }
    if (std::abs(health.clock_off_s) > kClockMatters) {
        out << "           "
            << style.yellow(fmt::format("this clock is {} s {} the coordinator's", std::abs(health.clock_off_s),
                                        health.clock_off_s > 0 ? "ahead of" : "behind"))
            << ": timedatectl set-ntp true\n";
    }
    for (const SwarmHealth::Node& node : health.nodes) {
        out << fmt::format("           {} node {}: ", node.kind, node.id.substr(0, 8))
            << (node.refused.empty() ? style.green("let in") : style.yellow("not let in"))
            << printable(node.refused.empty() ? "" : ", " + node.refused) << "\n";
    }
    if (!health.groups.empty()) out << "           trust groups: " << printable(join(health.groups, ", ")) << "\n";
    for (const std::string& file : health.exposed)
        out << "           " << style.red("other users may read") << " " << printable(file) << ": chmod 600 it\n";
}

}  // namespace ec::apps
