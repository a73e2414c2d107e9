#include "key_waits.hpp"

#include <ec/swarm/protocol.hpp>

#include "../web.hpp"
#include "answers.hpp"

namespace ec::apps::coordinator {

void KeyWaits::ask(const identity::Node& node, const swarm::TaskId& task, swarm::Fence fence, int wait_s,
                   std::shared_ptr<net::Responder> responder) {
    auto wait = std::make_shared<Wait>();
    wait->node = node;
    wait->task = task;
    wait->fence = fence;
    wait->until_ms = ports_.now_ms() + std::int64_t{1000} * wait_s;
    wait->responder = std::move(responder);
    look(std::move(wait));
}

void KeyWaits::look(std::shared_ptr<Wait> wait) {
    {
        const std::scoped_lock lock(mutex_);
        wait->seen = gifts_;
    }
    const auto key = std::make_shared<std::string>();
    ports_.store.change(
        [wait, key](Desk& desk) -> Status {
            EC_ASSIGN(*key, desk.keys.key_of(wait->node, wait->task, wait->fence, desk.now_ms()));
            return {};
        },
        [this, wait, key](const Status& status) { looked(wait, *key, status); });
}

void KeyWaits::looked(const std::shared_ptr<Wait>& wait, const std::string& key, const Status& status) {
    if (!status) return wait->responder->answer(refused(status.error()));
    if (ports_.out(wait->node.id))
        return wait->responder->answer(
            not_let_in({ErrorCode::denied, "this node may not come in", {}}, ports_.now_ms()));
    if (key.empty()) {
        ports_.wanted(wait->task);
        std::unique_lock lock(mutex_);
        const bool over = draining_ || wait->until_ms <= ports_.now_ms() || waits_.size() >= kMost;
        if (!over && wait->seen == gifts_) {
            waits_.emplace(wait->node.id, wait);
            return;
        }
        lock.unlock();
        if (!over) return look(wait);
    }
    wait->responder->answer(json_answer(swarm::write_key(key)));
}

void KeyWaits::given(const identity::NodeId& node) {
    std::vector<std::shared_ptr<Wait>> taken;
    {
        const std::scoped_lock lock(mutex_);
        ++gifts_;
        const auto [from, to] = waits_.equal_range(node);
        for (auto at = from; at != to; ++at) taken.push_back(at->second);
        waits_.erase(from, to);
    }
    for (auto& wait : taken) look(std::move(wait));
}

void KeyWaits::tick(bool all) {
    std::vector<std::shared_ptr<Wait>> taken;
    {
        const std::scoped_lock lock(mutex_);
        const std::int64_t now = ports_.now_ms();
        for (auto at = waits_.begin(); at != waits_.end();) {
            const bool gone = at->second->responder->gone().stop_requested();
            if (!gone && !all && at->second->until_ms > now) {
                ++at;
                continue;
            }
            if (!gone) taken.push_back(at->second);
            at = waits_.erase(at);
        }
    }
    for (auto& wait : taken) look(std::move(wait));
}

void KeyWaits::drain() {
    {
        const std::scoped_lock lock(mutex_);
        draining_ = true;
        for (auto& [node, wait] : waits_) wait->responder->answer(json_answer(swarm::write_key({})));
        waits_.clear();
    }
}

}  // namespace ec::apps::coordinator
