#include "run_job.hpp"

#include <cmath>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>

#include "unattended.hpp"

namespace ec::apps {
namespace {

constexpr double kLongestBudget = 7 * 24 * 3600;

Result<AgentOptions> agent_options(const RunCommandOptions& options) {
    if (trim(options.task).empty()) return fail(ErrorCode::invalid_argument, "the task is empty");
    if (!(options.budget_seconds > 0) || options.budget_seconds > kLongestBudget) {
        return fail(ErrorCode::invalid_argument, "--budget must be more than 0 and at most 604800 seconds");
    }
    const auto approach = agent::approach_named(options.approach);
    if (!approach) return fail(ErrorCode::invalid_argument, "--approach is auto, pipeline or tools");
    EC_TRY(executor::check_approvals(options.approved));
    AgentOptions agent_options;
    agent_options.directory = options.directory;
    agent_options.model = options.model;
    agent_options.write = options.yes;
    agent_options.approved = options.approved;
    agent_options.settings.test = options.test;
    agent_options.settings.approach = *approach;
    agent_options.settings.only_failing = options.only_failing;
    agent_options.settings.edit_tests = options.edit_tests;
    agent_options.settings.samples = options.samples;
    agent_options.settings.seed = options.seed;
    agent_options.settings.budget = std::chrono::milliseconds(std::llround(options.budget_seconds * 1000));
    return agent_options;
}

}  // namespace

Result<agent::TaskResult> run_unattended(const RunCommandOptions& options, agent::AgentEvents& events,
                                         std::stop_token stop) {
    EC_ASSIGN(AgentOptions settings, agent_options(options));
    EC_ASSIGN(const auto setup, AgentSetup::open(std::move(settings)));
    if (setup->no_model_chosen()) {
        events.event(agent::WarningEvent{
            "there is no default model: edgecoder model use NAME sets one, --model NAME takes one for this run"});
    }
    Unattended person;
    return setup->run(options.task, events, person, std::move(stop));
}

}  // namespace ec::apps
