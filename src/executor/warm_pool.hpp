// Sandboxes made ahead of time, each with an interpreter that waits for what to run. Each serves one run and is gone.
//
// A thread of the pool's own makes new ones in the background, as many of each interpreter as asked for. take() never
// waits: when there is none the caller starts its run cold. Safe to use from several threads; destruction ends all that
// wait and joins the thread.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "box_process.hpp"
#include "memory_group.hpp"
#include "warm_program.hpp"

namespace ec::executor {

/// A sandbox whose interpreter waits.
struct WarmBox {
    std::optional<MemoryGroups::Lease> group;  // before the process: given back when the box is gone
    BoxProcess process;
    box::Spec spec;
    std::string tier;
    // What the workspace was when its lower layer was mounted.
    std::uint64_t workspace_device = 0;
    std::uint64_t workspace_inode = 0;
};

class WarmPool {
public:
    /// Makes one sandbox and waits until its interpreter does; called by the pool's thread.
    using Make = std::function<Result<WarmBox>(Interpreter)>;

    WarmPool(std::array<std::size_t, kInterpreters> wanted, Make make);
    ~WarmPool();
    WarmPool(const WarmPool&) = delete;
    WarmPool& operator=(const WarmPool&) = delete;

    std::optional<WarmBox> take(Interpreter interpreter);
    /// Waits until all that are wanted are there, or can not be made; false when `timeout` passed first.
    bool fill(std::chrono::milliseconds timeout);

private:
    void refill(const std::stop_token& stop);
    std::optional<Interpreter> missing() const;  // with mutex_ held

    std::array<std::size_t, kInterpreters> wanted_;
    Make make_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::array<std::deque<WarmBox>, kInterpreters> waiting_;
    std::array<int, kInterpreters> failures_{};
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace ec::executor
