#include "job_report.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ec/core/text.hpp>
#include <optional>
#include <ostream>

#include "../error_report.hpp"
#include "../terminal.hpp"

namespace ec::apps {
namespace {

using swarm::JobStatus;
using swarm::TaskStatus;

std::string time_text(std::int64_t ms) {
    if (ms <= 0) return "-";
    const std::chrono::sys_seconds time{std::chrono::seconds(ms / 1000)};
    return fmt::format("{:%Y-%m-%d %H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

json::Value counts(int passed, int failed) { return json::Object{{"passed", passed}, {"failed", failed}}; }

std::optional<std::int64_t> leaf_of(const Leaves& leaves, const TaskStatus& task) {
    const auto found = leaves.find(task.id);
    return found == leaves.end() ? std::nullopt : std::optional(found->second);
}

json::Value task_json(const TaskStatus& task, const Leaves& leaves, const Words& words) {
    json::Object object{{"id", task.id.text()},           {"key", task.key},
                        {"kind", swarm::name(task.kind)}, {"state", swarm::name(task.state)},
                        {"attempts", task.attempts},      {"worker", task.worker.text()},
                        {"reason", task.reason}};
    if (task.state >= swarm::State::verifying && task.attempts > 0) object["outcome"] = swarm::name(task.outcome);
    if (const auto leaf = leaf_of(leaves, task)) object["leaf"] = *leaf;
    if (const auto said = words.find(task.id); said != words.end()) object["says"] = said->second;
    return object;
}

/// What the tasks of a job say that came to nothing, taken together.
swarm::TaskResult all_in_vain(const FetchedJob& fetched) {
    swarm::TaskResult all;
    for (const swarm::TaskResult& result : fetched.in_vain) {
        if (all.tier.empty()) {
            const std::int64_t tried = all.candidates;
            all = result;
            all.candidates += tried;
        } else {
            all.candidates += result.candidates;
            all.per_second += result.per_second;  // they searched side by side
        }
    }
    all.patch.clear();
    return all;
}

std::string why_unfixed(const FetchedJob& fetched) {
    if (fetched.verdict && !fetched.passed()) {
        return fetched.verdict->reason.empty() ? "the tests do not pass here" : fetched.verdict->reason;
    }
    const JobStatus& job = fetched.job;
    if (job.reason == swarm::name(job.state)) return fmt::format("the job was {}", job.reason);
    if (job.reason.empty()) return fmt::format("the job is {}", swarm::name(job.state));
    const std::string detail = to_valid_utf8(all_in_vain(fetched).reason);
    return fmt::format("{}{}{}", in_words(job.reason), detail.empty() ? "" : ": ", detail);
}

std::string_view status_of(const FetchedJob& fetched) {
    if (!fetched.fixed()) return "unfixed";
    return fetched.already_passing() ? "already_passing" : "fixed";
}

/// The keys that `fix` gives, of one result.
void add_result(json::Object& object, const swarm::TaskResult& result) {
    object["patch"] = to_valid_utf8(result.patch);
    object["tier"] = result.tier;
    object["tests"] = json::Object{{"before", counts(result.passed_before, result.failed_before)},
                                   {"after", counts(result.passed_after, result.failed_after)}};
    object["candidates"] = json::Object{{"tried", result.candidates}, {"per_second", result.per_second}};
    object["proposer"] = result.proposer.empty() ? "none" : result.proposer;
}

}  // namespace

std::string in_words(const std::string& reason) {
    static const std::map<std::string_view, std::string_view> kWords{
        {"to_verify", "a second worker is to check it"},
        {"to_decide", "a third worker is to decide"},
        {"to_search_again", "a second worker is to search again"},
        {"straggler", "it takes long, so a second worker may try"},
        {"for_the_submitter", "it waits for the submitter's check"},
        {"all_being_verified", "every result waits for a check"},
        {"work_again", "there is work again"},
        {"verdict", "checked by the submitter"},
        {"trusted", "its worker is trusted"},
        {"agreed", "a second worker found the same"},
        {"not_checked", "nobody could check it: not paid"},
        {"not_needed", "no longer needed"},
        {"job_ended", "the job has ended"},
        {"lease_expired", "its worker was not heard of in time"},
        {"worker_restarted", "its worker was started again"},
        {"owner_limit", "its worker's owner gives a task less time than it needed"},
        {"dependencies_done", "what it stands on is done"},
        {"dependency_failed", "what it stands on failed"},
        {"rejected_by_verifier", "refused by the check"},
        {"rejected_by_submitter", "refused by the submitter"},
        {"made_by_a_liar", "its worker was caught with a wrong result"},
        {"nobody_could_check", "nobody could check it"},
        {"poison", "several workers failed on it"},
        {"too_many_attempts", "it was tried too often"},
        {"no_worker_could", "no worker could do it"},
        {"nothing", "nothing found"},
        {"no_plan", "there is nothing to be split"},
        {"nothing_found", "nothing was found that passes"},
        {"budget_of_time", "its time was over; --deadline gives it more"},
        {"budget_spent", "no credits are left for it; --credits gives it more"},
        {"same_as", "the same work was done before"}};
    const auto found = kWords.find(reason);
    return found == kWords.end() ? reason : std::string(found->second);
}

Leaves leaves_of(const std::vector<swarm::Receipt>& receipts) {
    Leaves leaves;
    for (const swarm::Receipt& receipt : receipts) {
        if (receipt.index) leaves[receipt.task] = *receipt.index;
    }
    return leaves;
}

json::Value job_json(const JobStatus& job, const Leaves& leaves, const Words& words) {
    json::Array tasks;
    for (const TaskStatus& task : job.tasks) tasks.push_back(task_json(task, leaves, words));
    json::Object object{
        {"id", job.id.text()},      {"kind", swarm::name(job.kind)},  {"state", swarm::name(job.state)},
        {"reason", job.reason},     {"group", job.group.text()},      {"submitted_ms", job.submitted_ms},
        {"ended_ms", job.ended_ms}, {"paid_milli", job.paid.milli()}, {"tasks", std::move(tasks)}};
    if (!job.same_as.empty()) object["same_as"] = job.same_as.text();
    return object;
}

json::Value event_json(const swarm::Event& event, const std::string& task, const std::string& progress) {
    json::Object object{{"type", event.type},      {"sequence", event.sequence},
                        {"job", event.job.text()}, {"state", swarm::name(event.state)},
                        {"reason", event.reason},  {"at_ms", event.at_ms}};
    if (!event.task.empty()) object["task"] = task.empty() ? event.task.text() : task;
    if (!event.node.text().empty()) object["node"] = event.node.text();
    if (!progress.empty()) object["progress"] = progress;
    return object;
}

json::Value fetched_json(const FetchedJob& fetched) {
    json::Object object{{"status", status_of(fetched)},
                        {"job", fetched.asked.text()},
                        {"state", swarm::name(fetched.job.state)},
                        {"wall_ms", std::max<std::int64_t>(0, fetched.job.ended_ms - fetched.job.submitted_ms)},
                        {"paid_milli", fetched.job.paid.milli()},
                        {"applied", fetched.applied}};
    add_result(object, fetched.result ? *fetched.result : all_in_vain(fetched));
    if (fetched.job.id != fetched.asked) object["same_as"] = fetched.job.id.text();
    if (fetched.result) object["explanation"] = to_valid_utf8(fetched.result->explanation);
    if (fetched.verdict) {
        object["verified_here"] = json::Object{{"outcome", fetched.verdict->outcome_name()},
                                               {"passed", fetched.verdict->passed},
                                               {"failed", fetched.verdict->failed},
                                               {"tier", fetched.verdict->tier}};
    }
    if (!fetched.fixed()) object["reason"] = why_unfixed(fetched);
    return object;
}

json::Value failed_json(const Error& error) {
    json::Object object{{"status", "error"},
                        {"code", name(error.code)},
                        {"reason", to_valid_utf8(error.message)},
                        {"remedy", to_valid_utf8(error.remedy)},
                        {"wall_ms", 0},
                        {"applied", false}};
    add_result(object, {});
    return object;
}

int report_job_error(const Error& error, bool json, bool events, std::ostream& out, std::ostream& err) {
    if (json || events) {
        json::Object document = failed_json(error).as_object();
        if (events) document["type"] = "result";
        out << json::write(document) << '\n' << std::flush;
    }
    return report_error(error, false, out, err);
}

std::string job_line(const JobStatus& job) {
    std::size_t ended = 0;
    for (const TaskStatus& task : job.tasks) ended += swarm::ended(task.state) ? 1 : 0;
    // A list comes without the tasks.
    const std::string tasks = job.tasks.empty() ? std::string() : fmt::format("{}/{} tasks  ", ended, job.tasks.size());
    return fmt::format(
        "{}  {:9} {:7} {}{}{}", job.id.text(), swarm::name(job.state), swarm::name(job.kind), tasks,
        time_text(job.submitted_ms),
        job.reason.empty() || job.reason == swarm::name(job.state) ? "" : "  " + printable(in_words(job.reason)));
}

std::string event_line(const swarm::Event& event, const std::string& task, const std::string& progress) {
    // A task that came up meanwhile has no name here yet, but a number at the end of its id.
    const std::string& id = event.task.text();
    const std::string what = !task.empty() ? task : id.empty() ? "job" : "task " + id.substr(id.rfind('-') + 1);
    if (event.type == "progress") return printable(fmt::format("{}: {}", what, progress));
    if (event.type == "key_wanted") return fmt::format("{}: node {} asks for the key", what, event.node.text());
    std::string line = fmt::format("{}: {}", what, swarm::name(event.state));
    if (!event.reason.empty()) line += fmt::format(" ({})", in_words(event.reason));
    if (!event.node.text().empty()) line += fmt::format(", node {}", event.node.text().substr(0, 8));
    return printable(line);
}

json::Value receipts_json(const std::vector<swarm::Receipt>& receipts) {
    json::Array array;
    for (const swarm::Receipt& receipt : receipts) {
        json::Object object{{"task", receipt.task.text()}};
        if (receipt.index) {
            object["index"] = *receipt.index;
            object["leaf"] = to_valid_utf8(receipt.leaf);
            object["proof"] = to_valid_utf8(receipt.proof);
        }
        array.push_back(std::move(object));
    }
    return json::Object{{"receipts", std::move(array)}};
}

std::string receipt_text(const swarm::Receipt& receipt) {
    if (!receipt.index) return fmt::format("task {}: paid; no checkpoint covers it yet\n\n", receipt.task.text());
    return fmt::format("task {}: leaf {} of the log\n{}\n{}\n", receipt.task.text(), *receipt.index,
                       printable(receipt.leaf), for_terminal(receipt.proof));
}

void print_job(const JobStatus& job, const Leaves& leaves, const Words& words, std::ostream& out) {
    out << job_line(job) << '\n';
    for (const TaskStatus& task : job.tasks) {
        out << fmt::format("  {:12} {:9} {:9} {} attempt{}", task.key, swarm::name(task.kind), swarm::name(task.state),
                           task.attempts, task.attempts == 1 ? "" : "s");
        if (!task.reason.empty()) out << "  " << printable(in_words(task.reason));
        if (!task.worker.text().empty()) out << "  node " << task.worker.text().substr(0, 8);
        if (const auto leaf = leaf_of(leaves, task)) out << "  paid, leaf " << *leaf;
        out << '\n';
        if (const auto said = words.find(task.id); said != words.end())
            out << "               " << printable(said->second) << '\n';
    }
    if (!job.same_as.empty()) out << "  done before, by job " << job.same_as.text() << '\n';
}

void print_fetched(const FetchedJob& fetched, std::ostream& err) {
    const Style style = Style::for_descriptor(2);
    if (!fetched.fixed()) {
        err << style.red("unfixed") << "  " << printable(why_unfixed(fetched)) << '\n';
        return;
    }
    const swarm::TaskResult& result = *fetched.result;
    if (fetched.already_passing()) {
        err << style.green("passing") << "  the tests already pass: " << result.passed_after << " passed\n";
        if (fetched.verdict) err << "here     " << printable(fetched.verdict->text()) << '\n';
        return;
    }
    err << style.green("fixed") << "    "
        << printable(result.explanation.empty() ? "by " + result.proposer : result.explanation) << '\n';
    // Who puts parts together does not run the tests before.
    const bool before = result.passed_before > 0 || result.failed_before > 0;
    err << "tests    "
        << (before ? fmt::format("{} passed, {} failed before; ", result.passed_before, result.failed_before) : "")
        << fmt::format("{} passed, {} failed after, on the worker\n", result.passed_after, result.failed_after);
    if (fetched.verdict) err << "here     " << printable(fetched.verdict->text()) << '\n';
    err << (fetched.applied ? "applied  the files are changed\n"
                            : "         apply it with --apply, or pipe the patch into `git apply`\n");
}

}  // namespace ec::apps
