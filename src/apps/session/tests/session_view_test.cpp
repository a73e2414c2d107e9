// What the view shows of an agent, where a wrong picture could mislead a decision.
#include "session/session_view.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ec::apps::session {
namespace {

using namespace agent;
using ::testing::HasSubstr;
using ::testing::Not;

struct Shown {
    std::string take() {
        screen.leave();
        return std::exchange(bytes, {});
    }
    std::string bytes;
    ManualClock clock;
    LiveScreen screen{[this](std::string_view more) { bytes += more; }, false};
    SessionView view{screen, clock};
};

std::string text_rows(const SessionView& view) {
    std::string out;
    for (const Line& row : view.live_rows()) out += text_of(row) + "\n";
    return out;
}

const std::string kPatch = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n";

TEST(SessionView, ShowsAPlanThatIsAskedForAgainInTheNextTask) {
    Shown shown;
    const Plan plan{{{"delete everything", PlanStep::State::pending}}, {}};
    for (int task = 0; task < 2; ++task) {
        shown.view.begin_task();
        shown.view.ask_plan(plan);
        EXPECT_THAT(shown.take(), HasSubstr("delete everything"));
        shown.view.end_job();
    }
}

TEST(SessionView, ShowsOnlyTheStepThatChanged) {
    Shown shown;
    shown.view.begin_task();
    Plan plan{{{"one", PlanStep::State::pending}, {"two", PlanStep::State::pending}}, {"x"}};
    shown.view.event(PlanEvent{plan});
    (void)shown.take();
    plan.steps[1].state = PlanStep::State::done;
    shown.view.event(PlanEvent{plan});
    const std::string changed = shown.take();
    EXPECT_THAT(changed, HasSubstr("✓ 2. two"));
    EXPECT_THAT(changed, Not(HasSubstr("one")));
    plan.files.push_back("y");
    shown.view.event(PlanEvent{plan});
    EXPECT_THAT(shown.take(), HasSubstr("files: x, y"));
}

TEST(SessionView, AsksForAChangeWithoutRepeatingItOnlyWhenItWasShownWhole) {
    Shown shown;
    shown.view.begin_task();
    shown.view.event(EditEvent{"x", kPatch});
    (void)shown.take();
    shown.view.show_patch(kPatch, nullptr);
    const std::string same = shown.take();
    EXPECT_THAT(same, HasSubstr("The change is the one above."));
    EXPECT_THAT(same, HasSubstr("No test has judged this change."));
    shown.view.event(EditEvent{"x", kPatch});
    (void)shown.take();
    shown.view.show_patch(kPatch + "--- a/y\n+++ b/y\n@@ -1 +1 @@\n-c\n+d\n", nullptr);
    EXPECT_THAT(shown.take(), HasSubstr("+++ b/y"));
    std::string big = "--- a/x\n+++ b/x\n@@ -0,0 +1,1000 @@\n";
    for (int i = 0; i < 1000; ++i) big += "+line " + std::to_string(i) + "\n";
    shown.view.event(EditEvent{"x", big});
    EXPECT_THAT(shown.take(), HasSubstr("more lines, not shown"));
    shown.view.show_patch(big, nullptr);
    EXPECT_THAT(shown.take(), HasSubstr("line 999"));
}

TEST(SessionView, LeavesOutWhatGitSaysOfAFileThatItHasNamed) {
    Shown shown;
    shown.view.event(EditEvent{"x", "diff --git a/x b/x\nindex 868744a..f158a9f 100644\n" + kPatch});
    const std::string told = shown.take();
    EXPECT_THAT(told, HasSubstr("edit x"));
    EXPECT_THAT(told, Not(HasSubstr("index")));
    shown.view.event(
        EditEvent{"x", "diff --git a/x b/x\nnew file mode 100755\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n"});
    const std::string made = shown.take();
    EXPECT_THAT(made, HasSubstr("new file x"));
    EXPECT_THAT(made, HasSubstr("mode 100755"));
}

TEST(SessionView, ShowsAPlanOnceThatTheModelHasJustWrittenOut) {
    Shown shown;
    shown.view.begin_task();
    const Plan plan{{{"Look at it.", PlanStep::State::pending}, {"Write it.", PlanStep::State::pending}}, {}};
    shown.view.event(TextEvent{"1. Look at it.\n2. Write it.\n", false});
    shown.view.event(PlanEvent{plan});
    shown.view.ask_plan(plan);
    const std::string once = shown.take();
    EXPECT_EQ(once.find("Write it."), once.rfind("Write it."));
    shown.view.event(StageEvent{"plan", "again"});
    shown.view.event(TextEvent{"1. Write it.\n2. Look at it, or not.\n", false});
    const Plan other{{{"Look at it.", PlanStep::State::pending}, {"Delete it.", PlanStep::State::pending}}, {}};
    shown.view.event(PlanEvent{other});
    EXPECT_THAT(shown.take(), HasSubstr("Delete it."));
}

TEST(SessionView, HidesNoChangeOfModeOrName) {
    Shown shown;
    shown.view.event(EditEvent{"x", "old mode 100644\nnew mode 100755\n" + kPatch});
    EXPECT_THAT(shown.take(), HasSubstr("new mode 100755"));
    shown.view.event(EditEvent{"x", "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n"});
    EXPECT_THAT(shown.take(), HasSubstr("new file x"));
    shown.view.event(EditEvent{"x", "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-b\n"});
    EXPECT_THAT(shown.take(), HasSubstr("delete x"));
}

TEST(SessionView, SaysAloudWhenTextLeavesTheMachine) {
    Shown shown;
    SessionStatus status;
    EXPECT_EQ(text_of(shown.view.status_line(80)), "") << "nothing is claimed before the host has spoken";
    status.place = Place::remote;
    status.endpoint = "api.example.com";
    status.model = "big";
    status.sandbox_tier = "A";
    shown.view.set_status(status);
    EXPECT_EQ(text_of(shown.view.status_line(80)), "remote: api.example.com · big · tier A");
    EXPECT_EQ(shown.view.status_line(80).front().tone, Tone::loud);
    EXPECT_EQ(text_of(shown.view.status_line(30)), "remote: api.example.com · big");
    EXPECT_EQ(text_of(shown.view.status_line(20)), "remote: api.example…");
    status.place = Place::local_server;
    status.endpoint = "127.0.0.1:11434";
    shown.view.set_status(status);
    EXPECT_EQ(text_of(shown.view.status_line(30)), "locally, 127.0.0.1:11434 · big");
    shown.view.set_status({});
    EXPECT_EQ(text_of(shown.view.status_line(30)), "no model");
}

TEST(SessionView, CountsTheSecondsAndTurnsWhileItWorks) {
    Shown shown;
    shown.view.set_status({});
    shown.view.begin_task();
    shown.clock.advance(std::chrono::seconds(75));
    EXPECT_EQ(text_of(shown.view.status_line(80)), "no model · 75 s");
    EXPECT_THAT(text_rows(shown.view), HasSubstr("working"));
    shown.view.event(ProgressEvent{"samples", 2.0, "many"});
    EXPECT_THAT(text_rows(shown.view), HasSubstr("samples 100 %  many"));
    shown.view.set_waiting(true);
    EXPECT_EQ(text_rows(shown.view), "");
    shown.view.end_job();
    EXPECT_EQ(text_rows(shown.view), "");
    shown.view.begin_job("running make");
    EXPECT_EQ(text_rows(shown.view), "") << "what is quick is not announced";
    shown.clock.advance(std::chrono::seconds(1));
    EXPECT_THAT(text_rows(shown.view), HasSubstr("running make"));
}

TEST(SessionView, CountsNoTimeThatThePersonThinks) {
    Shown shown;
    shown.view.set_status({});
    shown.view.begin_task();
    shown.clock.advance(std::chrono::seconds(5));
    shown.view.set_waiting(true);
    shown.clock.advance(std::chrono::seconds(100));
    EXPECT_EQ(text_of(shown.view.status_line(80)), "no model · 5 s");
    shown.view.set_waiting(false);
    shown.clock.advance(std::chrono::seconds(2));
    EXPECT_EQ(text_of(shown.view.status_line(80)), "no model · 7 s");
    shown.view.end_job();
    EXPECT_EQ(text_of(shown.view.status_line(80)), "no model · 7 s");
    SessionStatus status;
    status.usage.seconds = 7;
    shown.view.set_status(status);
    shown.view.show_cost();
    EXPECT_THAT(shown.take(), Not(HasSubstr("waited")));
    status.usage.waited = 100;
    shown.view.set_status(status);
    shown.view.show_cost();
    const std::string cost = shown.take();
    EXPECT_THAT(cost, HasSubstr("worked: 7.0 s"));
    EXPECT_THAT(cost, HasSubstr("waited for you: 100 s"));
}

TEST(SessionView, WrapsWordsButNoCodeWhereNothingIsDrawnInPlace) {
    std::string bytes;
    ManualClock clock;
    PlainScreen screen{[&](std::string_view more) { bytes += more; }, false, 24};
    SessionView view{screen, clock};
    const std::string code = "a_long_call(with, many, arguments, in, one, line)";
    view.event(TextEvent{"These are words that need two rows.\n```\n" + code + "\n```\n", false});
    view.event(EditEvent{"x", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+" + code + "\n"});
    EXPECT_THAT(bytes, HasSubstr("These are words that \nneed two rows.\n"));
    EXPECT_THAT(bytes, HasSubstr("\n" + code + "\n"));
    EXPECT_THAT(bytes, HasSubstr("+ " + code + "\n"));
}

TEST(SessionView, ShowsNothingOfAPlanWithoutSteps) {
    Shown shown;
    shown.view.begin_task();
    shown.view.event(PlanEvent{});
    EXPECT_EQ(shown.take(), "");
}

TEST(SessionView, KeepsOnlyTheEndOfAThought) {
    Shown shown;
    for (int i = 0; i < 2000; ++i) shown.view.event(TextEvent{"日本 thought " + std::to_string(i) + "\n", true});
    const std::string live = text_rows(shown.view);
    EXPECT_THAT(live, HasSubstr("thought 1999"));
    EXPECT_LT(live.size(), 200U);
    shown.view.event(TextEvent{"answer\n", false});
    const std::string printed = shown.take();
    EXPECT_THAT(printed, HasSubstr("thought: 6,000 words"));
    EXPECT_THAT(printed, HasSubstr("answer"));
}

TEST(SessionView, WritesLargeNumbersInGroups) {
    EXPECT_EQ(grouped(0), "0");
    EXPECT_EQ(grouped(999), "999");
    EXPECT_EQ(grouped(1234567), "1,234,567");
    EXPECT_EQ(grouped(-1234), "-1,234");
}

}  // namespace
}  // namespace ec::apps::session
