// Wakes a poll(2) when a stop token is stopped.
#pragma once

#include <ec/core/fd.hpp>
#include <functional>
#include <stop_token>

namespace ec::executor {

class StopWake {
public:
    explicit StopWake(const std::stop_token& stop);
    /// Becomes readable when stop is requested; -1 for a token that can never be stopped.
    [[nodiscard]] int fd() const { return fd_.get(); }

private:
    struct Wake {
        int fd;
        void operator()() const noexcept;
    };
    UniqueFd fd_;
    std::stop_callback<Wake> callback_;  // after fd_, so that it is gone before the descriptor is
};

}  // namespace ec::executor
