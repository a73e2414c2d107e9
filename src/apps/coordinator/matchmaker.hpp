// Brings waiting workers and new work together. A worker that finds nothing waits here, as an entry and not as a
// thread, until there is work of its sort or its time is over.
//
// A claim goes to the queue at once. When it comes to nothing the worker is parked among those that offer the same.
// Whoever makes work claimable says so right after handing its change to the writer: as many waiters as there are tasks
// are taken out, and their claims stand behind that change, usually in the same commit. One that was on its way while
// something changed claims again instead of being parked, so no wake-up is lost; tick() sees to what nobody told of.
//
// Threads: any; tick() is called once a second.
#pragma once

#include <cstdint>
#include <deque>
#include <ec/net/http_server.hpp>
#include <ec/swarm/protocol.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "store.hpp"

namespace ec::apps::coordinator {

/// A task that has become claimable, as far as is known.
struct Claimable {
    swarm::TaskKind kind = swarm::TaskKind::repair;
    swarm::Needs needs;
    swarm::GroupId group;
};

class Matchmaker {
public:
    static constexpr std::size_t kMostParked = 200'000;
    static constexpr std::size_t kMostParkedOfNode = 64;

    struct Ports {
        Store& store;
        std::function<std::int64_t()> now_ms;
        /// Hears of leases that were handed out, on the writer's thread.
        std::function<void(const identity::NodeId&, const std::vector<swarm::Lease>&)> leased;
    };
    explicit Matchmaker(Ports ports) : ports_(std::move(ports)) {}

    void claim(const identity::Node& node, swarm::ClaimRequest request, std::shared_ptr<net::Responder> responder);
    /// Work of these sorts was just given to the writer.
    void wake(std::span<const Claimable> tasks);
    /// Something may have become claimable: a few of every sort look.
    void wake_some();
    /// Answers those whose time is over; has a few look.
    void tick();
    /// There is nothing any more for a node that may not work here.
    void forget(const identity::NodeId& node);
    /// From now on there is nothing for anybody; those who wait are answered so.
    void drain();

    [[nodiscard]] std::size_t waiting() const;

private:
    struct Waiter;
    using Waiters = std::vector<std::shared_ptr<Waiter>>;
    /// Those who offer the same.
    struct Pen {
        swarm::Offer offer;
        std::deque<std::shared_ptr<Waiter>> waiters;
    };

    void match(Waiters waiters);
    using Found = std::vector<Result<std::vector<swarm::Lease>>>;
    void matched(const Waiters& waiters, const Found& found, const Status& status);
    /// False: it claims again. With the mutex held.
    bool park(const std::shared_ptr<Waiter>& waiter);
    /// The longest waiting one. With the mutex held; a pen that is empty afterwards is the caller's to take away.
    std::shared_ptr<Waiter> take_from(Pen& pen);
    /// One more that offers the same as one that found work on a guess, to guess too; null: there is none.
    std::shared_ptr<Waiter> take_like(const Waiter& waiter);
    /// Those of whom it is true wait no longer. With the mutex held.
    Waiters take_out(const std::function<bool(const Waiter&)>& of_whom);
    void answer(Waiter& waiter, const std::vector<swarm::Lease>& leases);
    void hand_back(const Waiter& waiter, const std::vector<swarm::Lease>& leases);

    Ports ports_;
    mutable std::mutex mutex_;
    std::map<std::string, Pen> pens_;  ///< by what is offered; guarded by mutex_, as what follows
    std::map<identity::NodeId, std::size_t> parked_of_;
    std::size_t parked_ = 0;
    std::uint64_t changes_ = 0;  ///< how often something may have become claimable
    std::string next_pen_;       ///< where wake_some() goes on
    bool draining_ = false;
};

}  // namespace ec::apps::coordinator
