#include "session_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ec/core/text.hpp>

#include "cells.hpp"
#include "diff_view.hpp"
#include "safe_text.hpp"

namespace ec::apps::session {
namespace {

using agent::PlanStep;

// Enough of a thought to fill the widest live row.
constexpr std::size_t kThoughtKept = 1024;
// What takes no longer is not announced as running.
constexpr std::chrono::milliseconds kQuick{200};
constexpr std::size_t kFailuresShown = 8;
// Of a file while it is told, and of a change that is to be decided on.
constexpr std::size_t kMostEditRows = 400;
constexpr std::size_t kMostDecidedRows = 20'000;
constexpr std::size_t kPatchKept = 4U << 20;
// Of what the model says in one stage; about a screen.
constexpr std::size_t kSaidKept = 1500;

// Bytes of the lines that name the file and its versions, where nothing else stands before the first hunk (a change of
// mode or of name must be seen).
std::size_t names_before_hunk(std::string_view patch) {
    std::size_t at = 0;
    const auto skip = [&](std::string_view beginning) {
        if (!patch.substr(at).starts_with(beginning)) return false;
        const std::size_t end = patch.find('\n', at);
        at = end == std::string_view::npos ? patch.size() : end + 1;
        return true;
    };
    if (skip("diff --git ")) skip("index ");
    return skip("--- ") && skip("+++ ") && patch.substr(at).starts_with("@@ ") ? at : 0;
}

// Whether each step stood there, one a line and in this order, as the model wrote it.
bool were_read(const std::vector<PlanStep>& steps, std::string_view text) {
    auto step = steps.begin();
    for (const std::string_view line : split_lines(text)) {
        if (step == steps.end()) break;
        const std::string_view item = trim(line);
        const bool same = item.ends_with(step->text);
        if (same && item.find_first_not_of("0123456789.)-* ") >= item.size() - step->text.size()) ++step;
    }
    return step == steps.end();
}

std::string_view mark(PlanStep::State state, bool plain) {
    switch (state) {
        case PlanStep::State::doing:
            return plain ? "doing: " : "▸ ";
        case PlanStep::State::done:
            return plain ? "done: " : "✓ ";
        case PlanStep::State::failed:
            return plain ? "failed: " : "✗ ";
        case PlanStep::State::pending:
            break;
    }
    return plain ? "to do: " : "· ";
}

Tone tone_of(PlanStep::State state) {
    switch (state) {
        case PlanStep::State::doing:
            return Tone::bold;
        case PlanStep::State::done:
            return Tone::green;
        case PlanStep::State::failed:
            return Tone::red;
        case PlanStep::State::pending:
            break;
    }
    return Tone::plain;
}

std::string seconds_text(double seconds) {
    if (seconds < 10) return fmt::format("{:.1f} s", seconds);
    if (seconds < 120) return fmt::format("{:.0f} s", seconds);
    const auto whole = static_cast<std::int64_t>(seconds);
    return fmt::format("{} min {} s", whole / 60, whole % 60);
}

std::string verdict_text(const executor::TestReport& report) {
    const std::size_t passed = report.passed();
    const std::size_t failed = report.failed();
    switch (report.verdict) {
        case executor::TestReport::Verdict::passed:
            return fmt::format("tests passed: {} of {}", passed, passed + failed);
        case executor::TestReport::Verdict::failed:
            return fmt::format("tests failed: {} failed, {} passed", failed, passed);
        case executor::TestReport::Verdict::incomplete:
            break;
    }
    return fmt::format("tests incomplete: {}", report.reason.empty() ? "no report" : report.reason);
}

using Count = std::string (*)(std::int64_t);

// "950", "1.2k", "3.4M": for the status line, where room is short.
std::string rounded(std::int64_t number) {
    if (number < 1000) return fmt::format("{}", number);
    if (number < 1'000'000) return fmt::format("{:.1f}k", static_cast<double>(number) / 1e3);
    return fmt::format("{:.1f}M", static_cast<double>(number) / 1e6);
}

std::string tokens_text(const agent::UsageEvent& usage, Count count) {
    std::string out = count(usage.prompt_tokens) + " in";
    if (usage.cached_tokens > 0) out += " (" + count(usage.cached_tokens) + " cached)";
    return out + ", " + count(usage.completion_tokens) + " out";
}

}  // namespace

std::string grouped(std::int64_t number) {
    std::string digits = fmt::format("{}", number);
    const std::size_t first = number < 0 ? 1 : 0;
    for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

std::string place_text(const SessionStatus& status) {
    switch (status.place) {
        case Place::local:
            return "locally, no network";
        case Place::local_server:
            return "locally, " + status.endpoint;
        case Place::remote:
            return "remote: " + status.endpoint;
        case Place::none:
            break;
    }
    return "no model";
}

void SessionView::event(const agent::AgentEvent& event) {
    // Whatever is not text ends the text before it.
    if (!std::holds_alternative<agent::TextEvent>(event) && !std::holds_alternative<agent::UsageEvent>(event) &&
        !std::holds_alternative<agent::ProgressEvent>(event))
        settle();
    std::visit([this](const auto& each) { on(each); }, event);
}

void SessionView::settle() {
    end_thinking();
    display_.print(text_.finish(display_.width()));
}

void SessionView::begin_job(std::string what) {
    stage_ = std::move(what);
    progress_.clear();
    working_since_ = clock_.now() + kQuick;
}

void SessionView::begin_task() {
    task_usage_ = {};
    plan_told_ = false;
    edits_.clear();
    stage_.clear();
    progress_.clear();
    announced_what_.clear();
    waiting_since_.reset();
    waited_ = {};
    started_ = working_since_ = clock_.now();
}

void SessionView::end_job() {
    settle();
    working_since_.reset();
    if (started_) task_usage_.seconds = worked_seconds();
    started_.reset();
    waiting_since_.reset();
    stage_.clear();
    progress_.clear();
}

void SessionView::set_waiting(bool waiting) {
    if (waiting == waiting_since_.has_value()) return;
    if (waiting_since_) waited_ += clock_.now() - *waiting_since_;
    waiting_since_ = waiting ? std::optional(clock_.now()) : std::nullopt;
}

// Without the time that a person took to answer.
double SessionView::worked_seconds() const {
    return std::chrono::duration<double>(waiting_since_.value_or(clock_.now()) - *started_ - waited_).count();
}

void SessionView::on(const agent::StageEvent& event) {
    said_.clear();
    stage_ = event.name;
    progress_.clear();
    Line line{{display_.plain() ? "Step: " : "• ", Tone::cyan}, {safe_line(event.name), Tone::cyan}};
    if (!event.detail.empty()) line.push_back({"  " + safe_line(event.detail), Tone::dim});
    say(line, {.indent = "  "});
}

// The whole plan when it is new, else only the steps whose state changed.
void SessionView::on(const agent::PlanEvent& event) {
    const std::optional<agent::Plan> before = std::exchange(plan_, event.plan);
    const auto same_text = [](const PlanStep& a, const PlanStep& b) { return a.text == b.text; };
    const bool known = std::exchange(plan_told_, true) && before && before->files == event.plan.files;
    if (!known || !std::equal(before->steps.begin(), before->steps.end(), event.plan.steps.begin(),
                              event.plan.steps.end(), same_text)) {
        // A plan that the model has just written out needs no second look.
        const bool read = said_.size() < kSaidKept && event.plan.files.empty() && were_read(event.plan.steps, said_);
        if (!read) show_plan(event.plan);
        return;
    }
    for (std::size_t i = 0; i < event.plan.steps.size(); ++i) {
        const PlanStep& step = event.plan.steps[i];
        if (step.state == before->steps[i].state) continue;
        const std::string lead = fmt::format("{}{}. ", mark(step.state, display_.plain()), i + 1);
        say({{lead + step.text, tone_of(step.state)}}, {.indent = std::string(cell_width(lead), ' ')});
    }
}

void SessionView::show_plan(const agent::Plan& plan) {
    if (plan.steps.empty()) return;
    say(toned_line(Tone::bold, "Plan"));
    for (std::size_t i = 0; i < plan.steps.size(); ++i) {
        const std::string lead = fmt::format("{}{}. ", mark(plan.steps[i].state, display_.plain()), i + 1);
        say({{lead + plan.steps[i].text, tone_of(plan.steps[i].state)}},
            {.indent = std::string(cell_width(lead), ' ')});
    }
    if (!plan.files.empty()) say({{"files: " + join(plan.files, ", "), Tone::dim}}, {.indent = "  "});
}

void SessionView::ask_plan(const agent::Plan& plan) {
    if (!std::exchange(plan_told_, true) || plan_ != plan) show_plan(plan);
    plan_ = plan;
}

void SessionView::on(const agent::TextEvent& event) {
    if (!event.thinking) {
        end_thinking();
        if (said_.size() < kSaidKept) said_ += event.text;
        display_.print(text_.feed(event.text, display_.width()));
        return;
    }
    if (!thinking_) {
        display_.print(text_.finish(display_.width()));
        thinking_ = true;
        if (display_.plain()) say(plain_line("The model is thinking."));
    }
    bool in_word = !thought_.empty() && thought_.back() != ' ';
    for (const char c : event.text) {
        const bool blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
        if (!blank && !in_word) ++thought_words_;
        in_word = !blank;
        thought_ += blank ? ' ' : c;
    }
    if (thought_.size() > 2 * kThoughtKept) thought_.erase(0, thought_.size() - kThoughtKept);
}

// What was thought is not kept on the screen: its length is.
void SessionView::end_thinking() {
    if (!thinking_) return;
    thinking_ = false;
    thought_.clear();
    say(toned_line(Tone::dim, fmt::format("thought: {} words", grouped(static_cast<std::int64_t>(thought_words_)))));
    thought_words_ = 0;
}

void SessionView::on(const agent::ToolEvent& event) {
    using Phase = agent::ToolEvent::Phase;
    if (event.phase == Phase::started) {
        progress_ = safe_line(event.name + " " + event.summary);
        if (display_.plain()) say({{"Started " + event.name + ": " + event.summary, Tone::plain}});
        return;
    }
    progress_.clear();
    const bool plain = display_.plain();
    const std::string lead = event.ok ? (plain ? "Done: " : "  ✓ ") : (plain ? "Failed: " : "  ✗ ");
    say({{lead, event.ok ? Tone::green : Tone::red},
         {event.name + "  ", Tone::plain},
         {event.summary, event.ok ? Tone::dim : Tone::red}},
        {.indent = "    "});
}

void SessionView::on(const agent::EditEvent& event) {
    if (edits_.size() + event.patch.size() < kPatchKept) edits_ += event.patch;
    std::string_view patch = event.patch;
    std::string_view what = "edit ";
    if (patch.starts_with("--- /dev/null\n") || patch.find("\n--- /dev/null\n") != std::string_view::npos)
        what = "new file ";
    if (patch.find("\n+++ /dev/null\n") != std::string_view::npos) what = "delete ";
    patch.remove_prefix(names_before_hunk(patch));
    say({{std::string(what) + event.path, Tone::bold}}, {.indent = "  "});
    display_.print(diff_rows(patch, display_.code_width(), kMostEditRows));
}

void SessionView::on(const agent::TestsEvent& event) {
    progress_.clear();
    show_tests(event.report, event.wall);
}

void SessionView::show_tests(const executor::TestReport& report, std::chrono::milliseconds wall) {
    using Verdict = executor::TestReport::Verdict;
    const bool passed = report.verdict == Verdict::passed;
    const Tone tone = passed ? Tone::green : report.verdict == Verdict::failed ? Tone::red : Tone::loud;
    std::string about = report.runner;
    if (wall.count() > 0) about += (about.empty() ? "" : ", ") + seconds_text(static_cast<double>(wall.count()) / 1000);
    if (report.heuristic) about += ", read from its output";
    Line line{{(passed ? "✓ " : "✗ ") + verdict_text(report), tone}};
    if (display_.plain()) line.front().text = verdict_text(report);
    if (!about.empty()) line.push_back({"  (" + about + ")", Tone::dim});
    say(line, {.indent = "  "});
    std::size_t shown = 0;
    for (const executor::TestCase& test : report.tests) {
        if (test.outcome != executor::TestOutcome::failed && test.outcome != executor::TestOutcome::error) continue;
        if (++shown > kFailuresShown) continue;
        Line failure{{"  " + test.id, Tone::red}};
        if (!test.message.empty()) failure.push_back({"  " + test.message, Tone::dim});
        say(failure, {.indent = "    "});
    }
    if (shown > kFailuresShown) say(toned_line(Tone::dim, fmt::format("  … and {} more", shown - kFailuresShown)));
}

void SessionView::on(const agent::ProgressEvent& event) {
    progress_ = safe_line(event.what);
    if (event.share >= 0) progress_ += fmt::format(" {:.0f} %", std::clamp(event.share, 0.0, 1.0) * 100);
    if (!event.detail.empty()) progress_ += "  " + safe_line(event.detail);
    if (!display_.plain()) return;
    const int quarter = event.share < 0 ? 0 : static_cast<int>(std::clamp(event.share, 0.0, 1.0) * 4);
    if (announced_what_ == event.what && quarter <= announced_quarter_) return;
    announced_what_ = event.what;
    announced_quarter_ = quarter;
    say(plain_line(progress_));
}

void SessionView::on(const agent::UsageEvent& event) { task_usage_ = event; }

void SessionView::on(const agent::WarningEvent& event) {
    print_text(display_, "Warning: " + event.text, Tone::loud, {.indent = "  "});
}

void SessionView::on(const agent::WithheldEvent& event) {
    say({{"withheld from the model: ", Tone::yellow}, {event.what, Tone::yellow}, {"  " + event.why, Tone::dim}},
        {.indent = "  "});
}

void SessionView::on(const agent::CheckpointEvent& event) {
    say({{"checkpoint " + event.id + "  " + event.label, Tone::dim}}, {.indent = "  "});
}

void SessionView::show_patch(const std::string& patch, const executor::TestReport* report) {
    const bool above = std::exchange(edits_, {}) == patch;
    std::vector<Line> rows = diff_rows(patch, display_.code_width(), kMostDecidedRows);
    // Only what was shown whole needs no second look.
    if (above && rows.size() <= kMostEditRows)
        say(toned_line(Tone::bold, "The change is the one above."));
    else
        display_.print(rows);
    if (report != nullptr)
        show_tests(*report, {});
    else
        say(toned_line(Tone::loud, "No test has judged this change."));
}

std::vector<Line> SessionView::live_rows() const {
    std::vector<Line> rows;
    const std::size_t width = display_.width();
    if (thinking_) {
        const std::string safe = safe_line(thought_);
        std::string_view tail = safe;
        for (std::size_t cells = cell_width(tail); cells + 2 > width && !tail.empty();) {
            const CodePoint first = first_code_point(tail);
            cells -= static_cast<std::size_t>(cell_width(first.value));
            tail.remove_prefix(first.bytes);
        }
        rows.push_back({{"… ", Tone::dim}, {std::string(tail), Tone::dim}});
    } else if (Line pending = text_.pending(width); !pending.empty()) {
        rows.push_back(std::move(pending));
    }
    if (working_since_ && !waiting_since_ && clock_.now() >= *working_since_) {
        constexpr std::array<std::string_view, 4> kTurning{"◐ ", "◓ ", "◑ ", "◒ "};
        const auto tick = static_cast<std::size_t>((clock_.now() - *working_since_) / kTurn);
        const std::string what = !progress_.empty() ? progress_ : stage_.empty() ? "working" : safe_line(stage_);
        rows.push_back(shorten({{std::string(kTurning[tick % 4]), Tone::cyan}, {what, Tone::dim}}, width));
    }
    return rows;
}

Line SessionView::status_line(std::size_t width) const {
    if (!status_known_) return {};
    struct Part {
        int keep;  ///< the higher, the longer it stays
        std::string text;
    };
    std::vector<Part> parts;
    if (!status_.model.empty()) parts.push_back({2, status_.model});
    if (task_usage_.calls > 0 || task_usage_.prompt_tokens > 0) parts.push_back({3, tokens_text(task_usage_, rounded)});
    double seconds = task_usage_.seconds;
    if (started_) seconds = worked_seconds();
    if (started_ || seconds > 0) parts.push_back({4, fmt::format("{:.0f} s", seconds)});
    if (task_usage_.joules) parts.push_back({0, fmt::format("{:.0f} J", *task_usage_.joules)});
    if (!status_.sandbox_tier.empty()) parts.push_back({1, "tier " + status_.sandbox_tier});
    const Line place{{safe_line(place_text(status_)), status_.place == Place::remote ? Tone::loud : Tone::dim}};
    const auto whole = [&] {
        Line line = place;
        for (const Part& part : parts) line.push_back({" · " + safe_line(part.text), Tone::dim});
        return line;
    };
    const auto least = [](const Part& a, const Part& b) { return a.keep < b.keep; };
    while (!parts.empty() && cell_width(whole()) > width)
        parts.erase(std::min_element(parts.begin(), parts.end(), least));
    return shorten(whole(), width);
}

void SessionView::show_cost() {
    const agent::UsageEvent& all = status_.usage;
    say({{"model: ", Tone::dim}, {status_.model.empty() ? "none" : status_.model, Tone::plain}});
    say({{"runs: ", Tone::dim}, {place_text(status_), Tone::plain}});
    say({{"tokens: ", Tone::dim}, {tokens_text(all, grouped), Tone::plain}});
    say({{"calls: ", Tone::dim}, {fmt::format("{}", all.calls), Tone::plain}});
    say({{"worked: ", Tone::dim}, {seconds_text(all.seconds), Tone::plain}});
    if (all.waited >= 1) say({{"waited for you: ", Tone::dim}, {seconds_text(all.waited), Tone::plain}});
    say({{"energy: ", Tone::dim},
         {all.joules ? fmt::format("{:.0f} J", *all.joules) : "not known on this machine", Tone::plain}});
    say({{"money: ", Tone::dim}, {status_.spending.empty() ? "nothing" : status_.spending, Tone::plain}});
}

}  // namespace ec::apps::session
