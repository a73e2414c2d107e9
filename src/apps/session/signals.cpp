#include "signals.hpp"

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace ec::apps::session {

// SIGUSR1 ends the waiter.
Signals::Signals(std::function<void()> wake) : wake_(std::move(wake)) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    waiter_ = std::jthread([this] { wait(); });
}

Signals::~Signals() {
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

Signals::Seen Signals::take() {
    return {interrupt_.exchange(false), end_.exchange(false), resized_.exchange(false), continued_.exchange(false)};
}

void Signals::wait() {
    for (;;) {
        int signal = 0;
        if (sigwait(&signals_, &signal) != 0) continue;
        if (signal == SIGUSR1) return;
        std::atomic<bool>& flag = signal == SIGINT     ? interrupt_
                                  : signal == SIGWINCH ? resized_
                                  : signal == SIGCONT  ? continued_
                                                       : end_;
        flag = true;
        wake_();
    }
}

}  // namespace ec::apps::session
