#include "fix_job.hpp"

#include <cmath>
#include <ec/executor/apply.hpp>
#include <ec/executor/sandbox.hpp>

#include "data_dir.hpp"
#include "policy_files.hpp"
#include "reduced_consent.hpp"
#include "write_patch.hpp"

namespace ec::apps {
namespace {

constexpr double kLongestBudget = 7 * 24 * 3600;

Status check(const FixOptions& options) {
    if (!(options.budget_seconds > 0) || options.budget_seconds > kLongestBudget) {
        return fail(ErrorCode::invalid_argument, "--budget must be more than 0 and at most 604800 seconds");
    }
    if (options.test.find_first_not_of(" \t\n") == std::string::npos || options.test.find('\0') != std::string::npos) {
        return fail(ErrorCode::invalid_argument, "--test needs a command");
    }
    return {};
}

}  // namespace

RunCommandOptions fix_task(const FixOptions& options) {
    RunCommandOptions run;
    run.task = "Make the failing tests pass.";
    run.directory = options.directory;
    run.test = options.test;
    run.model = options.model;
    run.budget_seconds = options.budget_seconds;
    run.seed = options.seed;
    run.yes = options.apply;
    run.approved = options.approved;
    run.edit_tests = options.edit_tests;
    run.only_failing = true;
    return run;
}

Result<FixOutcome> fix(const FixOptions& options, repair::RepairEvents& events, const Clock& clock, FixSummary& summary,
                       std::stop_token stop) {
    EC_TRY(check(options));
    EC_TRY(executor::check_approvals(options.approved));
    if (options.apply) EC_TRY(undo_dir());
    executor::SandboxOptions sandbox_options;
    sandbox_options.workspace = options.directory;
    EC_ASSIGN(sandbox_options.policy, effective_policy(options.directory));
    sandbox_options.reduced_consent = consent_under(sandbox_options.policy);
    if (options.apply) sandbox_options.private_folder = consent_folder();
    EC_ASSIGN(const auto sandbox, executor::open_sandbox(sandbox_options));
    summary.tier = sandbox->isolation().tier;

    repair::RepairRequest request;
    request.test = options.test;
    request.budget = std::chrono::milliseconds(std::llround(std::max(1.0, options.budget_seconds * 1000)));
    request.seed = options.seed;
    request.resume = options.resume;
    request.edit_tests = options.edit_tests;
    if (const auto data = data_dir(); !data.empty()) request.journal_dir = data / "fix";

    FixOutcome outcome;
    EC_ASSIGN(outcome.result, repair::repair(*sandbox, clock, events, request, stop));
    summary.tier = sandbox->isolation().tier;
    outcome.summary = summary;
    if (options.apply && outcome.result.status == repair::RepairResult::Status::fixed) {
        EC_TRY(write_patch(sandbox->workspace(), outcome.result.patches.front().files, options.approved, "a fix"));
        outcome.summary.applied = true;
    }
    return outcome;
}

}  // namespace ec::apps
