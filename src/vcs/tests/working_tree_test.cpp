#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/vcs/history.hpp>
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
                    "-c user.email=t@t commit -qam z && ! git -c user.name=t -c user.email=t@t merge side"),
              0);
    EXPECT_EQ(WorkingTree::open(dir.path()).value().tracked().value(), std::vector<std::string>{"a.py"});
}

// Whoever opens a pipe that nobody writes to waits for ever, so a test that fails here does not end.
class PipesInARepository : public ::testing::Test {
protected:
    PipesInARepository() {
        write(root() / "src/a.py", "1\n");
        EXPECT_EQ(shell("cd " + root().string() + " && git init -q . && git add -A && git -c user.name=t -c " +
                        "user.email=t@t commit -qm x"),
                  0);
    }
    [[nodiscard]] const std::filesystem::path& root() const { return dir_.path(); }
    void pipe(const std::string& name) const {
        std::filesystem::create_directories((root() / name).parent_path());
        std::filesystem::remove(root() / name);
        ASSERT_EQ(::mkfifo((root() / name).c_str(), 0600), 0);
    }

private:
    const TempDir dir_ = TempDir::create().value();
};

TEST_F(PipesInARepository, KeepBackWhatTheirRulesWouldJudgeAndNothingElse) {
    pipe("src/deep/.gitignore");
    const WorkingTree tree = WorkingTree::open(root()).value();
    EXPECT_TRUE(tree.ignored("src/deep/a.py"));
    EXPECT_TRUE(tree.ignored("src/deep/deeper/a.py"));
    EXPECT_FALSE(tree.ignored("src/deep/"));
    EXPECT_FALSE(tree.ignored("src/a.py"));
    EXPECT_EQ(recently_changed_lines(root(), 1).error().code, ErrorCode::denied);
}

TEST_F(PipesInARepository, AboveTheFolderAreRefused) {
    pipe(".gitignore");
    EXPECT_EQ(WorkingTree::open(root() / "src").error().code, ErrorCode::denied);
    EXPECT_TRUE(WorkingTree::open(root()).value().ignored("b.py"));
}

TEST_F(PipesInARepository, AmongGitsAttributesAreRefusedBeforeFilesAreCompared) {
    pipe("src/.gitattributes");
    EXPECT_EQ(recently_changed_lines(root(), 1).error().code, ErrorCode::denied);
}

class PipesInGitsFolder : public PipesInARepository, public ::testing::WithParamInterface<const char*> {};

TEST_P(PipesInGitsFolder, AreRefused) {
    pipe(std::string(".git/") + GetParam());
    EXPECT_EQ(WorkingTree::open(root()).error().code, ErrorCode::denied);
    EXPECT_EQ(WorkingTree::open(root() / "src").error().code, ErrorCode::denied);
    EXPECT_EQ(recently_changed_lines(root(), 1).error().code, ErrorCode::denied);
}

INSTANTIATE_TEST_SUITE_P(Files, PipesInGitsFolder,
                         ::testing::Values("config", "config.worktree", "commondir", "HEAD", "index", "packed-refs",
                                           "info/exclude", "info/attributes", "refs/heads/main", "objects/12/34"));

class PipesInSettings : public PipesInARepository, public ::testing::WithParamInterface<const char*> {};

TEST_P(PipesInSettings, AreRefused) {
    pipe("pipe");
    write(root() / "more", "[core]\n\tattributesFile = pipe\n");
    ASSERT_EQ(shell("cd " + root().string() + " && (printf '" + GetParam() + "' >>.git/config)"), 0);
    EXPECT_EQ(WorkingTree::open(root()).error().code, ErrorCode::denied);
}

INSTANTIATE_TEST_SUITE_P(
    Values, PipesInSettings,
    ::testing::Values(R"([core]\n\texcludesFile = ../pipe\n)", R"([core] excludesFile = pipe\n)",
                      R"([include] path = ../pipe\n)", R"([include]\n\tpath = "../"pipe # x\n)",
                      R"([include]\n\tpath=../more\n)", R"([include]\n\tpath=\\\n../pipe\n)",
                      R"([core]\n\texcludesFile = ../pi\\\npe\n)", R"([include]\n\tpath = ../pi\\\r\npe\n)",
                      R"([include]\n\tpath = ../pi\\ # x\npe\n)", R"([include]\n\tpath = "../pi\\\npe"\n)",
                      R"([x]\n# a \\\n[include]\n\tpath = ../pipe\n)", R"([core] excludesFile = ../\\\n\\\npipe\n)",
                      R"([includeIf "onbranch:a=b"] path = ../pipe\n)"));

TEST(WorkingTree, HonoursTheIgnoreRulesThatAnIncludedFileNames) {
    const TempDir dir = TempDir::create().value();
    write(dir.path() / "Include.rules", "*.log\n");
    write(dir.path() / "more", "[core]\n\texcludesFile = " + (dir.path() / "Include.rules").string() + "\n");
    ASSERT_EQ(shell("cd " + dir.path().string() + " && git init -q . && git config include.path ../more"), 0);
    EXPECT_TRUE(WorkingTree::open(dir.path()).value().ignored("x.log"));
    std::filesystem::remove(dir.path() / "Include.rules");
    ASSERT_EQ(::mkfifo((dir.path() / "Include.rules").c_str(), 0600), 0);
    EXPECT_EQ(WorkingTree::open(dir.path()).error().code, ErrorCode::denied);
}

TEST_F(PipesInARepository, TheNullDeviceIsAnEmptyFile) {
    ASSERT_EQ(
        shell("cd " + root().string() + " && git config core.attributesFile /dev/null && ln -s /dev/null .gitignore"),
        0);
    const WorkingTree tree = WorkingTree::open(root()).value();
    EXPECT_FALSE(tree.ignored("b.py"));
}

}  // namespace
}  // namespace ec::vcs
