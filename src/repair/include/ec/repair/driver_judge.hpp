// DriverJudge: judges candidates through language drivers that stay warm inside the sandbox, one Session for each lane.
//
// A driver (DriverSpec) is a program that speaks frames of JSON (docs/judge-protocol.md). A lane whose driver dies or
// hangs is opened anew and what is left of its batch judged one by one, so that one candidate cannot spoil the others.
//
// The sandbox must outlive the judge. Threads: as judge.hpp says; the judge starts no thread of its own.
#pragma once

#include <cstdint>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/judge.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ec::repair {

/// All that DriverJudge knows about one language.
struct DriverSpec {
    std::string name;               ///< shown to the person: "forked python"
    std::vector<std::string> argv;  ///< starts the driver inside the sandbox
    std::vector<std::pair<std::string, std::string>> support_files;
    std::vector<std::pair<std::string, std::string>> environment;
    std::string framework;               ///< as in the start request: "pytest", "node-test", …
    std::string directory = ".";         ///< relative to the workspace
    std::vector<std::string> arguments;  ///< words after the runner
    bool cwd_on_path = true;             ///< Python: was it `python -m RUNNER`?
    executor::Limits limits;             ///< of one lane; its wall time and CPU time are not bounded
};

/// The Python driver for `command`; `not_found` when it is none of pytest, unittest, doctest or `python FILE`.
Result<DriverSpec> python_driver(const executor::TestCommand& command, const std::filesystem::path& workspace);

/// The Node driver for `command`; `not_found` when it is none of node --test, mocha, jest, vitest or `node FILE`, or
/// asks for a loader or flags that the driver does not play.
Result<DriverSpec> node_driver(const executor::TestCommand& command, const std::filesystem::path& workspace);

class DriverJudge final : public Judge {
public:
    /// Opens the first lane; the others start when they are first asked for, for each costs loading the project once
    /// more. Fails when the driver cannot serve the project (`unavailable`, with its reason): the caller then falls
    /// back to another judge.
    static Result<std::unique_ptr<DriverJudge>> start(executor::Sandbox& sandbox, DriverSpec spec, std::size_t lanes,
                                                      std::uint64_t seed, std::stop_token stop = {});
    ~DriverJudge() override;

    [[nodiscard]] std::string_view name() const override;
    [[nodiscard]] std::size_t lanes() const override;
    bool ready(std::size_t lane) override;
    Result<BaselineRun> observe_baseline(int repeats, std::chrono::milliseconds limit, std::stop_token stop) override;
    Result<std::vector<Judgement>> judge(std::size_t lane, std::span<const Candidate> candidates, const JudgePlan& plan,
                                         std::stop_token stop) override;
    Result<std::vector<Observation>> observe(std::size_t lane, std::span<const Candidate> candidates,
                                             std::string_view file, int line, std::uint64_t seed,
                                             std::stop_token stop) override;

private:
    struct State;
    explicit DriverJudge(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace ec::repair
