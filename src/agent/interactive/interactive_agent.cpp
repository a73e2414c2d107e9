#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <ec/agent/interactive_agent.hpp>
#include <ec/agent/test_discovery.hpp>
#include <ec/core/text.hpp>

#include "agent_state.hpp"
#include "localise.hpp"
#include "pipeline.hpp"
#include "prompt.hpp"
#include "task.hpp"
#include "timed_person.hpp"
#include "tool_loop.hpp"

namespace ec::agent {
namespace {

using model::Message;
using model::Role;

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

}  // namespace

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

TaskResult InteractiveAgent::State::unchanged(const Task& task) {
    TaskResult result;
    if (task.before) {
        result.before = task.before->report;
        result.after = task.before->report;
        result.tier = task.before->tier;
    }
    return result;
}

TaskResult InteractiveAgent::State::too_late(Task& task) const {
    TaskResult result = unchanged(task);
    result.reason = "the time for this task is over";
    result.review_reason = "time";
    result.proposer = ports.model != nullptr ? fmt::format("model:{}", ports.model->facts().name) : "none";
    result.candidates = task.candidates;
    task.measure();
    result.usage = task.usage;
    return result;
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

Result<Attempt> InteractiveAgent::State::attempt(Task& task, Approach& approach) {
    if (approach == Approach::pipeline) return run_pipeline(task, conversation);
    TaskContext context;
    context.task = task.words;
    if (task.bench) {
        constexpr std::size_t kMapBytes = 4000;
        constexpr std::size_t kOutputBytes = 3000;
        context.test_command = task.bench->command().text;
        if (task.red_before()) context.test_output = task.describe(*task.before, kOutputBytes);
        if (ports.map) context.map = task.redact("project map", ports.map(task.words, likely_files(task), kMapBytes));
    }
    conversation.push_back({Role::user, task_message(context), {}, {}});
    if (ports.other_tools != nullptr && !needs_no_project(task.words))
        task.other_tools = ports.other_tools->offer(task.events, task.stop);
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
    // Bound before the task is there: nobody is asked until then.
    Task* under_way = nullptr;
    TimedPerson timed(person, *state.ports.clock, [&](std::chrono::nanoseconds time) {
        under_way->waited += time;
        under_way->deadline += time;
    });
    Task task{.ports = state.ports,
              .settings = state.settings,
              .skill = state.skill,
              .events = events,
              .person = timed,
              .stop = stop,
              .words = words,
              .joules_before = {},
              .told = {}};
    under_way = &task;
    task.started = state.ports.clock->now();
    if (state.ports.energy) task.joules_before = state.ports.energy();
    task.deadline = task.started + state.settings.budget;
    EC_TRY(state.prepare(task));
    if (task.out_of_time()) return state.too_late(task);
    if (state.ports.model == nullptr) {
        if (state.settings.test.empty())
            events.event(WarningEvent{"without a model only the failing tests are worked on, whatever the task says"});
        return state.without_model(task, task.within(state.settings.budget));
    }
    if (state.settings.only_failing && task.before) {
        // Thousands of small edits cost less than one answer.
        EC_ASSIGN(TaskResult searched, state.without_model(task, task.within(state.settings.mend_budget)));
        if (searched.status != TaskResult::Status::unfixed || searched.reason == kChangeRejected) return searched;
        task.candidates = searched.candidates;
    }

    Approach approach = state.settings.approach;
    if (approach == Approach::automatic) approach = choose_approach(state.ports.model->facts(), state.skill);
    EC_TRY(state.add_system(approach));
    TaskResult result = State::unchanged(task);
    if (state.settings.plan_first && !needs_no_project(words)) {
        EC_ASSIGN(const bool agreed, state.plan(task));
        if (!agreed) {
            result.reason = "the plan was rejected";
            task.measure();
            result.usage = task.usage;
            return result;
        }
    }
    auto attempted = state.attempt(task, approach);
    if (!attempted) {
        if (attempted.error().code != ErrorCode::cancelled || stop.stop_requested()) return fail(attempted.error());
        return state.too_late(task);
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
