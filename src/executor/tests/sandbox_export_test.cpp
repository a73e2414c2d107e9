// What a run changed, on its way to the real files.
#include <sys/stat.h>

#include <ec/executor/apply.hpp>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

class SandboxExport : public testing::SandboxTest {
protected:
    RunResult changing(const std::string& script) {
        RunSpec spec;
        spec.argv = {"sh", "-c", script};
        spec.collect_change_contents = true;
        return run(std::move(spec));
    }
};

TEST_F(SandboxExport, ApplyingCarriesChangesOutAndNothingElse) {
    write("edit.txt", "before");
    write("gone/only.txt", "x");
    write(".git/config", "safe");
    write("run.sh", "#!/bin/sh\n");
    ASSERT_EQ(::chmod((root() / "run.sh").c_str(), 0755), 0);
    RunSpec spec;
    spec.collect_change_contents = true;
    spec.argv = {"sh", "-c",
                 "echo after > edit.txt; rm -r gone; mkdir -p a/b; echo deep > a/b/c; echo evil >> .git/config; mkdir "
                 "-p x/.git/hooks; echo "
                 "evil > x/.git/hooks/post-checkout; mkdir .github .github/workflows; echo evil > "
                 ".github/workflows/ci.yml; ln -s edit.txt "
                 "good; ln -s /etc/passwd bad; echo 'echo hi' >> run.sh; chmod 4755 run.sh"};
    const RunResult result = run(spec);
    const auto applied = apply(result);
    ASSERT_TRUE(applied) << applied.error().message;
    using Why = Refusal::Why;
    EXPECT_EQ(applied->refused, (std::vector<Refusal>{{".git/config", Why::guarded},
                                                      {".github/workflows/ci.yml", Why::guarded},
                                                      {"bad", Why::leads_out},
                                                      {"x/.git/hooks/post-checkout", Why::guarded}}));
    EXPECT_EQ(applied->written, (Names{"a/b/c", "edit.txt", "gone/only.txt", "good", "run.sh"}));
    EXPECT_EQ(*read_file(root() / "edit.txt"), "after\n");
    EXPECT_EQ(*read_file(root() / "a/b/c"), "deep\n");
    EXPECT_EQ(*read_file(root() / ".git/config"), "safe");
    EXPECT_EQ(fs::read_symlink(root() / "good"), "edit.txt");
    EXPECT_FALSE(fs::exists(root() / "gone"));
    EXPECT_FALSE(fs::exists(fs::symlink_status(root() / "bad")));
    struct stat info{};
    ASSERT_EQ(::stat((root() / "run.sh").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0755U);
}

TEST_F(SandboxExport, ApplyingFollowsNoLinkPlantedInTheMeantime) {
    TempDir elsewhere = std::move(*TempDir::create());
    const RunResult result = changing("mkdir sub; echo x > sub/evil; echo x > fine");
    fs::create_directory_symlink(elsewhere.path(), root() / "sub");
    EXPECT_FALSE(apply(result));
    EXPECT_TRUE(fs::is_empty(elsewhere.path()));
    EXPECT_FALSE(fs::exists(root() / "fine")) << "all or nothing";
}

TEST_F(SandboxExport, ARunReportsWhichRealFilesItsChangesReplace) {
    write("edit.txt", "old");
    write("gone.txt", "old");
    write("edited.txt", "old");
    fs::create_symlink("edit.txt", root() / "ln");
    RunSpec spec;
    spec.argv = {"sh", "-c",
                 "echo n > edit.txt; rm gone.txt only-an-edit; echo n > new; echo n > edited.txt; ln -sf x ln"};
    spec.edits = {{"edited.txt", "laid over it"}, {"only-an-edit", "x"}};
    const RunResult result = run(spec);
    ASSERT_EQ(paths(result), (Names{"*edit.txt", "*edited.txt", "-gone.txt", "*ln", "+new", "-only-an-edit"}));
    for (const Change& change : result.changes) {
        EXPECT_EQ(change.before, *identify(root(), change.path)) << change.path;
        EXPECT_EQ(change.before.exists, change.path != "new" && change.path != "only-an-edit") << change.path;
        EXPECT_LE(change.before.ctime_ns, result.started_ns) << change.path;
    }
}

TEST_F(SandboxExport, ApplyingRefusesWhatChangedDuringOrAfterTheRun) {
    write("a", "old");
    write("b", "old");
    const RunResult result = changing("echo n > a; echo n > b");
    write("b", "mine");
    const auto applied = apply(result);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::conflict);
    EXPECT_EQ(*read_file(root() / "a"), "old");
    EXPECT_EQ(*read_file(root() / "b"), "mine");
    // As if the run had started before the file was written, and then read it at its end.
    RunResult earlier = changing("echo n > a; echo n > b");
    earlier.started_ns = earlier.changes[1].before.ctime_ns - 1;
    EXPECT_FALSE(apply(earlier));
    EXPECT_TRUE(apply(changing("echo n > a; echo n > b")));
}

TEST_F(SandboxExport, WhatIsNoFileStaysInside) {
    const RunResult result = changing(
        "mkfifo fifo; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")'; echo x > plain; "
        "ln plain second; mkdir sticky; chmod 1777 sticky; echo x > sticky/f; chmod 6755 sticky/f; ln -s sticky/../.. "
        "up; "
        "ln -s sticky on; ln -s on/f through; ln -s up/etc round");
    const auto applied = apply(result);
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(applied->written, (Names{"on", "plain", "second", "sticky/f", "through"}));
    struct stat info{};
    ASSERT_EQ(::stat((root() / "second").c_str(), &info), 0);
    EXPECT_EQ(info.st_nlink, 1U);
    ASSERT_EQ(::stat((root() / "sticky/f").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0755U);
    for (const char* name : {"fifo", "sock", "up", "round"}) {
        EXPECT_FALSE(fs::exists(fs::symlink_status(root() / name))) << name;
    }
}

}  // namespace
}  // namespace ec::executor
