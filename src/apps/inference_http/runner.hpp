// The leased work of an inference service: takes jobs apart, puts their parts together, and hands on what the parts
// could not do. Its group trusts it with the jobs' keys; the coordinator sees none of this.
//
//   decompose   runs the tests once, makes a plan with the model or without, adds the parts and the merge behind them
//   merge       joins the parts with the tests after each; what does not fit goes back with what happened, once to the
//               workers, once to this service's model, and then to a person
//   escalate    a part for this service's own model
//
// Threads: run() from several at once.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <ec/inference/merge.hpp>
#include <ec/inference/plan.hpp>
#include <ec/swarm/worker.hpp>
#include <functional>
#include <memory>

namespace ec::apps::inference_http {

struct RunnerPorts {
    std::function<Result<std::unique_ptr<executor::Sandbox>>(const std::filesystem::path& folder)> open_sandbox;
    /// A plan by the model; `unavailable` where there is none.
    std::function<Result<inference::Plan>(const inference::Question& question, std::stop_token stop)> plan;
    /// Runs an escalated part as any worker runs a part; null: this service has no model.
    swarm::JobRunner* parts = nullptr;
    std::vector<swarm::GroupId> groups;
};

class InferenceRunner final : public swarm::JobRunner {
public:
    explicit InferenceRunner(RunnerPorts ports) : ports_(std::move(ports)) {}

    [[nodiscard]] swarm::Offer offer() const override;
    Result<swarm::WorkDone> run(const swarm::Work& work, const swarm::JobProgress& progress,
                                std::stop_token stop) override;

private:
    Result<swarm::WorkDone> decompose(const swarm::Work& work, const swarm::JobProgress& progress,
                                      std::stop_token stop);
    Result<swarm::WorkDone> merge(const swarm::Work& work, const swarm::JobProgress& progress, std::stop_token stop);
    struct Asked {
        inference::Question question;
        int passing = 0;       ///< tests
        std::string unseen;    ///< why no failing test is known, where that is not as it should be
        bool in_vain = false;  ///< there is nothing to take apart, and will not be
    };
    Result<Asked> question(const swarm::Work& work, const swarm::JobProgress& progress, std::stop_token stop);
    Result<inference::TestedState> run_tests(const swarm::Work& work, const std::vector<vcs::FileVersion>& files,
                                             std::stop_token stop);

    RunnerPorts ports_;
};

}  // namespace ec::apps::inference_http
