// What can be done without a model: make failing tests pass, by mutation.
#include <ec/repair/repair.hpp>

#include "../draft/scratch.hpp"
#include "../draft/search_events.hpp"
#include "agent_state.hpp"

namespace ec::agent {
namespace {

class MutationEvents final : public SearchEvents {
public:
    using SearchEvents::SearchEvents;
    void stage(std::string_view name, std::string_view detail) override {
        events_.event(StageEvent{std::string(name), std::string(detail)});
    }
};

}  // namespace

Result<TaskResult> InteractiveAgent::State::without_model(Task& task, std::chrono::milliseconds budget) {
    TaskResult result = unchanged(task);
    result.proposer = "none";
    if (!task.bench) {
        return fail(ErrorCode::unavailable,
                    "without a model EdgeCoder can only make failing tests pass, and it knows no test command here",
                    "give --test, or choose a model with --model");
    }
    if (task.before->passed()) {
        result.status = TaskResult::Status::already_passing;
        result.reason = "the tests pass already, and without a model that is all there is to go by";
        return result;
    }
    repair::RepairRequest request;
    request.test = task.bench->command().text;
    request.budget = budget;
    request.edit_tests = settings.edit_tests;
    request.seed = settings.seed;
    MutationEvents events(task.events);
    // The search reads what lies on the disk.
    std::optional<Scratch> scratch;
    std::unique_ptr<executor::Sandbox> scratch_sandbox;
    if (!ports.workspace->unsaved().empty()) {
        EC_ASSIGN(scratch, Scratch::make(ports.sandbox->workspace(), Draft(*ports.workspace)));
        EC_ASSIGN(scratch_sandbox, ports.open_sandbox(scratch->path()));
    }
    executor::Sandbox& sandbox = scratch_sandbox ? *scratch_sandbox : *ports.sandbox;
    EC_ASSIGN(const repair::RepairResult repaired, repair::repair(sandbox, *ports.clock, events, request, task.stop));
    result.candidates = repaired.search.tried;
    result.proposer = repaired.proposer.empty() ? "none" : repaired.proposer;
    result.reason = repaired.reason;
    if (repaired.status != repair::RepairResult::Status::fixed) {
        result.review_reason = "model_limit";
        return result;
    }
    Attempt attempt{Draft(*ports.workspace)};
    for (const vcs::FileVersion& file : repaired.patches.front().files) attempt.draft.put(file.path, file.after);
    attempt.explanation = repaired.patches.front().explanation;
    attempt.verdict = *task.before;
    attempt.verdict->report = repaired.patches.front().report;
    result.explanation = attempt.explanation;
    EC_TRY(settle(task, attempt, result));
    return result;
}

}  // namespace ec::agent
