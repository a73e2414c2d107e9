// A stop that comes when the person's does, or when some time is over. Owns a thread for as long as it lives.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace ec {

class TimeOrStop {
public:
    TimeOrStop(const std::stop_token& person, std::chrono::nanoseconds left)
        : forward_(person, [this] { source_.request_stop(); }), timer_([this, left](const std::stop_token& end) {
              std::unique_lock lock(mutex_);
              over_.wait_for(lock, end, left, [] { return false; });
              if (!end.stop_requested()) source_.request_stop();
          }) {}
    TimeOrStop(const TimeOrStop&) = delete;
    TimeOrStop& operator=(const TimeOrStop&) = delete;

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

private:
    std::stop_source source_;
    std::stop_callback<std::function<void()>> forward_;
    std::mutex mutex_;
    std::condition_variable_any over_;
    std::jthread timer_;
};

}  // namespace ec
