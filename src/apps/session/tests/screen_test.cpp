// What is on the terminal when output scrolls above live rows, at several widths and with hostile text.
#include "session/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "session/diff_view.hpp"
#include "session/markdown.hpp"
#include "session/safe_text.hpp"
#include "virtual_terminal.hpp"

namespace ec::apps::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Shown {
    explicit Shown(std::size_t columns, std::size_t lines = 8, bool colours = true)
        : terminal(columns, lines),
          screen([this](std::string_view bytes) { ++writes, terminal.feed(bytes); }, colours) {
        screen.resize(columns, lines);
    }
    int writes = 0;
    VirtualTerminal terminal;
    LiveScreen screen;
};

std::vector<std::string> texts(const std::vector<Line>& rows) {
    std::vector<std::string> out;
    for (const Line& row : rows) out.push_back(text_of(row));
    return out;
}

class ScreenAtWidth : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Widths, ScreenAtWidth, ::testing::Values(20, 80, 200));

TEST_P(ScreenAtWidth, KeepsTheInputAtTheBottomWhileOutputScrollsAbove) {
    Shown shown(GetParam(), 6);
    const LiveRows live{{plain_line("> typed"), plain_line("status")}, 0, 7};
    shown.screen.live(live);
    for (int i = 0; i < 20; ++i) {
        shown.screen.print({plain_line("out " + std::to_string(i))});
        shown.screen.live(live);
    }
    const std::vector<std::string> rows = shown.terminal.rows();
    ASSERT_EQ(rows.size(), 22U);
    for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(rows[i], "out " + std::to_string(i));
    EXPECT_EQ(rows[20], "> typed");
    EXPECT_EQ(rows[21], "status");
    EXPECT_EQ(shown.terminal.cursor_row(), "> typed");
    EXPECT_THAT(shown.terminal.surprises(), IsEmpty());
}

TEST_P(ScreenAtWidth, LeavesNothingOfTheLiveRowsBehind) {
    Shown shown(GetParam());
    shown.screen.live({{plain_line("growing text"), plain_line("> "), plain_line("status")}, 1, 2});
    shown.screen.live({{plain_line("> "), plain_line("status")}, 0, 2});
    shown.screen.print({plain_line("bye")});
    shown.screen.leave();
    EXPECT_THAT(shown.terminal.rows(), ElementsAre("bye"));
    EXPECT_TRUE(shown.terminal.cursor_visible());
}

TEST(LiveScreen, DrawsEveryUpdateInOneWriteAndNothingTwice) {
    Shown shown(80);
    const LiveRows live{{plain_line("> "), plain_line("status")}, 0, 2};
    shown.screen.live(live);
    EXPECT_EQ(shown.writes, 1);
    shown.screen.live(live);
    EXPECT_EQ(shown.writes, 1);
    shown.screen.print({plain_line("a"), plain_line("b")});
    shown.screen.print({plain_line("c")});
    shown.screen.live(live);
    EXPECT_EQ(shown.writes, 2);
}

TEST(LiveScreen, StaysWholeWhenTheTerminalIsResized) {
    Shown shown(80, 10);
    const LiveRows live{{plain_line("> typed"), plain_line("status")}, 0, 7};
    shown.screen.print({plain_line("output")});
    shown.screen.live(live);
    for (const std::size_t columns : {40U, 20U, 120U}) {
        shown.terminal.resize(columns, 10);
        shown.screen.resize(columns, 10);
        shown.screen.print({plain_line("more")});
        shown.screen.live(live);
    }
    EXPECT_THAT(shown.terminal.rows(), ElementsAre("output", "more", "more", "more", "> typed", "status"));
}

TEST(LiveScreen, NeverDrawsMoreRowsThanTheTerminalHas) {
    Shown shown(80, 4);
    std::vector<Line> rows(20, plain_line("row"));
    for (int i = 0; i < 3; ++i) {
        rows[0] = plain_line("row " + std::to_string(i));
        shown.screen.live({rows, 19, 0});
    }
    EXPECT_EQ(shown.terminal.rows().size(), 3U);
}

TEST(Hostile, NothingOfAHostileTextReachesTheTerminalAsACommand) {
    const std::string attacks[] = {
        "\x1b[2J\x1b[H gone",
        "\x1b]0;title\x07",
        "\x1b]52;c;ZXZpbA==\x07",
        "\x1bP+q544e\x1b\\",
        "\xc2\x9b"
        "31m",
        "\x9b"
        "2J",
        "a\rb",
        "a\x08\x08"
        "b",
        "\x0e\x0f",
        "\x7f",
        std::string("a\0b", 3),
        "\xff\xfe",
        "\x1b(0qqq",
        "\xe2\x80\xae"
        "evil\xe2\x81\xa6",
        "\xf3\xa0\x80\xa1",
        "line\xe2\x80\xa8sep",
        "\x1b[?1049h",
        "\x05",
    };
    for (const std::string& attack : attacks) {
        for (const std::size_t columns : {20U, 80U}) {
            Shown shown(columns);
            MarkdownStream markdown;
            shown.screen.print(markdown.feed(attack + "\n```\n" + attack + "\n", columns - 1));
            shown.screen.print(markdown.finish(columns - 1));
            shown.screen.print(diff_rows("@@ -1 +1 @@\n-" + attack + "\n+" + attack + "\n", columns - 1));
            shown.screen.print({{{attack, Tone::red}}});
            shown.screen.live({{{{attack, Tone::plain}}}, 0, 0});
            EXPECT_THAT(shown.terminal.surprises(), IsEmpty());
            EXPECT_TRUE(shown.terminal.cursor_visible());
        }
    }
}

TEST(Hostile, ControlsAndInvisibleCharactersBecomeVisible) {
    EXPECT_EQ(safe_line("a\x1b[31mb\tc\n"), "a?[31mb c?");
    EXPECT_EQ(safe_line("if admin\xe2\x80\xae"), "if admin<U+202E>");
    EXPECT_EQ(safe_line("\xc2\x9b"), "?");
    EXPECT_EQ(safe_line("\xff"), "\xef\xbf\xbd");
    EXPECT_EQ(safe_line("日本 é 👨\xe2\x80\x8d👩"), "日本 é 👨\xe2\x80\x8d👩");
    std::string marks = "a";
    for (int i = 0; i < 1000; ++i) marks += "\xcc\x81";
    EXPECT_EQ(safe_line(marks + "b").size(), 1U + 2 * 8 + 1);
    for (const std::string_view text : {"a\x1b", "\xe2\x80\xae", "\xff"}) {
        const std::string once = safe_line(text);
        EXPECT_EQ(safe_line(once), once);
    }
}

TEST(Hostile, AMegabyteInOneLineIsWrappedInTime) {
    MarkdownStream markdown;
    std::size_t cells = 0;
    const std::string piece(1000, 'x');
    std::vector<Line> rows;
    for (int i = 0; i < 1049; ++i) {
        for (const Line& row : markdown.feed(piece, 79)) cells += cell_width(row);
    }
    for (const Line& row : markdown.finish(79)) cells += cell_width(row);
    EXPECT_EQ(cells, 1'049'000U);
}

TEST(Markdown, ComesOutTheSameHoweverItIsCut) {
    const std::string text =
        "# Plan\n\nFirst some `code` and **bold** words that go on for longer than one row of the terminal is wide.\n"
        "- a list item that is long enough to be wrapped under its own text and not under its mark\n"
        "12. numbered\n```python\ndef f():\n    return '日本語' * 40  # a very long line of code that does not "
        "fit\n```\nend é";
    for (const std::size_t width : {19U, 79U}) {
        MarkdownStream whole;
        std::vector<Line> expected = whole.feed(text, width);
        for (Line& row : whole.finish(width)) expected.push_back(std::move(row));
        for (const std::size_t step : {1U, 3U, 7U}) {
            MarkdownStream cut;
            std::vector<Line> rows;
            for (std::size_t at = 0; at < text.size(); at += step)
                for (Line& row : cut.feed(text.substr(at, step), width)) rows.push_back(std::move(row));
            for (Line& row : cut.finish(width)) rows.push_back(std::move(row));
            EXPECT_EQ(texts(rows), texts(expected)) << "width " << width << " step " << step;
        }
        for (const Line& row : expected) EXPECT_LE(cell_width(row), width);
    }
}

TEST(Markdown, KeepsTheIndentationOfCodeAndHangsLists) {
    MarkdownStream markdown;
    std::vector<Line> rows = markdown.feed("```\n    if x:\n\ty\n```\n- one two three four five\n", 20);
    EXPECT_THAT(texts(rows), ElementsAre("```", "    if x:", "    y", "```", "- one two three four", "  five"));
    EXPECT_EQ(rows[1].front().tone, Tone::green);
}

TEST(Markdown, ShowsTheRowThatGrows) {
    MarkdownStream markdown;
    EXPECT_THAT(markdown.feed("Hello wor", 40), IsEmpty());
    EXPECT_EQ(text_of(markdown.pending(40)), "Hello wor");
    EXPECT_THAT(texts(markdown.feed("ld\n", 40)), ElementsAre("Hello world"));
    EXPECT_TRUE(markdown.pending(40).empty());
}

TEST(Diff, NumbersItsLinesAndKeepsTheSigns) {
    const std::string patch =
        "--- a/x.py\n+++ b/x.py\n@@ -9,3 +9,3 @@ def f\n a\n-b\n+c\n d\n\\ No newline at end of file\n";
    EXPECT_THAT(texts(diff_rows(patch, 40)), ElementsAre("--- a/x.py", "+++ b/x.py", "@@ -9,3 +9,3 @@ def f", " 9   a",
                                                         "10 - b", "10 + c", "11   d", "\\ No newline at end of file"));
}

TEST(Diff, IsNotFooledByLinesThatLookLikeHeaders) {
    const std::vector<Line> rows = diff_rows("@@ -1,2 +1,1 @@\n--- a/x\n +++ b\n", 40);
    EXPECT_THAT(texts(rows), ElementsAre("@@ -1,2 +1,1 @@", "1 - -- a/x", "1   +++ b"));
}

TEST(Diff, WrapsUnderItsGutterAndSaysWhatItLeavesOut) {
    const std::string patch = "@@ -1 +1 @@\n+" + std::string(30, 'x') + "\n";
    EXPECT_THAT(texts(diff_rows(patch, 20)),
                ElementsAre("@@ -1 +1 @@", "1 + " + std::string(16, 'x'), "    " + std::string(14, 'x')));
    std::string big = "@@ -1,1000 +1,1000 @@\n";
    for (int i = 0; i < 1000; ++i) big += " line\n";
    const std::vector<Line> rows = diff_rows(big, 40, 10);
    ASSERT_EQ(rows.size(), 11U);
    EXPECT_THAT(text_of(rows.back()), HasSubstr("991 more lines"));
}

TEST(Diff, ShowsAnythingElseAsItIs) {
    EXPECT_THAT(diff_rows("", 40), IsEmpty());
    EXPECT_THAT(texts(diff_rows("Binary files differ\n@@ nonsense\n", 40)),
                ElementsAre("Binary files differ", "@@ nonsense"));
    EXPECT_THAT(diff_rows("@@ -99999999999999999999 +1 @@\n+x\n", 40), ::testing::SizeIs(2));
    EXPECT_THAT(diff_rows("@@ -9223372036854775807,9 +9223372036854775807,9 @@\n+x\n-y\n", 60), ::testing::SizeIs(3));
}

TEST(Wrap, BreaksAtWordsAndTearsOnlyWhatIsTooLong) {
    EXPECT_THAT(texts(wrap(plain_line("one two three"), 7)), ElementsAre("one two", "three"));
    EXPECT_THAT(texts(wrap(plain_line("a verylongword b"), 6)), ElementsAre("a ", "verylo", "ngword", "b"));
    EXPECT_THAT(texts(wrap(plain_line("日本語"), 5)), ElementsAre("日本", "語"));
    EXPECT_THAT(texts(wrap({}, 5)), ElementsAre(""));
    EXPECT_EQ(text_of(shorten(plain_line("日本語"), 5)), "日本…");
}

}  // namespace
}  // namespace ec::apps::session
