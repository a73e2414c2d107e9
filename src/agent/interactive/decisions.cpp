// Where the person decides: on the plan, and on the change.
#include <fmt/format.h>

#include "agent_state.hpp"
#include "edits_of.hpp"
#include "prompt.hpp"
#include "tool_loop.hpp"

namespace ec::agent {
namespace {

using model::Role;

constexpr int kMostRedirections = 10;

// A question that was stopped comes back as a rejection, which nobody said.
Status stopped(const Task& task) {
    if (!task.stop.stop_requested()) return {};
    return fail(ErrorCode::cancelled, "the task was stopped");
}

}  // namespace

Result<bool> InteractiveAgent::State::plan(Task& task) {
    task.stage("plan", "asking for a plan");
    for (int round = 0; round < kMostRedirections; ++round) {
        model::ChatRequest request;
        request.messages = conversation;
        request.messages.push_back({Role::user, fmt::format("{}\n\n{}", task.words, kPlanOnly), {}, {}});
        request.sampling.seed = settings.seed;
        EC_ASSIGN(const model::ChatReply reply, task.ask(request));
        Plan plan;
        for (std::string& step : plan_steps(reply.text, true))
            plan.steps.push_back({std::move(step), PlanStep::State::pending});
        if (plan.steps.empty()) {
            // There is nothing to decide on; whatever changes files is asked for all the same.
            task.stage("plan", "it wrote no steps; going on without a plan");
            return true;
        }
        task.events.event(PlanEvent{plan});
        const Answer answer = task.person.approve_plan(plan);
        EC_TRY(stopped(task));
        if (answer.kind == Answer::Kind::reject) return false;
        if (answer.kind == Answer::Kind::redirect) {
            task.words += "\n" + answer.text;
            continue;
        }
        if (answer.kind == Answer::Kind::edit) {
            task.words += "\n\nDo it by this plan:\n" + answer.text;
        } else {
            task.words += "\n\nThe plan you made:\n";
            for (const PlanStep& step : plan.steps) task.words += "- " + step.text + "\n";
        }
        return true;
    }
    return false;
}

// The value is what the person wants instead; nothing when the change was approved or rejected.
Result<std::optional<std::string>> InteractiveAgent::State::ask_person(Task& task, Attempt& attempt,
                                                                       TaskResult& result) {
    const executor::TestReport* report = attempt.verdict ? &attempt.verdict->report : nullptr;
    task.person.proposed(attempt.draft.versions());
    const Answer answer = task.person.approve_patch(result.patch, report);
    EC_TRY(stopped(task));
    switch (answer.kind) {
        case Answer::Kind::approve:
            result.status = TaskResult::Status::fixed;
            return std::nullopt;
        case Answer::Kind::reject:
            result.status = TaskResult::Status::unfixed;
            result.reason = kChangeRejected;
            conversation.push_back({Role::user, "The change was rejected; the files are as they were.", {}, {}});
            return std::nullopt;
        case Answer::Kind::redirect:
            return answer.text;
        case Answer::Kind::edit:
            break;
    }
    // An edited patch is against the workspace and takes the place of the draft.
    Draft edited(*ports.workspace);
    model::ChatReply reply;
    reply.text = answer.text;
    const TakenEdits taken = take_edits(task, edited, reply, "", true);
    if (!taken.problems.empty() || taken.paths.empty()) {
        task.events.event(WarningEvent{"the edited patch does not apply: " + taken.problems});
        return ask_person(task, attempt, result);
    }
    attempt.draft = std::move(edited);
    if (task.bench) {
        EC_ASSIGN(attempt.verdict, task.test(attempt.draft));
    }
    EC_ASSIGN(result.patch, attempt.draft.patch());
    return ask_person(task, attempt, result);
}

Status InteractiveAgent::State::settle(Task& task, Attempt& attempt, TaskResult& result) {
    for (int round = 0; round < kMostRedirections; ++round) {
        EC_ASSIGN(result.patch, attempt.draft.patch());
        EC_ASSIGN(const std::optional<std::string> instead, ask_person(task, attempt, result));
        if (!instead) break;
        if (ports.model == nullptr) return fail(ErrorCode::invalid_argument, "there is no model to be told so");
        task.words = *instead;
        conversation.push_back({Role::user, *instead, {}, {}});
        auto changed = run_tool_loop(task, conversation, attempt.draft);
        if (!changed) {
            if (changed.error().code == ErrorCode::cancelled) return fail(changed.error());
            // What was proved so far is not lost with the model.
            task.events.event(WarningEvent{changed.error().message});
            continue;
        }
        if (!changed->done() || changed->answered) {
            result.status = TaskResult::Status::unfixed;
            result.reason = changed->reason.empty() ? "the change was not made" : changed->reason;
            return {};
        }
        // Words alone leave the change, and what its tests said, as they are.
        const bool same = changed->draft.identity() == attempt.draft.identity();
        if (same && !changed->verdict) changed->verdict = attempt.verdict;
        attempt = *std::move(changed);
        if (task.bench && !attempt.verdict) {
            EC_ASSIGN(attempt.verdict, task.test(attempt.draft));
        }
    }
    result.files = attempt.draft.versions();
    if (attempt.verdict) result.after = attempt.verdict->report;
    result.tested = attempt.verdict.has_value();
    if (result.status != TaskResult::Status::fixed || !ports.write) return {};
    if (const Status written = ports.write(result.files); !written) {
        result.write_error = written.error();
        result.reason = written.error().message;
        return {};
    }
    result.applied = true;
    if (ports.checkpoint) ports.checkpoint("written", conversation);
    return {};
}

}  // namespace ec::agent
