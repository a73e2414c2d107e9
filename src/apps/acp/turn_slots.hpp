// How many turns of all sessions work at the same time: each may hold a model and a sandbox.
#pragma once

#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace ec::apps::acp {

class TurnSlots {
public:
    explicit TurnSlots(unsigned most) : free_(most) {}

    /// Holds one slot. False from held() when the stop came first.
    class Slot {
    public:
        Slot(TurnSlots& slots, const std::stop_token& stop) : slots_(slots) {
            std::unique_lock lock(slots_.mutex_);
            held_ = slots_.changed_.wait(lock, stop, [&] { return slots_.free_ > 0; });
            if (held_) --slots_.free_;
        }
        ~Slot() {
            if (!held_) return;
            {
                const std::scoped_lock lock(slots_.mutex_);
                ++slots_.free_;
            }
            slots_.changed_.notify_one();
        }
        Slot(const Slot&) = delete;
        Slot& operator=(const Slot&) = delete;
        [[nodiscard]] bool held() const { return held_; }

    private:
        TurnSlots& slots_;
        bool held_ = false;
    };

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    unsigned free_;
};

}  // namespace ec::apps::acp
