#include "matchmaker.hpp"

#include <algorithm>

#include "../web.hpp"
#include "answers.hpp"

namespace ec::apps::coordinator {
namespace {

constexpr std::size_t kMostPens = 16;    // that look when it is not known for whom the work is
constexpr std::size_t kOfAPen = 2;       // of each: one may be the very worker that must not have it
constexpr std::size_t kMostWoken = 256;  // at once

/// Names what a worker offers, but for what only makes one task better than another.
std::string shape_of(const swarm::Offer& offer) {
    swarm::ClaimRequest request;
    request.offer = offer;
    request.offer.snapshots.clear();
    request.offer.model.clear();
    return swarm::write(request);
}

int rank(std::string_view model_class) {
    return model_class == "large" ? 3 : model_class == "medium" ? 2 : model_class == "small" ? 1 : 0;
}

template <class List, class Item>
bool among(const Item& item, const List& list) {
    return std::ranges::find(list, item) != list.end();
}

bool suits(const swarm::Offer& offer, const Claimable& task) {
    return among(task.kind, offer.kinds) && offer.memory_mb >= task.needs.memory_mb &&
           rank(offer.model_class) >= rank(task.needs.model_class) && (offer.gpu || !task.needs.gpu) &&
           (task.group.empty() || among(task.group, offer.groups)) &&
           std::ranges::all_of(task.needs.languages,
                               [&](const std::string& language) { return among(language, offer.languages); });
}

}  // namespace

struct Matchmaker::Waiter {
    identity::Node node;
    swarm::ClaimRequest request;
    std::shared_ptr<net::Responder> responder;
    std::string shape;
    std::int64_t until_ms = 0;
    std::uint64_t seen = 0;  ///< changes_ when its claim was handed in
    bool probing = false;    ///< woken on a guess: when it finds something, others may too
};

void Matchmaker::claim(const identity::Node& node, swarm::ClaimRequest request,
                       std::shared_ptr<net::Responder> responder) {
    auto waiter = std::make_shared<Waiter>();
    waiter->node = node;
    waiter->shape = shape_of(request.offer);
    waiter->until_ms = ports_.now_ms() + std::int64_t{1000} * request.wait_s;
    waiter->request = std::move(request);
    waiter->responder = std::move(responder);
    {
        const std::scoped_lock lock(mutex_);
        waiter->seen = changes_;
        if (draining_) return answer(*waiter, {});
    }
    match({std::move(waiter)});
}

void Matchmaker::match(Waiters waiters) {
    if (waiters.empty()) return;
    const auto found = std::make_shared<Found>();
    const auto shared = std::make_shared<const Waiters>(std::move(waiters));
    ports_.store.change(
        [found, shared](Desk& desk) -> Status {
            found->clear();
            for (const auto& waiter : *shared) {
                found->emplace_back();
                if (waiter->responder->gone().stop_requested()) continue;
                auto leases = desk.queue.claim(waiter->node, waiter->request.offer, waiter->request.most);
                // One that may not have work takes nothing from the others.
                if (!leases && leases.error().code != ErrorCode::denied) return fail(leases.error());
                found->back() = std::move(leases);
            }
            return {};
        },
        [this, found, shared](const Status& status) { matched(*shared, *found, status); });
}

void Matchmaker::matched(const Waiters& waiters, const Found& found, const Status& status) {
    Waiters again;
    for (std::size_t i = 0; i < waiters.size(); ++i) {
        const std::shared_ptr<Waiter>& waiter = waiters[i];
        if (!status || !found[i]) {
            waiter->responder->answer(refused(!status ? status.error() : found[i].error()));
            continue;
        }
        if (!found[i]->empty()) {
            answer(*waiter, *found[i]);
            if (!waiter->probing) continue;
            const std::scoped_lock lock(mutex_);
            const auto pen = pens_.find(waiter->shape);
            if (pen == pens_.end()) continue;
            again.push_back(take_from(pen->second));
            if (pen->second.waiters.empty()) pens_.erase(pen);
            again.back()->probing = true;
            continue;
        }
        if (waiter->responder->gone().stop_requested()) continue;
        bool over = false;
        {
            const std::scoped_lock lock(mutex_);
            over = draining_ || waiter->until_ms <= ports_.now_ms();
            if (!over && !park(waiter)) again.push_back(waiter);
        }
        if (over) answer(*waiter, {});
    }
    match(std::move(again));
}

bool Matchmaker::park(const std::shared_ptr<Waiter>& waiter) {
    if (std::exchange(waiter->seen, changes_) != changes_) return false;
    waiter->probing = false;
    std::size_t& of_node = parked_of_[waiter->node.id];
    if (of_node >= kMostParkedOfNode || parked_ >= kMostParked) {
        // Whoever asks more than it can have slots for waits no longer than the others let it.
        if (of_node == 0) parked_of_.erase(waiter->node.id);
        waiter->until_ms = 0;
        waiter->responder->answer(json_answer(swarm::write(std::vector<swarm::Lease>{}, waiter->request.protocol)));
        return true;
    }
    ++of_node;
    ++parked_;
    Pen& pen = pens_[waiter->shape];
    if (pen.waiters.empty()) pen.offer = waiter->request.offer;
    pen.waiters.push_back(waiter);
    return true;
}

std::shared_ptr<Matchmaker::Waiter> Matchmaker::take_from(Pen& pen) {
    std::shared_ptr<Waiter> waiter = std::move(pen.waiters.front());
    pen.waiters.pop_front();
    --parked_;
    const auto of_node = parked_of_.find(waiter->node.id);
    if (--of_node->second == 0) parked_of_.erase(of_node);
    waiter->seen = changes_;
    return waiter;
}

void Matchmaker::wake(std::span<const Claimable> tasks) {
    Waiters woken;
    {
        const std::scoped_lock lock(mutex_);
        ++changes_;
        for (const Claimable& task : tasks.first(std::min(tasks.size(), kMostWoken))) {
            if (parked_ == 0) break;
            for (auto pen = pens_.begin(); pen != pens_.end(); ++pen) {
                if (!suits(pen->second.offer, task)) continue;
                woken.push_back(take_from(pen->second));
                if (pen->second.waiters.empty()) pens_.erase(pen);
                break;
            }
        }
    }
    match(std::move(woken));
}

void Matchmaker::wake_some() {
    Waiters woken;
    {
        const std::scoped_lock lock(mutex_);
        ++changes_;
        auto pen = pens_.lower_bound(next_pen_);
        for (std::size_t left = std::min(kMostPens, pens_.size()); left > 0 && !pens_.empty(); --left) {
            if (pen == pens_.end()) pen = pens_.begin();
            for (std::size_t count = 0; count < kOfAPen && !pen->second.waiters.empty(); ++count) {
                woken.push_back(take_from(pen->second));
                woken.back()->probing = true;
            }
            pen = pen->second.waiters.empty() ? pens_.erase(pen) : std::next(pen);
        }
        next_pen_ = pen == pens_.end() ? std::string() : pen->first;
    }
    match(std::move(woken));
}

Matchmaker::Waiters Matchmaker::take_out(const std::function<bool(const Waiter&)>& of_whom) {
    Waiters out;
    for (auto pen = pens_.begin(); pen != pens_.end();) {
        auto& waiters = pen->second.waiters;
        for (std::size_t left = waiters.size(); left > 0; --left) {
            const auto waiter = take_from(pen->second);
            if (of_whom(*waiter)) {
                out.push_back(waiter);
                continue;
            }
            ++parked_;
            ++parked_of_[waiter->node.id];
            waiters.push_back(waiter);
        }
        pen = waiters.empty() ? pens_.erase(pen) : std::next(pen);
    }
    return out;
}

void Matchmaker::tick() {
    Waiters over;
    {
        const std::scoped_lock lock(mutex_);
        over = take_out([now = ports_.now_ms()](const Waiter& waiter) {
            return waiter.until_ms <= now || waiter.responder->gone().stop_requested();
        });
    }
    for (const auto& waiter : over) answer(*waiter, {});
    wake_some();
}

void Matchmaker::forget(const identity::NodeId& node) {
    Waiters over;
    {
        const std::scoped_lock lock(mutex_);
        if (!parked_of_.contains(node)) return;
        over = take_out([&node](const Waiter& waiter) { return waiter.node.id == node; });
    }
    for (const auto& waiter : over) answer(*waiter, {});
}

void Matchmaker::drain() {
    Waiters all;
    {
        const std::scoped_lock lock(mutex_);
        draining_ = true;
        for (auto& [shape, pen] : pens_) {
            while (!pen.waiters.empty()) all.push_back(take_from(pen));
        }
        pens_.clear();
    }
    for (const auto& waiter : all) answer(*waiter, {});
}

void Matchmaker::answer(Waiter& waiter, const std::vector<swarm::Lease>& leases) {
    if (!leases.empty() && waiter.responder->gone().stop_requested()) return hand_back(waiter, leases);
    if (!leases.empty()) ports_.leased(waiter.node.id, leases);
    waiter.responder->answer(json_answer(swarm::write(leases, waiter.request.protocol)));
}

void Matchmaker::hand_back(const Waiter& waiter, const std::vector<swarm::Lease>& leases) {
    ports_.store.change(
        [node = waiter.node.id, leases](Desk& desk) -> Status {
            for (const swarm::Lease& lease : leases)
                EC_TRY(desk.queue.give_back(node, lease.task, lease.fence, "worker_gone", false));
            return {};
        },
        [this](const Status& /*status*/) { wake_some(); });
}

std::size_t Matchmaker::waiting() const {
    const std::scoped_lock lock(mutex_);
    return parked_;
}

}  // namespace ec::apps::coordinator
