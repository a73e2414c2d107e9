#include <condition_variable>
#include <deque>
#include <ec/swarm/writer.hpp>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace ec::swarm {
namespace {

using Clock = std::chrono::steady_clock;

struct Waiting {
    Writer::Change change;
    Writer::Done done;
    Status outcome{};
};

class GroupWriter final : public Writer {
public:
    GroupWriter(Connect connect, sql::Database database, WriterLimits limits, Change before_commit)
        : connect_(std::move(connect)),
          database_(std::move(database)),
          limits_(limits),
          before_commit_(std::move(before_commit)),
          thread_([this] { work(); }) {}

    ~GroupWriter() override {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        more_.notify_one();
        thread_.join();
    }

    void submit(Change change, Done done) override {
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() < limits_.waiting) {
                queue_.push_back({std::move(change), std::move(done)});
                if (queue_.size() > 1) return;  // the writer was told of the first
                more_.notify_one();
                return;
            }
        }
        done(fail(ErrorCode::unavailable, "too many changes wait for the database", "try again in a moment"));
    }

    Status run(Change change) override {
        struct Answer {
            std::mutex mutex;
            std::condition_variable given;
            std::optional<Status> status;
        } answer;
        submit(std::move(change), [&answer](Status status) {
            const std::lock_guard lock(answer.mutex);
            answer.status = std::move(status);
            answer.given.notify_one();  // under the lock, for `answer` is gone as soon as it is free
        });
        std::unique_lock lock(answer.mutex);
        answer.given.wait(lock, [&] { return answer.status.has_value(); });
        return *std::move(answer.status);
    }

private:
    void work() {
        for (std::vector<Waiting> group = take(); !group.empty(); group = take()) {
            write(group);
            for (Waiting& one : group) one.done(std::move(one.outcome));
        }
    }

    // Empty only when the writer ends and nothing waits.
    std::vector<Waiting> take() {
        std::unique_lock lock(mutex_);
        more_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        std::vector<Waiting> group;
        while (!queue_.empty() && group.size() < limits_.group) {
            group.push_back(std::move(queue_.front()));
            queue_.pop_front();
        }
        return group;
    }

    /// Sets the outcome of each.
    void write(std::span<Waiting> group) {
        Status written = connected();
        if (written) written = attempt(group);
        // Nothing of it happened, or its commit would be in doubt: a connection that was lost while it was idle, most
        // likely.
        if (!written && !database_->usable() && !sql::in_doubt(written.error())) {
            written = connected();
            if (written) written = attempt(group);
        }
        if (written) return;
        for (Waiting& one : group) one.outcome = fail(written.error());
    }

    Status connected() {
        if (database_->usable()) return {};
        if (Clock::now() < next_connect_) return fail(unreachable_);
        auto made = connect_();
        if (!made) {
            next_connect_ = Clock::now() + limits_.between_connects;
            unreachable_ = made.error();
            return fail(std::move(made).error());
        }
        *database_ = *std::move(made);
        return {};
    }

    // Together without savepoints, which is cheapest and nearly always good; then with them.
    Status attempt(std::span<Waiting> group) {
        bool one_failed = false;
        const Status together = commit(group, [&](Waiting& one) {
            one.outcome = one.change(*database_);
            one_failed = !one.outcome;
            return one.outcome;
        });
        if (together || !one_failed || !database_->usable()) return together;
        if (group.size() == 1) return {};  // it is its own outcome, and rolled back
        return commit(group, [&](Waiting& one) { return alone(one); });
    }

    template <class Run>
    Status commit(std::span<Waiting> group, Run run) {
        EC_ASSIGN(auto transaction, sql::Transaction::begin(*database_, limits_.writers));
        for (Waiting& one : group) EC_TRY(run(one));
        if (before_commit_) EC_TRY(before_commit_(*database_));
        return transaction.commit();
    }

    // Fails only where the whole group does.
    Status alone(Waiting& one) {
        EC_ASSIGN(auto savepoint, sql::Savepoint::begin(*database_));
        one.outcome = one.change(*database_);
        if (one.outcome) one.outcome = savepoint.keep();
        if (!one.outcome && !database_->usable()) return one.outcome;
        return {};
    }

    const Connect connect_;
    std::optional<sql::Database> database_;
    const WriterLimits limits_;
    const Change before_commit_;
    Clock::time_point next_connect_{};
    Error unreachable_;

    std::mutex mutex_;
    std::condition_variable more_;
    std::deque<Waiting> queue_;
    bool ending_ = false;
    std::thread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<Writer>> Writer::start(Connect connect, WriterLimits limits, Change before_commit) {
    EC_ASSIGN(sql::Database database, connect());
    return std::make_unique<GroupWriter>(std::move(connect), std::move(database), limits, std::move(before_commit));
}

}  // namespace ec::swarm
