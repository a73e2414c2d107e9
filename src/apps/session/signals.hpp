// Signals of a program at a terminal, as flags that a loop reads.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <thread>

namespace ec::apps::session {

/// While it lives, SIGINT, SIGTERM, SIGHUP, SIGWINCH and SIGCONT do nothing but set flags and call `wake`, on a thread
/// of its own. Create it before any other thread starts: they inherit the blocked signals. SIGTSTP keeps stopping the
/// process. Not together with another owner of these signals.
class Signals {
public:
    struct Seen {
        bool interrupt = false;  ///< SIGINT
        bool end = false;        ///< SIGTERM, SIGHUP
        bool resized = false;    ///< SIGWINCH
        bool continued = false;  ///< SIGCONT
    };

    explicit Signals(std::function<void()> wake);
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    /// What came since the last call.
    Seen take();

private:
    void wait();

    std::function<void()> wake_;
    sigset_t signals_{};
    sigset_t before_{};
    std::atomic<bool> interrupt_{false};
    std::atomic<bool> end_{false};
    std::atomic<bool> resized_{false};
    std::atomic<bool> continued_{false};
    std::jthread waiter_;
};

}  // namespace ec::apps::session
