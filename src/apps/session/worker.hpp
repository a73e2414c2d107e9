// One thread that calls the host, one job after another.
//
// One thread for all jobs: what a host starts may be tied to the life of the thread that started it.
#pragma once

#include <condition_variable>
#include <ec/core/result.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "host.hpp"

namespace ec::apps::session {

class Worker {
public:
    /// What a job ends with: text for the person, and how to show it.
    struct Done {
        enum class Show { nothing, sentence, output, diff };
        Show show = Show::sentence;
        Result<std::string> text;
        SessionStatus status;
    };
    using Job = std::function<Done(std::stop_token)>;

    /// `wake` is called from the worker's thread when a job is done.
    explicit Worker(std::function<void()> wake);
    /// Asks the job to stop and waits for it.
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Only when not busy().
    void start(Job job);
    void request_stop();
    /// From start() until take_done() gave the result.
    [[nodiscard]] bool busy();
    std::optional<Done> take_done();

private:
    void loop();

    std::function<void()> wake_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Job job_;
    std::stop_source stop_;
    std::optional<Done> done_;
    bool busy_ = false;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace ec::apps::session
