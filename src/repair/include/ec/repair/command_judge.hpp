// CommandJudge: the judge of last resort, for any test command in any language. Every candidate is one run of the
// command in the sandbox (for `node --test`: of each asked file, up to the first that fails), narrowed to the asked
// tests where the runner can select them, and judged by its report.
//
// Coverage for the baseline comes through the environment (a tracer for Python processes, NODE_V8_COVERAGE for Node),
// so it covers whole runs; per test only where the runner can run one test alone. There is nothing to observe() here.
//
// The sandbox and what `options` names must outlive the judge. judge() may be called from several threads.
#pragma once

#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/judge.hpp>
#include <memory>

namespace ec::repair {

struct CommandJudgeOptions {
    executor::Limits limits;  ///< of one run; the wall and processor time come from the calls
    std::size_t lanes = 2;
};

class CommandJudge final : public Judge {
public:
    CommandJudge(executor::Sandbox& sandbox, executor::TestCommand command, CommandJudgeOptions options);
    ~CommandJudge() override;

    [[nodiscard]] std::string_view name() const override { return "process each"; }
    [[nodiscard]] std::size_t lanes() const override;
    bool ready(std::size_t lane) override { return lane < lanes(); }
    Result<BaselineRun> observe_baseline(int repeats, std::chrono::milliseconds limit, std::stop_token stop) override;
    Result<std::vector<Judgement>> judge(std::size_t lane, std::span<const Candidate> candidates, const JudgePlan& plan,
                                         std::stop_token stop) override;
    Result<std::vector<Observation>> observe(std::size_t lane, std::span<const Candidate> candidates,
                                             std::string_view file, int line, std::uint64_t seed,
                                             std::stop_token stop) override;

    /// Whether runs are narrowed to the asked tests; known after observe_baseline().
    [[nodiscard]] bool selects_tests() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ec::repair
