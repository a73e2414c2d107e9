#include <fmt/format.h>

#include "worker_run.hpp"

namespace ec::swarm {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStep{1'000};  // how soon waking from sleep is noticed
constexpr std::chrono::seconds kAsleep{2};
constexpr std::chrono::seconds kMostBeat{60};
constexpr int kBeatWaitS = 25;
constexpr std::size_t kSentBytes = 1 << 20;  // at once
constexpr std::size_t kSentReports = 16;

std::vector<Report> first_of(std::vector<Report> reports) {
    std::size_t bytes = 0, count = 0;
    while (count < reports.size() && count < kSentReports) {
        bytes += reports[count].result.size();
        if (count > 0 && bytes > kSentBytes) break;
        ++count;
    }
    reports.resize(count);
    return reports;
}

}  // namespace

bool may_pass(ErrorCode code) {
    return may_recover(code) || code == ErrorCode::internal || code == ErrorCode::cancelled;
}

/// How long until the next one. With `wait` the answer comes when one of the leases is not worth keeping any more.
Result<milliseconds> WorkerRun::beat(CoordinatorClient& client, bool wait, const std::stop_token& stop) {
    HeartbeatRequest request;
    request.held = leases_.held();
    request.offer = offer();
    request.slots = options_.slots;
    request.wait_s = wait && !request.held.empty() ? kBeatWaitS : 0;
    request.protocol = kProtocol;
    {
        const std::scoped_lock lock(mutex_);
        request.telemetry = telemetry_;
        request.holding_back = no_more_ ? "drain" : holding_back_;
    }
    const auto sent = ports_.clock.now();
    EC_ASSIGN(const HeartbeatReply reply, client.heartbeat(request, stop));
    const auto gone = leases_.apply(reply.held);
    for (const auto& [held, ending] : gone) {
        if (const Status removed = journal_.remove(held.task, held.fence); !removed) says(removed.error().message);
        says(fmt::format("the coordinator says that {} is {}", held.task.text(),
                         ending == Ending::lost ? "no longer ours" : "cancelled"));
    }
    if (reply.drain) says("the coordinator goes down; another one of the list is tried");
    const milliseconds next = std::clamp<milliseconds>(std::chrono::seconds(reply.next_s), milliseconds(0), kMostBeat);
    // One that says "at once" without having waited, for nothing, is not to be asked as fast as it can answer.
    const bool waited = ports_.clock.now() - sent >= kStep || !gone.empty();
    return waited ? next : std::max(next, kStep);
}

/// What is requested to stop when a lease is new, and so far unknown to the coordinator as one that is worked on.
std::stop_source WorkerRun::fresh_beat() {
    const std::scoped_lock lock(mutex_);
    beat_now_ = std::stop_source();
    return beat_now_;
}

void WorkerRun::beat_at_once() {
    std::unique_lock lock(mutex_);
    std::stop_source now = beat_now_;
    lock.unlock();
    now.request_stop();
}

void WorkerRun::beat_until(const std::stop_token& stop) {
    const auto client = ports_.connect();
    Backoff backoff(ports_.jitter);
    auto slept = ports_.asleep();
    while (!stop.stop_requested()) {
        milliseconds wait{0};
        slept = ports_.asleep();
        std::stop_source now = fresh_beat();
        const std::stop_callback end(stop, [&now] { now.request_stop(); });
        if (const auto next = beat(*client, true, now.get_token())) {
            backoff.reset();
            wait = *next;
        } else {
            if (now.stop_requested()) continue;
            if (ends_work(next.error())) return;
            wait = backoff.next();
        }
        while (wait.count() > 0 && !now.stop_requested()) {
            const milliseconds step = std::min(wait, kStep);
            (void)ports_.waiter.wait(step, now.get_token());
            wait -= step;
            if (ports_.asleep() - slept > kAsleep) break;  // leases may have run out meanwhile
        }
    }
}

void WorkerRun::settle(const Report& report, const Result<Completion>& answer) {
    if (!answer && may_pass(answer.error().code)) return;
    if (!answer)
        says(fmt::format("{} was not taken: {}", report.task.text(), answer.error().message));
    else
        says(fmt::format("{} delivered{}", report.task.text(), answer->again ? " (again)" : ""));
    if (const Status removed = journal_.remove(report.task, report.fence); !removed) says(removed.error().message);
    if (leases_.holds(report.task, report.fence)) leases_.remove(report.task);
}

Status WorkerRun::send(CoordinatorClient& client, const std::vector<Report>& reports, const std::stop_token& stop) {
    for (const Report& report : reports) leases_.sending(report.task, true);
    const auto sent = client.complete(reports, stop);
    for (const Report& report : reports) leases_.sending(report.task, false);
    EC_ASSIGN(const auto answers, sent);
    if (answers.size() != reports.size())
        return fail(ErrorCode::corrupt, "the coordinator answered for another number of results");
    Status status;
    for (std::size_t i = 0; i < reports.size(); ++i) {
        settle(reports[i], answers[i]);
        if (!answers[i] && may_pass(answers[i].error().code)) status = fail(answers[i].error());
    }
    return status;
}

// A run that was killed had these in hand and left nothing of them: nobody needs to wait until their leases run out.
// The folder's lock sees to it that no other worker has them.
Status WorkerRun::give_back_left(CoordinatorClient& client, const std::stop_token& stop) {
    while (!left_.empty()) {
        const Held& held = left_.back();
        const Status given = client.give_back(held.task, held.fence, "worker_restarted", stop);
        if (!given && may_pass(given.error().code)) return given;
        if (given) says(fmt::format("{} of an earlier run given back", held.task.text()));
        if (const Status removed = journal_.remove(held.task, held.fence); !removed) says(removed.error().message);
        left_.pop_back();
    }
    return {};
}

void WorkerRun::deliver_until(const std::stop_token& stop) {
    const auto client = ports_.connect();
    Backoff backoff(ports_.jitter);
    auto slept = ports_.asleep();
    const auto failed = [&](const Error& error) {
        if (stop.stop_requested() || ends_work(error)) return;
        says(fmt::format("results wait: {}", error.message));
        (void)ports_.waiter.wait(backoff.next(), stop);
    };
    while (!stop.stop_requested()) {
        if (const Status given = give_back_left(*client, stop); !given) {
            failed(given.error());
            if (is_fatal()) return;
            continue;
        }
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [this] { return to_deliver_; });
            to_deliver_ = false;
        }
        for (;;) {
            auto left = journal_.all();
            if (!left) {
                failed(left.error());
                if (stop.stop_requested() || is_fatal()) return;
                continue;
            }
            if (left->empty() || stop.stop_requested()) break;
            // After sleep the leases may be somebody else's: they are asked about first, and lost ones are dropped.
            if (ports_.asleep() - slept > kAsleep) {
                if (const auto beaten = beat(*client, false, stop); !beaten) {
                    failed(beaten.error());
                    if (stop.stop_requested() || is_fatal()) return;
                    continue;
                }
                slept = ports_.asleep();
                continue;
            }
            const Status sent = send(*client, first_of(*std::move(left)), stop);
            if (!sent) failed(sent.error());
            if (sent) backoff.reset();
            if (!sent && is_fatal()) return;
        }
    }
}

}  // namespace ec::swarm
