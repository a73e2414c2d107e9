#include "fake_host.hpp"

#include <fmt/format.h>

#include <chrono>

namespace ec::apps::session {
namespace {

using namespace agent;

constexpr std::string_view kPatch =
    "--- a/calc.py\n+++ b/calc.py\n@@ -1,3 +1,3 @@\n def add(a, b):\n-    return a - b\n+    return a + b\n \n";

executor::TestReport report(bool passed) {
    executor::TestReport out;
    out.verdict = passed ? executor::TestReport::Verdict::passed : executor::TestReport::Verdict::failed;
    out.runner = "pytest";
    executor::TestCase one;
    one.id = "test_calc.py::test_add";
    one.outcome = passed ? executor::TestOutcome::passed : executor::TestOutcome::failed;
    one.message = passed ? "" : "assert -1 == 3";
    executor::TestCase two;
    two.id = "test_calc.py::test_sub";
    two.outcome = executor::TestOutcome::passed;
    out.tests = {one, two};
    return out;
}

Plan plan(PlanStep::State first = PlanStep::State::pending) {
    return {{{"find the wrong sign", first}, {"fix it and run the tests", PlanStep::State::pending}}, {"calc.py"}};
}

}  // namespace

std::vector<AgentEvent> every_event() {
    return {StageEvent{"context", "2 files, 310 tokens"},
            PlanEvent{plan(PlanStep::State::doing)},
            TextEvent{"I look at `calc.py`.\n", false},
            TextEvent{"maybe the sign", true},
            ToolEvent{ToolEvent::Phase::started, "read", "calc.py lines 1-3", true},
            ToolEvent{ToolEvent::Phase::finished, "read", "calc.py lines 1-3", true},
            EditEvent{"calc.py", std::string(kPatch)},
            TestsEvent{report(false), std::chrono::milliseconds(1234)},
            ProgressEvent{"samples", 0.375, "3 of 8"},
            UsageEvent{1234, 900, 56, 1, 12.0, 45.0},
            WarningEvent{"the server cut the prompt"},
            WithheldEvent{".env", "a file of secrets"},
            CheckpointEvent{"c1", "before the edit"}};
}

Result<std::string> FakeHost::whole_task(const TaskRequest& task, AgentEvents& events, Person& person) {
    events.event(StageEvent{"plan", "2 steps"});
    if (task.plan_first) {
        const Answer plan_answer = person.approve_plan(plan());
        if (plan_answer.kind == Answer::Kind::reject) return fail(ErrorCode::cancelled, plan_answer.text);
        if (plan_answer.kind != Answer::Kind::approve)
            return fmt::format("[{}:{}]", static_cast<int>(plan_answer.kind), plan_answer.text);
    }
    events.event(PlanEvent{plan(PlanStep::State::doing)});
    events.event(TextEvent{"The sign in **add** is wrong, see `calc.py`:\n```python\n    return a - b\n", false});
    events.event(TextEvent{"```\n", false});
    events.event(EditEvent{"calc.py", std::string(kPatch)});
    events.event(TestsEvent{report(true), std::chrono::milliseconds(420)});
    const executor::TestReport verdict = report(true);
    const Answer patch_answer = person.approve_patch(std::string(kPatch), &verdict);
    events.event(UsageEvent{1234, 900, 56, 2, 3.0, 45.0});
    if (patch_answer.kind == Answer::Kind::approve) {
        changed_ = true;
        return "Changed calc.py.";
    }
    return fmt::format("[{}:{}]", static_cast<int>(patch_answer.kind), patch_answer.text);
}

Result<std::string> FakeHost::wait_for_stop(AgentEvents& events, Person& person, const std::stop_token& stop) {
    events.event(StageEvent{"sample", "until stopped"});
    events.event(ProgressEvent{"samples", 0.5, "4 of 8"});
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
        if (const std::optional<std::string> note = person.redirection()) {
            events.event(TextEvent{"Heard: " + *note + "\n", false});
            if (*note == "finish") return "Finished as told.";
        }
        changed.wait_for(lock, stop, std::chrono::milliseconds(10), [] { return false; });
    }
    return fail(ErrorCode::cancelled, "the task was stopped");
}

Result<std::string> FakeHost::run_task(const TaskRequest& task, AgentEvents& events, Person& person,
                                       std::stop_token stop) {
    if (task.text == "everything") {
        for (const AgentEvent& event : every_event()) events.event(event);
        return "That was everything.";
    }
    if (task.text == "wait") return wait_for_stop(events, person, stop);
    if (task.text == "hang") {
        std::mutex mutex;
        std::condition_variable never;
        std::unique_lock lock(mutex);
        events.event(StageEvent{"hang", "deaf to every stop"});
        never.wait(lock, [] { return false; });
    }
    if (task.text == "flood") {
        for (int i = 0; i < 3000; ++i) events.event(TextEvent{fmt::format("line {} of the flood\n", i), false});
        return "The flood is over.";
    }
    if (task.text == "crash") std::abort();
    if (task.text == "hostile") {
        const std::string bad = std::string(
            "\x1b[2J\x1b]0;owned\x07\xc2\x9b"
            "31m\0\xff\xe2\x80\xae evil",
            30);
        events.event(StageEvent{bad, bad});
        events.event(PlanEvent{{{{bad, PlanStep::State::doing}}, {bad}}});
        events.event(TextEvent{bad + "\n" + std::string(1U << 20, 'x') + bad, false});
        events.event(TextEvent{bad, true});
        events.event(ToolEvent{ToolEvent::Phase::started, bad, bad, true});
        events.event(ToolEvent{ToolEvent::Phase::finished, bad, bad, false});
        events.event(EditEvent{bad, "@@ -1 +1 @@\n-" + bad + "\n+" + bad + "\n"});
        executor::TestReport tests = report(false);
        tests.tests[0].id = tests.tests[0].message = tests.runner = bad;
        events.event(TestsEvent{tests, {}});
        events.event(ProgressEvent{bad, 0.5, bad});
        events.event(WarningEvent{bad});
        events.event(WithheldEvent{bad, bad});
        events.event(CheckpointEvent{bad, bad});
        (void)person.approve_command(bad, bad);
        return bad;
    }
    if (task.text.starts_with("echo ")) return "You said: " + task.text.substr(5);
    return whole_task(task, events, person);
}

Result<std::string> FakeHost::run_command(const std::string& line, std::stop_token) {
    return "output of " + line + "\nexit status 0";
}

Result<std::string> FakeHost::run_tests(const std::optional<std::string>& command, AgentEvents& events,
                                        std::stop_token) {
    if (command) test_command_ = *command;
    events.event(TestsEvent{report(false), std::chrono::milliseconds(1234)});
    return "Ran " + test_command_ + ".";
}

Result<std::string> FakeHost::diff() { return changed_ ? std::string(kPatch) : std::string(); }
Result<std::string> FakeHost::undo() {
    if (!changed_) return fail(ErrorCode::conflict, "there is nothing to undo");
    changed_ = false;
    return "Took back: calc.py";
}
Result<std::string> FakeHost::redo() { return fail(ErrorCode::conflict, "there is nothing to redo", "/undo first"); }
Result<std::vector<ModelChoice>> FakeHost::models(std::stop_token) {
    return std::vector<ModelChoice>{{"tiny-coder-1.5b", "1.1 GB", model_ == "tiny-coder-1.5b"},
                                    {"big-coder-7b", "4.7 GB, 21 tokens a second here", model_ == "big-coder-7b"}};
}
Result<std::string> FakeHost::set_model(const std::string& name, std::stop_token) {
    if (name != "tiny-coder-1.5b" && name != "big-coder-7b")
        return fail(ErrorCode::not_found, "there is no model " + name, "/model lists them");
    model_ = name;
    return "Using " + name + " from the next task on.";
}
Result<std::string> FakeHost::review(const std::string& words, Person&, std::stop_token) { return "review: " + words; }
Result<std::string> FakeHost::resume(std::stop_token) { return "Resumed."; }
Result<std::string> FakeHost::clear() { return "Forgotten."; }
SessionStatus FakeHost::status() {
    SessionStatus out;
    out.place = Place::local;
    out.model = model_;
    out.sandbox_tier = "A";
    out.test_command = test_command_;
    out.usage = {1234, 900, 56, 2, 3.0, std::nullopt};
    out.models = {"tiny-coder-1.5b", "big-coder-7b"};
    return out;
}

}  // namespace ec::apps::session
