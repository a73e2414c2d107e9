// Whole files in fences: where their names stand, what a fence is, and what is refused.
#include <gtest/gtest.h>

#include "memory_files.hpp"

namespace ec::agent {
namespace {

using Kind = EditProblem::Kind;

const MemoryFiles kFiles{{"src/app.py", "def f():\n    return 1\n"}, {"lib/b.py", "x = 1\n"}, {"README.md", "# Old\n"}};
constexpr const char* kNew = "def f():\n    return 2\n";

struct NamePlace {
    const char* what;
    std::string reply;
};
class WholeFileNames : public testing::TestWithParam<NamePlace> {};

TEST_P(WholeFileNames, AreFound) {
    const ParsedEdits edits = parse_edits(GetParam().reply, kFiles, {.workspace = "/home/me/project"});
    EXPECT_EQ(only_text(edits), kNew);
    ASSERT_EQ(edits.changes.size(), 1U);
    EXPECT_EQ(edits.changes[0].path, "src/app.py");
    EXPECT_EQ(edits.changes[0].kind, FileChange::Kind::modify);
    EXPECT_EQ(edits.changes[0].before, "def f():\n    return 1\n");
    EXPECT_EQ(edits.formats, std::vector{EditFormat::whole});
}

std::string fenced(const std::string& before, const std::string& info = "python") {
    return before + "```" + info + "\n" + kNew + "```\n";
}

INSTANTIATE_TEST_SUITE_P(
    Table, WholeFileNames,
    testing::Values(
        NamePlace{"line before", fenced("src/app.py\n")}, NamePlace{"with a blank line", fenced("src/app.py\n\n")},
        NamePlace{"bold", fenced("**src/app.py**\n")}, NamePlace{"heading", fenced("### `src/app.py`:\n")},
        NamePlace{"file word", fenced("File: src/app.py\n")}, NamePlace{"list", fenced("1. src/app.py\n")},
        NamePlace{"quoted in a sentence", fenced("Here is the new `src/app.py`:\n\n")},
        NamePlace{"info string", fenced("", "python src/app.py")}, NamePlace{"info alone", fenced("", "src/app.py")},
        NamePlace{"info with colon", fenced("", "python:src/app.py")},
        NamePlace{"info title", fenced("", "python title=\"src/app.py\"")},
        NamePlace{"comment", "```python\n# src/app.py\n" + std::string(kNew) + "```\n"},
        NamePlace{"dot slash", fenced("./src/app.py\n")}, NamePlace{"name alone", fenced("app.py\n")},
        NamePlace{"absolute", fenced("/home/me/project/src/app.py\n")},
        NamePlace{"in an invented folder", fenced("/workspace/src/app.py\n")},
        NamePlace{"in an invented home", fenced("/home/user/repo/src/app.py\n")},
        NamePlace{"with the folder", fenced("project/src/app.py\n")}, NamePlace{"case", fenced("SRC/App.py\n")},
        NamePlace{"backslashes", fenced("src\\app.py\n")}, NamePlace{"quotes", fenced("\"src/app.py\"\n")},
        NamePlace{"four backticks", "src/app.py\n````python\n" + std::string(kNew) + "````\n"},
        NamePlace{"tildes", "src/app.py\n~~~python\n" + std::string(kNew) + "~~~\n"},
        NamePlace{"in a list", "1. src/app.py\n\n   ```python\n   def f():\n       return 2\n   ```\n"},
        NamePlace{"no closing fence", "src/app.py\n```python\n" + std::string(kNew)},
        NamePlace{"CRLF reply", "src/app.py\r\n```python\r\ndef f():\r\n    return 2\r\n```\r\n"}),
    table_name);

TEST(WholeFile, TakesTheOneFileOfTheTaskForAFenceWithoutAName) {
    const EditHints hints{.only_file = "src/app.py"};
    EXPECT_EQ(only_text(parse_edits("Sure:\n" + fenced(""), kFiles, hints)), kNew);
    EXPECT_EQ(only_problem(parse_edits("Sure:\n" + fenced(""), kFiles, {})), Kind::no_edits);
}

TEST(WholeFile, ChoosesAmongFencesTheOneThatDefinesTheSame) {
    const std::string reply =
        fenced("The fix:\n") +
        "Run it:\n```bash\npython -m app\n```\nUse:\n```python\nprint(f())\nprint(f())\nprint(f())\n```\n";
    EXPECT_EQ(only_text(parse_edits(reply, kFiles, {.only_file = "src/app.py"})), kNew);
}

TEST(WholeFile, CreatesAFileThatIsNotThere) {
    const ParsedEdits edits = parse_edits("tests/test_app.py\n```python\nassert True\n```\n", kFiles);
    ASSERT_EQ(edits.changes.size(), 1U) << told(edits);
    EXPECT_EQ(edits.changes[0].kind, FileChange::Kind::create);
    EXPECT_EQ(edits.changes[0].path, "tests/test_app.py");
    EXPECT_EQ(edits.changes[0].after, "assert True\n");
}

TEST(WholeFile, ReadsSeveralFiles) {
    const ParsedEdits edits = parse_edits(fenced("src/app.py\n") + "\nlib/b.py\n```python\nx = 2\n```\n", kFiles);
    ASSERT_EQ(edits.changes.size(), 2U) << told(edits);
    EXPECT_EQ(edits.changes[1].path, "lib/b.py");
}

TEST(WholeFile, KeepsNestedFencesOfMarkdown) {
    const std::string reply = "README.md\n```markdown\n# New\n\n```bash\nmake\n```\n\nEnd.\n```\n";
    EXPECT_EQ(only_text(parse_edits(reply, kFiles)), "# New\n\n```bash\nmake\n```\n\nEnd.\n");
}

TEST(WholeFile, KeepsAFirstCommentThatTheFileHas) {
    const MemoryFiles files{{"src/app.py", "# src/app.py\nx = 1\n"}};
    EXPECT_EQ(only_text(parse_edits("```python\n# src/app.py\nx = 2\n```\n", files)), "# src/app.py\nx = 2\n");
}

TEST(WholeFile, KeepsByteOrderMarkLineEndingsAndTheLackOfAFinalNewline) {
    const MemoryFiles files{{"a.txt", "\xef\xbb\xbfone\r\ntwo"}};
    EXPECT_EQ(only_text(parse_edits("a.txt\n```\none\nthree\n```\n", files)), "\xef\xbb\xbfone\r\nthree");
}

TEST(WholeFile, ReadsAReplyThatIsNothingButTheFileWhenOneWasAskedFor) {
    const EditHints hints{.only_file = "src/app.py", .bare_code = true};
    EXPECT_EQ(only_text(parse_edits(kNew, kFiles, hints)), kNew);
    EXPECT_EQ(only_problem(parse_edits("I cannot do that.\n", kFiles, hints)), Kind::no_edits);
}

TEST(WholeFile, MovesAFileThatStandsToTheRightBackToItsMargin) {
    EXPECT_EQ(only_text(parse_edits("src/app.py\n```python\n    def f():\n\n        return 2\n```\n", kFiles)),
              "def f():\n\n    return 2\n");
}

TEST(WholeFile, KnowsACommentOfItsLanguageInAFenceThatIsNeverClosed) {
    const std::string divides = "def f(a):\n    return range(len(a) // 2)\n";
    EXPECT_EQ(only_text(parse_edits("src/app.py\n```python\n" + divides, kFiles)), divides);
}

TEST(WholeFile, SaysWhenTheFileIsRepeatedUnchanged) {
    EXPECT_EQ(only_problem(parse_edits("src/app.py\n```python\ndef f():\n    return 1\n```\n", kFiles)),
              Kind::no_change);
}

TEST(WholeFile, RefusesNamesOutsideTheWorkspace) {
    for (const char* name : {"../app.py", "/etc/passwd.txt", "src/../../x.py", ".git/hooks/a.sh", "a/.GIT/config.ini",
                             "~/x.py", "C:/x.py", ".git./config.ini", "git~1/config.ini"}) {
        const ParsedEdits edits = parse_edits(std::string(name) + "\n```\nx\n```\n", kFiles, {.workspace = "/w"});
        EXPECT_TRUE(edits.changes.empty()) << name;
        EXPECT_EQ(only_problem(edits), Kind::bad_path) << name << told(edits);
    }
}

TEST(WholeFile, AsksWhichFileWhenANameFitsTwo) {
    const MemoryFiles files{{"a/x.py", "1\n"}, {"b/x.py", "1\n"}};
    EXPECT_EQ(only_problem(parse_edits("x.py\n```\n2\n```\n", files)), Kind::ambiguous);
}

TEST(WholeFile, RecognisesACutReply) {
    const std::string cut = "src/app.py\n```python\ndef f():\n    return";
    EXPECT_EQ(only_problem(parse_edits(cut, kFiles, {.cut = true})), Kind::truncated);
    EXPECT_EQ(only_problem(parse_edits("src/app.py\n```python\ndef f():\n    return g(1,\n", kFiles)), Kind::truncated);
    EXPECT_EQ(only_problem(parse_edits("I will now", kFiles, {.cut = true})), Kind::truncated);
}

TEST(WholeFile, RefusesPlaceholdersForCode) {
    EXPECT_EQ(only_problem(parse_edits(
                  "src/app.py\n```python\ndef f():\n    return 2\n\n# ... rest of the code unchanged\n```\n", kFiles)),
              Kind::elided);
}

TEST(WholeFile, NoticesFunctionsThatWereLeftOut) {
    const MemoryFiles files{{"m.py", "def a():\n  pass\n\ndef b():\n  pass\n\ndef c():\n  pass\n"}};
    const std::string reply = "m.py\n```python\ndef a():\n  return 1\n```\n";
    const ParsedEdits edits = parse_edits(reply, files);
    EXPECT_EQ(only_problem(edits), Kind::drops_code) << told(edits);
    EXPECT_NE(told(edits).find("b, c"), std::string::npos);
    EXPECT_EQ(only_text(parse_edits(reply, files, {.removal_asked = true})), "def a():\n  return 1\n");
}

TEST(WholeFile, RefusesBinaryAndHugeFiles) {
    const MemoryFiles files{{"a.bin", std::string("a\0b", 3)}, {"big.txt", std::string(kMaxEditedFile + 1, 'x')}};
    EXPECT_EQ(only_problem(parse_edits("a.bin\n```\nx\n```\n", files)), Kind::binary);
    EXPECT_EQ(only_problem(parse_edits("big.txt\n```\nx\n```\n", files)), Kind::too_large);
    EXPECT_EQ(only_problem(parse_edits(std::string(kMaxReply + 1, 'x'), files)), Kind::too_large);
}

TEST(WholeFile, FindsNothingInProse) {
    for (const char* text : {"", "\n", "I changed `src/app.py` for you.", "```\n```", "~~~"})
        EXPECT_EQ(only_problem(parse_edits(text, kFiles, {.only_file = "src/app.py"})), Kind::no_edits) << text;
}

TEST(WriteText, KeepsTheFilesManner) {
    const MemoryFiles files{{"a.txt", "one\r\ntwo"}};
    EXPECT_EQ(only_text(write_text("a.txt", "one\nthree\n", files)), "one\r\nthree");
    EXPECT_EQ(only_text(write_text("new.txt", "x", files)), "x");
    EXPECT_EQ(only_problem(write_text("../a.txt", "x", files)), Kind::bad_path);
}

}  // namespace
}  // namespace ec::agent
