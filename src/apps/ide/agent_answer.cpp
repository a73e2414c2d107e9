#include "agent_answer.hpp"

#include <fmt/format.h>

#include <ec/core/fenced.hpp>
#include <variant>

#include "../agent_setup.hpp"
#include "../unattended.hpp"

namespace ec::apps::ide {
namespace {

using agent::TaskResult;

std::string_view sign(agent::PlanStep::State state) {
    using State = agent::PlanStep::State;
    return state == State::done ? "x" : state == State::failed ? "!" : state == State::doing ? ">" : " ";
}

/// What the agent tells, as lines of thinking.
class Steps final : public agent::AgentEvents {
public:
    explicit Steps(const model::OnDelta& on_delta) : on_delta_(on_delta) {}

    void event(const agent::AgentEvent& event) override {
        std::visit([this](const auto& each) { tell(each); }, event);
    }
    [[nodiscard]] const std::string& told() const { return told_; }

private:
    void tell(const agent::StageEvent& stage) {
        line(stage.detail.empty() ? stage.name : stage.name + ": " + stage.detail);
    }
    void tell(const agent::PlanEvent& plan) {
        for (const agent::PlanStep& step : plan.plan.steps) line(fmt::format("[{}] {}", sign(step.state), step.text));
    }
    void tell(const agent::TextEvent& text) {
        in_line_ = !text.text.empty() && !text.text.ends_with('\n');
        say(text.text);
    }
    void tell(const agent::ToolEvent& tool) {
        const bool started = tool.phase == agent::ToolEvent::Phase::started;
        line(fmt::format("{} {}: {}", started ? "->" : tool.ok ? "ok" : "failed", tool.name, tool.summary));
    }
    void tell(const agent::EditEvent& edit) { line("edit: " + edit.path); }
    void tell(const agent::TestsEvent& tests) {
        line(fmt::format("tests: {} passed, {} failed, {} ms", tests.report.passed(), tests.report.failed(),
                         tests.wall.count()));
    }
    void tell(const agent::WarningEvent& warning) { line("warning: " + warning.text); }
    void tell(const agent::WithheldEvent& withheld) {
        line(fmt::format("withheld: {} ({})", withheld.what, withheld.why));
    }
    // Sums at the end and places to come back to are in the answer, or of no use to a client of an API.
    void tell(const agent::ProgressEvent&) {}
    void tell(const agent::UsageEvent&) {}
    void tell(const agent::CheckpointEvent&) {}

    void line(std::string_view text) {
        say(fmt::format("{}{}\n", in_line_ ? "\n" : "", text));
        in_line_ = false;
    }
    void say(std::string_view text) {
        told_ += text;
        if (on_delta_) on_delta_({model::Delta::Kind::thinking, text, 0});
    }

    const model::OnDelta& on_delta_;
    std::string told_;
    bool in_line_ = false;
};

std::string verdict(const TaskResult& result) {
    const std::string tests =
        result.tested ? fmt::format(" ({} passed, {} failed)", result.after.passed(), result.after.failed()) : "";
    switch (result.status) {
        case TaskResult::Status::fixed:
            return fmt::format("The tests pass with this change{}.", tests);
        case TaskResult::Status::already_passing:
            return "The tests pass already.";
        case TaskResult::Status::unfixed:
            return fmt::format("Not done: {}{}.", result.reason.empty() ? "no change passed the tests" : result.reason,
                               tests);
        case TaskResult::Status::answered:
            break;
    }
    return {};
}

std::string words_of(const TaskResult& result) {
    std::string text = result.answer;
    const auto add = [&](const std::string& paragraph) {
        if (paragraph.empty()) return;
        if (!text.empty()) text += "\n\n";
        text += paragraph;
    };
    add(verdict(result));
    if (!result.patch.empty()) add(fenced(result.patch, "diff") + "\n");
    if (result.applied) add("It is written to the workspace; `edgecoder undo` takes it back.");
    if (result.write_error) add(fmt::format("It could not be written: {}.", result.write_error->message));
    return text;
}

/// Whether the folder is still the one that was found to lie in a root: a task may have waited for long, and whoever
/// changes the project meanwhile can put a link in its place.
Status still_there(const std::filesystem::path& folder) {
    std::error_code error;
    if (std::filesystem::canonical(folder, error) == folder) return {};
    return fail(ErrorCode::denied, "the workspace is no folder any more, or leads elsewhere now");
}

Result<model::ChatReply> run(const AgentTask& task, const model::OnDelta& on_delta, std::stop_token stop) {
    EC_TRY(still_there(task.workspace));
    AgentOptions options;
    options.directory = task.workspace.string();
    options.model = task.model;
    options.write = task.write;
    options.who = "ide";
    options.settings.test = task.test;
    options.private_host = task.host;
    EC_ASSIGN(const auto setup, AgentSetup::open(std::move(options)));
    Steps steps(on_delta);
    Unattended person;
    EC_ASSIGN(const TaskResult result, setup->run(task.task, steps, person, std::move(stop)));
    model::ChatReply reply;
    reply.text = words_of(result);
    reply.thinking = steps.told();
    reply.usage.prompt_tokens = result.usage.prompt_tokens;
    reply.usage.cached_tokens = result.usage.cached_tokens;
    reply.usage.completion_tokens = result.usage.completion_tokens;
    return reply;
}

}  // namespace

Ask agent_answer(AgentTask task) {
    return [task = std::move(task)](const model::OnDelta& on_delta, std::stop_token stop) {
        return run(task, on_delta, std::move(stop));
    };
}

}  // namespace ec::apps::ide
