// Repair: makes a failing test command pass. The whole pipeline behind `edgecoder fix`, for one workspace.
//
// Nothing here writes to the workspace; the caller applies the patch. The sandbox must outlive the call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <ec/executor/report.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/candidate.hpp>
#include <ec/repair/judge.hpp>
#include <ec/repair/search.hpp>
#include <ec/vcs/diff.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::repair {

struct RepairRequest {
    std::string test;                          ///< the test command, as typed
    std::chrono::milliseconds budget{60'000};  ///< for the whole run
    std::uint64_t seed = 1;
    bool resume = false;
    bool edit_tests = false;            ///< also offer edits of tests and configuration
    std::filesystem::path journal_dir;  ///< empty: no journal
    /// Ids of failing tests to mend; the others may go on failing, but none may begin to. Empty: the whole command is
    /// to pass.
    std::vector<std::string> targets = {};
    Shard shard;  ///< of a search over several machines; together they judge what one alone would
};

/// A patch that passed the whole command in a clean sandbox.
struct VerifiedPatch {
    std::vector<vcs::FileVersion> files;
    std::string patch;  ///< unified diff
    std::string explanation;
    std::string op;
    std::size_t agreeing = 1;  ///< candidates that behave like this one on generated inputs
    executor::TestReport report;
};

struct RepairResult {
    enum class Status { fixed, unfixed, already_passing };
    Status status = Status::unfixed;
    std::vector<VerifiedPatch> patches;  ///< best first; empty unless fixed
    executor::TestReport before;
    std::vector<std::string> flaky;    ///< tests that did not end the same way every time
    std::vector<std::string> failing;  ///< the tests the search worked on
    std::string judge;                 ///< how candidates were judged
    std::string proposer;
    SearchOutcome search;  ///< without the survivors
    std::string reason;    ///< one sentence, when not fixed
};

/// What a run says while it works. Called from one thread at a time.
class RepairEvents {
public:
    virtual ~RepairEvents() = default;
    virtual void stage(std::string_view name, std::string_view detail) = 0;
    virtual void progress(const SearchProgress& progress) = 0;
};

/// Makes one judge; fails when it cannot serve the project, and the next one is tried.
using JudgeFactory = std::function<Result<std::unique_ptr<Judge>>(const std::stop_token&)>;
/// The judges for one command, preferred first; the last one can serve any command.
std::vector<JudgeFactory> default_judges(const executor::TestCommand& command, executor::Sandbox& sandbox,
                                         std::uint64_t seed);

/// Runs the pipeline: observe, localise, search, rank, verify. Fails with invalid_argument when the command cannot be
/// started at all, with cancelled on stop, and with what the machine lacks; a program that could not be fixed is a
/// RepairResult with a reason.
Result<RepairResult> repair(executor::Sandbox& sandbox, const Clock& clock, RepairEvents& events,
                            const RepairRequest& request, std::stop_token stop);

}  // namespace ec::repair
