#include "pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>
#include <map>
#include <set>

#include "../draft/mend.hpp"
#include "edit_calls.hpp"
#include "edits_of.hpp"
#include "localise.hpp"
#include "prompt.hpp"
#include "untested.hpp"

namespace ec::agent {
namespace {

using model::ChatReply;
using model::Message;
using model::Role;

constexpr std::size_t kFilesShown = 5;
constexpr std::size_t kFeedbackBytes = 2500;
constexpr double kSampleTemperature = 0.8;  // the samples must differ

struct Sample {
    explicit Sample(Draft start) : draft(std::move(start)) {}

    Draft draft;
    ChatReply reply;
    std::optional<TestVerdict> verdict;
    std::string problems;

    /// Fewer failing tests first, then more passing ones; one that did not come to a verdict last.
    [[nodiscard]] std::tuple<int, std::size_t, std::size_t> rank() const {
        if (!verdict) return {2, 0, 0};
        const auto& report = verdict->report;
        return {report.verdict == executor::TestReport::Verdict::incomplete ? 1 : 0, report.failed(),
                SIZE_MAX - report.passed()};
    }
};

/// An answer without tools is text; a call that was made all the same stands in the conversation as text too.
std::string in_words(const ChatReply& reply) {
    std::string text = reply.text;
    for (const model::ToolCall& call : reply.calls) {
        text += fmt::format("{}{} {}", text.empty() ? "" : "\n", call.name, json::write(call.arguments));
    }
    return text;
}

class Pipeline {
public:
    Pipeline(Task& task, std::vector<Message>& conversation)
        : task_(task), conversation_(conversation), attempt_(Draft(*task.ports.workspace)) {}

    Result<Attempt> run() {
        prepare();
        EC_ASSIGN(const bool sampled, take_samples());
        if (sampled) return std::move(attempt_);
        sampling_ = false;
        for (unsigned round = 0; round < task_.settings.repairs; ++round) {
            if (task_.out_of_time()) break;
            EC_ASSIGN(const bool repaired, repair(round));
            if (repaired) return std::move(attempt_);
        }
        if (attempt_.reason.empty()) explain_failure();
        return std::move(attempt_);
    }

private:
    void prepare() {
        const std::vector<std::string> files = likely_files(task_);
        TaskContext context;
        context.task = task_.words;
        context.test_command = task_.bench ? task_.bench->command().text : "";
        if (task_.red_before()) context.test_output = task_.describe(*task_.before, kFeedbackBytes);
        context.files = show_files(
            task_, {files.begin(), files.begin() + static_cast<std::ptrdiff_t>(std::min(kFilesShown, files.size()))},
            room());
        if (!context.files.empty()) likely_ = context.files.front().path;
        if (task_.ports.map && !files.empty() && task_.before) {
            context.map = task_.redact("project map", task_.ports.map(task_.words, files, room() / 6));
        }
        announce(context);
        conversation_.push_back({Role::user, task_message(context), {}, {}});
    }

    /// Bytes of files that a prompt can hold: a third of the context, about three bytes a token.
    [[nodiscard]] std::size_t room() const {
        constexpr std::size_t kUsual = 24 << 10;
        const std::int64_t context = task_.ports.model->facts().context;
        return context > 0 ? std::min<std::size_t>(static_cast<std::size_t>(context), 3 * kUsual) : kUsual;
    }

    void announce(const TaskContext& context) {
        std::vector<std::string> shown;
        Plan plan;
        for (const TaskContext::File& file : context.files) shown.push_back(file.path);
        if (shown.empty()) return;
        plan.files = shown;
        plan.steps.push_back({"Look at " + join(shown, ", "), PlanStep::State::done});
        plan.steps.push_back(
            {fmt::format("Write up to {} versions of the change", task_.settings.samples), PlanStep::State::doing});
        plan.steps.push_back(
            {task_.bench ? "Run the tests on each and keep the best" : "Keep the best", PlanStep::State::pending});
        task_.events.event(PlanEvent{std::move(plan)});
    }

    [[nodiscard]] model::ChatRequest request(double temperature) const {
        model::ChatRequest request;
        request.messages = conversation_;
        request.sampling.temperature = temperature;
        request.sampling.seed = task_.settings.seed;
        if (!likely_.empty()) request.likely_text = task_.ports.workspace->read(likely_).value_or("");
        return request;
    }

    /// True when the task is over: solved, or there was nothing to change.
    Result<bool> take_samples() {
        // The first answer is the model's best guess; only when it fails is variety worth its price.
        EC_ASSIGN(ChatReply first, task_.ask(request(0.1)));
        EC_ASSIGN(const bool solved, consider(std::move(first)));
        if (solved) return true;
        if (samples_.size() == 1 && samples_.front().draft.empty() && samples_.front().problems.empty() &&
            !task_.red_before() && !trim(samples_.front().reply.text).empty()) {
            attempt_.answered = true;
            return accept(samples_.front());
        }
        if (!task_.bench && !can_be_compared(samples_.front().draft)) return choose();
        if (task_.settings.samples < 2) return task_.bench ? false : choose();
        bool over = false;
        Status failed;
        model::ChatRequest more = request(kSampleTemperature);
        more.sampling.seed += 1;
        const auto on_reply = [&](const ChatReply& reply) {
            const auto result = consider(task_.account(reply, {}));
            if (!result) failed = fail(result.error());
            over = !result || *result || task_.out_of_time();
            return !over;
        };
        task_.stage("sample",
                    fmt::format("{} more versions{}", task_.settings.samples - 1,
                                task_.bench && usable_ > 0 ? ": the tests say little about this change" : ""));
        const TimeOrStop limit(task_.stop, task_.deadline - task_.ports.clock->now());
        const auto replies = task_.ports.model->sample(more, task_.settings.samples - 1, on_reply, limit.token());
        const Status sampled = replies ? failed : fail(replies.error());
        if (!sampled && (usable_ == 0 || task_.stop.stop_requested())) return fail(sampled.error());
        if (solved_) return true;
        return usable_ == 0 ? false : choose();
    }

    /// Runs the tests over what an answer changes. True when they pass.
    Result<bool> consider(ChatReply reply) {
        Sample sample(Draft(*task_.ports.workspace));
        sample.problems = take_edits(task_, sample.draft, reply, likely_, true).problems;
        for (const model::ToolCall& call : reply.calls) {
            if (is_edit_call(call)) {
                sample.problems += take_edit_call(task_, sample.draft, call, likely_, true).problems;
            }
        }
        sample.problems += task_.hold_back(sample.draft);
        sample.reply = std::move(reply);
        const bool fresh = !sample.draft.empty() && seen_.insert(sample.draft.identity()).second;
        (sample.problems.empty() ? task_.skill.edits_good : task_.skill.edits_bad) += 1;
        if (fresh && task_.bench) {
            EC_ASSIGN(sample.verdict, task_.try_candidate(sample.draft));
            task_.events.event(ProgressEvent{
                "samples", -1, fmt::format("version {}: {}", seen_.size(), counts(sample.verdict->report))});
        }
        samples_.push_back(std::move(sample));
        Sample& kept = samples_.back();
        if (fresh && !task_.bench) ++usable_;
        if (!kept.verdict) return false;
        if (kept.verdict->passed()) {
            ++usable_;
            return comes_of_few_tests(kept) ? false : accept(kept);
        }
        if (usable_ == 0 && task_.before && is_near_miss(*kept.verdict, task_.before->report)) return try_to_mend(kept);
        return false;
    }

    /// A version that passes, but whose tests hardly speak of the task: none of them failed before, or there is one
    /// alone. Further versions then show whether this one does what most of them do.
    [[nodiscard]] bool comes_of_few_tests(const Sample& sample) const {
        const bool decided = task_.red_before() && sample.verdict->report.passed() > 1;
        return !decided && sampling_ && task_.settings.samples > 1 && !task_.out_of_time() &&
               can_be_compared(sample.draft);
    }

    Result<bool> try_to_mend(Sample& sample) {
        task_.stage("search", "a near miss: trying small mutations of it");
        EC_ASSIGN(auto mended,
                  mend(*task_.bench, sample.draft, {task_.within(task_.settings.mend_budget), task_.settings.seed},
                       *task_.ports.clock, task_.events, task_.stop));
        if (!mended) return false;
        EC_ASSIGN(TestVerdict verdict, task_.try_candidate(mended->draft));
        if (!verdict.passed()) return false;
        sample.draft = std::move(mended->draft);
        sample.verdict = std::move(verdict);
        attempt_.mended = true;
        attempt_.explanation = mended->explanation;
        return accept(sample);
    }

    bool accept(const Sample& sample) {
        attempt_.draft = sample.draft;
        attempt_.verdict = sample.verdict;
        attempt_.answer = sample.reply.text;
        conversation_.push_back({Role::assistant, in_words(sample.reply), {}, {}});
        solved_ = true;
        return true;
    }

    /// One of the versions that pass the tests, or of all where there are none: what they do decides.
    Result<bool> choose() {
        std::vector<const Sample*> distinct;
        std::vector<UntestedVersion> versions;
        std::map<std::string, std::size_t> places;
        for (const Sample& sample : samples_) {
            if (sample.draft.empty()) continue;
            if (const auto place = places.find(sample.draft.identity()); place != places.end()) {
                ++versions[place->second].copies;
            } else if (!task_.bench || (sample.verdict && sample.verdict->passed())) {
                places.emplace(sample.draft.identity(), versions.size());
                distinct.push_back(&sample);
                versions.push_back({&sample.draft, 1});
            }
        }
        if (versions.empty()) return false;
        Result<UntestedChoice> choice = choose_by_agreement(task_, conversation_, versions);
        if (!choice && task_.stop.stop_requested()) return fail(choice.error());
        if (choice) attempt_.explanation = choice->explanation;
        return accept(*distinct[choice ? choice->index : 0]);
    }

    /// The best answer so far, with what its tests say, back to the model.
    Result<bool> repair(unsigned round) {
        task_.stage("repair", fmt::format("round {} of {}", round + 1, task_.settings.repairs));
        const auto best = std::ranges::min_element(samples_, {}, [](const Sample& sample) { return sample.rank(); });
        std::vector<Message> asked = conversation_;
        asked.push_back({Role::assistant, in_words(best->reply), {}, {}});
        std::string feedback = best->problems;
        if (feedback.empty() && best->verdict) {
            feedback = task_.describe(*best->verdict, kFeedbackBytes);
        }
        if (feedback.empty()) feedback = "No file was changed.";
        asked.push_back({Role::user,
                         feedback + "\nWrite the edits again, complete and against the files as they were shown above.",
                         {},
                         {}});
        model::ChatRequest again = request(0.2);
        again.messages = std::move(asked);
        EC_ASSIGN(ChatReply reply, task_.ask(again));
        return consider(std::move(reply));
    }

    void explain_failure() {
        const auto best = std::ranges::min_element(samples_, {}, [](const Sample& sample) { return sample.rank(); });
        attempt_.review_reason = task_.out_of_time() ? "time" : "model_limit";
        if (best == samples_.end()) return;
        conversation_.push_back({Role::assistant, in_words(best->reply), {}, {}});
        attempt_.answer = best->reply.text;
        attempt_.verdict = best->verdict;
        attempt_.draft = best->draft;
        attempt_.reason = best->verdict ? fmt::format("none of {} versions passes the tests; the best: {}",
                                                      seen_.size(), counts(best->verdict->report))
                                        : "the model wrote no edit that could be applied";
    }

    Task& task_;
    std::vector<Message>& conversation_;
    Attempt attempt_;
    std::vector<Sample> samples_;
    std::set<std::string> seen_;
    std::string likely_;
    std::size_t usable_ = 0;  // versions that pass the tests, or change something where there are none
    bool sampling_ = true;    // false once the repairs have begun
    bool solved_ = false;
};

}  // namespace

Result<Attempt> run_pipeline(Task& task, std::vector<Message>& conversation) {
    return Pipeline(task, conversation).run();
}

}  // namespace ec::agent
