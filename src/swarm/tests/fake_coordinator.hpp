// A coordinator that does what a test tells it, and the clients that a worker talks to it with.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <ec/swarm/worker.hpp>
#include <map>
#include <mutex>
#include <set>

namespace ec::swarm::testing {

using namespace std::chrono_literals;

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
        return changed_.wait_for(lock, 20s, predicate);
    }
    void lend(Lease lease) {
        const std::scoped_lock lock(mutex_);
        leases.push_back(std::move(lease));
        changed_.notify_all();
    }
    std::vector<std::string> said_lines() {
        const std::scoped_lock lock(mutex_);
        return said;
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
        changed_.wait_for(lock, stop, 20ms, [this] { return !leases.empty(); });
        if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
        std::vector<Lease> out;
        while (!leases.empty() && (ignores_most || out.size() < request.most)) {
            out.push_back(std::move(leases.front()));
            leases.pop_front();
        }
        return out;
    }
    Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request) {
        const std::scoped_lock lock(mutex_);
        beats.push_back(request);
        changed_.notify_all();
        if (beat_error) return fail(*beat_error);
        HeartbeatReply reply;
        reply.next_s = 10;
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
            const auto refused = refusals.find(report.task.text());
            if (refused != refusals.end()) {
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
    std::vector<std::pair<std::string, std::string>> given_back;  // task and reason
    std::map<std::string, std::string> blobs;
    std::deque<std::string> keys;  // that a submitter gives, one a call
    std::int64_t off_s = 0;
    std::vector<std::string> said;

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
};

class FakeClient final : public CoordinatorClient {
public:
    explicit FakeClient(FakeCoordinator& coordinator) : coordinator_(coordinator) {}
    Result<ServerTime> hello(std::stop_token) override {
        return coordinator_.locked([&]() -> Result<ServerTime> {
            if (coordinator_.hello_error) return fail(*coordinator_.hello_error);
            return ServerTime{1'000'000, coordinator_.off_s};
        });
    }
    Result<std::vector<Lease>> claim(const ClaimRequest& request, std::stop_token stop) override {
        return coordinator_.claim(request, stop);
    }
    Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request, std::stop_token) override {
        return coordinator_.heartbeat(request);
    }
    Result<std::vector<Result<Completion>>> complete(const std::vector<Report>& reports, std::stop_token) override {
        return coordinator_.complete(reports);
    }
    Status give_back(const TaskId& task, Fence, const std::string& reason, std::stop_token) override {
        return coordinator_.locked([&]() -> Status {
            coordinator_.given_back.emplace_back(task.text(), reason);
            return {};
        });
    }
    Result<std::string> key(const TaskId&, Fence, int, std::stop_token) override {
        return coordinator_.locked([&]() -> Result<std::string> {
            if (coordinator_.keys.empty()) return std::string();
            std::string key = coordinator_.keys.front();
            coordinator_.keys.pop_front();
            return key;
        });
    }
    Result<std::vector<SealedBlob>> fetch(const std::vector<BlobId>& ids, std::stop_token) override {
        return coordinator_.locked([&]() -> Result<std::vector<SealedBlob>> {
            ++coordinator_.fetches;
            std::vector<SealedBlob> out;
            for (const BlobId& id : ids)
                if (const auto at = coordinator_.blobs.find(id.text()); at != coordinator_.blobs.end())
                    out.push_back({id, at->second});
            return out;
        });
    }

    // What a worker never asks.
    Result<identity::Node> join(const Secret&, identity::NodeKind, const std::string&, std::stop_token) override {
        return never();
    }
    Result<std::vector<Submitted>> submit(const std::vector<NewJob>&, const std::string&, std::stop_token) override {
        return never();
    }
    Result<JobStatus> job(const JobId&, std::stop_token) override { return never(); }
    Result<std::vector<JobStatus>> jobs(const JobId&, unsigned, std::stop_token) override { return never(); }
    Status watch(const JobId&, std::int64_t, const std::function<bool(const Event&)>&, std::stop_token) override {
        return never();
    }
    Result<Explanation> explain(const JobId&, std::stop_token) override { return never(); }
    Result<std::vector<Receipt>> receipts(const JobId&, std::stop_token) override { return never(); }
    Status cancel(const JobId&, std::stop_token) override { return never(); }
    Result<Completion> verdict(const JobId&, const TaskId&, bool, std::stop_token) override { return never(); }
    Status give_key(const JobId&, const identity::NodeId&, const std::string&, std::stop_token) override {
        return never();
    }
    Result<std::vector<BlobId>> missing(const std::vector<BlobId>&, std::stop_token) override { return never(); }
    Status put(const std::vector<SealedBlob>&, std::stop_token) override { return never(); }

private:
    static std::unexpected<Error> never() {
        ADD_FAILURE() << "a worker asked what is not its to ask";
        return fail(ErrorCode::internal, "never");
    }
    FakeCoordinator& coordinator_;
};

}  // namespace ec::swarm::testing
