#include "warm_pool.hpp"

namespace ec::executor {
namespace {

// An interpreter that is not on this machine, or not in the sandbox, is not tried for ever.
constexpr int kMostFailures = 3;

}  // namespace

WarmPool::WarmPool(std::array<std::size_t, kInterpreters> wanted, Make make) : wanted_(wanted), make_(std::move(make)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { refill(stop); });
}

WarmPool::~WarmPool() {
    thread_.request_stop();
    thread_.join();
}

std::optional<WarmBox> WarmPool::take(Interpreter interpreter) {
    std::optional<WarmBox> taken;
    {
        const std::lock_guard lock(mutex_);
        std::deque<WarmBox>& waiting = waiting_[static_cast<std::size_t>(interpreter)];
        if (waiting.empty()) return std::nullopt;
        taken.emplace(std::move(waiting.front()));
        waiting.pop_front();
    }
    changed_.notify_all();
    return taken;
}

bool WarmPool::fill(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, timeout, [this] { return !missing(); });
}

std::optional<Interpreter> WarmPool::missing() const {
    // The one that is emptiest for its size comes first, or one in demand would starve the other.
    std::optional<Interpreter> emptiest;
    double least = 1.0;
    for (std::size_t i = 0; i < kInterpreters; ++i) {
        if (wanted_[i] == 0 || failures_[i] >= kMostFailures) continue;
        const double share = static_cast<double>(waiting_[i].size()) / static_cast<double>(wanted_[i]);
        if (share < least) {
            least = share;
            emptiest = static_cast<Interpreter>(i);
        }
    }
    return emptiest;
}

void WarmPool::refill(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return missing().has_value(); })) {
        const Interpreter interpreter = *missing();
        const auto index = static_cast<std::size_t>(interpreter);
        lock.unlock();
        Result<WarmBox> made = make_(interpreter);
        lock.lock();
        if (made) {
            failures_[index] = 0;
            waiting_[index].push_back(std::move(*made));
        } else {
            ++failures_[index];
        }
        changed_.notify_all();
    }
}

}  // namespace ec::executor
