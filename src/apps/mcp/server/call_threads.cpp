#include "conversation.hpp"

namespace ec::apps::mcp {

CallThreads::~CallThreads() {
    // Joined outside the lock, by the threads' own end.
    std::list<Worker> rest;
    {
        const std::lock_guard lock(mutex_);
        rest.swap(workers_);
    }
}

bool CallThreads::start(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    workers_.remove_if([](const Worker& worker) { return worker.done.load(); });
    if (workers_.size() >= most_) return false;
    Worker& worker = workers_.emplace_back();
    worker.thread = std::jthread([&worker, work = std::move(work)]() mutable {
        work();
        work = {};
        worker.done = true;
    });
    return true;
}

}  // namespace ec::apps::mcp
