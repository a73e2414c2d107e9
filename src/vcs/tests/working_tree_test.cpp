#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/vcs/working_tree.hpp>

namespace ec::vcs {
namespace {

void write(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(write_file_atomic(path, text));
}

int shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()); }

TEST(WorkingTree, TellsTrackedAndIgnoredFilesBelowItsFolder) {
    const TempDir dir = TempDir::create().value();
    write(dir.path() / "top.py", "");
    write(dir.path() / "sub/b.py", "");
    write(dir.path() / "sub/a.py", "");
    write(dir.path() / "sub/new.py", "");
    write(dir.path() / ".gitignore", "*.log\nout/\n");
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git init -q . && git add top.py sub/a.py sub/b.py"), 0);
    const WorkingTree tree = WorkingTree::open(dir.path() / "sub").value();
    EXPECT_EQ(tree.tracked().value(), (std::vector<std::string>{"a.py", "b.py"}));
    EXPECT_TRUE(tree.ignored("x.log"));
    EXPECT_TRUE(tree.ignored("out/"));
    EXPECT_TRUE(tree.ignored("out/deep/file.py"));
    EXPECT_FALSE(tree.ignored("out"));
    EXPECT_FALSE(tree.ignored("new.py"));
}

TEST(WorkingTree, IsNotFoundOutsideARepositoryAndWhereTheSettingsPointElsewhere) {
    const TempDir dir = TempDir::create().value();
    EXPECT_EQ(WorkingTree::open(dir.path()).error().code, ErrorCode::not_found);
    std::filesystem::create_directories(dir.path() / "r");
    std::filesystem::create_directories(dir.path() / "other");
    ASSERT_EQ(shell("cd " + (dir.path() / "r").string() + " && git init -q . && git config core.worktree ../../other"),
              0);
    EXPECT_EQ(WorkingTree::open(dir.path() / "r").error().code, ErrorCode::not_found);
}

TEST(WorkingTree, GivesAConflictedFileOnce) {
    const TempDir dir = TempDir::create().value();
    const std::string commit = "git -c user.name=t -c user.email=t@t commit -qm x";
    write(dir.path() / "a.py", "1\n");
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git init -q -b main . && git add -A && " + commit +
                    " && git checkout -q -b side && echo 2 > a.py && git commit -qa --author 't <t@t>' -m y || " +
                    "(git -c user.name=t -c user.email=t@t commit -qam y)"),
              0);
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git checkout -q main && echo 3 > a.py && git -c user.name=t " +
                    "-c user.email=t@t commit -qam z && ! git merge side"),
              0);
    EXPECT_EQ(WorkingTree::open(dir.path()).value().tracked().value(), std::vector<std::string>{"a.py"});
}

}  // namespace
}  // namespace ec::vcs
