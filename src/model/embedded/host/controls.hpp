// What the threads of a host tell one another: who computes, what is not wanted any more, and when all must wait.
//
// Two lanes compute by turns, never at once: one for answers, one for gaps that somebody waits to have filled. A lane
// steps aside between two batches only. A gap goes first, but gaps take no more than a second in a row from an answer,
// and then leave it half a second.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <ec/core/result.hpp>
#include <mutex>

namespace ec::model::embedded {

enum class Lane { answers, gaps };

class Controls {
public:
    // From any thread.
    void set_cancelled(Lane lane, bool cancelled);
    void set_paused(bool paused);

    // Of a lane's own thread.
    /// Begins to compute, when it may. leave() ends it.
    void enter(Lane lane);
    void leave(Lane lane);

    // Between enter() and leave(), on the thread of the lane that computes.
    /// Whether the request that is computed is wanted no more; also asked between two operations of a batch.
    [[nodiscard]] bool cancelled() const;
    /// Waits while paused, and lets the other lane have its turn; `cancelled` when the request is.
    Status checkpoint();
    /// For an answer that needs the room that a gap takes: waits until the gap is filled. False when there is none.
    bool let_gap_finish();

private:
    using Moment = std::chrono::steady_clock::time_point;
    struct State {
        bool begun = false;      ///< between enter() and leave()
        bool wants = false;      ///< to compute
        Moment::duration had{};  ///< of the round under way, but not since it took its turn
    };

    static constexpr std::size_t kLanes = 2;

    [[nodiscard]] State& state(Lane lane) { return states_[static_cast<std::size_t>(lane)]; }
    [[nodiscard]] bool is_cancelled(Lane lane) const;
    /// Under the lock.
    void take(std::unique_lock<std::mutex>& lock, Lane lane);
    void give_up();
    [[nodiscard]] bool gaps_first(Moment now);
    [[nodiscard]] bool must_step_aside(Moment now);
    [[nodiscard]] Moment::duration had(Lane lane, Moment now);

    std::array<std::atomic<bool>, kLanes> cancelled_{};
    std::atomic<Lane> current_ = Lane::answers;
    std::mutex mutex_;  ///< over all below
    std::condition_variable changed_;
    std::array<State, kLanes> states_;
    bool answer_waits_ = false;  ///< for a gap to be filled
    bool taken_ = false;
    Moment taken_at_;
    bool paused_ = false;
};

/// A lane's turn, as long as it lives.
class Computing {
public:
    Computing(Controls& controls, Lane lane) : controls_(controls), lane_(lane) { controls_.enter(lane_); }
    ~Computing() { controls_.leave(lane_); }
    Computing(const Computing&) = delete;
    Computing& operator=(const Computing&) = delete;

private:
    Controls& controls_;
    Lane lane_;
};

}  // namespace ec::model::embedded
