#include "fix_command.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <ostream>

#include "error_report.hpp"
#include "fix_job.hpp"
#include "fix_report.hpp"
#include "interrupt.hpp"
#include "reduced_consent.hpp"
#include "run_command.hpp"

namespace ec::apps {
namespace {

constexpr int kJobFailed = 1;

// Tells a person on a terminal, or a program reading JSON lines.
class FixEvents final : public repair::RepairEvents {
public:
    FixEvents(const FixOptions& options, const Clock& clock, std::ostream& out, std::ostream& err)
        : options_(options),
          clock_(clock),
          start_(clock.now()),
          out_(out),
          live_(err, !options.json && !options.events && ::isatty(2) == 1) {}

    void stage(std::string_view name, std::string_view detail) override {
        stage_ = name;
        if (options_.events) emit({{"type", "stage"}, {"stage", name}, {"detail", detail}});
        live_.show(fmt::format("{}: {}", name, detail));
    }

    void progress(const repair::SearchProgress& progress) override {
        if (options_.events) {
            json::Object event{{"type", "progress"},
                               {"stage", stage_},
                               {"tried", progress.tried},
                               {"per_second", static_cast<std::int64_t>(progress.per_second)},
                               {"passing", progress.survivors}};
            if (progress.best != nullptr) event["best"] = progress.best->explanation;
            emit(std::move(event));
        }
        live_.show(fmt::format("{}: {} candidates tried, {:.0f} a second{}", stage_, progress.tried,
                               progress.per_second,
                               progress.best == nullptr ? "" : ", best so far: " + progress.best->explanation));
    }

    void emit(json::Object event) {
        event["elapsed_ms"] = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - start_).count();
        out_ << json::write(event) << '\n' << std::flush;
    }
    void done() { live_.clear(); }

private:
    const FixOptions& options_;
    const Clock& clock_;
    std::chrono::nanoseconds start_;
    std::ostream& out_;
    LiveLine live_;
    std::string stage_;
};

int report_error(const Error& error, const FixOptions& options, const FixSummary& summary, bool interrupted,
                 FixEvents& events, std::ostream& out, std::ostream& err) {
    if (options.json) out << json::write(fix_error_json(error, summary)) << '\n';
    if (options.events) {
        json::Object event = fix_error_json(error, summary).as_object();
        event["type"] = "result";
        events.emit(std::move(event));
    }
    if (interrupted) {
        err << "edgecoder: stopped; nothing was changed. Run it again with --resume to go on.\n";
        return kInterruptedStatus;
    }
    tell_error(error, err);
    return exit_status(error.code);
}

}  // namespace

int run_fix(const FixOptions& options, std::ostream& out, std::ostream& err) {
    if (options.model != "none") {
        RunCommandOptions task = fix_task(options);
        task.json = options.json || options.events;
        task.one_document = options.json;
        return run_task(task, out, err);
    }
    const Interrupt interrupt;
    const SystemClock clock;
    const auto start = clock.now();
    FixEvents events(options, clock, out, err);
    FixSummary summary;
    const auto outcome = fix(options, events, clock, summary, interrupt.token());
    summary.wall = std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - start);
    events.done();
    if (summary.tier == "C") err << "edgecoder: " << kReducedSentence << '\n';
    if (!outcome) return report_error(outcome.error(), options, summary, interrupt.interrupted(), events, out, err);

    FixSummary final_summary = outcome->summary;
    final_summary.wall = summary.wall;
    const repair::RepairResult& result = outcome->result;
    const json::Value document = fix_json(result, final_summary);
    if (options.json) {
        out << json::write(document) << '\n';
    } else if (options.events) {
        json::Object event = document.as_object();
        event["type"] = "result";
        events.emit(std::move(event));
    } else {
        print_fix(result, final_summary, Style::for_descriptor(2), err);
        if (!result.patches.empty()) {
            const std::string& patch = result.patches.front().patch;
            out << Style::for_descriptor(1).diff(::isatty(STDOUT_FILENO) == 1 ? for_terminal(patch) : patch);
        }
    }
    out << std::flush;
    return result.status == repair::RepairResult::Status::unfixed ? kJobFailed : 0;
}

}  // namespace ec::apps
