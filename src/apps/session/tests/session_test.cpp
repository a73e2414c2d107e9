// The session driven through a pseudo terminal, as a person drives it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "pty.hpp"

namespace ec::apps::session {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string program() { return EC_SESSION_PROGRAM; }

std::vector<std::string> usual(std::vector<std::string> more = {}) {
    std::vector<std::string> out{"TERM=xterm-256color", "PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
}

class SessionAtWidth : public ::testing::TestWithParam<unsigned short> {};
INSTANTIATE_TEST_SUITE_P(Widths, SessionAtWidth, ::testing::Values(20, 80, 200));

void expect_cooked(const Pty& pty) {
    EXPECT_NE(pty.modes().c_lflag & ICANON, 0U);
    EXPECT_NE(pty.modes().c_lflag & ECHO, 0U);
    EXPECT_NE(pty.modes().c_lflag & ISIG, 0U);
    EXPECT_TRUE(pty.terminal.cursor_visible());
    EXPECT_FALSE(pty.terminal.bracketed_paste());
}

TEST_P(SessionAtWidth, LeadsATaskFromPlanToChange) {
    Pty pty({program()}, usual(), GetParam(), 24);
    ASSERT_TRUE(pty.wait_for("locally, no"));
    pty.send("fix add\r");
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    EXPECT_TRUE(pty.terminal.shows("1. find the"));
    pty.send("a\r");
    ASSERT_TRUE(pty.wait_for("tests passed: 2")) << pty.terminal.all();
    EXPECT_TRUE(pty.terminal.shows("2 -     return a -") || pty.terminal.shows("2 -     return a - b"));
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("approve\r");
    ASSERT_TRUE(pty.wait_for("Changed calc.py."));
    pty.send("/diff\r");
    pty.send("/quit\r");
    EXPECT_EQ(pty.wait_for_exit(), 0);
    EXPECT_THAT(pty.terminal.surprises(), IsEmpty());
    for (const std::string& row : pty.terminal.rows()) EXPECT_THAT(row, Not(HasSubstr("\x1b")));
    expect_cooked(pty);
}

TEST(Session, ShowsEveryEvent) {
    Pty pty({program(), "everything"}, usual(), 100, 60);
    ASSERT_TRUE(pty.wait_for("That was everything."));
    pty.send("/cost\r");
    ASSERT_TRUE(pty.wait_for("money: nothing"));
    for (const char* text :
         {"• context  2 files", "▸ 1. find the wrong sign", "I look at `calc.py`.", "thought: 3 words",
          "✓ read  calc.py lines 1-3", "edit calc.py", "2 -     return a - b", "tests failed: 1 failed, 1 passed",
          "test_calc.py::test_add  assert -1 == 3", "Warning: the server cut the prompt",
          "withheld from the model: .env  a file of secrets", "checkpoint c1  before the edit",
          "1,234 in (900 cached), 56 out", "locally, no network · tiny-coder-1.5b · 1.2k in (900 cached), 56 out"})
        EXPECT_TRUE(pty.wait_for(text)) << text << "\n" << pty.terminal.all();
}

TEST(Session, TakesTheAnswersInWordsAndNeverGuessesAnApproval) {
    Pty pty({program(), "fix"}, usual(), 80, 40);
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("\r");
    ASSERT_TRUE(pty.wait_for("Answer with a, e, r or d"));
    pty.send("add a test\r");
    pty.send("d\r");
    ASSERT_TRUE(pty.wait_for_cursor_row("instead>"));
    pty.send("use sub\r");
    ASSERT_TRUE(pty.wait_for("[3:use sub]")) << pty.terminal.all();
    pty.send("fix\r");
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("redirect only the docs\r");
    ASSERT_TRUE(pty.wait_for("[3:only the docs]"));
    pty.send("fix\r");
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("r\r");
    ASSERT_TRUE(pty.wait_for("Stopped: the person rejected it"));
}

TEST(Session, KeepsWhatWasBeingTypedOutOfTheAnswer) {
    Pty pty({program()}, usual(), 80, 40);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("fix\ra");  // the question comes while something is typed
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send(
        "\x15"
        "r\r");
    ASSERT_TRUE(pty.wait_for("Stopped:"));
    EXPECT_FALSE(pty.terminal.shows("Changed"));
}

TEST(Session, EditsAPlanInThePersonsEditor) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::filesystem::path editor = folder->path() / "editor";
    ASSERT_TRUE(write_file_atomic(editor,
                                  "#!/bin/sh\nstat -c %a \"$1\" > " + shell_quote((folder->path() / "mode").string()) +
                                      "\nprintf 'do it my way' > \"$1\"\n",
                                  0755));
    Pty pty({program(), "fix"}, usual({"EDITOR=" + editor.string()}), 80, 40);
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("e\r");
    ASSERT_TRUE(pty.wait_for("[2:do it my way]")) << pty.terminal.all();
    EXPECT_EQ(read_file(folder->path() / "mode").value_or(""), "600\n");
}

TEST(Session, EditsOnTheLineWithoutAnEditorAndSurvivesAFailingOne) {
    Pty pty({program(), "fix"}, usual(), 80, 40);
    ASSERT_TRUE(pty.wait_for_cursor_row("answer>"));
    pty.send("e\r");
    ASSERT_TRUE(pty.wait_for("edit> 1. find the wrong sign"));
    pty.send(" quickly\r");
    ASSERT_TRUE(pty.wait_for("files: calc.py quickly]")) << pty.terminal.all();
    Pty failing({program(), "fix"}, usual({"EDITOR=false"}), 80, 40);
    ASSERT_TRUE(failing.wait_for_cursor_row("answer>"));
    failing.send("e\r");
    ASSERT_TRUE(failing.wait_for("the editor ended with an error"));
    failing.send("a\r");
    ASSERT_TRUE(failing.wait_for("2 of 2"));
}

TEST(Session, EditsInAnInstalledEditorInPlainModeAndSaysWhenThereIsNone) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::vector<std::string> environment{"TERM=xterm-256color", "LC_ALL=C.UTF-8",
                                               "PATH=/nowhere::" + folder->path().string()};
    {
        Pty pty({program(), "--plain", "fix"}, environment, 80, 40);
        ASSERT_TRUE(pty.wait_for("answer>"));
        pty.send("e\n");
        ASSERT_TRUE(pty.wait_for("There is no editor here: set EDITOR")) << pty.terminal.all();
        pty.send("a\n");
        ASSERT_TRUE(pty.wait_for("Write this change?")) << "the plan was not lost";
    }
    ASSERT_TRUE(write_file_atomic(folder->path() / "nano", "#!/bin/sh\nprintf 'do it in nano' > \"$1\"\n", 0755));
    Pty pty({program(), "--plain", "fix"}, environment, 80, 40);
    ASSERT_TRUE(pty.wait_for("answer>"));
    pty.send("e\n");
    ASSERT_TRUE(pty.wait_for("[2:do it in nano]")) << pty.terminal.all();
}

TEST(Session, RedirectsWhileItRunsAndStopsOnCtrlC) {
    Pty pty({program(), "wait"}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for("samples 50 %"));
    pty.send("look at the parser\r");
    ASSERT_TRUE(pty.wait_for("Heard: look at the parser"));
    pty.send("/models\r/undo\r");
    ASSERT_TRUE(pty.wait_for("This waits for the end"));
    pty.send("dra\x03");
    ASSERT_TRUE(pty.wait_for("Stopped: the task was stopped"));
    ASSERT_TRUE(pty.wait_for_cursor_row("> dra")) << "the draft stays";
    pty.send("\x03");
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("\x03");
    ASSERT_TRUE(pty.wait_for("Ctrl-C again leaves."));
    pty.send("\x03");
    EXPECT_EQ(pty.wait_for_exit(), 130);
    expect_cooked(pty);
}

TEST(Session, LeavesOnTheSecondCtrlCEvenWhenTheHostIsDeaf) {
    Pty pty({program(), "hang"}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for("deaf to every stop"));
    pty.send("\x03");
    ASSERT_TRUE(pty.wait_for("Stopping."));
    pty.send("\x03\x03");
    EXPECT_EQ(pty.wait_for_exit(), 130);
    expect_cooked(pty);
}

TEST(Session, GivesTheTerminalBackWhenASignalEndsIt) {
    for (const int signal : {SIGTERM, SIGHUP, SIGSEGV, SIGQUIT}) {
        Pty pty({program(), "wait"}, usual(), 80, 24);
        ASSERT_TRUE(pty.wait_for("samples 50 %"));
        EXPECT_EQ(pty.modes().c_lflag & ICANON, 0U);
        pty.signal(signal);
        EXPECT_TRUE(pty.wait_for_exit().has_value());
        expect_cooked(pty);
    }
    Pty pty({program(), "crash"}, usual(), 80, 24);
    EXPECT_EQ(pty.wait_for_exit(), 128 + SIGABRT);
    expect_cooked(pty);
}

TEST(Session, ComesBackFromCtrlZ) {
    // A session leader cannot be stopped by its terminal, so a shell stands before it.
    Pty pty({"/bin/sh", "-m", "-c", program() + "; echo stopped; fg >/dev/null; echo ended $?"}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("draft\x1a");
    ASSERT_TRUE(pty.wait_for("stopped"));
    ASSERT_TRUE(pty.wait_for_cursor_row("> draft")) << pty.terminal.all();
    pty.send("\x15/quit\r");
    ASSERT_TRUE(pty.wait_for("ended 0"));
    EXPECT_EQ(pty.wait_for_exit(), 0);
    expect_cooked(pty);
}

TEST(Session, GoesOnInANewSize) {
    Pty pty({program()}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("abcdefghijklmnopqrstuvwxyz");
    ASSERT_TRUE(pty.wait_for_cursor_row("> abcdefghijklmnopqrstuvwxyz"));
    pty.resize(20, 10);
    ASSERT_TRUE(pty.wait_for_cursor_row("  rstuvwxyz")) << pty.terminal.all();
    pty.resize(120, 30);
    ASSERT_TRUE(pty.wait_for_cursor_row("> abcdefghijklmnopqrstuvwxyz"));
}

TEST(Session, NothingHostileReachesTheTerminal) {
    for (const char* more : {"", "--plain"}) {
        Pty pty({program(), more, "hostile"}, usual(), 80, 24);
        ASSERT_TRUE(pty.wait_for("Run this in the sandbox?"));
        pty.send("a\r");
        pty.send("/quit\r");
        EXPECT_EQ(pty.wait_for_exit(), 0);
        EXPECT_THAT(pty.terminal.surprises(), IsEmpty());
        EXPECT_THAT(pty.output(), Not(HasSubstr("\x1b[2J")));
        EXPECT_THAT(pty.output(), Not(HasSubstr("\x1b]")));
        EXPECT_THAT(pty.output(), HasSubstr("<U+202E>"));
    }
}

TEST(Session, AFloodOfOutputLeavesTheTypedLineAlone) {
    Pty pty({program()}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("flood\rtyped meanwhile");
    ASSERT_TRUE(pty.wait_for("The flood is over."));
    ASSERT_TRUE(pty.wait_for_cursor_row("> typed meanwhile"));
    const std::vector<std::string> rows = pty.terminal.rows();
    std::size_t next = 0;
    for (const std::string& row : rows) {
        if (row == "line " + std::to_string(next) + " of the flood") ++next;
    }
    EXPECT_EQ(next, 3000U) << "every line once and in order";
}

TEST(Session, KnowsItsCommands) {
    Pty pty({program()}, usual(), 80, 60);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    const std::pair<const char*, const char*> kLines[] = {
        {"/help", "anything else"},
        {"/model", "* tiny-coder-1.5b"},
        {"/model big-coder-7b", "Using big-coder-7b"},
        {"/model nope", "Error: there is no model nope"},
        {"/plan off", "Work begins without asking"},
        {"/plan show", "There is no plan yet."},
        {"/test make check", "Ran make check."},
        {"/diff", "Nothing was changed."},
        {"/undo", "Error: there is nothing to undo"},
        {"/redo", "/undo first"},
        {"/review list", "review: list"},
        {"/cost", "energy: not known"},
        {"/clear", "Forgotten."},
        {"/resume", "Resumed."},
        {"/hlep", "Did you mean /help?"},
        {"/xyzzyplugh", "There is no /xyzzyplugh. /help lists"},
        {"!ls -l", "output of ls -l"},
        {"//etc is a path", "• plan"},
    };
    for (const auto& [line, answer] : kLines) {
        pty.send(std::string(line) + "\r");
        ASSERT_TRUE(pty.wait_for(answer)) << line << "\n" << pty.terminal.all();
    }
}

TEST(Session, RemembersLinesInItsHistory) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::string history = "--history=" + (folder->path() / "history").string();
    {
        Pty pty({program(), history}, usual(), 80, 24);
        ASSERT_TRUE(pty.wait_for_cursor_row(">"));
        pty.send("echo hello\r");
        ASSERT_TRUE(pty.wait_for("You said: hello"));
        pty.send("\x04");
        EXPECT_EQ(pty.wait_for_exit(), 0);
    }
    Pty pty({program(), history}, usual(), 80, 24);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("\x1b[A");
    ASSERT_TRUE(pty.wait_for_cursor_row("> echo hello"));
}

class SessionPlain : public ::testing::TestWithParam<std::vector<std::string>> {};
INSTANTIATE_TEST_SUITE_P(Ways, SessionPlain,
                         ::testing::Values(std::vector<std::string>{"TERM=xterm", "EDGECODER_PLAIN=1", "NO_COLOR=1"},
                                           std::vector<std::string>{"TERM=dumb"}));

TEST_P(SessionPlain, SaysEverythingInWholeLinesWithoutASequence) {
    std::vector<std::string> environment = GetParam();
    environment.push_back("PATH=/usr/bin:/bin");
    Pty pty({program()}, environment, 80, 60);
    ASSERT_TRUE(pty.wait_for_cursor_row(">"));
    pty.send("everything\n");
    ASSERT_TRUE(pty.wait_for("That was everything."));
    for (const char* text : {"Step: context", "doing: 1. find the wrong sign", "The model is thinking.", "Done: read",
                             "tests failed: 1 failed", "samples 38 %  3 of 8", "Warning: "})
        EXPECT_TRUE(pty.terminal.shows(text)) << text << "\n" << pty.terminal.all();
    pty.send("fix\n");
    ASSERT_TRUE(pty.wait_for("Go on with this plan? [a]pprove"));
    pty.send("a\n");
    ASSERT_TRUE(pty.wait_for("Write this change?"));
    pty.send("r\n");
    ASSERT_TRUE(pty.wait_for("[1:the person rejected it]"));
    pty.send("wait\n");
    ASSERT_TRUE(pty.wait_for("samples 50 %"));
    pty.send("finish\n");
    ASSERT_TRUE(pty.wait_for("Finished as told."));
    pty.send("wait\n");
    pty.send("\x04");
    EXPECT_EQ(pty.wait_for_exit(), 0);
    EXPECT_THAT(pty.output(), Not(HasSubstr("\x1b")));
    for (const char* drawn : {"◐", "▸", "✓", "•", "…"}) EXPECT_THAT(pty.output(), Not(HasSubstr(drawn)));
}

TEST(Session, HasNoColourWhereNoneIsWanted) {
    Pty pty({program(), "everything"}, usual({"NO_COLOR=1"}), 80, 24);
    ASSERT_TRUE(pty.wait_for("That was everything."));
    EXPECT_THAT(pty.output(), Not(::testing::ContainsRegex("\x1b\\[[0-9;]*m")));
}

struct Piped {
    int status = -1;
    std::string output;
};
Piped piped(const std::string& input, const std::string& words) {
    Piped out;
    const std::string command = "printf " + shell_quote(input) + " | env -i TERM=xterm PATH=/usr/bin:/bin " +
                                shell_quote(program()) + " " + words + " 2>&1";
    FILE* const pipe = ::popen(command.c_str(), "r");
    std::array<char, 4096> bytes{};
    while (const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), pipe))
        out.output.append(bytes.data(), got);
    out.status = WEXITSTATUS(::pclose(pipe));
    return out;
}

TEST(SessionPiped, RejectsWhatNobodyCanApproveUnlessToldOtherwise) {
    const Piped without = piped("fix\\n", "");
    EXPECT_EQ(without.status, 1);
    EXPECT_THAT(without.output, HasSubstr("needs a person's approval and nobody is at a terminal; --yes approves"));
    const Piped with = piped("fix\\n/diff\\n", "--yes");
    EXPECT_EQ(with.status, 0) << with.output;
    EXPECT_THAT(with.output, HasSubstr("Changed calc.py."));
    EXPECT_THAT(with.output, HasSubstr("2 -     return a - b"));
    EXPECT_THAT(with.output, Not(HasSubstr("\x1b")));
}

TEST(SessionPiped, RunsLinesInOrderAndEndsWithItsInput) {
    const Piped run = piped("echo one\\necho two", "");
    EXPECT_EQ(run.status, 0);
    EXPECT_LT(run.output.find("You said: one"), run.output.find("You said: two"));
    EXPECT_EQ(piped("", "").status, 0);
    EXPECT_EQ(piped("/nonsense\\n", "").status, 1);
    EXPECT_EQ(piped("\\0\\377\\033[2J\\n", "").status, 1);
}

}  // namespace
}  // namespace ec::apps::session
