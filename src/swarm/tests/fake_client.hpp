// The client that a worker talks to a FakeCoordinator with.
#pragma once

#include "tests/fake_coordinator.hpp"

namespace ec::swarm::testing {

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
    Result<HeartbeatReply> heartbeat(const HeartbeatRequest& request, std::stop_token stop) override {
        return coordinator_.heartbeat(request, stop);
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
    Result<std::int64_t> searchers(const GroupId&, std::stop_token) override { return never(); }
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
