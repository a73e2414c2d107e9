#include "run_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <ec/core/text.hpp>
#include <ec/executor/apply.hpp>
#include <ostream>

#include "error_report.hpp"
#include "interrupt.hpp"
#include "reduced_consent.hpp"
#include "session/event_writer.hpp"
#include "session/safe_text.hpp"
#include "session/screen.hpp"
#include "session/session_view.hpp"
#include "task_report.hpp"

namespace ec::apps {
namespace {

constexpr double kLongestBudget = 7 * 24 * 3600;

/// Nobody is there: a plan and a command in the sandbox harm nothing, and a patch is written only with --yes.
class Unattended final : public agent::Person {
public:
    agent::Answer approve_plan(const agent::Plan&) override { return {}; }
    agent::Answer approve_patch(const std::string&, const executor::TestReport*) override { return {}; }
    agent::Answer approve_command(const std::string&, const std::string&) override { return {}; }
    std::optional<std::string> redirection() override { return std::nullopt; }
};

class Silent final : public agent::AgentEvents {
public:
    void event(const agent::AgentEvent&) override {}
};

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

Result<agent::TaskResult> run(const RunCommandOptions& options, agent::AgentEvents& events, std::stop_token stop) {
    EC_ASSIGN(AgentOptions settings, agent_options(options));
    EC_ASSIGN(const auto setup, AgentSetup::open(std::move(settings)));
    if (setup->no_model_chosen()) {
        events.event(agent::WarningEvent{
            "there is no default model: edgecoder model use NAME sets one, --model NAME takes one for this run"});
    }
    Unattended person;
    return setup->run(options.task, events, person, std::move(stop));
}

std::chrono::milliseconds since(std::chrono::nanoseconds start, const Clock& clock) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - start);
}

int report_error(const Error& error, bool interrupted, std::ostream& err) {
    if (interrupted) {
        err << "edgecoder: stopped; nothing was changed\n";
        return kInterruptedStatus;
    }
    tell_error(error, err);
    return exit_status(error.code);
}

}  // namespace

int run_task(const RunCommandOptions& options, std::ostream& out, std::ostream& err) {
    const Interrupt interrupt;
    const SystemClock clock;
    const auto start = clock.now();
    if (options.json) {
        session::EventWriter writer(out);
        Silent silent;
        agent::AgentEvents& events = options.one_document ? static_cast<agent::AgentEvents&>(silent) : writer;
        const auto result = run(options, events, interrupt.token());
        const json::Object document =
            result ? task_json(*result, since(start, clock)) : task_error_json(result.error(), since(start, clock));
        if (options.one_document) {
            out << json::write(document) << '\n' << std::flush;
        } else {
            writer.result(document);
        }
        return result ? task_exit_status(*result) : report_error(result.error(), interrupt.interrupted(), err);
    }
    session::PlainScreen screen([&](std::string_view bytes) { err << bytes << std::flush; },
                                Style::for_descriptor(2).colours(), terminal_columns());
    session::SessionView view(screen, clock);
    const auto result = run(options, view, interrupt.token());
    view.settle();
    if (!result) return report_error(result.error(), interrupt.interrupted(), err);
    if (result->tier == "C") err << "edgecoder: " << kReducedSentence << '\n';
    print_task(*result, since(start, clock), Style::for_descriptor(2), err);
    // At a terminal it was all shown as it came; what is piped gets it whole.
    if (::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1) return task_exit_status(*result);
    if (result->status == agent::TaskResult::Status::answered) {
        for (const std::string_view line : split_lines(result->answer)) out << session::safe_code_line(line) << '\n';
    } else if (!result->patch.empty()) {
        out << Style::for_descriptor(1).diff(::isatty(STDOUT_FILENO) == 1 ? for_terminal(result->patch)
                                                                          : result->patch);
    }
    out << std::flush;
    return task_exit_status(*result);
}

}  // namespace ec::apps
