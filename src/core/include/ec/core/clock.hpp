// The clock port: code that needs time takes a Clock&, so tests decide what time it is.
#pragma once

#include <atomic>
#include <chrono>

namespace ec {

class Clock {
public:
    virtual ~Clock() = default;
    /// Monotonic time since an arbitrary start.
    virtual std::chrono::nanoseconds now() const = 0;
};

/// The machine's monotonic clock.
class SystemClock final : public Clock {
public:
    std::chrono::nanoseconds now() const override;
};

/// A clock that moves only when told to. Safe to read from several threads.
class ManualClock final : public Clock {
public:
    std::chrono::nanoseconds now() const override { return std::chrono::nanoseconds(time_.load()); }
    void advance(std::chrono::nanoseconds by) { time_ += by.count(); }

private:
    std::atomic<long long> time_{0};
};

}  // namespace ec
