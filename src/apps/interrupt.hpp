// Ctrl-C and SIGTERM as a stop request, so that everything is taken down in order; SIGHUP too, unless there is
// something better to do at it.
#pragma once

#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace ec::apps {

/// While it lives, SIGINT, SIGTERM and SIGHUP make token() stop; a second one ends the process at once (status 130).
/// Create it in main's thread before any other thread starts: they inherit the blocked signals.
class Interrupt {
public:
    /// `hung_up` is called at SIGHUP, on a thread of the interrupt's own; where it says false, the signal means a stop.
    explicit Interrupt(std::function<bool()> hung_up = [] { return false; });
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    [[nodiscard]] bool interrupted() const { return source_.stop_requested(); }

private:
    void wait();
    const std::function<bool()> hung_up_;
    sigset_t signals_{};
    sigset_t before_{};
    std::stop_source source_;
    std::jthread waiter_;
};

inline constexpr int kInterruptedStatus = 130;

}  // namespace ec::apps
