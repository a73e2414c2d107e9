// The work of `edgecoder fix` without a model, for whoever asks for it: a command, or a client of a protocol.
#pragma once

#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <ec/repair/repair.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "fix_report.hpp"
#include "run_job.hpp"

namespace ec::apps {

struct FixOptions {
    std::string directory = ".";
    std::string test;
    double budget_seconds = 60;
    std::string model = "none";
    std::uint64_t seed = 1;
    bool resume = false;
    bool apply = false;
    std::vector<std::string> approved;  ///< guarded places that --apply may write, each by its name
    bool edit_tests = false;
    bool json = false;
    bool events = false;
};

struct FixOutcome {
    repair::RepairResult result;
    FixSummary summary;
};

/// The same wish as a task for the agent: mutations first, then the model, judged the same way.
RunCommandOptions fix_task(const FixOptions& options);

/// Searches in the sandbox and, with `apply`, writes what it found. `summary` is filled as far as things are known,
/// also on failure.
Result<FixOutcome> fix(const FixOptions& options, repair::RepairEvents& events, const Clock& clock, FixSummary& summary,
                       std::stop_token stop);

}  // namespace ec::apps
