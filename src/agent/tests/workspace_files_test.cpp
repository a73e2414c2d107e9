#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <ec/agent/workspace_files.hpp>
#include <ec/core/fs.hpp>

#include "context/ignore_rules.hpp"

namespace ec::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Workspace {
public:
    Workspace() : dir_(TempDir::create().value()) {}
    void file(const std::string& path, const std::string& text = "x\n") const {
        fs::create_directories((dir_.path() / path).parent_path());
        ASSERT_TRUE(write_file_atomic(dir_.path() / path, text));
    }
    void link(const std::string& path, const fs::path& target) const {
        fs::create_directories((dir_.path() / path).parent_path());
        fs::create_symlink(target, dir_.path() / path);
    }
    void git(const std::string& arguments) const {
        ASSERT_EQ(std::system(("cd " + dir_.path().string() + " && git " + arguments + " >/dev/null 2>&1").c_str()), 0);
    }
    WorkspaceFiles list(const WorkspaceLimits& limits = {}) const {
        return WorkspaceFiles::list(dir_.path(), limits).value();
    }
    const fs::path& path() const { return dir_.path(); }

private:
    TempDir dir_;
};

ErrorCode code(const Status& status) { return status ? ErrorCode::internal : status.error().code; }

TEST(WorkspaceFiles, AreTheTrackedAndTheUntrackedThatGitDoesNotIgnore) {
    const Workspace w;
    w.file("a.py");
    w.file("kept.log");
    w.file("new.py");
    w.file("gone.log");
    w.file("out/x.o");
    w.file(".gitignore", "*.log\nout/\n");
    w.git("init -q .");
    w.git("add -f a.py kept.log .gitignore");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre(".gitignore", "a.py", "kept.log", "new.py"));
    EXPECT_TRUE(files.may_read("kept.log"));
    EXPECT_EQ(code(files.may_read("gone.log")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_read("out/later.o")), ErrorCode::denied);
    EXPECT_TRUE(files.may_read("src/to/come.py"));
    EXPECT_EQ(files.read("gone.log").error().code, ErrorCode::denied);
}

TEST(WorkspaceFiles, FollowGitignoreWithoutARepository) {
    const Workspace w;
    w.file(".gitignore", "*.log\n!keep.log\n/only_here\n");
    w.file("a.log");
    w.file("keep.log");
    w.file("only_here");
    w.file("sub/only_here");
    w.file("sub/.gitignore", "*.tmp\n");
    w.file("sub/b.tmp");
    w.file("c.tmp");
    EXPECT_THAT(w.list().paths(), ElementsAre(".gitignore", "c.tmp", "keep.log", "sub/.gitignore", "sub/only_here"));
}

TEST(WorkspaceFiles, ObeyEdgecoderignoreAlsoForTrackedFiles) {
    const Workspace w;
    w.file("private/plan.md");
    w.file("a.py");
    w.file("sub/.edgecoderignore", "inner.py\n");
    w.file("sub/inner.py");
    w.file(".edgecoderignore", "private/\n");
    w.git("init -q .");
    w.git("add -A");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre(".edgecoderignore", "a.py", "sub/.edgecoderignore"));
    EXPECT_EQ(code(files.may_read("private/plan.md")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_read("./sub/../private/plan.md")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_read("sub/inner.py")), ErrorCode::denied);
    ASSERT_FALSE(files.withheld().empty());
    EXPECT_EQ(files.withheld()[0].path, "private/");
    EXPECT_THAT(files.withheld()[0].kind, HasSubstr(".edgecoderignore"));
}

TEST(WorkspaceFiles, CannotBeWidenedByEditingTheIgnoreFile) {
    const Workspace w;
    w.file(".edgecoderignore", "hidden.py\n");
    w.file("hidden.py");
    const WorkspaceFiles files = w.list();
    w.file(".edgecoderignore", "");
    EXPECT_EQ(code(files.may_read("hidden.py")), ErrorCode::denied);
    EXPECT_TRUE(files.may_read(".edgecoderignore"));
    EXPECT_EQ(code(files.may_write(".edgecoderignore")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_write("sub/.edgecoderignore")), ErrorCode::denied);
    EXPECT_TRUE(files.may_write("a.py"));
}

TEST(WorkspaceFiles, RefuseAWorkspaceWhoseEdgecoderignoreCannotBeTakenWhole) {
    for (const std::string& text : {std::string(300'000, '#'), std::string(2000, 'x') + "\n"}) {
        const Workspace w;
        w.file("sub/.edgecoderignore", text);
        EXPECT_EQ(WorkspaceFiles::list(w.path()).error().code, ErrorCode::too_large);
    }
    const Workspace dangling;
    dangling.link(".edgecoderignore", "nowhere");
    EXPECT_FALSE(WorkspaceFiles::list(dangling.path()));
    const Workspace shared;
    shared.file("rules", "hidden.py\n");
    shared.file("hidden.py");
    shared.link(".edgecoderignore", "rules");
    EXPECT_THAT(shared.list().paths(), ElementsAre(".edgecoderignore", "rules"));
}

// Whoever opens a pipe that nobody writes to waits for ever, so a test that fails here does not end.
TEST(WorkspaceFiles, WaitForNoPipeThatHasTheNameOfAFileTheyRead) {
    for (const bool repository : {false, true}) {
        for (const std::string name : {".gitignore", "sub/.gitignore", ".edgecoderignore", "sub/.edgecoderignore"}) {
            const Workspace w;
            w.file("sub/a.py");
            if (repository) w.git("init -q . && git add sub/a.py");
            ASSERT_EQ(::mkfifo((w.path() / name).c_str(), 0600), 0);
            const auto files = WorkspaceFiles::list(w.path());
            ASSERT_FALSE(files) << name;
            EXPECT_THAT(files.error().message, HasSubstr(name));
        }
        const Workspace w;
        w.file("a.py");
        if (repository) w.git("init -q .");
        ASSERT_EQ(::mkfifo((w.path() / "AGENTS.md").c_str(), 0600), 0);
        const WorkspaceFiles files = w.list();
        EXPECT_THAT(files.paths(), Not(Contains("AGENTS.md")));
        EXPECT_FALSE(files.read("AGENTS.md"));
    }
    const Workspace w;
    w.file("a.py");
    w.git("init -q .");
    fs::remove(w.path() / ".git/config");
    ASSERT_EQ(::mkfifo((w.path() / ".git/config").c_str(), 0600), 0);
    EXPECT_EQ(WorkspaceFiles::list(w.path()).error().code, ErrorCode::denied);
}

TEST(WorkspaceFiles, TakeAFolderOfTrackedFilesForNoOutput) {
    const Workspace w;
    w.file("package.json");
    w.file("build/scripts/pack.js");
    w.file("dist/bundle.js");
    w.git("init -q .");
    w.git("add package.json build");
    w.file("build/new.js");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre("build/new.js", "build/scripts/pack.js", "package.json"));
    EXPECT_EQ(code(files.may_write("dist/x.js")), ErrorCode::denied);
}

TEST(WorkspaceFiles, GiveRedactedTextForPrompts) {
    const Workspace w;
    w.file("a.py", "password = 'hunter2secret'\n");
    std::vector<Withheld> found;
    EXPECT_EQ(w.list().read_redacted("a.py", &found).value(), "password = '[withheld: password]'\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].path, "a.py");
}

TEST(WorkspaceFiles, NeverShowFilesOfSecretsAndSayWhichTheyAre) {
    const Workspace w;
    w.file(".env", "A=1\n");
    w.file(".aws/credentials");
    w.file("a.py");
    w.git("init -q .");
    w.git("add -A");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre("a.py"));
    EXPECT_EQ(files.read(".env").error().code, ErrorCode::denied);
    EXPECT_THAT(files.withheld(), Contains(Withheld{".env", "file of secrets"}));
}

TEST(WorkspaceFiles, LeaveOutInstalledPackagesAndBuildOutputs) {
    const Workspace w;
    w.file("node_modules/left-pad/index.js");
    w.file("venv/pyvenv.cfg");
    w.file("venv/lib/x.py");
    w.file("rust/Cargo.toml");
    w.file("rust/target/debug/x.rs");
    w.file("cache/CACHEDIR.TAG");
    w.file("src/build/tool.py");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre("rust/Cargo.toml", "src/build/tool.py"));
    EXPECT_EQ(code(files.may_read("node_modules/left-pad/index.js")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_read("rust/target/new.rs")), ErrorCode::denied);
    EXPECT_EQ(code(files.may_read(".git/config")), ErrorCode::denied);
}

TEST(WorkspaceFiles, FollowNoLinkOutOfTheWorkspace) {
    const Workspace other;
    other.file("secret.txt", "outside\n");
    const Workspace w;
    w.file("a.py", "inside\n");
    w.file(".env");
    w.link("same.py", "a.py");
    w.link("out.txt", other.path() / "secret.txt");
    w.link("folder", other.path());
    w.link("harmless.txt", ".env");
    w.link("loop/again", "..");
    w.link("self", "self");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre("a.py", "same.py"));
    EXPECT_EQ(files.read("same.py").value(), "inside\n");
    for (const char* path : {"out.txt", "folder/secret.txt", "harmless.txt", "self", "loop/again/.env"})
        EXPECT_EQ(files.read(path).error().code, ErrorCode::denied) << path;
    EXPECT_EQ(files.read("loop/again/a.py").value(), "inside\n");
}

TEST(WorkspaceFiles, RefuseNamesThatAreNoPlainPathsInside) {
    const Workspace w;
    w.file("a.py");
    w.file("two\nlines.py");
    w.file("bad\xff.py");
    const WorkspaceFiles files = w.list();
    EXPECT_THAT(files.paths(), ElementsAre("a.py"));
    for (const std::string& path :
         {std::string(), std::string("/etc/passwd"), std::string("../x"), std::string("a/../../x"), std::string("."),
          std::string("two\nlines.py"), std::string("a\0b", 3), std::string("bad\xff.py")})
        EXPECT_EQ(code(files.may_read(path)), ErrorCode::invalid_argument) << path;
    EXPECT_EQ(files.read(".//a.py").value(), "x\n");
}

TEST(WorkspaceFiles, ReadTextOfBoundedSizeOnly) {
    const Workspace w;
    w.file("big.txt", std::string(2000, 'a'));
    w.file("binary", std::string("a\0b", 3));
    ASSERT_EQ(::mkfifo((w.path() / "pipe").c_str(), 0600), 0);
    const WorkspaceFiles files = w.list({.files = 20'000, .file_bytes = 1000});
    EXPECT_THAT(files.paths(), ElementsAre("big.txt", "binary"));
    EXPECT_EQ(files.read("big.txt").error().code, ErrorCode::too_large);
    EXPECT_EQ(files.read("binary").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(files.read("pipe").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(files.read("absent").error().code, ErrorCode::not_found);
}

TEST(WorkspaceFiles, SayWhenThereAreTooMany) {
    const Workspace w;
    for (int i = 0; i < 5; ++i) w.file("f" + std::to_string(i));
    const WorkspaceFiles files = w.list({.files = 3});
    EXPECT_EQ(files.paths().size(), 3U);
    EXPECT_TRUE(files.truncated());
    EXPECT_EQ(WorkspaceFiles::list(w.path() / "none").error().code, ErrorCode::not_found);
    EXPECT_EQ(WorkspaceFiles::list(w.path() / "f1").error().code, ErrorCode::not_found);
}

bool ignored(std::string_view patterns, std::string_view path) {
    IgnoreRules rules;
    EXPECT_TRUE(rules.add("", patterns));
    return rules.ignored(path);
}

TEST(IgnoreRules, ReadTheSyntaxOfGitignore) {
    EXPECT_TRUE(ignored("*.o", "a/b/c.o"));
    EXPECT_TRUE(ignored("/a.o", "a.o"));
    EXPECT_FALSE(ignored("/a.o", "b/a.o"));
    EXPECT_TRUE(ignored("doc/*.txt", "doc/a.txt"));
    EXPECT_FALSE(ignored("doc/*.txt", "doc/sub/a.txt"));
    EXPECT_TRUE(ignored("doc/**/a.txt", "doc/a.txt"));
    EXPECT_TRUE(ignored("doc/**/a.txt", "doc/x/y/a.txt"));
    EXPECT_TRUE(ignored("**/logs", "a/logs/x"));
    EXPECT_TRUE(ignored("abc/**", "abc/x/y"));
    EXPECT_FALSE(ignored("abc/**", "abc"));
    EXPECT_FALSE(ignored("out/", "out"));
    EXPECT_TRUE(ignored("out/", "out/"));
    EXPECT_TRUE(ignored("out/", "x/out/y"));
    EXPECT_FALSE(ignored("*.log\n!keep.log", "keep.log"));
    EXPECT_TRUE(ignored("logs/\n!logs/keep.log", "logs/keep.log"));
    EXPECT_FALSE(ignored("# comment\n\n", "# comment"));
    EXPECT_TRUE(ignored("\\#x\n", "#x"));
    EXPECT_TRUE(ignored("\\!x\n", "!x"));
    EXPECT_TRUE(ignored("x \r\n", "x"));
    EXPECT_TRUE(ignored("x\\ \n", "x "));
    EXPECT_TRUE(ignored("a[0-9b].c", "ab.c"));
    EXPECT_FALSE(ignored("a[!0-9].c", "a1.c"));
    EXPECT_TRUE(ignored("a[].c", "a[].c"));
    EXPECT_TRUE(ignored("?.c", "x.c"));
    EXPECT_FALSE(ignored("a?b", "a/b"));
    EXPECT_FALSE(ignored("/", "x"));
}

TEST(IgnoreRules, OfAFolderHoldBelowItOnly) {
    IgnoreRules rules;
    EXPECT_TRUE(rules.add("", "*.c\n"));
    EXPECT_TRUE(rules.add("lib", "!a.c\n/b.h\n"));
    EXPECT_FALSE(rules.ignored("lib/a.c"));
    EXPECT_TRUE(rules.ignored("a.c"));
    EXPECT_TRUE(rules.ignored("lib/b.h"));
    EXPECT_FALSE(rules.ignored("b.h"));
    EXPECT_FALSE(rules.ignored("library/b.h"));
}

TEST(IgnoreRules, HostilePatternsTakeNoLongTime) {
    std::string stars;
    for (int i = 0; i < 300; ++i) stars += "*a";
    EXPECT_FALSE(ignored(stars, std::string(255, 'a') + "b"));
    std::string folders;
    for (int i = 0; i < 200; ++i) folders += "**/a/";
    std::string path;
    for (int i = 0; i < 150; ++i) path += "a/";
    EXPECT_FALSE(ignored(folders + "z", path + "y"));
}

}  // namespace
}  // namespace ec::agent
