#include "run_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <ec/core/text.hpp>
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

class Silent final : public agent::AgentEvents {
public:
    void event(const agent::AgentEvent&) override {}
};

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
        const auto result = run_unattended(options, events, interrupt.token());
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
    const auto result = run_unattended(options, view, interrupt.token());
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
