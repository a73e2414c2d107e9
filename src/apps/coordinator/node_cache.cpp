#include "node_cache.hpp"

namespace ec::apps::coordinator {

std::optional<identity::Node> NodeCache::peek(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    const auto at = kept_.find(id);
    if (at == kept_.end() || now_ms_() - at->second.since_ms > kFreshMs) return {};
    return at->second.node;
}

Result<identity::Node> NodeCache::find(const identity::NodeId& id) {
    if (auto node = peek(id)) return *std::move(node);
    // Taken before the look-up: what changes meanwhile makes it old, not fresh.
    const std::int64_t since = now_ms_();
    EC_ASSIGN(identity::Node node, find_(id));
    const std::scoped_lock lock(mutex_);
    if (kept_.size() >= kMost) kept_.clear();
    kept_.insert_or_assign(id, Kept{node, since});
    return node;
}

bool NodeCache::knows(const identity::NodeId& id) { return peek(id).has_value(); }

void NodeCache::forget(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    kept_.erase(id);
}

}  // namespace ec::apps::coordinator
