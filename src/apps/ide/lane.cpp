#include "lane.hpp"

#include <algorithm>
#include <atomic>

namespace ec::apps::ide {

std::string_view name(LaneStatus::State state) {
    switch (state) {
        case LaneStatus::State::loading:
            return "loading";
        case LaneStatus::State::ready:
            return "ready";
        case LaneStatus::State::busy:
            return "busy";
        case LaneStatus::State::idle:
            break;
    }
    return "idle";
}

struct Lane::Entry {
    Entry(std::shared_ptr<Work> what, std::string whose)
        : work(std::move(what)), session(std::move(whose)), on_gone(work->gone(), [this] {
              left = true;
              stop.request_stop();
          }) {}

    std::shared_ptr<Work> work;
    std::string session;
    std::atomic<bool> left = false;
    std::atomic<bool> superseded = false;
    std::stop_source stop;
    std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
    std::stop_callback<std::function<void()>> on_gone;
};

Lane::Lane(Ports ports, Limits limits)
    : ports_(std::move(ports)), limits_(limits), thread_([this](const std::stop_token& end) { serve(end); }) {}

Lane::~Lane() {
    thread_.request_stop();
    {
        const std::scoped_lock lock(mutex_);
        if (running_) running_->stop.request_stop();
    }
    thread_.join();
    for (const auto& entry : waiting_) entry->work->refuse({503, "shutting_down", "the service ends", {}});
}

// Those whose client left, out of the queue; they are destroyed by the caller, outside of the lock.
std::vector<std::shared_ptr<Lane::Entry>> Lane::take_those_gone() {
    std::vector<std::shared_ptr<Entry>> gone;
    std::erase_if(waiting_, [&](const std::shared_ptr<Entry>& entry) {
        if (!entry->left) return false;
        gone.push_back(entry);
        return true;
    });
    status_.cancelled += gone.size();
    return gone;
}

bool Lane::put(std::shared_ptr<Work> work, const std::string& session) {
    auto entry = std::make_shared<Entry>(std::move(work), session);
    std::vector<std::shared_ptr<Entry>> gone;
    std::vector<std::shared_ptr<Entry>> older;
    {
        const std::scoped_lock lock(mutex_);
        gone = take_those_gone();
        if (!session.empty()) {
            std::erase_if(waiting_, [&](const std::shared_ptr<Entry>& other) {
                if (other->session != session) return false;
                older.push_back(other);
                return true;
            });
            if (running_ && running_->session == session) {
                running_->superseded = true;
                running_->stop.request_stop();
            }
            status_.cancelled += older.size();
        }
        if (waiting_.size() >= limits_.waiting) {
            ++status_.refused;
            return false;
        }
        waiting_.push_back(std::move(entry));
    }
    changed_.notify_one();
    for (const auto& each : older) each->work->supersede();
    return true;
}

void Lane::beat() {
    std::vector<std::shared_ptr<Entry>> gone;
    std::vector<std::shared_ptr<Entry>> late;
    std::vector<std::shared_ptr<Entry>> there;
    {
        const std::scoped_lock lock(mutex_);
        gone = take_those_gone();
        while (!waiting_.empty() && std::chrono::steady_clock::now() - waiting_.front()->since > limits_.longest) {
            late.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
            ++status_.refused;
        }
        there.assign(waiting_.begin(), waiting_.end());
        if (running_) there.push_back(running_);
    }
    for (const auto& entry : late) entry->work->refuse({503, "waited_too_long", "its turn did not come in time", {}});
    for (const auto& entry : there) entry->work->beat();
}

LaneStatus Lane::status() const {
    const std::scoped_lock lock(mutex_);
    LaneStatus status = status_;
    status.waiting = static_cast<std::size_t>(
        std::ranges::count_if(waiting_, [](const std::shared_ptr<Entry>& entry) { return !entry->left; }));
    return status;
}

void Lane::serve(const std::stop_token& end) {
    for (;;) {
        std::shared_ptr<Entry> entry;
        {
            std::unique_lock lock(mutex_);
            const auto something = [this] { return !waiting_.empty(); };
            const bool there =
                open_ ? changed_.wait_for(lock, end, limits_.idle, something) : changed_.wait(lock, end, something);
            if (end.stop_requested()) break;
            if (there) {
                entry = std::move(waiting_.front());
                waiting_.pop_front();
                if (entry->left) {
                    ++status_.cancelled;
                    continue;
                }
                running_ = entry;
                status_.state = open_ ? LaneStatus::State::busy : LaneStatus::State::loading;
            }
        }
        if (entry)
            handle(entry);
        else
            rest();
    }
    rest();
}

void Lane::handle(const std::shared_ptr<Entry>& entry) {
    Status outcome;
    bool told = false;
    try {
        outcome = open(entry->stop.get_token());
        if (outcome) {
            {
                const std::scoped_lock lock(mutex_);
                status_.state = LaneStatus::State::busy;
            }
            told = true;
            outcome = entry->work->run(entry->stop.get_token());
        }
    } catch (const std::exception&) {
        // A bug, or memory that ran out: the end of this answer, and not of the others.
        told = false;
        outcome = fail(ErrorCode::internal, "something went wrong here");
    }
    if (!outcome && entry->superseded)
        entry->work->supersede();
    else if (!outcome && outcome.error().code == ErrorCode::cancelled)
        entry->work->refuse({503, "shutting_down", "the service ends", {}});
    else if (!outcome && !told)
        entry->work->refuse(openai::api_error(outcome.error()));
    settle(*entry, outcome);
}

void Lane::settle(const Entry& entry, const Status& outcome) {
    const std::scoped_lock lock(mutex_);
    running_ = nullptr;
    status_.state = open_ ? LaneStatus::State::ready : LaneStatus::State::idle;
    if (outcome) {
        ++status_.answered;
    } else if (entry.stop.stop_requested()) {
        ++status_.cancelled;
    } else {
        ++status_.failed;
        status_.last_error = outcome.error().message;
    }
}

Status Lane::open(const std::stop_token& stop) {
    if (open_) return {};
    EC_TRY(ports_.open(stop));
    open_ = true;
    return {};
}

void Lane::rest() {
    if (open_) ports_.close();
    open_ = false;
    const std::scoped_lock lock(mutex_);
    status_.state = LaneStatus::State::idle;
}

}  // namespace ec::apps::ide
