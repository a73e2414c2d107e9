#include "presence.hpp"

#include <algorithm>

namespace ec::apps::coordinator {
namespace {

/// A machine that has not looked yet, as after a start, or whose clock was set back, is heard, and what it said before
/// stays.
Status take_in(const swarm::Telemetry& now, Seen& seen) {
    const bool newer = !seen.telemetry || now.updated_ms >= seen.telemetry->updated_ms;
    EC_TRY(swarm::plausible(now, newer ? seen.telemetry : std::nullopt));
    if (newer) seen.telemetry = now;
    return {};
}

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
    seen.account = node.account;
    seen.label = node.label;
    seen.at_ms = now_ms;
    return seen;
}

void Presence::claims(const identity::Node& node, const swarm::Offer& offer, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    seen.present.offer = offer;
    seen.present.holding_back.clear();
}

Status Presence::tells(const identity::Node& node, const swarm::HeartbeatRequest& heartbeat, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    EC_TRY(take_in(heartbeat.telemetry, seen));
    seen.present.offer = heartbeat.offer;
    seen.present.slots = heartbeat.slots;
    seen.present.busy = static_cast<int>(heartbeat.held.size());
    seen.present.holding_back = heartbeat.holding_back;
    return {};
}

Status Presence::tells_power(const identity::Node& node, const swarm::Telemetry& telemetry, std::int64_t now_ms) {
    const std::scoped_lock lock(mutex_);
    Seen& seen = seat(node, now_ms);
    return take_in(telemetry, seen);
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

void Presence::forget(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    seen_.erase(id);
}

}  // namespace ec::apps::coordinator
