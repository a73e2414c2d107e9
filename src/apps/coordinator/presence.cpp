#include "presence.hpp"

#include <algorithm>

namespace ec::apps::coordinator {
namespace {

constexpr std::string_view kDoubted = "telemetry_implausible";

}  // namespace

void Presence::drop_old(std::int64_t now_ms) {
    constexpr std::int64_t kEvery = 1'000;
    if (now_ms - dropped_ms_ < kEvery) return;
    dropped_ms_ = now_ms;
    std::erase_if(seen_, [&](const auto& entry) { return now_ms - entry.second.at_ms > kGoneAfterMs; });
}

Seen& Presence::seat(const identity::Node& node, std::int64_t now_ms) {
    drop_old(now_ms);
    if (seen_.size() >= kMost && !seen_.contains(node.id)) seen_.erase(seen_.begin());
    Seen& seen = seen_[node.id];
    seen.present.node = node.id;
    seen.present.account = node.account;
    seen.account = node.account;
    seen.label = node.label;
    seen.at_ms = now_ms;
    return seen;
}

void Presence::claims(const identity::Node& node, const swarm::Offer& offer, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    // One that asks for checks beside its work asks for less than it offers.
    if (!seen.told) seen.present.offer = offer;
    seen.present.holding_back = seen.doubtful ? kDoubted : std::string_view();
}

bool Presence::keep(Seen& seen, const swarm::Telemetry& telemetry) {
    // A heartbeat that was overtaken by a later one tells nothing new, and nothing wrong.
    if (seen.telemetry && telemetry.updated_ms < seen.telemetry->updated_ms) return !seen.doubtful;
    seen.doubtful = !swarm::plausible(telemetry, seen.telemetry).has_value();
    if (!seen.doubtful) seen.telemetry = telemetry;
    return !seen.doubtful;
}

void Presence::tells(const identity::Node& node, const swarm::HeartbeatRequest& heartbeat, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    const bool believed = keep(seen, heartbeat.telemetry);
    seen.told = !heartbeat.offer.kinds.empty();
    seen.present.offer = heartbeat.offer;
    seen.present.slots = heartbeat.slots;
    seen.present.busy = static_cast<int>(heartbeat.held.size());
    seen.present.holding_back = believed ? heartbeat.holding_back : std::string(kDoubted);
}

void Presence::tells_power(const identity::Node& node, const swarm::Telemetry& telemetry, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    if (!keep(seen, telemetry)) seen.present.holding_back = kDoubted;
}

std::optional<Seen> Presence::find(const identity::NodeId& id, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    const auto at = seen_.find(id);
    return at == seen_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<swarm::Present> Presence::present(std::size_t most, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    std::vector<swarm::Present> out;
    for (const auto& [id, seen] : seen_) {
        if (out.size() == most) break;
        out.push_back(seen.present);
    }
    return out;
}

std::vector<Seen> Presence::of_account(const std::string& account, std::size_t most, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    std::vector<Seen> out;
    for (const auto& [id, seen] : seen_) {
        if (out.size() == most) break;
        if (account.empty() || seen.account == account) out.push_back(seen);
    }
    return out;
}

std::size_t Presence::count(std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    return seen_.size();
}

std::size_t Presence::workers(std::int64_t now_ms) {
    using swarm::TaskKind;
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    const auto plans = [](TaskKind kind) {
        return kind == TaskKind::decompose || kind == TaskKind::merge || kind == TaskKind::escalate;
    };
    return static_cast<std::size_t>(std::ranges::count_if(
        seen_, [&](const auto& entry) { return !std::ranges::all_of(entry.second.present.offer.kinds, plans); }));
}

std::size_t Presence::searchers(const swarm::GroupId& group, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    drop_old(now_ms);
    return static_cast<std::size_t>(std::ranges::count_if(seen_, [&group](const auto& entry) {
        const swarm::Offer& offer = entry.second.present.offer;
        return std::ranges::find(offer.kinds, swarm::TaskKind::repair) != offer.kinds.end() &&
               (group.empty() || std::ranges::find(offer.groups, group) != offer.groups.end());
    }));
}

void Presence::forget(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    seen_.erase(id);
}

}  // namespace ec::apps::coordinator
