// Which leases the first version's /pull gave to whom: its /heartbeat and /result name no fence. In memory, bounded;
// after a restart such an agent says the fence itself, or its lease runs out. Thread-safe.
#pragma once

#include <ec/identity/node.hpp>
#include <ec/swarm/queue.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

namespace ec::apps::coordinator {

class OldLeases {
public:
    static constexpr std::size_t kMost = 10'000;

    void add(const identity::NodeId& node, const swarm::Lease& lease) {
        const std::scoped_lock lock(mutex_);
        if (held_.size() >= kMost) held_.erase(held_.begin());
        held_.insert_or_assign({node, lease.task}, Known{lease.fence, lease.kind});
    }
    struct Known {
        swarm::Fence fence;
        swarm::TaskKind kind = swarm::TaskKind::repair;
    };
    [[nodiscard]] std::optional<Known> of(const identity::NodeId& node, const swarm::TaskId& task) {
        const std::scoped_lock lock(mutex_);
        const auto at = held_.find({node, task});
        return at == held_.end() ? std::nullopt : std::optional(at->second);
    }
    [[nodiscard]] std::vector<swarm::Held> held_by(const identity::NodeId& node) {
        const std::scoped_lock lock(mutex_);
        std::vector<swarm::Held> out;
        for (auto at = held_.lower_bound({node, {}}); at != held_.end() && at->first.first == node; ++at)
            out.push_back({at->first.second, at->second.fence, {}, -1});
        return out;
    }
    void drop(const identity::NodeId& node, const swarm::TaskId& task) {
        const std::scoped_lock lock(mutex_);
        held_.erase({node, task});
    }

private:
    std::mutex mutex_;
    std::map<std::pair<identity::NodeId, swarm::TaskId>, Known> held_;  ///< guarded by mutex_
};

}  // namespace ec::apps::coordinator
