#include "task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/judging_files.hpp>
#include <ec/agent/withhold.hpp>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>
#include <ec/model/tool_repair.hpp>

#include "edit_calls.hpp"

namespace ec::agent {
namespace {

constexpr std::string_view kTestOutput = "output of the tests";
constexpr std::size_t kMessageShown = 400;

/// A report cuts its messages. The whole line, where it is known, shows a secret at the cut for what it is.
std::string whole_message(const executor::TestCase& test) {
    const std::size_t at = test.message.empty() ? std::string::npos : test.details.find(test.message);
    if (at == std::string::npos) return test.message;
    return test.details.substr(at, test.details.find('\n', at + test.message.size()) - at);
}

}  // namespace

model::ChatReply Task::account(model::ChatReply reply, const std::vector<model::ToolSpec>& tools) {
    usage.prompt_tokens += reply.usage.prompt_tokens;
    usage.cached_tokens += reply.usage.cached_tokens;
    usage.completion_tokens += reply.usage.completion_tokens;
    ++usage.calls;
    measure();
    events.event(usage);
    for (const std::string& warning : reply.warnings) events.event(WarningEvent{warning});
    const auto known = [&](const model::ToolCall& call) {
        return std::ranges::any_of(tools, [&](const model::ToolSpec& tool) { return tool.name == call.name; });
    };
    const auto good = static_cast<std::uint32_t>(std::ranges::count_if(reply.calls, known));
    const auto native = static_cast<std::uint32_t>(reply.calls.size());
    std::vector<model::ToolSpec> meant = tools;
    meant.insert(meant.end(), edit_call_specs().begin(), edit_call_specs().end());
    reply = model::repair_tool_calls(std::move(reply), meant);
    skill.tool_calls_good += good;
    // What had to be repaired was not written as asked.
    skill.tool_calls_bad +=
        native - good + static_cast<std::uint32_t>(reply.calls.size() > native ? reply.calls.size() - native : 0);
    return reply;
}

Result<model::ChatReply> Task::ask(const model::ChatRequest& request) {
    const auto on_delta = [&](const model::Delta& delta) {
        switch (delta.kind) {
            case model::Delta::Kind::text:
            case model::Delta::Kind::thinking:
                events.event(TextEvent{std::string(delta.text), delta.kind == model::Delta::Kind::thinking});
                break;
            case model::Delta::Kind::prompt_progress:
                events.event(ProgressEvent{"prompt", delta.progress, "reading the prompt"});
                break;
        }
    };
    const TimeOrStop limit(stop, deadline - ports.clock->now());
    EC_ASSIGN(model::ChatReply reply, ports.model->complete(request, on_delta, limit.token()));
    return account(std::move(reply), request.tools);
}

void Task::measure() {
    usage.seconds = std::chrono::duration<double>(ports.clock->now() - started - waited).count();
    usage.waited = std::chrono::duration<double>(waited).count();
    const auto now = ports.energy ? ports.energy() : std::nullopt;
    if (now && joules_before) usage.joules = *now - *joules_before;
}

SecretValues Task::secret_values() const { return ports.secrets ? ports.secrets().values : SecretValues(); }

std::string Task::redact(const std::string& path, std::string_view text) {
    std::vector<Withheld> found;
    std::string clean = agent::redact(text, &found, path, secret_values());
    for (const Withheld& secret : found) {
        const std::string what = secret.line > 0 ? fmt::format("{} line {}", path, secret.line) : path;
        if (told.insert(what + secret.kind).second) events.event(WithheldEvent{what, secret.kind});
    }
    return clean;
}

std::string Task::describe(const TestVerdict& verdict, std::size_t bytes) {
    const auto clean = [&](std::string& text) { text = redact(std::string(kTestOutput), text); };
    TestVerdict shown = verdict;
    for (std::string* text : {&shown.output, &shown.note, &shown.report.reason}) clean(*text);
    for (executor::TestCase& test : shown.report.tests) {
        if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
        test.message = whole_message(test);
        for (std::string* text : {&test.id, &test.message, &test.details}) clean(*text);
        test.message = ellipsize(test.message, kMessageShown);
    }
    // Once more: parts that stand side by side now may be a secret together.
    return redact(std::string(kTestOutput), agent::describe(shown, bytes));
}

std::string Task::hold_back(Draft& draft) {
    if (settings.edit_tests || !bench) return {};
    const std::vector<std::string> judging = judging_files(draft.versions(), bench->command(), *ports.workspace);
    if (judging.empty()) return {};
    draft = draft.without(judging);
    const std::string names = join(judging, ", ");
    events.event(
        WarningEvent{fmt::format("changes of {} were left out: they decide what the tests say (--edit-tests)", names)});
    return fmt::format("Your changes of {} do not count and are taken back: the tests are what a change is judged by.",
                       names);
}

std::chrono::milliseconds Task::within(std::chrono::milliseconds most) const {
    constexpr std::chrono::milliseconds kLeast{1};  // 0 would be no limit for some
    return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(deadline - ports.clock->now()), kLeast,
                      std::max(most, kLeast));
}

Result<TestVerdict> Task::test(const Draft& draft) {
    stage("test", bench->command().text);
    const auto quiet = ports.pause_model ? ports.pause_model() : nullptr;
    EC_ASSIGN(TestVerdict verdict, bench->run(draft, stop, within(settings.test_limit)));
    ++candidates;
    events.event(TestsEvent{verdict.report, verdict.wall});
    return verdict;
}

Result<TestVerdict> Task::try_candidate(const Draft& draft) {
    ++candidates;
    const auto quiet = ports.pause_model ? ports.pause_model() : nullptr;
    return bench->run(draft, stop, within(settings.test_limit));
}

}  // namespace ec::agent
