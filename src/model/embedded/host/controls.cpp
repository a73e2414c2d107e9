#include "controls.hpp"

namespace ec::model::embedded {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMostOfGaps{1000};
constexpr milliseconds kLeastOfAnswers{500};

Lane other(Lane lane) { return lane == Lane::answers ? Lane::gaps : Lane::answers; }

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

}  // namespace

void Controls::set_cancelled(Lane lane, bool cancelled) {
    cancelled_[static_cast<std::size_t>(lane)].store(cancelled, std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
}

void Controls::set_paused(bool paused) {
    const std::lock_guard lock(mutex_);
    paused_ = paused;
    changed_.notify_all();
}

bool Controls::is_cancelled(Lane lane) const {
    return cancelled_[static_cast<std::size_t>(lane)].load(std::memory_order_relaxed);
}

bool Controls::cancelled() const { return is_cancelled(current_.load(std::memory_order_relaxed)); }

void Controls::enter(Lane lane) {
    std::unique_lock lock(mutex_);
    // No other gap may come before an answer that waits for one.
    if (lane == Lane::gaps) changed_.wait(lock, [&] { return !answer_waits_; });
    take(lock, lane);
    state(lane).begun = true;
}

void Controls::leave(Lane lane) {
    const std::lock_guard lock(mutex_);
    give_up();
    state(lane).begun = false;
    cancelled_[static_cast<std::size_t>(lane)].store(false, std::memory_order_relaxed);
}

void Controls::take(std::unique_lock<std::mutex>& lock, Lane lane) {
    state(lane).wants = true;
    const auto may = [&] {
        if (taken_) return false;
        return !state(other(lane)).wants || gaps_first(now()) == (lane == Lane::gaps);
    };
    changed_.wait(lock, may);
    state(lane).wants = false;
    taken_ = true;
    taken_at_ = now();
    current_.store(lane, std::memory_order_relaxed);
}

void Controls::give_up() {
    const Lane lane = current_.load(std::memory_order_relaxed);
    if (state(other(lane)).wants) {
        state(lane).had = had(lane, now());
        // Who had its share begins a new round, and so does the other.
        if (lane == Lane::answers && state(lane).had >= kLeastOfAnswers) states_[0].had = states_[1].had = {};
    } else if (lane == Lane::answers) {
        state(Lane::gaps).had = {};
    }
    taken_ = false;
    changed_.notify_all();
}

Controls::Moment::duration Controls::had(Lane lane, Moment at) {
    return state(lane).had +
           (current_.load(std::memory_order_relaxed) == lane && taken_ ? at - taken_at_ : Moment::duration{});
}

// One that is cancelled goes first: it only wants to say so.
bool Controls::gaps_first(Moment at) {
    return is_cancelled(Lane::gaps) || (!is_cancelled(Lane::answers) && had(Lane::gaps, at) < kMostOfGaps);
}

bool Controls::must_step_aside(Moment at) {
    const Lane lane = current_.load(std::memory_order_relaxed);
    if (!taken_ || !state(other(lane)).wants) return false;
    if (lane == Lane::gaps) return !gaps_first(at);
    return gaps_first(at) || had(lane, at) >= kLeastOfAnswers;
}

Status Controls::checkpoint() {
    std::unique_lock lock(mutex_);
    const Lane lane = current_.load(std::memory_order_relaxed);
    // One that was cancelled while it stood aside says so even in a pause.
    const auto other_is_over = [&] { return state(other(lane)).wants && is_cancelled(other(lane)); };
    for (;;) {
        changed_.wait(lock, [&] { return !paused_ || cancelled() || other_is_over(); });
        if (cancelled()) return fail(ErrorCode::cancelled, "the request was cancelled");
        if (must_step_aside(now())) {
            give_up();
            take(lock, lane);
        } else if (!paused_) {
            return {};
        }
    }
}

bool Controls::let_gap_finish() {
    std::unique_lock lock(mutex_);
    if (!taken_ || current_.load(std::memory_order_relaxed) != Lane::answers || !state(Lane::gaps).begun) return false;
    answer_waits_ = true;
    give_up();
    changed_.wait(lock, [&] { return (!state(Lane::gaps).begun && !taken_) || is_cancelled(Lane::answers); });
    answer_waits_ = false;
    take(lock, Lane::answers);
    changed_.notify_all();
    return true;
}

}  // namespace ec::model::embedded
