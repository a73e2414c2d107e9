// What an agent tells, as rows for a person.
//
// Finished rows go to the display at once; what still grows (streamed text, progress) is kept as live rows that the
// session draws above its input line. On a plain display nothing lives: states are said in whole lines. Borrows the
// display; one thread.
#pragma once

#include <chrono>
#include <ec/agent/events.hpp>
#include <ec/core/clock.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host.hpp"
#include "markdown.hpp"
#include "screen.hpp"

namespace ec::apps::session {

/// How long each picture of the turning mark stands.
inline constexpr std::chrono::milliseconds kTurn{250};

class SessionView final : public agent::AgentEvents {
public:
    SessionView(Display& display, const Clock& clock) : display_(display), clock_(clock), text_(!display.plain()) {}

    void event(const agent::AgentEvent& event) override;

    /// Ends what streams, so that other output may follow.
    void settle();
    /// A task begins: totals and clock of the status line start anew.
    void begin_task();
    /// Something else begins, "running make"; shown only when it takes its time.
    void begin_job(std::string what);
    /// What began has ended.
    void end_job();
    /// The task waits for the person: nothing turns.
    void set_waiting(bool waiting);
    /// What the host says about itself, for the status line.
    void set_status(SessionStatus status) {
        status_ = std::move(status);
        status_known_ = true;
    }
    [[nodiscard]] const SessionStatus& status() const { return status_; }
    [[nodiscard]] const std::optional<agent::Plan>& plan() const { return plan_; }
    [[nodiscard]] Display& display() { return display_; }

    /// Rows above the input: the text that grows, and what is being done with a turning mark. At most two.
    [[nodiscard]] std::vector<Line> live_rows() const;
    /// "locally, no network · model · 1.2k in (900 cached), 56 out · 12 s · 45 J · tier A"; where `width` is too little
    /// the parts that matter least are left out, the place never.
    [[nodiscard]] Line status_line(std::size_t width) const;
    /// Everything known about what the session used: /cost.
    void show_cost();
    void show_plan(const agent::Plan& plan);
    /// The plan to be decided on; later events tell only what changes of it.
    void ask_plan(const agent::Plan& plan);
    /// The patch to be decided on, unless the edits before were just that, and the verdict of its tests.
    void show_patch(const std::string& patch, const executor::TestReport* report);
    void show_tests(const executor::TestReport& report, std::chrono::milliseconds wall);

private:
    void on(const agent::StageEvent& event);
    void on(const agent::PlanEvent& event);
    void on(const agent::TextEvent& event);
    void on(const agent::ToolEvent& event);
    void on(const agent::EditEvent& event);
    void on(const agent::TestsEvent& event);
    void on(const agent::ProgressEvent& event);
    void on(const agent::UsageEvent& event);
    void on(const agent::WarningEvent& event);
    void on(const agent::WithheldEvent& event);
    void on(const agent::CheckpointEvent& event);
    void say(const Line& line, const Wrapping& how = {}) { print_line(display_, line, how); }
    void end_thinking();
    [[nodiscard]] double worked_seconds() const;

    Display& display_;
    const Clock& clock_;
    MarkdownStream text_;
    std::string thought_;  ///< the end of what the model thinks
    std::size_t thought_words_ = 0;
    bool thinking_ = false;
    std::optional<std::chrono::nanoseconds> waiting_since_;
    std::chrono::nanoseconds waited_{0};  ///< in this task, up to the question that is open
    std::string edits_;                   ///< patches told since the last question
    std::string said_;                    ///< by the model since the stage began
    std::string stage_;
    std::string progress_;
    int announced_quarter_ = -1;  ///< of the progress, on a plain display
    std::string announced_what_;
    std::optional<agent::Plan> plan_;
    bool plan_told_ = false;  ///< in this task
    agent::UsageEvent task_usage_;
    SessionStatus status_;
    bool status_known_ = false;
    std::optional<std::chrono::nanoseconds> started_;        ///< of the task
    std::optional<std::chrono::nanoseconds> working_since_;  ///< of whatever runs
};

/// "locally, no network", "locally, 127.0.0.1:11434", "remote: api.example.com", "no model".
std::string place_text(const SessionStatus& status);
/// "1,234,567".
std::string grouped(std::int64_t number);

}  // namespace ec::apps::session
