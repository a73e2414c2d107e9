// The simulated clock and network: what happens next, in the order of time and, at one time, of being arranged.
#pragma once

#include <cstdint>
#include <ec/core/hash.hpp>
#include <ec/core/rng.hpp>
#include <functional>
#include <queue>
#include <string_view>
#include <utility>
#include <vector>

namespace ec::simulation {

class Clockwork {
public:
    explicit Clockwork(std::uint64_t seed) : rng_(seed) {}

    [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
    [[nodiscard]] std::uint64_t events() const { return events_; }
    [[nodiscard]] std::string trace() const { return trace_.hex(); }
    void trace(std::string_view line) { trace_ = hash128(line, trace_.low ^ trace_.high); }

    std::uint64_t random() { return rng_.next(); }
    /// True for `of_1000` of 1000.
    bool chance(unsigned of_1000) { return rng_.below(1000) < of_1000; }
    /// From a third of the mean to five thirds.
    std::int64_t around(std::int64_t mean) {
        return mean / 3 + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(mean * 4 / 3) + 1));
    }
    std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }

    void after(std::int64_t delay_ms, std::function<void()> act) {
        heap_.push({now_ms_ + delay_ms, next_++, std::move(act)});
    }
    /// Does the next thing; false when there is none, or it is later than `until_ms`.
    bool step(std::int64_t until_ms) {
        if (heap_.empty() || heap_.top().at_ms > until_ms) return false;
        // The heap gives its top as constant; what it does is moved out just before it is taken off.
        std::function<void()> act = std::move(const_cast<Event&>(heap_.top()).act);
        now_ms_ = heap_.top().at_ms;
        heap_.pop();
        ++events_;
        act();
        return true;
    }

private:
    struct Event {
        std::int64_t at_ms;
        std::uint64_t order;
        std::function<void()> act;
        bool operator<(const Event& other) const {
            return std::pair(at_ms, order) > std::pair(other.at_ms, other.order);
        }
    };
    std::priority_queue<Event> heap_;
    Rng rng_;
    Hash128 trace_;
    std::int64_t now_ms_ = 1'700'000'000'000;
    std::uint64_t next_ = 0;
    std::uint64_t events_ = 0;
};

/// Messages that may be lost, arrive twice, and overtake one another.
class Network {
public:
    Network(Clockwork& clock, unsigned lost, unsigned doubled) : clock_(clock), lost_(lost), doubled_(doubled) {}
    void send(const std::function<void()>& arrive) {
        constexpr std::int64_t kMean = 60;
        if (clock_.chance(lost_)) return;
        clock_.after(clock_.around(kMean), arrive);
        if (clock_.chance(doubled_)) clock_.after(clock_.around(20 * kMean), arrive);
    }
    void repair() { lost_ = doubled_ = 0; }

private:
    Clockwork& clock_;
    unsigned lost_;
    unsigned doubled_;
};

}  // namespace ec::simulation
