// The line editor as a person sees it: keys go in as bytes, the virtual terminal shows the line.
#include "session/line_editor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/core/fs.hpp>

#include "session/cells.hpp"
#include "session/completion.hpp"
#include "session/screen.hpp"
#include "virtual_terminal.hpp"

namespace ec::apps::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Out = EditOutcome::Kind;

class Typing {
public:
    explicit Typing(std::size_t columns = 80, std::size_t lines = 10, Completer completer = {})
        : terminal(columns, lines),
          screen([this](std::string_view bytes) { terminal.feed(bytes); }, false),
          editor(history, std::move(completer)) {
        screen.resize(columns, lines);
        draw();
    }

    EditOutcome type(std::string_view bytes) {
        EditOutcome last;
        for (const Key& key : keys.feed(bytes)) last = editor.press(key);
        draw();
        return last;
    }

    void draw() {
        EditPicture picture = editor.picture("> ", screen.width(), screen.lines() - 2);
        screen.live({std::move(picture.rows), picture.row, picture.column});
    }

    VirtualTerminal terminal;
    LiveScreen screen;
    History history;
    LineEditor editor;
    KeyDecoder keys;
};

class LineAtWidth : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(Widths, LineAtWidth, ::testing::Values(20, 80, 200));

TEST_P(LineAtWidth, ShowsWhatIsTypedWithTheCursorBehindIt) {
    Typing typing(GetParam());
    typing.type("fix it");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> fix it"));
    EXPECT_EQ(typing.terminal.cursor_column(), 8U);
    EXPECT_TRUE(typing.terminal.cursor_visible());
    EXPECT_THAT(typing.terminal.surprises(), IsEmpty());
}

TEST_P(LineAtWidth, WrapsALongLineAndFindsBackToItsStart) {
    Typing typing(GetParam(), 30);
    const std::string text(GetParam() * 2, 'x');
    typing.type(text);
    std::string joined;
    for (const std::string& row : typing.terminal.rows()) {
        EXPECT_LT(row.size(), GetParam());
        joined += row.substr(2);
    }
    EXPECT_EQ(joined, text);
    typing.type("\x01");  // Ctrl-A
    EXPECT_EQ(typing.terminal.cursor_row().substr(0, 3), "> x");
    EXPECT_EQ(typing.terminal.cursor_column(), 2U);
    typing.type("\x0b");  // Ctrl-K
    EXPECT_THAT(typing.terminal.rows(), ElementsAre(">"));
}

TEST_P(LineAtWidth, CountsWideAndCombiningCharactersAsTheTerminalDoes) {
    Typing typing(GetParam());
    typing.type("日本e\xcc\x81😀");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> 日本e\xcc\x81😀"));
    EXPECT_EQ(typing.terminal.cursor_column(), 2U + 4 + 1 + 2);
    typing.type("\x1b[D\x1b[D");  // over the emoji and over é as one
    EXPECT_EQ(typing.terminal.cursor_column(), 2U + 4);
    typing.type("\x7f");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> 日e\xcc\x81😀"));
}

TEST_P(LineAtWidth, SendsAWideCharacterThatDoesNotFitToTheNextRow) {
    Typing typing(GetParam());
    const std::size_t room = GetParam() - 1 - 2;
    typing.type(std::string(room - 1, 'a') + "日");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> " + std::string(room - 1, 'a'), "  日"));
    EXPECT_EQ(typing.terminal.cursor_column(), 4U);
}

TEST(LineEditor, TakesUtf8ThatComesByteByByte) {
    Typing typing;
    for (const char c : std::string("é日😀")) typing.type(std::string(1, c));
    EXPECT_EQ(typing.editor.text(), "é日😀");
}

TEST(LineEditor, IgnoresBytesThatAreNoUtf8AndControls) {
    Typing typing;
    typing.type(std::string("a\xff\xc3(\0b\xc2\x9b", 8));
    EXPECT_EQ(typing.editor.text(), "a(b");
    EXPECT_THAT(typing.terminal.surprises(), IsEmpty());
}

TEST(LineEditor, MovesAndKillsLikeAShell) {
    Typing typing;
    typing.type("one two three\x17");
    EXPECT_EQ(typing.editor.text(), "one two ");
    typing.type(
        "\x1b"
        "b");
    typing.type("\x15");
    EXPECT_EQ(typing.editor.text(), "two ");
    typing.type("\x05\x19");
    EXPECT_EQ(typing.editor.text(), "two one ");
    typing.type("\x1f\x1f");
    EXPECT_EQ(typing.editor.text(), "one two ");
    typing.type("\x1b[H\x1b[3~\x1b[1;5C!\x1b[F?");
    EXPECT_EQ(typing.editor.text(), "ne! two ?");
}

TEST(LineEditor, SubmitsOnEnterAndBeginsALineOnAltEnterOrABackslash) {
    Typing typing;
    typing.type("one\x1b\rtwo\\\rthree");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> one", "  two", "  three"));
    typing.type("\x1b[A\x1b[D!");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> one", "  tw!o", "  three"));
    const EditOutcome outcome = typing.type("\r");
    EXPECT_EQ(outcome.kind, Out::submit);
    EXPECT_EQ(outcome.text, "one\ntw!o\nthree");
    EXPECT_TRUE(typing.editor.empty());
}

TEST(LineEditor, TakesAPasteAsTextWithoutActingOnIt) {
    Typing typing;
    const EditOutcome outcome = typing.type("\x1b[200~def f():\r\n\treturn 1\n\x1b[31mred\x07\x1b[201~");
    EXPECT_EQ(outcome.kind, Out::none);
    EXPECT_EQ(typing.editor.text(), "def f():\n\treturn 1\n[31mred");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("> def f():", "      return 1", "  [31mred"));
    EXPECT_THAT(typing.terminal.surprises(), IsEmpty());
}

TEST(LineEditor, TakesAPasteThatComesInPieces) {
    Typing typing;
    const std::string bytes = "\x1b[200~héllo\x1b[201~!";
    for (const char c : bytes) typing.type(std::string(1, c));
    EXPECT_EQ(typing.editor.text(), "héllo!");
}

TEST(LineEditor, ShowsAPartOfATextThatIsHigherThanTheScreen) {
    Typing typing(80, 6);
    std::string text;
    for (int i = 0; i < 50; ++i) text += "line " + std::to_string(i) + "\n";
    typing.type("\x1b[200~" + text + "\x1b[201~");
    EXPECT_LE(typing.terminal.rows().size(), 5U);
    EXPECT_TRUE(typing.terminal.shows("line 49"));
    for (int i = 0; i < 50; ++i) typing.type("\x1b[A");
    EXPECT_TRUE(typing.terminal.shows("> line 0"));
}

TEST(LineEditor, RefusesAMegabyteMoreThanItHolds) {
    Typing typing;
    typing.type("\x1b[200~" + std::string(3U << 20, 'x') + "\x1b[201~");
    EXPECT_EQ(typing.editor.text().size(), 1U << 20);
}

TEST(LineEditor, DropsSequencesItDoesNotKnow) {
    Typing typing;
    typing.type("a\x1b[1;2;3;4;5Xb\x1b[?1;2cc\x1b]0;title\x07");
    EXPECT_THAT(typing.editor.text(), HasSubstr("ab"));
    Typing endless;
    endless.type("\x1b[" + std::string(1000, '1') + "z!");
    EXPECT_THAT(endless.editor.text(), ::testing::EndsWith("!"));
}

TEST(LineEditor, TellsALoneEscapeFromASequence) {
    KeyDecoder keys;
    EXPECT_THAT(keys.feed("\x1b"), IsEmpty());
    EXPECT_TRUE(keys.waiting());
    EXPECT_THAT(keys.flush(), ElementsAre(Key{Key::Kind::escape, {}}));
    EXPECT_THAT(keys.feed("\x1b"), IsEmpty());
    EXPECT_THAT(keys.feed("[A"), ElementsAre(Key{Key::Kind::up, {}}));
}

TEST(LineEditor, WalksThroughTheHistoryAndBackToTheDraft) {
    Typing typing;
    ASSERT_TRUE(typing.history.add("first"));
    ASSERT_TRUE(typing.history.add("second"));
    typing.type("draft\x1b[A");
    EXPECT_EQ(typing.editor.text(), "second");
    typing.type("\x1b[A\x1b[A");
    EXPECT_EQ(typing.editor.text(), "first");
    typing.type("\x1b[B\x1b[B");
    EXPECT_EQ(typing.editor.text(), "draft");
}

TEST(LineEditor, SearchesTheHistoryBackwards) {
    Typing typing;
    for (const char* entry : {"fix the parser", "add a test", "fix the lexer"}) ASSERT_TRUE(typing.history.add(entry));
    typing.type("draft\x12");
    typing.type("fix");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("(search: fix) fix the lexer"));
    typing.type("\x12");
    EXPECT_THAT(typing.terminal.rows(), ElementsAre("(search: fix) fix the parser"));
    typing.type("zzz");
    EXPECT_THAT(typing.terminal.rows().front(), HasSubstr("(not found: fixzzz)"));
    typing.type("\x07");
    EXPECT_EQ(typing.editor.text(), "draft");
    typing.type(
        "\x12"
        "add");
    const EditOutcome outcome = typing.type("\r");
    EXPECT_EQ(outcome.kind, Out::submit);
    EXPECT_EQ(outcome.text, "add a test");
}

TEST(LineEditor, CompletesCommandsModelsAndPaths) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    std::filesystem::create_directories(folder->path() / "src");
    for (const char* name : {"src/parser.py", "src/patch.py", "src/e\x1b[31m.py", ".hidden"})
        ASSERT_TRUE(write_file_atomic(folder->path() / name, ""));
    Typing typing(80, 10,
                  session_completer(folder->path(), [] { return std::vector<std::string>{"qwen-1.5b", "qwen-7b"}; }));
    typing.type("/mo\t");
    EXPECT_EQ(typing.editor.text(), "/model ");
    typing.type("q\t");
    EXPECT_EQ(typing.editor.text(), "/model qwen-");
    const EditOutcome choice = typing.type("\t");
    EXPECT_EQ(choice.kind, Out::candidates);
    EXPECT_THAT(choice.candidates, ElementsAre("qwen-1.5b", "qwen-7b"));
    typing.type("\x15 fix s\t");
    EXPECT_EQ(typing.editor.text(), " fix src/");
    typing.type("p\tr\t");
    EXPECT_EQ(typing.editor.text(), " fix src/parser.py ");
    typing.type("../\t/etc/pass\t");
    EXPECT_EQ(typing.editor.text(), " fix src/parser.py ..//etc/pass") << "nothing outside the workspace is offered";
    typing.type("\x15src/\t");
    EXPECT_THAT(typing.type("\t").candidates, ::testing::Not(::testing::Contains(HasSubstr("\x1b"))));
}

TEST(History, KeepsItsFileToItsOwnerAndNewestLast) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::filesystem::path file = folder->path() / "data" / "history";
    {
        History history(file);
        for (const char* entry : {"one", "two\nlines \\ n", "one", "", "  hidden"}) ASSERT_TRUE(history.add(entry));
    }
    EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    EXPECT_THAT(History(file).entries(), ElementsAre("two\nlines \\ n", "one"));
    std::filesystem::permissions(file, std::filesystem::perms::all);
    ASSERT_TRUE(History(file).add("three"));
    EXPECT_EQ(std::filesystem::status(file).permissions() & std::filesystem::perms::all,
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST(History, NeverKeepsWhatLooksLikeASecret) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::filesystem::path file = folder->path() / "history";
    History history(file, [](std::string_view line) { return line.find("sk-") != std::string_view::npos; });
    ASSERT_TRUE(history.add("use sk-12345"));
    ASSERT_TRUE(history.add("fine"));
    EXPECT_THAT(history.entries(), ElementsAre("fine"));
    EXPECT_EQ(read_file(file).value_or(""), "fine\n");
}

TEST(History, MergesWhatAnotherSessionAdded) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::filesystem::path file = folder->path() / "history";
    History here(file);
    History there(file);
    ASSERT_TRUE(here.add("here"));
    ASSERT_TRUE(there.add("there"));
    EXPECT_THAT(History(file).entries(), ElementsAre("here", "there"));
}

TEST(History, ReadsAnythingAsAnEmptyOrShortHistory) {
    const Result<TempDir> folder = TempDir::create();
    ASSERT_TRUE(folder);
    const std::filesystem::path file = folder->path() / "history";
    ASSERT_TRUE(write_file_atomic(file, std::string("\0\xff\n\xfe\nok\n\\", 9)));
    EXPECT_THAT(History(file).entries(), ::testing::Contains("ok"));
    EXPECT_THAT(History(folder->path()).entries(), IsEmpty());
    std::string many;
    for (int i = 0; i < 5000; ++i) many += "entry " + std::to_string(i) + "\n";
    ASSERT_TRUE(write_file_atomic(file, many));
    EXPECT_EQ(History(file).entries().size(), History::kMost);
    EXPECT_EQ(History(file).entries().back(), "entry 4999");
}

TEST(Cells, GiveTheWidthsThatTerminalsUse) {
    const std::pair<std::string_view, std::size_t> kTexts[] = {
        {"abc", 3},
        {"é", 1},
        {"e\xcc\x81", 1},
        {"日本", 4},
        {"한", 2},
        {"😀", 2},
        {"\xe2\x80\x8b", 0},
        {"Ａ", 2},
        {"→", 1},
        {"✓", 1},
        {"\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9", 4},
        {"", 0},
    };
    for (const auto& [text, cells] : kTexts) EXPECT_EQ(cell_width(text), cells) << text;
}

TEST(Cells, FindTheCharacterBeforeAPlace) {
    const std::string text = "aé日😀\xff\x80";
    EXPECT_EQ(previous_code_point(text, 1), 0U);
    EXPECT_EQ(previous_code_point(text, 3), 1U);
    EXPECT_EQ(previous_code_point(text, 6), 3U);
    EXPECT_EQ(previous_code_point(text, 10), 6U);
    EXPECT_EQ(previous_code_point(text, 11), 10U);
    EXPECT_EQ(previous_code_point(text, 12), 11U);
}

}  // namespace
}  // namespace ec::apps::session
