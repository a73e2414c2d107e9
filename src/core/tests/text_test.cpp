#include <gtest/gtest.h>

#include <ec/core/text.hpp>

namespace ec {
namespace {

using Words = std::vector<std::string>;

TEST(ShellSplit, SplitsOnBlanksAndHonoursQuotes) {
    EXPECT_EQ(shell_split("pytest -q  tests").value(), (Words{"pytest", "-q", "tests"}));
    EXPECT_EQ(shell_split("a 'b c' \"d \\\" e\" f\\ g ''").value(), (Words{"a", "b c", "d \" e", "f g", ""}));
    EXPECT_EQ(shell_split("").value(), Words{});
}

TEST(ShellSplit, RefusesWhatNeedsAShellOrIsUnfinished) {
    for (const char* command :
         {"a; b", "a && b", "a | b", "echo $HOME", "\"$HOME\"", "ls *", "a > b", "'open", "x\\", "a\nb"}) {
        EXPECT_FALSE(shell_split(command)) << command;
    }
}

TEST(ShellQuote, RoundTripsThroughSplit) {
    for (const std::string word : {"plain", "two words", "it's", "", "a\"b", "$x", "new\nline"}) {
        EXPECT_EQ(shell_split(shell_quote(word)).value(), Words{word});
    }
}

TEST(Utf8, AcceptsTextAndRefusesBrokenSequences) {
    EXPECT_TRUE(is_valid_utf8("naïve – 日本 🙂"));
    for (const char* bad : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
        EXPECT_FALSE(is_valid_utf8(bad));
        EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
    }
}

TEST(Ellipsize, NeverCutsACharacter) {
    EXPECT_EQ(ellipsize("abc", 3), "abc");
    EXPECT_EQ(ellipsize("aé", 2), "a…");
}

TEST(SplitLines, KeepsCarriageReturnsAndDropsTheLastEmptyLine) {
    EXPECT_EQ(split_lines("a\r\nb\n"), (std::vector<std::string_view>{"a\r", "b"}));
    EXPECT_EQ(split_lines("a\n\nb"), (std::vector<std::string_view>{"a", "", "b"}));
    EXPECT_TRUE(split_lines("").empty());
}

}  // namespace
}  // namespace ec
