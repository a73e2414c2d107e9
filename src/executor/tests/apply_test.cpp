// Applying changes: all or nothing, never over a file that changed meanwhile, never through a link.
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>

#include "apply_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;
using testing::Tree;
using Names = std::vector<std::string>;

TEST(Apply, WritesCreatesAndDeletes) {
    const Project project;
    project.write("edit.txt", "old\r\n");
    project.write("gone/only.txt", "x");
    project.write("kept/gone.txt", "x");
    project.write("kept/stays.txt", "x");
    const auto applied =
        project.apply({project.file("edit.txt", "new\r\nlines\r\n"), project.gone("gone/only.txt"),
                       project.gone("kept/gone.txt"), project.file("a/b/c", "deep"), project.link("ln", "a/b")});
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(applied->written, (Names{"a/b/c", "edit.txt", "gone/only.txt", "kept/gone.txt", "ln"}));
    EXPECT_EQ(project.read("edit.txt"), "new\r\nlines\r\n");
    EXPECT_EQ(project.read("a/b/c"), "deep");
    EXPECT_FALSE(fs::exists(project.root() / "gone")) << "a folder that became empty goes";
    EXPECT_TRUE(fs::exists(project.root() / "kept/stays.txt"));
    EXPECT_EQ(fs::read_symlink(project.root() / "ln"), "a/b");
    EXPECT_EQ(project.tree().size(), 7U) << "nothing of ours is left";
}

TEST(Apply, KeepsModesAndDropsTheSetuidBit) {
    const Project project;
    for (const unsigned mode : {0755U, 0600U, 0444U}) {
        project.write("m", "old", mode);
        ASSERT_TRUE(project.apply({project.file("m", "new", mode)}));
        EXPECT_EQ(project.mode("m"), mode);
        EXPECT_EQ(project.read("m"), "new");
        fs::remove(project.root() / "m");
    }
    ASSERT_TRUE(project.apply({project.file("s", "x", 07755)}));
    EXPECT_EQ(project.mode("s"), 0755U);
}

TEST(Apply, AFileMayBecomeAFolderAndTheOtherWayRound) {
    const Project project;
    project.write("was-file", "x");
    project.write("was-folder/sub/a", "x");
    project.write("was-link-target/a", "x");
    fs::create_symlink("was-link-target", project.root() / "was-link");
    const auto applied =
        project.apply({project.gone("was-file"), project.file("was-file/in", "1"), project.gone("was-folder/sub/a"),
                       project.file("was-folder", "2"), project.gone("was-link"), project.file("was-link/in", "3")});
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(project.read("was-file/in"), "1");
    EXPECT_EQ(project.read("was-folder"), "2");
    EXPECT_EQ(project.read("was-link/in"), "3");
    EXPECT_FALSE(fs::exists(project.root() / "was-link-target/in"));
}

// Each disturbs the project after the run looked and before it is applied.
TEST(Apply, RefusesWhatChangedMeanwhileAndThenWritesNothing) {
    struct Case {
        const char* what;
        std::function<void(const Project&)> disturb;
    };
    const Case cases[] = {
        {"content", [](const Project& p) { p.write("edit.txt", "other"); }},
        {"same size", [](const Project& p) { p.write("edit.txt", "OLD"); }},
        {"mode", [](const Project& p) { ASSERT_EQ(::chmod((p.root() / "edit.txt").c_str(), 0600), 0); }},
        {"gone", [](const Project& p) { fs::remove(p.root() / "edit.txt"); }},
        {"replaced by the same bytes",
         [](const Project& p) {
             p.write("copy", "old");
             fs::rename(p.root() / "copy", p.root() / "edit.txt");
         }},
        {"a folder now",
         [](const Project& p) {
             fs::remove(p.root() / "edit.txt");
             fs::create_directory(p.root() / "edit.txt");
         }},
        {"a link now",
         [](const Project& p) {
             fs::remove(p.root() / "edit.txt");
             fs::create_symlink("delete.txt", p.root() / "edit.txt");
         }},
        {"the deleted one", [](const Project& p) { p.write("delete.txt", "other"); }},
        {"the new one is there", [](const Project& p) { p.write("new/file", "mine"); }},
        {"a file in the folder's place", [](const Project& p) { p.write("new", "mine"); }},
        {"a link in the folder's place",
         [](const Project& p) {
             fs::create_directory(p.outside());
             fs::create_directory_symlink(p.outside(), p.root() / "new");
         }},
    };
    for (const Case& c : cases) {
        const Project project;
        project.write("edit.txt", "old");
        project.write("delete.txt", "old");
        const std::vector<Change> changes = {project.file("edit.txt", "run's"), project.gone("delete.txt"),
                                             project.file("new/file", "run's"), project.file("other", "run's")};
        c.disturb(project);
        const Tree before = project.tree();
        const auto applied = project.apply(changes);
        ASSERT_FALSE(applied) << c.what;
        EXPECT_EQ(applied.error().code, ErrorCode::conflict) << c.what;
        EXPECT_EQ(project.tree(), before) << c.what;
        EXPECT_FALSE(undo(project.root(), project.undo_options())) << c.what;
    }
}

TEST(Apply, TheConflictNamesTheFiles) {
    const Project project;
    project.write("a", "old");
    project.write("b", "old");
    const std::vector<Change> changes = {project.file("a", "x"), project.gone("b"), project.file("c", "x")};
    project.write("a", "mine");
    project.write("b", "mine");
    const auto applied = project.apply(changes);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().message, "a, b changed meanwhile; nothing was written");
}

TEST(Apply, AFileChangedAfterTheStartOfTheRunCountsAsChanged) {
    const Project project;
    project.write("a", "old");
    const std::vector<Change> changes = {project.file("a", "x")};
    ApplyOptions options;
    options.started_ns = changes[0].before.ctime_ns - 1;
    EXPECT_EQ(project.apply(changes, options).error().code, ErrorCode::conflict);
    options.started_ns = changes[0].before.ctime_ns;
    EXPECT_TRUE(project.apply(changes, options));
}

// The change comes between the check of all files and the rename of this one.
TEST(Apply, AFileThatChangesInTheLastMomentKeepsItsContentAndAllOthersTheirs) {
    for (int moment = 0;; ++moment) {
        const Project project;
        project.write("a", "old a");
        project.write("b", "old b");
        project.write("z", "old z");
        const std::vector<Change> changes = {project.file("a", "run's"), project.file("new", "run's"),
                                             project.gone("b"), project.file("z", "run's")};
        int at = 0;
        bool disturbed = false;
        ApplyOptions options;
        options.before_step = [&] {
            if (at++ != moment) return;
            disturbed = true;
            project.write("other", "mine");
            fs::rename(project.root() / "other", project.root() / "z");
            project.write("unrelated", "mine");
        };
        const auto applied = project.apply(changes, options);
        if (!disturbed) {
            EXPECT_GT(moment, 8);
            break;
        }
        const bool whole = applied && project.read("a") == "run's" && project.read("new") == "run's";
        const bool none = !applied && project.read("a") == "old a" && project.read("b") == "old b" &&
                          project.read("new") == "(nothing)";
        EXPECT_TRUE(whole || none) << moment;
        EXPECT_EQ(project.read("z"), "mine") << moment;
        EXPECT_EQ(project.tree().size(), whole ? 4U : 4U) << moment << ": nothing of ours is left";
    }
}

TEST(Apply, TwoNamesOfOneFileMayBothBeReplaced) {
    const Project project;
    project.write("a", "old");
    fs::create_hard_link(project.root() / "a", project.root() / "b");
    const Tree before = project.tree();
    const auto applied = project.apply({project.file("a", "1"), project.file("b", "2")});
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(project.read("a"), "1");
    EXPECT_EQ(project.read("b"), "2");
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.tree(), before);
}

TEST(Apply, GuardedPlacesNeedAnApprovalThatNamesThem) {
    const Project project;
    const std::vector<Change> changes = {project.file(".git/config", "x"), project.file(".vscode/tasks.json", "x"),
                                         project.file("plain", "x")};
    ApplyOptions options;
    options.approved = {".vscode"};
    const auto applied = project.apply(changes, options);
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->written, (Names{".vscode/tasks.json", "plain"}));
    EXPECT_EQ(applied->refused, (std::vector<Refusal>{{".git/config", Refusal::Why::guarded}}));
    options.approved = {"plain"};
    EXPECT_EQ(project.apply(changes, options).error().code, ErrorCode::invalid_argument);
}

TEST(Apply, PlacesThatGuardedNamesLeadToAreGuardedAsWell) {
    const Project project;
    project.write("config/editor/tasks.json", "old");
    project.write("modules/lib/hooks/x", "old");
    project.write("lib/code", "old");
    project.write("lib/.git", "gitdir: ../modules/lib\n");
    project.write("abs/config", "old");
    fs::create_symlink("config/editor", project.root() / ".vscode");
    fs::create_symlink(project.root() / "abs", project.root() / ".husky");
    const auto applied =
        project.apply({project.file("config/editor/tasks.json", "x"), project.file("config/plain", "x"),
                       project.file("modules/lib/hooks/x", "x"), project.file("lib/code", "x"),
                       project.file("abs/config", "x"), project.link(".github", "config")});
    ASSERT_TRUE(applied) << applied.error().message;
    using Why = Refusal::Why;
    EXPECT_EQ(applied->refused, (std::vector<Refusal>{{".github", Why::guarded},
                                                      {"abs/config", Why::behind},
                                                      {"config/editor/tasks.json", Why::behind},
                                                      {"modules/lib/hooks/x", Why::behind}}));
    EXPECT_EQ(applied->written, (Names{"config/plain", "lib/code"}));
}

TEST(Apply, PlacesThatLinksInsideAFoldersGuardedPartLeadToAreGuardedAsWell) {
    const Project project;
    project.write("ci/build.yml", "old");
    project.write("scripts/build", "old");
    project.write("scripts/other", "old");
    project.write(".github/FUNDING.yml", "old");
    project.write("tools/x.py", "old");
    fs::create_symlink("../ci", project.root() / ".github/workflows");
    fs::create_symlink("../scripts/build", project.root() / "tools/bazel");
    const auto applied = project.apply({project.file("ci/build.yml", "x"), project.file("scripts/build", "x"),
                                        project.file("scripts/other", "x"), project.file("tools/x.py", "x")});
    ASSERT_TRUE(applied) << applied.error().message;
    using Why = Refusal::Why;
    EXPECT_EQ(applied->refused, (std::vector<Refusal>{{"ci/build.yml", Why::behind}, {"scripts/build", Why::behind}}));
    EXPECT_EQ(applied->written, (Names{"scripts/other", "tools/x.py"}));
}

TEST(Apply, NothingIsWrittenWhereASpecialFileStands) {
    const Project project;
    ASSERT_EQ(::mkfifo((project.root() / "fifo").c_str(), 0600), 0);
    const auto applied = project.apply({project.file("fifo", "x"), project.file("fine", "x")});
    ASSERT_TRUE(applied);
    EXPECT_EQ(applied->refused, (std::vector<Refusal>{{"fifo", Refusal::Why::special}}));
    EXPECT_TRUE(fs::is_fifo(project.root() / "fifo"));
}

TEST(Apply, RefusesTwoChangesOfOnePath) {
    const Project project;
    EXPECT_EQ(project.apply({project.file("a", "1"), project.file("a", "2")}).error().code,
              ErrorCode::invalid_argument);
    EXPECT_TRUE(project.tree().empty());
}

TEST(Apply, NeedsAPlaceForTheUndoJournalOutsideTheProject) {
    const Project project;
    const std::vector<Change> changes = {project.file("a", "1")};
    EXPECT_EQ(apply_changes(project.root(), changes, {}).error().code, ErrorCode::unavailable);
    ApplyOptions options;
    options.undo_dir = project.root() / "data/undo";
    EXPECT_EQ(apply_changes(project.root(), changes, options).error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(project.tree().empty());
}

TEST(Apply, AFolderThatCannotBeWrittenLeavesEverythingAsItWas) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
    const Project project;
    project.write("first", "old");
    project.write("locked/file", "old");
    project.write("locked/other", "old");
    const std::vector<Change> changes = {project.file("first", "x"), project.file("locked/file", "x"),
                                         project.gone("locked/other")};
    ASSERT_EQ(::chmod((project.root() / "locked").c_str(), 0555), 0);
    const Tree before = project.tree();
    EXPECT_FALSE(project.apply(changes));
    EXPECT_EQ(project.tree(), before);
    ASSERT_EQ(::chmod((project.root() / "locked").c_str(), 0755), 0);
}

TEST(Apply, RootKeepsTheOwnersOfSomebodyElsesProject) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const Project project;
    project.write("a", "old");
    project.write("gone/b", "old");
    fs::create_symlink("a", project.root() / "ln");
    for (const char* name : {".", "a", "gone", "gone/b", "ln"}) {
        ASSERT_EQ(::lchown((project.root() / name).c_str(), 4321, 4322), 0);
    }
    const Tree before = project.tree();
    ASSERT_TRUE(project.apply({project.file("a", "new"), project.file("new/deep/c", "x"), project.gone("gone/b"),
                               project.link("ln", "new")}));
    for (const auto& [path, line] : project.tree()) EXPECT_NE(line.find(" 4321 "), std::string::npos) << path;
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.tree(), before);
}

}  // namespace
}  // namespace ec::executor
