#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/agent/interactive_agent.hpp>
#include <ec/agent/test_discovery.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/repair.hpp>

#include "../draft/mend.hpp"
#include "edits_of.hpp"
#include "localise.hpp"
#include "pipeline.hpp"
#include "prompt.hpp"
#include "task.hpp"
#include "tool_loop.hpp"

namespace ec::agent {
namespace {

using model::Message;
using model::Role;

constexpr int kMostRedirections = 10;
constexpr std::string_view kRejected = "the change was rejected";

/// A greeting: nothing of the project is looked at before the model has answered.
bool needs_no_project(std::string_view task) {
    static constexpr std::string_view kGreetings[] = {"hi",     "hello", "hey",       "hallo",        "good morning",
                                                      "thanks", "ok",    "thank you", "good evening", "who are you"};
    std::string words;
    for (const char c : trim(task)) {
        if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == ' ') {
            words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return std::ranges::find(kGreetings, words) != std::end(kGreetings);
}

Status tell_edits(const Draft& draft, AgentEvents& events) {
    for (const vcs::FileVersion& file : draft.versions()) {
        EC_ASSIGN(std::string patch, vcs::unified_patch({file}));
        events.event(EditEvent{file.path, std::move(patch)});
    }
    return {};
}

/// Whether the tests seem to want what a sandbox does not give, by what they say.
bool wants_outside(const TestVerdict& verdict) {
    static constexpr std::string_view kSigns[] = {"Network is unreachable",
                                                  "Temporary failure in name resolution",
                                                  "Name or service not known",
                                                  "EAI_AGAIN",
                                                  "ENETUNREACH",
                                                  "ENOTFOUND",
                                                  "Read-only file system",
                                                  "EROFS"};
    if (verdict.status == executor::RunStatus::sandbox_error) return true;
    std::string text = verdict.output;
    for (const executor::TestCase& test : verdict.report.tests) text += test.message + test.details;
    return std::ranges::any_of(kSigns, [&](std::string_view sign) { return text.find(sign) != std::string::npos; });
}

/// A task that was stopped may leave calls without an answer, and a strict server refuses such a conversation.
void answer_open_calls(std::vector<Message>& conversation) {
    const auto asked = std::ranges::find_if(conversation.rbegin(), conversation.rend(),
                                            [](const Message& message) { return message.role != Role::tool; });
    if (asked == conversation.rend() || asked->role != Role::assistant) return;
    std::vector<std::string> open;
    for (const model::ToolCall& call : asked->calls) {
        const bool answered = std::any_of(asked.base(), conversation.end(),
                                          [&](const Message& message) { return message.call_id == call.id; });
        if (!answered) open.push_back(call.id);
    }
    for (std::string& id : open)
        conversation.push_back({Role::tool, "Not done: the task was stopped.", {}, std::move(id)});
}

class MutationEvents final : public repair::RepairEvents {
public:
    explicit MutationEvents(AgentEvents& events) : events_(events) {}
    void stage(std::string_view name, std::string_view detail) override {
        events_.event(StageEvent{std::string(name), std::string(detail)});
    }
    void progress(const repair::SearchProgress& progress) override {
        events_.event(ProgressEvent{
            "candidates", -1, fmt::format("{} candidates, {:.0f} a second", progress.tried, progress.per_second)});
    }

private:
    AgentEvents& events_;
};

}  // namespace

struct InteractiveAgent::State {
    AgentPorts ports;
    AgentSettings settings;
    ModelSkill skill;
    std::vector<Message> conversation;

    Status prepare(Task& task);
    Status add_system(Approach approach);
    Result<bool> plan(Task& task);
    Result<Attempt> attempt(Task& task, Approach& approach);
    /// By mutation alone, within `budget`.
    Result<TaskResult> without_model(Task& task, std::chrono::milliseconds budget);
    Status settle(Task& task, Attempt& attempt, TaskResult& result);
    Result<std::optional<std::string>> ask_person(Task& task, Attempt& attempt, TaskResult& result);
};

Status InteractiveAgent::State::prepare(Task& task) {
    if (settings.test.empty() && needs_no_project(task.words)) return {};
    const std::string command = settings.test.empty() ? discover_test_command(*ports.workspace) : settings.test;
    if (command.empty()) return {};
    task.bench.emplace(*ports.sandbox, ports.open_sandbox, command, settings.test_limit);
    EC_ASSIGN(TestVerdict before, task.test(Draft(*ports.workspace)));
    if (settings.test.empty() && before.report.verdict == executor::TestReport::Verdict::incomplete) {
        // A guess that does not work is no test command, and must not judge anything.
        task.events.event(WarningEvent{
            fmt::format("`{}` does not run here ({}); working without tests", command, before.report.reason)});
        task.bench.reset();
        return {};
    }
    task.before = std::move(before);
    return {};
}

Status InteractiveAgent::State::add_system(Approach approach) {
    if (!conversation.empty()) return {};
    const std::string instructions = ports.instructions ? ports.instructions() : "";
    conversation.push_back(
        {Role::system,
         approach == Approach::pipeline ? pipeline_system_prompt(instructions) : tools_system_prompt(instructions),
         {},
         {}});
    return {};
}

// The plan alone, for the person to approve, edit or reject. False: rejected.
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
        task.events.event(PlanEvent{plan});
        const Answer answer = task.person.approve_plan(plan);
        if (answer.kind == Answer::Kind::reject) return false;
        if (answer.kind == Answer::Kind::redirect) {
            task.words += "\n" + answer.text;
            continue;
        }
        if (answer.kind == Answer::Kind::edit) {
            task.words += "\n\nDo it by this plan:\n" + answer.text;
        } else if (!plan.steps.empty()) {
            task.words += "\n\nThe plan you made:\n";
            for (const PlanStep& step : plan.steps) task.words += "- " + step.text + "\n";
        }
        return true;
    }
    return false;
}

Result<Attempt> InteractiveAgent::State::attempt(Task& task, Approach& approach) {
    if (approach == Approach::pipeline) return run_pipeline(task, conversation);
    TaskContext context;
    context.task = task.words;
    if (task.bench) {
        constexpr std::size_t kMapBytes = 4000;
        constexpr std::size_t kOutputBytes = 3000;
        context.test_command = task.bench->command().text;
        if (task.red_before())
            context.test_output = task.redact("output of the tests", describe(*task.before, kOutputBytes));
        if (ports.map) context.map = task.redact("project map", ports.map(task.words, likely_files(task), kMapBytes));
    }
    conversation.push_back({Role::user, task_message(context), {}, {}});
    const std::size_t calls_before = skill.tool_calls_good;
    EC_ASSIGN(Attempt attempt, run_tool_loop(task, conversation, Draft(*ports.workspace)));
    if (attempt.answered) return attempt;
    (attempt.done() ? skill.solved_with_tools : skill.failed_with_tools) += 1;
    const bool lost = !attempt.done() && skill.tool_calls_good - calls_before < 2;
    if (settings.approach != Approach::automatic || !lost || task.out_of_time() || !task.red_before()) return attempt;
    // Tools were too much for it: what works for small models may still do.
    task.events.event(WarningEvent{"the model does not get on with tools; leading it step by step instead"});
    approach = Approach::pipeline;
    std::vector<Message> fresh{
        {Role::system, pipeline_system_prompt(ports.instructions ? ports.instructions() : ""), {}, {}}};
    return run_pipeline(task, fresh);
}

Result<TaskResult> InteractiveAgent::State::without_model(Task& task, std::chrono::milliseconds budget) {
    TaskResult result;
    result.proposer = "none";
    if (!task.bench) {
        return fail(ErrorCode::unavailable,
                    "without a model EdgeCoder can only make failing tests pass, and it knows no test command here",
                    "give --test, or choose a model with --model");
    }
    result.before = task.before->report;
    result.after = result.before;
    result.tier = task.before->tier;
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
    EC_ASSIGN(const repair::RepairResult repaired,
              repair::repair(*ports.sandbox, *ports.clock, events, request, task.stop));
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

/// Shows the change. The value is what the person wants instead; nothing when the change was approved or rejected.
Result<std::optional<std::string>> InteractiveAgent::State::ask_person(Task& task, Attempt& attempt,
                                                                       TaskResult& result) {
    const executor::TestReport* report = attempt.verdict ? &attempt.verdict->report : nullptr;
    const Answer answer = task.person.approve_patch(result.patch, report);
    switch (answer.kind) {
        case Answer::Kind::approve:
            result.status = TaskResult::Status::fixed;
            return std::nullopt;
        case Answer::Kind::reject:
            result.status = TaskResult::Status::unfixed;
            result.reason = kRejected;
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

InteractiveAgent::InteractiveAgent(AgentPorts ports, AgentSettings settings, ModelSkill skill)
    : state_(new State{std::move(ports), std::move(settings), skill, {}}) {}
InteractiveAgent::~InteractiveAgent() = default;

const std::vector<Message>& InteractiveAgent::conversation() const { return state_->conversation; }
void InteractiveAgent::resume(std::vector<Message> conversation) { state_->conversation = std::move(conversation); }
const ModelSkill& InteractiveAgent::skill() const { return state_->skill; }
AgentSettings& InteractiveAgent::settings() { return state_->settings; }
void InteractiveAgent::use_model(model::ChatModel* model, ModelSkill skill) {
    state_->ports.model = model;
    state_->skill = skill;
}

Result<TaskResult> InteractiveAgent::run(const std::string& words, AgentEvents& events, Person& person,
                                         std::stop_token stop) {
    State& state = *state_;
    if (trim(words).empty()) return fail(ErrorCode::invalid_argument, "the task is empty");
    answer_open_calls(state.conversation);
    Task task{.ports = state.ports,
              .settings = state.settings,
              .skill = state.skill,
              .events = events,
              .person = person,
              .stop = stop,
              .words = words,
              .joules_before = {},
              .told = {}};
    task.started = state.ports.clock->now();
    if (state.ports.energy) task.joules_before = state.ports.energy();
    task.deadline = task.started + state.settings.budget;
    EC_TRY(state.prepare(task));
    if (state.ports.model == nullptr) {
        if (state.settings.test.empty())
            events.event(WarningEvent{"without a model only the failing tests are worked on, whatever the task says"});
        return state.without_model(task, state.settings.budget);
    }
    if (state.settings.only_failing && task.before) {
        // Thousands of small edits cost less than one answer.
        EC_ASSIGN(TaskResult searched,
                  state.without_model(task, std::min(state.settings.mend_budget, state.settings.budget)));
        if (searched.status != TaskResult::Status::unfixed || searched.reason == kRejected) return searched;
        task.candidates = searched.candidates;
    }

    Approach approach = state.settings.approach;
    if (approach == Approach::automatic) approach = choose_approach(state.ports.model->facts(), state.skill);
    EC_TRY(state.add_system(approach));
    TaskResult result;
    if (task.before) {
        result.before = task.before->report;
        result.after = task.before->report;
        result.tier = task.before->tier;
    }
    if (state.settings.plan_first && !needs_no_project(words)) {
        EC_ASSIGN(const bool agreed, state.plan(task));
        if (!agreed) {
            result.reason = "the plan was rejected";
            result.usage = task.usage;
            return result;
        }
    }
    auto attempted = state.attempt(task, approach);
    if (!attempted) {
        if (attempted.error().code != ErrorCode::cancelled || stop.stop_requested()) return fail(attempted.error());
        result.reason = "the time for this task is over";
        result.review_reason = "time";
        result.proposer = fmt::format("model:{}", state.ports.model->facts().name);
        task.measure();
        result.usage = task.usage;
        return result;
    }
    Attempt attempt = *std::move(attempted);
    result.approach = approach;
    if (task.bench) result.test_command = task.bench->command().text;
    result.candidates = task.candidates;
    result.proposer = fmt::format("model:{}{}", state.ports.model->facts().name, attempt.mended ? "+mutation" : "");
    result.answer = attempt.answer;
    result.explanation = attempt.explanation;
    if (attempt.answered) {
        result.status = TaskResult::Status::answered;
    } else if (attempt.done()) {
        // In the loop edits were told as they were written.
        if (approach == Approach::pipeline || attempt.mended) EC_TRY(tell_edits(attempt.draft, events));
        EC_TRY(state.settle(task, attempt, result));
    } else {
        result.reason = attempt.reason;
        result.review_reason = attempt.review_reason;
        const auto& last = attempt.verdict ? attempt.verdict : task.before;
        if (last && wants_outside(*last)) result.review_reason = "outside_sandbox";
        if (attempt.verdict) result.after = attempt.verdict->report;
    }
    task.measure();
    result.usage = task.usage;
    return result;
}

}  // namespace ec::agent
