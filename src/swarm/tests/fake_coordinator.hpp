// A coordinator that does what a test tells it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <ec/swarm/worker.hpp>
#include <map>
#include <mutex>
#include <set>

namespace ec::swarm::testing {

using namespace std::chrono_literals;

/// For what must happen, on a busy machine too.
inline constexpr std::chrono::seconds kPatience{120};

/// What all clients of one worker talk to. What is not scripted goes well.
class FakeCoordinator {
public:
    template <class Call>
    auto locked(Call call) {
        const std::scoped_lock lock(mutex_);
        auto result = call();
        changed_.notify_all();
        return result;
    }
    /// Waits until something is so; the test fails where it never is.
    template <class Predicate>
    [[nodiscard]] bool wait_for(Predicate predicate) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, predicate);
    }
    void lend(Lease lease) {
        const std::scoped_lock lock(mutex_);
        leases.push_back(std::move(lease));
        changed_.notify_all();
    }
    bool was_said(const std::string& part) {
        for (const std::string& line : said)
            if (line.find(part) != std::string::npos) return true;
        return false;
    }
    void say(std::string_view line) {
        const std::scoped_lock lock(mutex_);
        said.emplace_back(line);
        changed_.notify_all();
    }

    Result<std::vector<Lease>> claim(const ClaimRequest& request, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        claims.push_back(request);
        if (!claim_errors.empty()) {
            Error error = claim_errors.front();
            claim_errors.pop_front();
            changed_.notify_all();
            return fail(std::move(error));
        }
        changed_.notify_all();
        const auto fitting = [&] {
            return std::ranges::find_if(leases, [&](const Lease& lease) {
                return std::ranges::find(request.offer.kinds, lease.kind) != request.offer.kinds.end();
            });
        };
        changed_.wait_for(lock, stop, 20ms, [&] { return fitting() != leases.end(); });
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        std::vector<Lease> out;
        for (auto at = fitting(); at != leases.end() && (ignores_most || out.size() < request.most); at = fitting()) {
            out.push_back(std::move(*at));
            leases.erase(at);
        }
        return out;
    }
    Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        beats.push_back(request);
        changed_.notify_all();
        if (beat_error) return fail(*beat_error);
        HeartbeatReply reply;
        reply.next_s = 10;
        if (waits && request.wait_s > 0) {
            reply.next_s = 0;
            changed_.wait_for(lock, stop, kPatience, [&] {
                return std::ranges::any_of(request.held,
                                           [&](const Held& held) { return holdings.contains(held.task.text()); });
            });
            if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        }
        for (const Held& held : request.held) {
            const auto at = holdings.find(held.task.text());
            reply.held.push_back({held.task, at == holdings.end() ? Holding::kept : at->second, 0});
        }
        return reply;
    }
    Result<std::vector<Result<Completion>>> complete(const std::vector<Report>& reports) {
        const std::scoped_lock lock(mutex_);
        ++completes;
        changed_.notify_all();
        if (complete_error) return fail(*complete_error);
        std::vector<Result<Completion>> out;
        for (const Report& report : reports) {
            const auto holding = holdings.find(report.task.text());
            if (holding != holdings.end() && holding->second == Holding::lost) {
                out.emplace_back(fail(ErrorCode::conflict, "the lease is not yours any more"));
                continue;
            }
            if (const auto refused = refusals.find(report.task.text()); refused != refusals.end()) {
                out.emplace_back(fail(refused->second));
                continue;
            }
            const bool again = !seen.insert({report.task.text(), report.fence.value}).second;
            if (!again) completed.push_back(report);
            out.emplace_back(Completion{State::done, State::running, again});
        }
        if (answers_short) out.pop_back();
        return out;
    }

    // All of it under the mutex.
    std::deque<Lease> leases;
    std::deque<Error> claim_errors;
    std::vector<ClaimRequest> claims;
    std::vector<HeartbeatRequest> beats;
    std::map<std::string, Holding> holdings;
    std::optional<Error> beat_error, complete_error, hello_error;
    std::map<std::string, Error> refusals;
    std::set<std::pair<std::string, std::int64_t>> seen;
    std::vector<Report> completed;
    int completes = 0, fetches = 0;
    bool answers_short = false, ignores_most = false;
    bool waits = false;                                           ///< with heartbeats, as they say that it may
    std::vector<std::pair<std::string, std::string>> given_back;  // task and reason
    std::map<std::string, std::string> blobs;
    std::deque<std::string> keys;  // that a submitter gives, one a call
    std::int64_t off_s = 0;
    std::vector<std::string> said;

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
};

}  // namespace ec::swarm::testing
