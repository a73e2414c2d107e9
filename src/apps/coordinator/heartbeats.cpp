#include "heartbeats.hpp"

#include <algorithm>

#include "../web.hpp"
#include "answers.hpp"
#include "event_streams.hpp"

namespace ec::apps::coordinator {

std::string Heartbeats::reply(std::vector<swarm::Renewal> held, bool waited) const {
    constexpr std::int64_t kThirds = 3;  // of a lease: two may get lost
    const std::int64_t lease_s = ports_.store.rules().queue.lease_ms / 1000;
    const bool drain = ports_.draining();
    const std::int64_t next_s = waited && !drain ? 0 : std::max<std::int64_t>(1, lease_s / kThirds);
    return swarm::write(swarm::HeartbeatReply{
        .held = std::move(held), .now_ms = ports_.now_ms(), .next_s = static_cast<int>(next_s), .drain = drain});
}

void Heartbeats::take(const identity::Node& node, swarm::HeartbeatRequest request,
                      std::shared_ptr<net::Responder> responder) {
    if (request.held.empty()) return responder->answer(json_answer(reply({}, false)));
    // A lease that is waited for longer than it lasts would be lost.
    const std::int64_t wait_ms = std::min(std::int64_t{1000} * request.wait_s, ports_.store.rules().queue.lease_ms / 3);
    const std::int64_t until_ms = wait_ms > 0 ? ports_.now_ms() + wait_ms : 0;
    bool many = false;
    {
        const std::scoped_lock lock(mutex_);
        beats_.push_back({node.id, std::move(request.held), std::move(responder), until_ms});
        many = beats_.size() >= kTogether;
    }
    if (many) flush();
}

void Heartbeats::flush() {
    Beats beats;
    {
        const std::scoped_lock lock(mutex_);
        beats.swap(beats_);
    }
    if (beats.empty()) return;
    const auto shared = std::make_shared<Beats>(std::move(beats));
    ports_.store.change(
        [shared](Desk& desk) -> Status {
            for (Beat& beat : *shared) {
                EC_ASSIGN(beat.renewed, desk.queue.renew(beat.node, beat.held));
            }
            return {};
        },
        [this, shared](const Status& status) {
            if (status) return renewed(*shared);
            for (const Beat& beat : *shared) beat.responder->answer(refused(status.error()));
        });
}

void Heartbeats::renewed(Beats& beats) {
    std::vector<swarm::TaskId> told;
    for (Beat& beat : beats) {
        for (const swarm::Held& held : beat.held) told.push_back(held.task);
        if (park(beat)) continue;
        beat.responder->answer(json_answer(reply(std::move(beat.renewed), beat.until_ms > 0)));
    }
    ports_.told(told);
}

bool Heartbeats::park(Beat& beat) {
    const bool news = std::ranges::any_of(
        beat.renewed, [](const swarm::Renewal& renewal) { return renewal.holding != swarm::Holding::kept; });
    if (news || beat.until_ms <= ports_.now_ms()) return false;
    Beats older;
    {
        const std::scoped_lock lock(mutex_);
        older = take_out({beat.node});
        if (parked_.size() >= kMostParked || ports_.draining()) beat.until_ms = 0;
        if (beat.until_ms > 0) {
            for (swarm::Held& held : beat.held) {
                held.progress.clear();  // told already
                if (const auto job = job_of(held.task)) at_work_.emplace(*job, beat.node);
            }
            parked_.emplace(beat.node, beat);
        }
    }
    answer_waiting(std::move(older));
    return beat.until_ms > 0;
}

Heartbeats::Beats Heartbeats::take_out(const std::vector<identity::NodeId>& nodes) {
    Beats out;
    for (const identity::NodeId& node : nodes) {
        const auto at = parked_.find(node);
        if (at == parked_.end()) continue;
        for (const swarm::Held& held : at->second.held) {
            const auto job = job_of(held.task);
            if (!job) continue;
            const auto [first, last] = at_work_.equal_range(*job);
            const auto entry = std::find_if(first, last, [&](const auto& worker) { return worker.second == node; });
            if (entry != last) at_work_.erase(entry);
        }
        out.push_back(std::move(at->second));
        parked_.erase(at);
    }
    return out;
}

void Heartbeats::ended(const swarm::TaskId& task) {
    if (const auto job = job_of(task)) ended(*job);
}

void Heartbeats::ended(const swarm::JobId& job) {
    {
        const std::scoped_lock lock(mutex_);
        const auto [first, last] = at_work_.equal_range(job);
        std::vector<identity::NodeId> nodes;
        for (auto at = first; at != last; ++at) nodes.push_back(at->second);
        if (nodes.empty()) return;
        // Looked at once more, and answered with what became of each.
        std::ranges::move(take_out(nodes), std::back_inserter(beats_));
    }
    flush();
}

void Heartbeats::answer_waiting(Beats beats) {
    for (Beat& beat : beats) beat.responder->answer(json_answer(reply(std::move(beat.renewed), true)));
}

void Heartbeats::tick() {
    Beats over;
    {
        const std::scoped_lock lock(mutex_);
        std::vector<identity::NodeId> nodes;
        for (const auto& [node, beat] : parked_) {
            if (beat.until_ms <= ports_.now_ms() || beat.responder->gone().stop_requested()) nodes.push_back(node);
        }
        over = take_out(nodes);
    }
    answer_waiting(std::move(over));
}

void Heartbeats::forget(const identity::NodeId& node) {
    Beats over;
    {
        const std::scoped_lock lock(mutex_);
        over = take_out({node});
    }
    answer_waiting(std::move(over));
}

void Heartbeats::drain() {
    Beats all;
    {
        const std::scoped_lock lock(mutex_);
        std::vector<identity::NodeId> nodes;
        for (const auto& [node, beat] : parked_) nodes.push_back(node);
        all = take_out(nodes);
    }
    answer_waiting(std::move(all));
}

}  // namespace ec::apps::coordinator
