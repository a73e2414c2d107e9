// A queue before one thing that only one can use at a time: a model, an embedder, a workspace. One thread a lane, which
// opens the thing when somebody asks for it and closes it when nobody did for a while. Requests wait as objects.
//
// Threads: put(), beat() and status() from any; Work runs on the lane's thread. The destructor refuses what waits,
// stops what runs and joins.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <ec/core/result.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "openai_api/api_error.hpp"

namespace ec::apps::ide {

/// One request. Its client is told once: by run(), refuse() or supersede(), or not at all when it is gone.
class Work {
public:
    virtual ~Work() = default;
    /// On the lane's thread, with the thing open. `stop` comes when the client is gone, something newer took its place
    /// or the service ends. What went wrong, for the lane's status: with `cancelled` nobody was told yet, with anything
    /// else the client was.
    virtual Status run(std::stop_token stop) = 0;
    virtual void refuse(const openai::ApiError& error) = 0;
    /// A newer request made this one pointless: the client gets an empty answer.
    virtual void supersede() = 0;
    /// Time passes; any thread.
    virtual void beat() = 0;
    /// Comes when nobody waits for it any more.
    [[nodiscard]] virtual std::stop_token gone() const = 0;
};

struct LaneStatus {
    enum class State { idle, loading, ready, busy };  ///< idle: nothing is loaded
    State state = State::idle;
    std::size_t waiting = 0;
    std::uint64_t answered = 0;
    std::uint64_t failed = 0;
    std::uint64_t cancelled = 0;
    std::uint64_t refused = 0;  ///< the queue was full, or its turn did not come in time
    std::string last_error;
};
std::string_view name(LaneStatus::State state);

class Lane {
public:
    struct Ports {
        std::function<Status(std::stop_token)> open;
        std::function<void()> close;
    };
    struct Limits {
        std::size_t waiting = 256;
        std::chrono::milliseconds idle{15 * 60'000};     ///< then it is closed
        std::chrono::milliseconds longest{60 * 60'000};  ///< that a request may wait
    };
    Lane(Ports ports, Limits limits);
    ~Lane();
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    /// False when too many wait. `session` not empty: what waits or runs for the same session gives way.
    bool put(std::shared_ptr<Work> work, const std::string& session = {});
    void beat();
    [[nodiscard]] LaneStatus status() const;

private:
    struct Entry;
    void serve(const std::stop_token& end);
    void handle(const std::shared_ptr<Entry>& entry);
    Status open(const std::stop_token& stop);
    void rest();
    void settle(const Entry& entry, const Status& outcome);
    std::vector<std::shared_ptr<Entry>> take_those_gone();

    Ports ports_;
    Limits limits_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<Entry>> waiting_;  ///< guarded by mutex_
    std::shared_ptr<Entry> running_;              ///< guarded by mutex_
    LaneStatus status_;                           ///< guarded by mutex_
    bool open_ = false;                           ///< of the lane's thread alone
    std::jthread thread_;
};

}  // namespace ec::apps::ide
