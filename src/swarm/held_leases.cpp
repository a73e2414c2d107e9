#include "held_leases.hpp"

namespace ec::swarm {

void HeldLeases::add(const TaskId& task, Fence fence, std::stop_source stop) {
    const std::scoped_lock lock(mutex_);
    Entry entry;
    entry.fence = fence;
    entry.running = stop.stop_possible();
    entry.stop = std::move(stop);
    entries_[task.text()] = std::move(entry);
}

void HeldLeases::finished(const TaskId& task) {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    if (at != entries_.end()) at->second.running = false;
}

void HeldLeases::sending(const TaskId& task, bool under_way) {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    if (at != entries_.end()) at->second.sending = under_way;
}

void HeldLeases::remove(const TaskId& task) {
    const std::scoped_lock lock(mutex_);
    entries_.erase(task.text());
}

void HeldLeases::progress(const TaskId& task, std::string sealed, int percent) {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    if (at == entries_.end()) return;
    at->second.progress = std::move(sealed);
    at->second.percent = percent;
}

std::vector<Held> HeldLeases::held() {
    const std::scoped_lock lock(mutex_);
    std::vector<Held> out;
    for (auto& [id, entry] : entries_) {
        if (entry.ending == Ending::lost || entry.ending == Ending::cancelled) continue;
        out.push_back({TaskId::parse(id).value(), entry.fence, std::exchange(entry.progress, {}), entry.percent});
    }
    return out;
}

std::vector<std::pair<Held, Ending>> HeldLeases::apply(const std::vector<Renewal>& renewals) {
    std::vector<std::pair<Held, Ending>> gone;
    std::vector<std::stop_source> ended;  // stopped without the lock: whoever is told may come back here
    std::unique_lock lock(mutex_);
    for (const Renewal& renewal : renewals) {
        const auto at = entries_.find(renewal.task.text());
        if (at == entries_.end() || renewal.holding == Holding::kept) continue;
        Entry& entry = at->second;
        if (entry.sending || entry.ending == Ending::lost || entry.ending == Ending::cancelled) continue;
        entry.ending = renewal.holding == Holding::lost ? Ending::lost : Ending::cancelled;
        gone.emplace_back(Held{renewal.task, entry.fence, {}, -1}, entry.ending);
        ended.push_back(entry.stop);
        if (!entry.running) entries_.erase(at);  // nobody else will
    }
    lock.unlock();
    for (std::stop_source& stop : ended) stop.request_stop();
    return gone;
}

void HeldLeases::give_all_back(const std::string& reason) {
    std::vector<std::stop_source> ended;
    std::unique_lock lock(mutex_);
    for (auto& [id, entry] : entries_) {
        if (!entry.running || entry.ending != Ending::none) continue;
        entry.ending = Ending::give_back;
        entry.why = reason;
        ended.push_back(entry.stop);
    }
    lock.unlock();
    for (std::stop_source& stop : ended) stop.request_stop();
}

Ending HeldLeases::ending(const TaskId& task) const {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    return at == entries_.end() ? Ending::lost : at->second.ending;
}

std::string HeldLeases::why(const TaskId& task) const {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    return at == entries_.end() ? std::string() : at->second.why;
}

std::size_t HeldLeases::undelivered() const {
    const std::scoped_lock lock(mutex_);
    std::size_t count = 0;
    for (const auto& [id, entry] : entries_) count += entry.running ? 0 : 1;
    return count;
}

bool HeldLeases::holds(const TaskId& task, Fence fence) const {
    const std::scoped_lock lock(mutex_);
    const auto at = entries_.find(task.text());
    return at != entries_.end() && at->second.fence == fence;
}

}  // namespace ec::swarm
