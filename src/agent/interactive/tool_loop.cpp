#include "tool_loop.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/agent/compaction.hpp>
#include <ec/agent/loop_guard.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <ec/model/tokens.hpp>

#include "../draft/mend.hpp"
#include "edit_calls.hpp"
#include "edits_of.hpp"
#include "prompt.hpp"
#include "tools.hpp"

namespace ec::agent {
namespace {

using model::ChatReply;
using model::Message;
using model::Role;

constexpr std::size_t kFeedbackBytes = 3000;
constexpr int kMostNudges = 3;  // answers without edits, calls or words
constexpr double kContextShare = 0.75;

class ToolLoop {
public:
    ToolLoop(Task& task, std::vector<Message>& conversation, Draft start)
        : task_(task), messages_(conversation), tools_(tool_specs(task.bench.has_value())), attempt_(std::move(start)) {
        tools_.insert(tools_.end(), task.other_tools.begin(), task.other_tools.end());
    }

    Result<Attempt> run() {
        for (unsigned turn = 0; turn < task_.settings.turns; ++turn) {
            if (task_.stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
            if (task_.out_of_time()) return ended("the time for this task is over", "time");
            if (auto words = task_.person.redirection()) say(*words);
            make_room();
            EC_ASSIGN(ChatReply reply, task_.ask(request()));
            messages_.push_back({Role::assistant, reply.text, reply.calls, {}});
            EC_ASSIGN(const bool over, take(reply));
            if (task_.ports.checkpoint) task_.ports.checkpoint(fmt::format("turn {}", turn + 1), messages_);
            if (over) return std::move(attempt_);
        }
        return ended(fmt::format("not done after {} turns", task_.settings.turns), "model_limit");
    }

private:
    model::ChatRequest request() const {
        model::ChatRequest request;
        request.messages = messages_;
        request.tools = tools_;
        request.sampling.seed = task_.settings.seed;
        if (!last_read_.empty()) request.likely_text = attempt_.draft.read(last_read_).value_or("");
        return request;
    }

    void say(std::string text) { messages_.push_back({Role::user, std::move(text), {}, {}}); }

    void make_room() {
        const std::int64_t context = task_.ports.model->facts().context;
        if (context <= 0) return;
        CompactionLimits limits;
        limits.tokens = static_cast<std::size_t>(kContextShare * static_cast<double>(context));
        if (model::estimate_tokens(messages_) <= limits.tokens) return;
        // Well below the limit, or the next turn would have to do it again and nothing evaluated could be kept.
        limits.tokens = limits.tokens * 2 / 3;
        messages_ = compact(std::move(messages_), limits).messages;
    }

    Result<Attempt> ended(std::string reason, std::string review_reason) {
        attempt_.reason = std::move(reason);
        attempt_.review_reason = std::move(review_reason);
        return std::move(attempt_);
    }

    /// Does what an answer asks for. True when the task is over.
    Result<bool> take(const ChatReply& reply) {
        show_plan(reply.text);
        const TakenEdits edits = take_edits(task_, attempt_.draft, reply, last_read_, false);
        changed_ = changed_ || !edits.paths.empty();
        guard_.new_answer();
        const bool circles = guard_.text(reply.thinking + reply.text) == LoopGuard::Verdict::stop;
        if (circles && edits.paths.empty()) return babbled();
        if (!reply.calls.empty()) {
            EC_ASSIGN(const bool looping, answer_calls(reply));
            if (looping) return true;
        }
        if (!edits.problems.empty()) {
            say(edits.problems);
            return false;
        }
        // Edits that came as calls are edits: the tests follow them by themselves.
        if (!std::ranges::all_of(reply.calls, is_edit_call)) return false;
        if (changed_ && task_.bench) return judge(reply);
        return finish(reply);
    }

    /// Of an answer that goes round in circles only the beginning is kept, or the model would go on like this. A few of
    /// them are forgiven.
    bool babbled() {
        constexpr std::size_t kKept = 200;
        messages_.back() = {Role::assistant, ellipsize(messages_.back().text, kKept), {}, {}};
        if (++nudges_ > kMostNudges) {
            attempt_.reason = "the model repeats itself";
            attempt_.review_reason = "model_limit";
            return true;
        }
        say("Your answer repeated itself (" + guard_.reason() + "). Go on with the task.");
        return false;
    }

    Result<bool> answer_calls(const ChatReply& reply) {
        for (const model::ToolCall& call : reply.calls) {
            const std::string arguments = json::write(call.arguments);
            task_.events.event(
                ToolEvent{ToolEvent::Phase::started, call.name, ellipsize(arguments, 120), true, arguments, {}});
            EC_ASSIGN(const ToolResult result,
                      is_edit_call(call) ? edit(call) : call_tool(task_, attempt_.draft, call));
            const auto lines = split_lines(result.text);
            task_.events.event(ToolEvent{ToolEvent::Phase::finished,
                                         call.name,
                                         lines.empty() ? "" : ellipsize(lines.front(), 120),
                                         result.ok,
                                         {},
                                         result.text});
            if (call.name == "read" && result.ok) last_read_ = result.text.substr(0, result.text.find(" ("));
            std::string text = result.text;
            const LoopGuard::Verdict repeats = guard_.call(call.name, call.arguments, hash128(result.text));
            if (repeats == LoopGuard::Verdict::warn) {
                text += "\nNote: " + guard_.reason() + ". Go on with something else.";
            }
            if (repeats == LoopGuard::Verdict::stop) {
                messages_.push_back({Role::tool, text, {}, call.id});
                attempt_.reason = guard_.reason();
                attempt_.review_reason = "model_limit";
                return true;
            }
            messages_.push_back({Role::tool, std::move(text), {}, call.id});
        }
        return false;
    }

    Result<ToolResult> edit(const model::ToolCall& call) {
        const TakenEdits edits = take_edit_call(task_, attempt_.draft, call, last_read_, false);
        changed_ = changed_ || !edits.paths.empty();
        if (!edits.problems.empty()) return ToolResult{edits.problems, false};
        return ToolResult{edits.paths.empty() ? "Nothing changed" : "Changed " + join(edits.paths, ", "), true};
    }

    /// The tests over what was written; a near miss goes to the mutation search before the model is asked again.
    Result<bool> judge(const ChatReply& reply) {
        const std::string note = task_.hold_back(attempt_.draft);
        EC_ASSIGN(attempt_.verdict, task_.test(attempt_.draft));
        attempt_.verdict->note = note;
        changed_ = false;
        attempt_.answer = reply.text;
        if (attempt_.verdict->passed() && !attempt_.draft.empty()) return true;
        if (task_.before && is_near_miss(*attempt_.verdict, task_.before->report)) {
            EC_ASSIGN(const bool mended, try_to_mend());
            if (mended) return true;
        }
        if (++red_ > task_.settings.repairs + 2) {
            attempt_.reason =
                fmt::format("the tests still fail after {} attempts: {}", red_, counts(attempt_.verdict->report));
            attempt_.review_reason = "model_limit";
            return true;
        }
        task_.stage("repair", fmt::format("attempt {} of {}", red_ + 1, task_.settings.repairs + 3));
        say(task_.describe(*attempt_.verdict, kFeedbackBytes) +
            "\nThe files are as you left them. Write the edits that are still needed.");
        return false;
    }

    Result<bool> try_to_mend() {
        task_.stage("search", "a near miss: trying small mutations of it");
        EC_ASSIGN(auto mended,
                  mend(*task_.bench, attempt_.draft, {task_.within(task_.settings.mend_budget), task_.settings.seed},
                       *task_.ports.clock, task_.events, task_.stop));
        if (!mended) return false;
        attempt_.draft = std::move(mended->draft);
        attempt_.explanation = mended->explanation;
        attempt_.mended = true;
        EC_ASSIGN(attempt_.verdict, task_.test(attempt_.draft));
        return attempt_.verdict->passed();
    }

    /// An answer with neither edits nor calls: the end, or a model that lost its way.
    Result<bool> finish(const ChatReply& reply) {
        attempt_.answer = reply.text;
        if (!attempt_.draft.empty()) return true;
        const bool silent = trim(reply.text).empty();
        if (!silent && !task_.red_before()) {
            attempt_.answered = true;
            return true;
        }
        if (++nudges_ > kMostNudges) {
            attempt_.reason = silent ? "the model gave no answer" : "the model changed nothing";
            attempt_.review_reason = "model_limit";
            return true;
        }
        say(silent ? "Your answer was empty. Go on with the task."
                   : "No file was changed, and the tests still fail. Write the edits as blocks in your message: the "
                     "file's path, then SEARCH and REPLACE, or the path and the whole file in a fence.");
        return false;
    }

    void show_plan(std::string_view text) {
        if (planned_) return;
        Plan plan;
        for (std::string& step : plan_steps(text, false))
            plan.steps.push_back({std::move(step), PlanStep::State::doing});
        if (plan.steps.empty()) return;
        planned_ = true;
        task_.events.event(PlanEvent{std::move(plan)});
    }

    Task& task_;
    std::vector<Message>& messages_;
    std::vector<model::ToolSpec> tools_;
    Attempt attempt_;
    LoopGuard guard_;
    std::string last_read_;
    bool changed_ = false;  ///< since the tests ran
    bool planned_ = false;
    unsigned red_ = 0;
    int nudges_ = 0;
};

}  // namespace

Result<Attempt> run_tool_loop(Task& task, std::vector<Message>& conversation, Draft start) {
    return ToolLoop(task, conversation, std::move(start)).run();
}

}  // namespace ec::agent
