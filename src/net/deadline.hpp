// The one deadline of a connection. Private to the HTTP server; on its loop.
//
// It is set several times a request and hardly ever passes, so setting it later costs nothing: the timer that runs
// finds out when it has run.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <utility>

namespace ec::net {

class Deadline {
public:
    explicit Deadline(const boost::asio::any_io_executor& loop) : timer_(loop) {}

    /// `passed` is called when it passes and `owner` is still there. Once, before all else.
    template <class Owner>
    void watch(std::weak_ptr<Owner> owner, void (Owner::*passed)()) {
        wake_ = [this, owner = std::move(owner), passed](Time at) {
            if (const auto self = owner.lock(); self && look(at)) (self.get()->*passed)();
        };
    }
    void set(std::chrono::milliseconds patience) {
        at_ = Clock::now() + patience;
        if (at_ < runs_to_) run();
    }
    void clear() { at_ = kNever; }
    void end() {
        clear();
        timer_.cancel();
    }

private:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;
    static constexpr Time kNever = Time::max();

    void run() {
        runs_to_ = at_;
        timer_.expires_at(at_);
        timer_.async_wait([wake = wake_, at = at_](const boost::system::error_code&) { wake(at); });
    }
    /// Whether the timer that ran to `at` found it passed.
    bool look(Time at) {
        if (at != runs_to_) return false;  // another has taken its place
        runs_to_ = kNever;
        if (at_ == kNever) return false;
        if (at_ <= Clock::now()) return true;
        run();
        return false;
    }

    boost::asio::steady_timer timer_;
    std::function<void(Time)> wake_;
    Time at_ = kNever;
    Time runs_to_ = kNever;
};

}  // namespace ec::net
