// A thread that does one thing after another, from a short queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

namespace ec::apps::acp {

class WorkQueue {
public:
    using Job = std::function<void()>;

    explicit WorkQueue(std::size_t most) : most_(most), thread_([this](const std::stop_token& stop) { work(stop); }) {}
    /// end().
    ~WorkQueue() { end(); }
    WorkQueue(const WorkQueue&) = delete;
    WorkQueue& operator=(const WorkQueue&) = delete;

    /// False when too much waits, or after post_last().
    bool post(Job job) { return add(std::move(job), false); }
    /// The last job; there is always room for it. False when there was one.
    bool post_last(Job job) { return add(std::move(job), true); }
    /// Waits for the job under way and forgets those that wait. From any thread but the queue's own.
    void end() {
        thread_.request_stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    bool add(Job job, bool last) {
        {
            const std::scoped_lock lock(mutex_);
            if (closed_ || (!last && jobs_.size() >= most_)) return false;
            closed_ = last;
            jobs_.push_back(std::move(job));
        }
        changed_.notify_all();
        return true;
    }

    void work(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        while (changed_.wait(lock, stop, [&] { return !jobs_.empty(); }) && !stop.stop_requested()) {
            Job job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;  // with what it holds
            lock.lock();
        }
        closed_ = true;
        std::deque<Job> forgotten = std::exchange(jobs_, {});
        lock.unlock();
        forgotten.clear();  // what a job holds may have something to say when it goes
    }

    const std::size_t most_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Job> jobs_;  // under mutex_, as what follows
    bool closed_ = false;
    std::jthread thread_;
};

}  // namespace ec::apps::acp
