// Workers that wait for a job's key: asked for once, answered when the submitter gave it or their time is over.
// Threads: any; tick() is called once a second.
#pragma once

#include <cstdint>
#include <ec/net/http_server.hpp>
#include <ec/swarm/job.hpp>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "store.hpp"

namespace ec::apps::coordinator {

class KeyWaits {
public:
    static constexpr std::size_t kMost = 20'000;

    struct Ports {
        Store& store;
        std::function<std::int64_t()> now_ms;
        /// Hears of tasks whose key is wanted, on the writer's thread.
        std::function<void(const swarm::TaskId&)> wanted;
        /// Whether a node may come in no more: it is told no key.
        std::function<bool(const identity::NodeId&)> out;
    };
    explicit KeyWaits(Ports ports) : ports_(std::move(ports)) {}

    void ask(const identity::Node& node, const swarm::TaskId& task, swarm::Fence fence, int wait_s,
             std::shared_ptr<net::Responder> responder);
    /// A key was given to this node.
    void given(const identity::NodeId& node);
    /// Looks again for a node that went out.
    void forget(const identity::NodeId& node) { given(node); }
    /// `all`: another coordinator may have been given keys.
    void tick(bool all);
    void drain();

private:
    struct Wait {
        identity::Node node;
        swarm::TaskId task;
        swarm::Fence fence;
        std::int64_t until_ms = 0;
        std::uint64_t seen = 0;
        std::shared_ptr<net::Responder> responder;
    };
    void look(std::shared_ptr<Wait> wait);
    void looked(const std::shared_ptr<Wait>& wait, const std::string& key, const Status& status);

    Ports ports_;
    std::mutex mutex_;
    std::multimap<identity::NodeId, std::shared_ptr<Wait>> waits_;  ///< guarded by mutex_, as what follows
    std::uint64_t gifts_ = 0;
    bool draining_ = false;
};

}  // namespace ec::apps::coordinator
