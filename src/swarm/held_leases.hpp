// The leases that a worker holds: of tasks that run and of results that wait to be delivered. Private to the module.
// Several threads may use it at once.
#pragma once

#include <ec/swarm/protocol.hpp>
#include <map>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace ec::swarm {

/// Why a task is to end before its time.
enum class Ending { none, lost, cancelled, give_back };

class HeldLeases {
public:
    /// `stop` is requested when the task is to end early.
    void add(const TaskId& task, Fence fence, std::stop_source stop);
    /// It has its result, which waits to be delivered.
    void finished(const TaskId& task);
    /// Its result is being sent, or is not any more: meanwhile the answer to that tells what became of the lease, and a
    /// heartbeat that finds it ended tells nothing.
    void sending(const TaskId& task, bool under_way);
    void remove(const TaskId& task);
    void progress(const TaskId& task, std::string sealed, int percent);
    /// For a heartbeat; hands the progress on.
    std::vector<Held> held();
    /// The coordinator's word on them. Returns those that are gone for good, and why.
    std::vector<std::pair<Held, Ending>> apply(const std::vector<Renewal>& renewals);
    /// Ends every task that runs, to be given back.
    void give_all_back(const std::string& reason);
    [[nodiscard]] Ending ending(const TaskId& task) const;
    [[nodiscard]] std::string why(const TaskId& task) const;  ///< of give_back
    [[nodiscard]] std::size_t undelivered() const;
    [[nodiscard]] bool holds(const TaskId& task, Fence fence) const;

private:
    struct Entry {
        Fence fence;
        std::stop_source stop{std::nostopstate};
        std::string progress;
        int percent = -1;
        bool running = true;
        bool sending = false;
        Ending ending = Ending::none;
        std::string why;
    };
    mutable std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace ec::swarm
