// Unified diffs and apply_patch envelopes, as tools write them and as models remember them.
#include <gtest/gtest.h>

#include "memory_files.hpp"

namespace ec::agent {
namespace {

using Kind = EditProblem::Kind;

constexpr const char* kBefore =
    "import os\n\n\ndef f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 1\n    return y\n";
constexpr const char* kAfter =
    "import os\n\n\ndef f(x):\n    y = x + 2\n    return y\n\n\ndef g(x):\n    y = x + 1\n    return y\n";
const MemoryFiles kFiles{{"src/m.py", kBefore}, {"old.txt", "one\ntwo\nthree\n"}};

struct Case {
    const char* what;
    std::string reply;
};
class DiffSpellings : public testing::TestWithParam<Case> {};

TEST_P(DiffSpellings, AreApplied) {
    const ParsedEdits edits = parse_edits(GetParam().reply, kFiles);
    EXPECT_EQ(only_text(edits), kAfter);
    ASSERT_EQ(edits.changes.size(), 1U);
    EXPECT_EQ(edits.changes[0].path, "src/m.py");
}

const std::string kHunk = "@@ -4,3 +4,3 @@\n def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y\n";
const std::string kNames = "--- a/src/m.py\n+++ b/src/m.py\n";
const std::string kLoose = " def f(x):\n-    y = x + 1\n+    y = x + 2\n     return y\n";

INSTANTIATE_TEST_SUITE_P(
    Table, DiffSpellings,
    testing::Values(
        Case{"git", "diff --git a/src/m.py b/src/m.py\nindex 123..456 100644\n" + kNames + kHunk},
        Case{"fenced", "```diff\n" + kNames + kHunk + "```\n"}, Case{"plain", kNames + kHunk},
        Case{"within prose", "Here it is:\n\n" + kNames + kHunk + "\nThat is all.\n- Really\n"},
        Case{"no prefixes", "```diff\n--- src/m.py\n+++ src/m.py\n" + kHunk + "```"},
        Case{"time stamps", "--- src/m.py\t2026-01-01\n+++ src/m.py\t2026-01-02\n" + kHunk},
        Case{"wrong numbers", kNames + "@@ -400,30 +1,2 @@\n" + kLoose},
        Case{"no counts", kNames + "@@ -4 +4 @@\n" + kLoose}, Case{"no numbers", kNames + "@@ ... @@\n" + kLoose},
        Case{"bare signs", "```diff\n" + kNames + "@@\n" + kLoose + "```\n"},
        Case{"no hunk header", "```diff\n" + kNames + kLoose + "```\n"},
        Case{"name before the fence", "src/m.py\n```diff\n@@ -4,3 +4,3 @@\n" + kLoose + "```\n"},
        Case{"name alone", "```diff\n--- m.py\n+++ m.py\n" + kHunk + "```\n"},
        Case{"context without its space",
             "```diff\n" + kNames + "@@ -4,3 +4,3 @@\ndef f(x):\n-    y = x + 1\n+    y = x + 2\n    return y\n```\n"},
        Case{"trailing blank", "```diff\n" + kNames + kHunk + "\n\n```\n"},
        Case{"in a list",
             "1. Do:\n   ```diff\n   --- a/src/m.py\n   +++ b/src/m.py\n   @@ -4,3 +4,3 @@\n    def f(x):\n   -    y = "
             "x + 1\n   +    y = x + 2\n        return y\n   ```\n"},
        Case{"text as header", kNames + "@@ def f(x): @@\n-    y = x + 1\n+    y = x + 2\n"},
        Case{"by line number", kNames + "@@ -5,2 +5,2 @@\n-    y = x + 1\n+    y = x + 2\n     return y\n"},
        Case{"patch",
             "*** Begin Patch\n*** Update File: src/m.py\n@@ def f(x):\n-    y = x + 1\n+    y = x + 2\n     return "
             "y\n*** End Patch\n"},
        Case{"patch in a fence",
             "```\n*** Begin Patch\n*** Update File: src/m.py\n@@\n" + kLoose + "*** End Patch\n```\n"},
        Case{"patch in a here document",
             "```bash\napply_patch <<'EOF'\n*** Begin Patch\n*** Update File: src/m.py\n@@\n" + kLoose +
                 "*** End Patch\nEOF\n```\n"},
        Case{"patch without envelope", "*** Update File: src/m.py\n@@\n" + kLoose},
        Case{"patch without end", "*** Begin Patch\n*** Update File: src/m.py\n@@\n" + kLoose},
        Case{"padded patch", "  *** Begin Patch \n*** Update File: src/m.py\n@@\n" + kLoose + " *** End Patch \n"},
        Case{"patch with diff headers",
             "*** Begin Patch\n*** Update File: src/m.py\n@@ -4,3 +4,3 @@\n" + kLoose + "*** End Patch\n"}),
    table_name);

TEST(UnifiedDiff, AppliesSeveralHunksAndFiles) {
    const ParsedEdits edits =
        parse_edits("```diff\n" + kNames +
                        "@@ -1,1 +1,2 @@\n import os\n+import sys\n@@ -9,3 +10,3 @@\n def g(x):\n-    y = x + 1\n+    "
                        "y = x + 3\n     return y\n"
                        "--- a/old.txt\n+++ b/old.txt\n@@ -1,3 +1,2 @@\n one\n-two\n three\n```\n",
                    kFiles);
    ASSERT_EQ(edits.changes.size(), 2U) << told(edits);
    EXPECT_EQ(edits.changes[0].after,
              "import os\nimport sys\n\n\ndef f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 3\n    "
              "return y\n");
    EXPECT_EQ(edits.changes[1].after, "one\nthree\n");
}

TEST(UnifiedDiff, CreatesRemovesAndRenamesFiles) {
    const ParsedEdits edits = parse_edits(
        "diff --git a/new.txt b/new.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+a\n+b\n"
        "diff --git a/src/m.py b/src/m.py\ndeleted file mode 100644\n--- a/src/m.py\n+++ /dev/null\n@@ -1,1 +0,0 "
        "@@\n-import os\n"
        "diff --git a/old.txt b/newer.txt\nsimilarity index 90%\nrename from old.txt\nrename to newer.txt\n--- "
        "a/old.txt\n+++ b/newer.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
        kFiles);
    ASSERT_EQ(edits.changes.size(), 3U) << told(edits);
    EXPECT_EQ(edits.changes[0], (FileChange{FileChange::Kind::create, "new.txt", "", "", "a\nb\n"}));
    EXPECT_EQ(edits.changes[1].kind, FileChange::Kind::remove);
    EXPECT_EQ(edits.changes[2],
              (FileChange{FileChange::Kind::rename, "old.txt", "newer.txt", "one\ntwo\nthree\n", "one\n2\nthree\n"}));
}

TEST(UnifiedDiff, SaysWhetherTheFileEndsWithANewline) {
    const MemoryFiles files{{"a", "x\ny"}, {"b", "x\ny\n"}};
    EXPECT_EQ(
        only_text(parse_edits("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n", files)),
        "x\nz\n");
    EXPECT_EQ(only_text(parse_edits("--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n", files)), "x\nz");
    EXPECT_EQ(
        only_text(parse_edits("--- a/b\n+++ b/b\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n\\ No newline at end of file\n", files)),
        "x\nz");
}

TEST(UnifiedDiff, KeepsCarriageReturns) {
    const MemoryFiles files{{"a", "x\r\ny\r\n"}};
    EXPECT_EQ(only_text(parse_edits("--- a/a\n+++ b/a\n@@ -1,2 +1,3 @@\n x\n-y\n+z\n+w\n", files)), "x\r\nz\r\nw\r\n");
}

TEST(UnifiedDiff, ChangesAFileAsAWholeOrNotAtAll) {
    const ParsedEdits edits =
        parse_edits("```diff\n" + kNames + kHunk + "@@ -20,1 +20,1 @@\n-nothing like this at all\n+x\n```\n", kFiles);
    EXPECT_TRUE(edits.changes.empty());
    EXPECT_EQ(only_problem(edits), Kind::no_match);
}

TEST(UnifiedDiff, AsksForMoreContextWhenAPlaceIsDoubtful) {
    EXPECT_EQ(only_problem(parse_edits("```diff\n" + kNames + "@@ @@\n-    y = x + 1\n+    y = x + 2\n```\n", kFiles)),
              Kind::ambiguous);
}

TEST(UnifiedDiff, KnowsACutOne) {
    EXPECT_EQ(only_problem(parse_edits("```diff\n" + kNames + "@@ -4,3 +4,3 @@\n def f(x):\n-    y = x + 1\n+    y =",
                                       kFiles, {.cut = true})),
              Kind::truncated);
}

TEST(UnifiedDiff, RefusesFilesOutside) {
    for (const char* name : {"../x", "/etc/passwd", ".git/config"})
        EXPECT_EQ(
            only_problem(parse_edits("--- /dev/null\n+++ b/" + std::string(name) + "\n@@ -0,0 +1 @@\n+x\n", kFiles)),
            Kind::bad_path)
            << name;
}

TEST(ApplyPatch, AddsMovesAndDeletes) {
    const ParsedEdits edits = parse_edits(
        "*** Begin Patch\n*** Add File: a/new.txt\n+one\n+\n+two\n*** Delete File: old.txt\n*** Update File: "
        "src/m.py\n*** Move to: lib/m.py\n@@ def f(x):\n-    y = x + 1\n+    y = x + 2\n*** End Patch\n",
        kFiles);
    ASSERT_EQ(edits.changes.size(), 3U) << told(edits);
    EXPECT_EQ(edits.changes[0], (FileChange{FileChange::Kind::create, "a/new.txt", "", "", "one\n\ntwo\n"}));
    EXPECT_EQ(edits.changes[1].kind, FileChange::Kind::remove);
    EXPECT_EQ(edits.changes[2], (FileChange{FileChange::Kind::rename, "src/m.py", "lib/m.py", kBefore, kAfter}));
}

TEST(ApplyPatch, FindsPlacesByTheirAnchors) {
    EXPECT_EQ(
        only_text(parse_edits(
            "*** Begin Patch\n*** Update File: src/m.py\n@@ def g(x):\n-    y = x + 1\n+    y = x + 9\n*** End Patch\n",
            kFiles)),
        "import os\n\n\ndef f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 9\n    return y\n");
    EXPECT_EQ(only_text(parse_edits("*** Begin Patch\n*** Update File: src/m.py\n@@\n     y = x + 1\n-    return y\n+  "
                                    "  return 0\n*** End of File\n*** End Patch\n",
                                    kFiles)),
              "import os\n\n\ndef f(x):\n    y = x + 1\n    return y\n\n\ndef g(x):\n    y = x + 1\n    return 0\n");
}

TEST(ApplyPatch, AppendsWhatHasNoContext) {
    EXPECT_EQ(only_text(parse_edits("*** Begin Patch\n*** Update File: old.txt\n@@\n+four\n*** End Patch\n", kFiles)),
              "one\ntwo\nthree\nfour\n");
}

TEST(ApplyPatch, EndsAChangedLastLineWithANewline) {
    const MemoryFiles files{{"a", "x\ny"}};
    EXPECT_EQ(only_text(parse_edits("*** Begin Patch\n*** Update File: a\n@@\n-y\n+z\n*** End Patch\n", files)),
              "x\nz\n");
    EXPECT_EQ(only_text(parse_edits("*** Begin Patch\n*** Update File: a\n@@\n-x\n+z\n*** End Patch\n", files)),
              "z\ny");
}

TEST(ApplyPatch, SaysWhatIsWrong) {
    const auto patch = [](const std::string& body) {
        return parse_edits("*** Begin Patch\n" + body + "*** End Patch\n", kFiles);
    };
    EXPECT_EQ(only_problem(patch("")), Kind::no_edits);
    EXPECT_EQ(only_problem(patch("*** Frobnicate File: a\n")), Kind::malformed);
    EXPECT_EQ(only_problem(patch("*** Update File: old.txt\n")), Kind::malformed);
    EXPECT_EQ(only_problem(patch("*** Update File: gone.txt\n@@\n-a\n+b\n")), Kind::no_file);
    EXPECT_EQ(only_problem(patch("*** Delete File: gone.txt\n")), Kind::no_file);
    EXPECT_EQ(only_problem(patch("*** Delete File: ../old.txt\n")), Kind::bad_path);
    EXPECT_EQ(only_problem(patch("*** Update File: old.txt\n*** Move to: ../x\n@@\n-two\n+2\n")), Kind::bad_path);
    EXPECT_EQ(only_problem(parse_edits("*** Begin Patch\n*** Add File: n.txt\n+on", kFiles, {.cut = true})),
              Kind::truncated);
}

TEST(Elided, FindsPlaceholders) {
    const char* const kPlaceholders[] = {"# ... rest of the code unchanged",
                                         "// ... existing code ...",
                                         "# existing code here",
                                         "// \u2026",
                                         "/* ... */",
                                         "<!-- ... -->",
                                         "[remaining code]",
                                         "...",
                                         "    # (rest of the file remains the same)",
                                         "// rest of the implementation",
                                         "# Other methods remain unchanged",
                                         "{/* ... existing code ... */}",
                                         "[... existing code ...]",
                                         "-- ... other columns unchanged",
                                         "# ... (previous code)",
                                         "// ...existing code...",
                                         "# The rest of the function stays the same",
                                         "// same as before"};
    for (const char* line : kPlaceholders) {
        EXPECT_TRUE(elided("x = 1\n", std::string("x = 2\n") + line + "\n")) << line;
        EXPECT_FALSE(elided(std::string("x = 1\n") + line + "\n", std::string("x = 2\n") + line + "\n")) << line;
    }
    EXPECT_NE(elided("", "a\n# ...\n").value_or("").find("line 2 \"# ...\""), std::string::npos);
}

TEST(Elided, LeavesHonestLinesAlone) {
    const char* const kHonest[] = {"def f(self): ...",
                                   "class P(Protocol):\n    def f(self):\n        ...",
                                   "# Read the rest of the file",
                                   "# the remaining arguments are passed on",
                                   "x = [1, ...]",
                                   "f(...args)",
                                   "print('...')",
                                   "# existing users keep their password",
                                   "// TODO: handle the other cases",
                                   "# Wait for the rest of the data...",
                                   "return rest_of_code",
                                   "# imports",
                                   "# Remaining time in seconds",
                                   "const { a, ...rest } = props;",
                                   "...props,",
                                   "# unchanged since version 2",
                                   "/* the same value as in app.css */",
                                   "log.info(\"loading ...\")"};
    for (const char* text : kHonest)
        EXPECT_FALSE(elided("x = 1\n", text)) << text << " " << elided("x = 1\n", text).value_or("");
    EXPECT_FALSE(elided("", "And so on\n...\n", "notes.md"));
}

}  // namespace
}  // namespace ec::agent
