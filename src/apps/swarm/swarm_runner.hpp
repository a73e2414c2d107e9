// What a lent machine does with a task: everything in the sandbox, under this machine's policy and the caps its owner
// gave. The worker's JobRunner, over repair, the headless worker agent and the test runners.
//
//   repair             a share of the search without a model
//   attempt, subtask   the worker agent with the owner's model; without one a subtask is a repair by its own tests
//   verify             somebody else's patch on a clean copy, the whole test command, once more where it fails
//
// Threads: run() from several at once; tasks that need the model take turns.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/swarm/worker.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "../model_choice.hpp"

namespace ec::apps {

struct RunnerOptions {
    std::vector<swarm::TaskKind> kinds;  ///< that may be done; empty: all that this runner can
    std::vector<swarm::GroupId> groups;
    std::int64_t memory_mb = 0;  ///< of any one program in the sandbox, at most; 0: what the policy says
    int slots = 1;
    std::chrono::seconds budget{0};  ///< of one task, at most; 0: what its submitter says
    std::string model = "none";      ///< as after --model
};

class SwarmRunner final : public swarm::JobRunner {
public:
    /// `invalid_argument` for a model that is none or a kind that it cannot do.
    static Result<std::unique_ptr<SwarmRunner>> open(RunnerOptions options);

    [[nodiscard]] swarm::Offer offer() const override { return offer_; }
    Result<swarm::WorkDone> run(const swarm::Work& work, const swarm::JobProgress& progress,
                                std::stop_token stop) override;

private:
    explicit SwarmRunner(RunnerOptions options) : options_(std::move(options)) {}
    [[nodiscard]] Result<std::unique_ptr<executor::Sandbox>> open_sandbox(const std::filesystem::path& folder) const;
    [[nodiscard]] std::chrono::milliseconds budget_of(const swarm::Work& work) const;
    /// Whether the owner's limit ended what began at `start` before its submitter's would have.
    [[nodiscard]] bool cut_short(const swarm::Work& work, std::chrono::nanoseconds start) const;
    Result<swarm::TaskResult> judge(const swarm::Work& work, const swarm::JobProgress& progress, std::stop_token stop);
    Result<swarm::TaskResult> repair(const swarm::Work& work, const swarm::JobProgress& progress, std::stop_token stop);
    Result<swarm::TaskResult> attempt(const swarm::Work& work, const swarm::JobProgress& progress,
                                      std::stop_token stop);
    Result<swarm::TaskResult> verify(const swarm::Work& work, const swarm::TaskResult& judged,
                                     const swarm::JobProgress& progress, std::stop_token stop);

    RunnerOptions options_;
    swarm::Offer offer_;
    SystemClock clock_;
    std::unique_ptr<ModelPorts> ports_;
    std::unique_ptr<model::ChatModel> model_;
    std::mutex model_mutex_;
};

}  // namespace ec::apps
