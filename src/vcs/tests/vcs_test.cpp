#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/vcs/diff.hpp>
#include <ec/vcs/history.hpp>
#include <fstream>

namespace ec::vcs {
namespace {

void write(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

int shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }

TEST(UnifiedPatch, IsAppliedByGitAndRestoresTheNewFile) {
    const TempDir dir = TempDir::create().value();
    const std::string before = "a\nb\r\nc\nd\ne\nf\ng\nh\n";
    const std::string after = "a\nB\r\nc\nd\ne\nf\ng\nh";
    write(dir.path() / "x.py", before);
    const std::string patch = unified_patch({{"x.py", before, after}}).value();
    write(dir.path() / "p", patch);
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git init -q . && git apply p"), 0) << patch;
    EXPECT_EQ(read_file(dir.path() / "x.py").value(), after);
    EXPECT_EQ(changed_lines(patch), 4U);
}

TEST(UnifiedPatch, CreatesAndRemovesFilesTheWayGitDoes) {
    const TempDir dir = TempDir::create().value();
    write(dir.path() / "old.py", "gone = 1\n");
    write(dir.path() / "empty", "");
    const std::string patch = unified_patch({{"new.py", "", "x = 1\n", true, false},
                                             {"old.py", "gone = 1\n", "", false, true},
                                             {"empty", "", "", false, true}})
                                  .value();
    write(dir.path() / "p", patch);
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git init -q . && git apply p"), 0) << patch;
    EXPECT_EQ(read_file(dir.path() / "new.py").value(), "x = 1\n");
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "old.py"));
    EXPECT_FALSE(std::filesystem::exists(dir.path() / "empty"));
}

TEST(UnifiedPatch, IsEmptyForEqualFilesAndRefusesBinaries) {
    EXPECT_EQ(unified_patch({{"x", "a\n", "a\n"}}).value(), "");
    EXPECT_FALSE(unified_patch({{"x", std::string("a\0b", 3), "c"}}));
}

TEST(RecentlyChangedLines, SeesUncommittedAndRecentCommits) {
    const TempDir dir = TempDir::create().value();
    const std::string cd = "cd " + dir.path().string() + " && ";
    const std::string commit = "git -c user.name=t -c user.email=t@t commit -qm x";
    std::filesystem::create_directory(dir.path() / "sub");
    write(dir.path() / "sub/a.py", "1\n2\n3\n4\n");
    ASSERT_EQ(shell(cd + "git init -q . && git add -A && " + commit), 0);
    write(dir.path() / "sub/a.py", "1\nTWO\n3\n4\n");
    ASSERT_EQ(shell(cd + "git add -A && " + commit), 0);
    write(dir.path() / "sub/a.py", "1\nTWO\n3\nFOUR\n");
    const ChangedLines expected = {{"a.py", {2, 4}}};
    EXPECT_EQ(recently_changed_lines(dir.path() / "sub", 1).value(), expected);
    EXPECT_EQ(recently_changed_lines(dir.path() / "sub", 0).value(), (ChangedLines{{"a.py", {4}}}));
}

TEST(RecentlyChangedLines, SaysSoOutsideARepository) {
    const TempDir dir = TempDir::create().value();
    EXPECT_EQ(recently_changed_lines(dir.path(), 1).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ec::vcs
