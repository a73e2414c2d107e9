#include "interrupt.hpp"

#include <pthread.h>
#include <unistd.h>

#include <utility>

namespace ec::apps {

// SIGUSR1 wakes the waiter when nothing happened and the program is done.
Interrupt::Interrupt(std::function<bool()> hung_up) : hung_up_(std::move(hung_up)) {
    sigemptyset(&signals_);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) sigaddset(&signals_, signal);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
    waiter_ = std::jthread([this] { wait(); });
}

Interrupt::~Interrupt() {
    pthread_kill(waiter_.native_handle(), SIGUSR1);
    waiter_.join();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Interrupt::wait() {
    for (;;) {
        int signal = 0;
        if (sigwait(&signals_, &signal) != 0) continue;
        if (signal == SIGUSR1) return;
        if (signal == SIGHUP && hung_up_()) continue;
        if (source_.stop_requested()) ::_exit(kInterruptedStatus);
        source_.request_stop();
    }
}

}  // namespace ec::apps
