// SEARCH/REPLACE blocks: their spelling, and the layers of looking for them.
#include <gtest/gtest.h>

#include "memory_files.hpp"

namespace ec::agent {
namespace {

using Kind = EditProblem::Kind;

constexpr const char* kBefore =
    "import os\n\n\nclass A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n";
constexpr const char* kAfter =
    "import os\n\n\nclass A:\n    def f(self):\n        return 10\n\n    def g(self):\n        return 2\n";
const MemoryFiles kFiles{{"app.py", kBefore}, {"other.py", "x = 1\ny = 2\n"}};

std::string block(const std::string& search, const std::string& replacement) {
    return "<<<<<<< SEARCH\n" + search + "=======\n" + replacement + ">>>>>>> REPLACE\n";
}

struct Spelling {
    const char* what;
    std::string reply;
};
class BlockSpellings : public testing::TestWithParam<Spelling> {};

TEST_P(BlockSpellings, AreRead) {
    const ParsedEdits edits = parse_edits(GetParam().reply, kFiles);
    EXPECT_EQ(only_text(edits), kAfter) << GetParam().what;
    EXPECT_EQ(edits.formats, std::vector{EditFormat::search_replace});
}

constexpr const char* kOld = "        return 1\n";
constexpr const char* kNew = "        return 10\n";

INSTANTIATE_TEST_SUITE_P(
    Table, BlockSpellings,
    testing::Values(
        Spelling{"plain", "app.py\n" + block(kOld, kNew)},
        Spelling{"fenced", "app.py\n```python\n" + block(kOld, kNew) + "```\n"},
        Spelling{"name in the fence", "```python\napp.py\n" + block(kOld, kNew) + "```\n"},
        Spelling{"name in the info", "```python app.py\n" + block(kOld, kNew) + "```\n"},
        Spelling{"name on the marker",
                 "<<<<<<< SEARCH app.py\n" + std::string(kOld) + "=======\n" + kNew + ">>>>>>> REPLACE\n"},
        Spelling{"five signs", "app.py\n<<<<< SEARCH\n" + std::string(kOld) + "=====\n" + kNew + ">>>>> REPLACE\n"},
        Spelling{"nine signs",
                 "app.py\n<<<<<<<<< SEARCH\n" + std::string(kOld) + "=========\n" + kNew + ">>>>>>>>> REPLACE\n"},
        Spelling{"original and updated",
                 "app.py\n<<<<<<< ORIGINAL\n" + std::string(kOld) + "=======\n" + kNew + ">>>>>>> UPDATED\n"},
        Spelling{"dashes and pluses",
                 "app.py\n------- SEARCH\n" + std::string(kOld) + "=======\n" + kNew + "+++++++ REPLACE\n"},
        Spelling{"line number", "app.py\n<<<<<<< SEARCH\n:start_line:6\n-------\n" + std::string(kOld) + "=======\n" +
                                    kNew + ">>>>>>> REPLACE\n"},
        Spelling{"no last marker in a fence",
                 "app.py\n```\n<<<<<<< SEARCH\n" + std::string(kOld) + "=======\n" + kNew + "```\nDone.\n"},
        Spelling{"no last marker at the end", "app.py\n<<<<<<< SEARCH\n" + std::string(kOld) + "=======\n" + kNew},
        Spelling{"indented in a list",
                 "- app.py\n  ```python\n  <<<<<<< SEARCH\n          return 1\n  =======\n          return 10\n  "
                 ">>>>>>> REPLACE\n  ```\n"},
        Spelling{"divider for the last marker",
                 "app.py\n```\n<<<<<<< SEARCH\n" + std::string(kOld) + "=======\n" + kNew + "=======\n\nDone.\n"},
        Spelling{"divider before the last marker", "app.py\n" + block(kOld, std::string(kNew) + "=======\n")},
        Spelling{"tags for fences", "app.py\n<source>python\n" + block(kOld, kNew) + "</source>\n"},
        Spelling{"twice the same", "app.py\n" + block(kOld, kNew) + block(kOld, kNew)},
        Spelling{"lower case",
                 "app.py\n<<<<<<< search\n" + std::string(kOld) + "=======\n" + kNew + ">>>>>>> replace\n"},
        Spelling{"CRLF reply",
                 "app.py\r\n<<<<<<< SEARCH\r\n        return 1\r\n=======\r\n        return 10\r\n>>>>>>> REPLACE\r\n"},
        Spelling{"trailing space", "app.py\n" + block("        return 1  \n", kNew)},
        Spelling{"without indentation",
                 "app.py\n" + block("return 1\n\ndef g(self):\n", "return 10\n\ndef g(self):\n")},
        Spelling{"shifted", "app.py\n" + block("def f(self):\n    return 1\n", "def f(self):\n    return 10\n")},
        Spelling{"tabs for spaces",
                 "app.py\n" + block("\tdef f(self):\n\t\treturn 1\n", "\tdef f(self):\n\t\treturn 10\n")},
        Spelling{"a blank line too many", "app.py\n" + block("    def f(self):\n\n        return 1\n",
                                                             "    def f(self):\n\n        return 10\n")},
        Spelling{"blank lines missing",
                 "app.py\n" + block("import os\nclass A:\n    def f(self):\n        return 1\n",
                                    "import os\nclass A:\n    def f(self):\n        return 10\n")},
        Spelling{
            "similar",
            "app.py\n" +
                block(
                    "class A:\n    def f(self): # first\n        return 1\n\n    def g(self):\n        return 2\n",
                    "class A:\n    def f(self): # first\n        return 10\n\n    def g(self):\n        return 2\n")}),
    table_name);

TEST(EditBlocks, UseTheLastNameAndTheOneFileOfTheTask) {
    const ParsedEdits both =
        parse_edits("app.py\n" + block(kOld, kNew) + "\n" + block("import os\n", "import sys\n"), kFiles);
    ASSERT_EQ(both.changes.size(), 1U) << told(both);
    EXPECT_TRUE(both.changes[0].after.starts_with("import sys\n"));
    EXPECT_EQ(only_text(parse_edits(block(kOld, kNew), kFiles, {.only_file = "app.py"})), kAfter);
    EXPECT_EQ(only_problem(parse_edits(block(kOld, kNew), kFiles)), Kind::bad_path);
}

TEST(EditBlocks, EditSeveralFilesInOrder) {
    const ParsedEdits edits = parse_edits(
        "other.py\n```\n" + block("x = 1\n", "x = 3\n") + "```\nThen\n\napp.py\n```\n" + block(kOld, kNew) + "```\n",
        kFiles);
    ASSERT_EQ(edits.changes.size(), 2U) << told(edits);
    EXPECT_EQ(edits.changes[0].path, "other.py");
    EXPECT_EQ(edits.changes[0].after, "x = 3\ny = 2\n");
    EXPECT_EQ(edits.changes[1].after, kAfter);
}

TEST(EditBlocks, ThatComeAgainAfterAnotherFilesAreAppliedOnce) {
    const std::string both = "other.py\n" + block("x = 1\n", "x = 1\nx = x + 1\n") + "\napp.py\n" + block(kOld, kNew);
    const ParsedEdits edits = parse_edits(both + "\n" + both + "\n" + both, kFiles);
    ASSERT_EQ(edits.changes.size(), 2U) << told(edits);
    EXPECT_EQ(edits.changes[0].after, "x = 1\nx = x + 1\ny = 2\n");
    EXPECT_EQ(edits.changes[1].after, kAfter);
}

TEST(EditBlocks, KeepTheFilesLineEndingsAndItsEnd) {
    const MemoryFiles files{{"a.txt", "\xef\xbb\xbfone\r\ntwo\r\nthree"}};
    EXPECT_EQ(only_text(parse_edits("a.txt\n" + block("two\nthree\n", "2\n3\n4\n"), files)),
              "\xef\xbb\xbfone\r\n2\r\n3\r\n4");
    const MemoryFiles mixed{{"a.txt", "one\r\ntwo\nthree\r\n"}};
    EXPECT_EQ(only_text(parse_edits("a.txt\n" + block("three\n", "3\n"), mixed)), "one\r\ntwo\n3\r\n");
}

TEST(EditBlocks, LinesThatBothSidesHaveStayTheFiles) {
    const MemoryFiles files{{"a.py", "def f():  \n\tx = 1\t\n\treturn x\n"}};
    EXPECT_EQ(
        only_text(parse_edits(
            "a.py\n" + block("def f():\n    x = 1\n    return x\n", "def f():\n    x = 1\n    return x + 1\n"), files)),
        "def f():  \n\tx = 1\t\n\treturn x + 1\n");
}

TEST(EditBlocks, ReindentNewLinesByTheSameShift) {
    const MemoryFiles files{{"a.py", "class A:\n    class B:\n        def f(self):\n            return 1\n"}};
    EXPECT_EQ(only_text(parse_edits("a.py\n" + block("def f(self):\n    return 1\n",
                                                     "def f(self):\n    if self:\n        return 2\n    return 1\n"),
                                    files)),
              "class A:\n    class B:\n        def f(self):\n            if self:\n                return 2\n          "
              "  return 1\n");
}

TEST(EditBlocks, AskWhenTheTextIsThereTwice) {
    const MemoryFiles files{{"a.py", "x = 1\ny = 2\nx = 1\n"}};
    const ParsedEdits edits = parse_edits("a.py\n" + block("x = 1\n", "x = 3\n"), files);
    EXPECT_EQ(only_problem(edits), Kind::ambiguous);
    EXPECT_NE(told(edits).find("lines 1, 3"), std::string::npos) << told(edits);
    EXPECT_EQ(only_text(parse_edits(
                  "a.py\n<<<<<<< SEARCH\n:start_line:3\n-------\nx = 1\n=======\nx = 3\n>>>>>>> REPLACE\n", files)),
              "x = 1\ny = 2\nx = 3\n");
}

TEST(EditBlocks, ShowTheClosestLinesWhenNothingMatches) {
    const ParsedEdits edits =
        parse_edits("app.py\n" + block("    def g(self, other):\n        return other * 3\n", "    pass\n"), kFiles);
    EXPECT_EQ(only_problem(edits), Kind::no_match);
    EXPECT_NE(told(edits).find("8:     def g(self):"), std::string::npos) << told(edits);
}

TEST(EditBlocks, RefuseTwoPlacesThatAreAboutAsSimilar) {
    const MemoryFiles files{{"a.py",
                             "def first(value):\n    total = value + 1\n    return total\n\ndef third(value):\n    "
                             "total = value + 3\n    return total\n"}};
    const ParsedEdits edits =
        parse_edits("a.py\n" + block("def fifth(value):\n    total = value + 2\n    return total\n",
                                     "def fifth(value):\n    return 0\n"),
                    files);
    EXPECT_EQ(only_problem(edits), Kind::ambiguous) << told(edits);
    EXPECT_NE(told(edits).find("lines 1–3"), std::string::npos) << told(edits);
    EXPECT_NE(told(edits).find("lines 5–7"), std::string::npos) << told(edits);
}

TEST(EditBlocks, NeverRemoveALineThatTheModelDidNotSee) {
    std::string before =
        "def f(value):\n    alpha = value + 1\n    audit(alpha)\n    beta = alpha * 2\n    gamma = beta - 3\n    delta "
        "= gamma + 4\n    return delta\n";
    const MemoryFiles files{{"a.py", before}};
    const std::string search =
        "def f(value):\n    alpha = value + 1\n    beta = alpha * 2\n    gamma = beta - 3\n    delta = gamma + 4\n    "
        "return delta\n";
    EXPECT_EQ(only_problem(parse_edits("a.py\n" + block(search, "def f(value):\n    return 0\n"), files)),
              Kind::no_match);
    EXPECT_EQ(only_text(parse_edits("a.py\n" + block(search, search + "\n\nx = 1\n"), files)), before + "\n\nx = 1\n");
}

TEST(EditBlocks, CreateAFileFromAnEmptySearch) {
    const ParsedEdits edits = parse_edits("new.py\n" + block("", "x = 1\n"), kFiles);
    ASSERT_EQ(edits.changes.size(), 1U) << told(edits);
    EXPECT_EQ(edits.changes[0].kind, FileChange::Kind::create);
    EXPECT_EQ(only_problem(parse_edits("app.py\n" + block("", "x = 1\n"), kFiles)), Kind::malformed);
}

TEST(EditBlocks, EditTextThatHasTheDividerInIt) {
    const MemoryFiles files{{"a.rst", "Title\n=======\n\ntext\n"}};
    EXPECT_EQ(only_text(parse_edits("a.rst\n" + block("Title\n=======\n\ntext\n", "Title\n=======\n\nnew\n"), files)),
              "Title\n=======\n\nnew\n");
}

TEST(EditBlocks, SayWhatIsMissing) {
    EXPECT_EQ(only_problem(parse_edits("app.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n", kFiles)), Kind::malformed);
    EXPECT_EQ(only_problem(parse_edits("app.py\n<<<<<<< SEARCH\n        ret", kFiles, {.cut = true})), Kind::truncated);
    EXPECT_EQ(only_problem(
                  parse_edits("app.py\n<<<<<<< SEARCH\n        return 1\n=======\n        ret", kFiles, {.cut = true})),
              Kind::truncated);
    EXPECT_EQ(only_problem(parse_edits("gone.py\n" + block("x\n", "y\n"), kFiles)), Kind::no_file);
    EXPECT_EQ(only_problem(parse_edits("app.py\n" + block(kOld, kOld), kFiles)), Kind::no_change);
    EXPECT_EQ(only_problem(parse_edits(
                  "app.py\n" + block("        return 11\n        return 12\n", "        return 2\n"), kFiles)),
              Kind::no_change);
    EXPECT_EQ(only_problem(parse_edits("app.py\n" + block(kOld, "        # ... existing code ...\n"), kFiles)),
              Kind::elided);
}

TEST(EditBlocks, KeepWhatMatchesBesideWhatDoesNot) {
    const ParsedEdits edits =
        parse_edits("app.py\n" + block(kOld, kNew) + block("nothing of the kind\nanywhere\n", "x\n"), kFiles);
    ASSERT_EQ(edits.changes.size(), 1U);
    EXPECT_EQ(edits.changes[0].after, kAfter);
    EXPECT_EQ(only_problem(edits), Kind::no_match);
    EXPECT_EQ(edits.problems[0].line, 7);
}

TEST(ReplaceText, FindsAPartOfALine) {
    EXPECT_EQ(only_text(replace_text("other.py", "1", "5", kFiles)), "x = 5\ny = 2\n");
    EXPECT_EQ(only_problem(replace_text("other.py", " = ", "5", kFiles)), Kind::no_match);
    EXPECT_EQ(only_text(replace_text("other.py", "x = 1\n", "x = 7\n", kFiles)), "x = 7\ny = 2\n");
}

}  // namespace
}  // namespace ec::agent
