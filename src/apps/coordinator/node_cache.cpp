#include "node_cache.hpp"

namespace ec::apps::coordinator {

const identity::Node* NodeCache::peek(const identity::NodeId& id) const {
    const auto at = kept_.find(id);
    if (at == kept_.end() || now_ms_() - at->second.since_ms > kFreshMs) return nullptr;
    return &at->second.node;
}

Result<identity::Node> NodeCache::find(const identity::NodeId& id) {
    const std::int64_t since = now_ms_();
    std::uint64_t forgotten = 0;
    {
        const std::scoped_lock lock(mutex_);
        if (const identity::Node* node = peek(id)) return *node;
        forgotten = forgotten_;
    }
    EC_ASSIGN(identity::Node node, find_(id));
    const std::scoped_lock lock(mutex_);
    if (forgotten != forgotten_) return node;
    if (kept_.size() >= kMost) kept_.clear();
    kept_.insert_or_assign(id, Kept{node, since});
    return node;
}

bool NodeCache::knows(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    return peek(id) != nullptr;
}

void NodeCache::forget(const identity::NodeId& id) {
    const std::scoped_lock lock(mutex_);
    ++forgotten_;
    kept_.erase(id);
}

}  // namespace ec::apps::coordinator
