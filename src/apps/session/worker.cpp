#include "worker.hpp"

#include <utility>

namespace ec::apps::session {

Worker::Worker(std::function<void()> wake) : wake_(std::move(wake)), thread_([this] { loop(); }) {}

Worker::~Worker() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    request_stop();
    changed_.notify_all();
    thread_.join();
}

void Worker::start(Job job) {
    {
        const std::scoped_lock lock(mutex_);
        job_ = std::move(job);
        stop_ = std::stop_source();
        done_.reset();
        busy_ = true;
    }
    changed_.notify_all();
}

void Worker::request_stop() {
    std::stop_source stop;
    {
        const std::scoped_lock lock(mutex_);
        stop = stop_;
    }
    // Outside of the lock: callbacks of the token run here.
    stop.request_stop();
}

bool Worker::busy() {
    const std::scoped_lock lock(mutex_);
    return busy_;
}

std::optional<Worker::Done> Worker::take_done() {
    const std::scoped_lock lock(mutex_);
    if (done_) busy_ = false;
    return std::exchange(done_, std::nullopt);
}

void Worker::loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return ending_ || job_ != nullptr; });
        if (ending_) return;
        const Job job = std::exchange(job_, nullptr);
        const std::stop_token stop = stop_.get_token();
        lock.unlock();
        Done done = job(stop);
        lock.lock();
        done_ = std::move(done);
        wake_();
    }
}

}  // namespace ec::apps::session
