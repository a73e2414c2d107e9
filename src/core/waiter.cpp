#include <condition_variable>
#include <ec/core/waiter.hpp>
#include <mutex>

namespace ec {

bool SystemWaiter::wait(std::chrono::milliseconds time, std::stop_token stop) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
}

}  // namespace ec
