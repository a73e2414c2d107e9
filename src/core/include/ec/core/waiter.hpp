// The waiting port: code that must let time pass takes a Waiter&, so tests never sleep.
#pragma once

#include <chrono>
#include <stop_token>

namespace ec {

class Waiter {
public:
    virtual ~Waiter() = default;
    /// Returns after `time`, or as soon as a stop is requested: false then. Any thread.
    virtual bool wait(std::chrono::milliseconds time, std::stop_token stop) = 0;
};

/// Really waits.
class SystemWaiter final : public Waiter {
public:
    bool wait(std::chrono::milliseconds time, std::stop_token stop) override;
};

}  // namespace ec
