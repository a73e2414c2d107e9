// The nodes that asked lately, so that a request costs no look-up in the database. Bounded; what another coordinator
// changes is seen after kFresh, what this one changes at once. Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/identity/node.hpp>
#include <functional>
#include <map>
#include <mutex>

namespace ec::apps::coordinator {

class NodeCache {
public:
    static constexpr std::size_t kMost = 50'000;
    static constexpr std::int64_t kFreshMs = 5'000;

    using Find = std::function<Result<identity::Node>(const identity::NodeId&)>;
    NodeCache(Find find, std::function<std::int64_t()> now_ms) : find_(std::move(find)), now_ms_(std::move(now_ms)) {}

    /// Asks the database where it must.
    Result<identity::Node> find(const identity::NodeId& id);
    /// Asks nobody.
    [[nodiscard]] bool knows(const identity::NodeId& id);
    void forget(const identity::NodeId& id);

private:
    struct Kept {
        identity::Node node;
        std::int64_t since_ms = 0;
    };
    /// With the mutex held.
    const identity::Node* peek(const identity::NodeId& id) const;

    Find find_;
    std::function<std::int64_t()> now_ms_;
    std::mutex mutex_;
    std::map<identity::NodeId, Kept> kept_;  ///< guarded by mutex_, as what follows
    std::uint64_t forgotten_ = 0;            ///< how often: what was looked up before is not kept after
};

}  // namespace ec::apps::coordinator
