#include "task_report.hpp"

#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <ostream>

namespace ec::apps {
namespace {

using agent::TaskResult;

std::string_view status_name(TaskResult::Status status) {
    switch (status) {
        case TaskResult::Status::fixed:
            return "fixed";
        case TaskResult::Status::already_passing:
            return "already_passing";
        case TaskResult::Status::answered:
            return "answered";
        case TaskResult::Status::unfixed:
            break;
    }
    return "unfixed";
}

json::Object counts(const executor::TestReport& report) {
    return {{"passed", report.passed()}, {"failed", report.failed()}};
}

double per_second(std::size_t tried, std::chrono::milliseconds wall) {
    return wall.count() > 0 ? static_cast<double>(tried) * 1000 / static_cast<double>(wall.count()) : 0;
}

json::Object base(std::string_view status, std::size_t tried, std::chrono::milliseconds wall) {
    return {{"status", status},
            {"patch", ""},
            {"tests", json::Object{{"before", counts({})}, {"after", counts({})}}},
            {"candidates",
             json::Object{{"tried", tried}, {"per_second", static_cast<std::int64_t>(per_second(tried, wall))}}},
            {"proposer", "none"},
            {"wall_ms", wall.count()},
            {"tier", ""},
            {"applied", false}};
}

}  // namespace

json::Object task_json(const TaskResult& result, std::chrono::milliseconds wall) {
    json::Object document = base(status_name(result.status), result.candidates, wall);
    document["patch"] = result.patch;
    document["tests"] = json::Object{
        {"before", counts(result.before)}, {"after", counts(result.after)}, {"runner", result.before.runner}};
    document["proposer"] = result.proposer;
    document["tier"] = result.tier;
    document["isolation"] = result.tier == "C" ? "reduced" : "full";
    document["applied"] = result.applied;
    document["tested"] = result.tested;
    document["approach"] = agent::name(result.approach);
    document["answer"] = result.answer;
    if (!result.explanation.empty()) document["explanation"] = result.explanation;
    if (!result.reason.empty()) document["reason"] = result.reason;
    if (result.write_error) document["code"] = name(result.write_error->code);
    if (result.write_error && !result.write_error->remedy.empty()) document["remedy"] = result.write_error->remedy;
    if (!result.review_reason.empty()) document["review"] = result.review_reason;
    document["usage"] = json::Object{{"prompt_tokens", result.usage.prompt_tokens},
                                     {"cached_tokens", result.usage.cached_tokens},
                                     {"completion_tokens", result.usage.completion_tokens},
                                     {"calls", result.usage.calls}};
    return document;
}

json::Object task_error_json(const Error& error, std::chrono::milliseconds wall) {
    json::Object document = base("error", 0, wall);
    document["reason"] = error.message;
    document["code"] = name(error.code);
    if (!error.remedy.empty()) document["remedy"] = error.remedy;
    return document;
}

void print_task(const TaskResult& result, std::chrono::milliseconds wall, const Style& style, std::ostream& err) {
    switch (result.status) {
        case TaskResult::Status::answered:
            break;
        case TaskResult::Status::already_passing:
            err << style.green("passing") << "  the tests already pass: " << result.before.passed() << " passed\n";
            break;
        case TaskResult::Status::unfixed:
            err << style.red("not done") << " " << printable(result.reason) << "\n";
            if (!result.review_reason.empty()) {
                err << "         to ask a reviewer: edgecoder review queue (see edgecoder review --help)\n";
            }
            break;
        case TaskResult::Status::fixed:
            err << style.green("done") << "     "
                << printable(result.explanation.empty() ? "the change is ready" : result.explanation) << "\n";
            if (result.tested) {
                err << fmt::format("tests    {} passed, {} failed before; {} passed, {} failed after (tier {})\n",
                                   result.before.passed(), result.before.failed(), result.after.passed(),
                                   result.after.failed(), result.tier);
            } else {
                err << style.yellow("tests") << "    none ran: no test command is known; give one with --test\n";
            }
            if (result.write_error) {
                err << style.red("not written") << " " << printable(result.write_error->message) << "\n";
                if (!result.write_error->remedy.empty())
                    err << "         " << printable(result.write_error->remedy) << "\n";
            } else {
                err << (result.applied
                            ? "applied  the files are changed; edgecoder undo takes it back\n"
                            : "         nothing is written; --yes writes it, or pipe the patch into `git apply`\n");
            }
            break;
    }
    const std::string time = fmt::format("{:.1f} s", static_cast<double>(wall.count()) / 1000);
    const std::string usage =
        fmt::format("{} calls, {} tokens read ({} kept from before), {} written, ", result.usage.calls,
                    result.usage.prompt_tokens, result.usage.cached_tokens, result.usage.completion_tokens);
    err << style.dim((result.usage.calls > 0 ? usage : std::string()) + time) << "\n";
}

int task_exit_status(const TaskResult& result) {
    if (result.write_error) return exit_status(result.write_error->code);
    return result.status == TaskResult::Status::unfixed ? 1 : 0;
}

}  // namespace ec::apps
