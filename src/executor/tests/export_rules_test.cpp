// The allow-list for what a run may carry out, as tables.
#include "export_rules.hpp"

#include <gtest/gtest.h>

namespace ec::executor {
namespace {

using Why = Refusal::Why;

TEST(GuardedPaths, WhatRunsUnaskedOrSteersThoseWhoDoIsGuarded) {
    for (const char* path : {".git",
                             ".git/config",
                             "sub/.git/hooks/pre-commit",
                             "vendor/lib/.git",
                             ".gitmodules",
                             "a/.gitattributes",
                             ".hg/hgrc",
                             ".svn/entries",
                             ".bzr/branch",
                             ".jj/repo",
                             ".husky/pre-push",
                             ".githooks/commit-msg",
                             "lefthook.yml",
                             "lefthook-local.yaml",
                             ".lefthook.toml",
                             ".pre-commit-config.yaml",
                             ".overcommit.yml",
                             ".github/workflows/ci.yml",
                             ".github/actions/x/action.yml",
                             ".github/CODEOWNERS",
                             "CODEOWNERS",
                             "docs/CODEOWNERS",
                             ".github/dependabot.yml",
                             ".gitea/workflows/a.yml",
                             ".gitlab-ci.yml",
                             ".gitlab/ci.yml",
                             ".circleci/config.yml",
                             "Jenkinsfile",
                             "azure-pipelines.yml",
                             ".travis.yml",
                             ".drone.yml",
                             "bitbucket-pipelines.yml",
                             ".buildkite/pipeline.yml",
                             ".woodpecker.yml",
                             ".woodpecker/a.yml",
                             ".vscode/settings.json",
                             "app/.vscode/tasks.json",
                             ".idea/workspace.xml",
                             ".zed/tasks.json",
                             ".envrc",
                             ".direnv/bin/x",
                             "mise.toml",
                             ".mise.toml",
                             "mise.local.toml",
                             ".devcontainer/devcontainer.json",
                             "x.code-workspace",
                             ".nvimrc",
                             ".exrc",
                             ".vimrc",
                             ".lvimrc",
                             ".nvim.lua",
                             ".dir-locals.el",
                             ".gdbinit",
                             ".claude/settings.json",
                             ".codex/config.toml",
                             ".cursor/rules/a",
                             ".mcp.json",
                             "AGENTS.md",
                             "sub/CLAUDE.md",
                             ".github/copilot-instructions.md",
                             ".npmrc",
                             ".yarnrc.yml",
                             ".yarn/releases/y.cjs",
                             ".pnpmfile.cjs",
                             ".pypirc",
                             ".cargo/config.toml",
                             ".mvn/jvm.config",
                             ".bundle/config",
                             "sitecustomize.py",
                             "lib/site-packages/sitecustomize.cpython-311-x86_64-linux-gnu.so",
                             "sitecustomize/__init__.py",
                             "UserCustomize.py",
                             "src/x.pth",
                             "opencode.json",
                             ".opencode/plugin/a.js",
                             "rust-toolchain",
                             "rust-toolchain.toml",
                             "gradle/wrapper/gradle-wrapper.properties",
                             "gradle/wrapper/gradle-wrapper.jar",
                             "gradlew",
                             "GRADLEW.BAT",
                             "mvnw",
                             ".mvn/wrapper/maven-wrapper.properties",
                             "flake.nix",
                             "shell.nix",
                             "sub/Default.nix",
                             ".aider.conf.yml",
                             ".aider.model.settings.yml",
                             ".continue/config.yaml",
                             ".yarnrc",
                             "pip.conf",
                             "venv/pip.ini",
                             ".config/mise/config.toml",
                             ".config/mise.toml",
                             "sub/.config/mise/conf.d/a.toml",
                             ".autoenv",
                             "devbox.json",
                             ".helix/config.toml",
                             ".gvimrc",
                             "Session.vim",
                             ".ycm_extra_conf.py",
                             ".vs/launch.vs.json",
                             ".clinerules",
                             ".clinerules/a.md",
                             ".roo/mcp.json",
                             ".amazonq/mcp.json",
                             ".crush.json",
                             "CLAUDE.local.md",
                             ".agents/skills/a/SKILL.md",
                             ".github/hooks/a.json",
                             ".github/agents/a.md",
                             ".github/prompts/a.prompt.md",
                             ".github/instructions/a.md",
                             ".bazeliskrc",
                             ".bazelrc",
                             "tools/bazel",
                             "sub/tools/bazel",
                             "gradle/gradle-daemon-jvm.properties",
                             ".pnpmfile.mjs",
                             "uv.toml",
                             "NuGet.Config",
                             "pnpm-workspace.yaml",
                             ".condarc",
                             "simple-git-hooks.json",
                             "simple-git-hooks.cjs",
                             ".simple-git-hooks.js",
                             ".simple-git-hooks.mjs",
                             ".huskyrc",
                             ".huskyrc.js",
                             ".sl/config",
                             ".semaphore/semaphore.yml",
                             ".builds/a.yml"}) {
        EXPECT_TRUE(is_guarded_path(path)) << path;
    }
}

TEST(GuardedPaths, NoSpellingThatSomeFileSystemTakesForTheSameGetsAround) {
    for (const char* path : {".GIT/config",
                             ".Git",
                             ".git /config",
                             ".git./config",
                             ".git. ./config",
                             ".git::$INDEX_ALLOCATION/x",
                             "git~1/config",
                             "GIT~2",
                             ".g\u0131t/config",
                             ".\u200cgit/config",
                             ".gi\u200dt",
                             ".git\ufeff",
                             ".vscode./settings.json",
                             "vscode~1/settings.json",
                             ".VSCode/x",
                             "GITMOD~1",
                             "a\\.git\\config",
                             ".hu\u017fky/pre-commit",
                             "JENKINSFILE",
                             ".\u212airo/x",
                             "agents.MD",
                             ".github./Workflows/a",
                             "GITHUB~1/workflows/x.yml",
                             "forgej~2/WORKFL~1/x.yml",
                             ".github/depend~1.yml",
                             "config~1/mise/config.toml",
                             "TOOLS/Bazel.",
                             "SIMPLE~1.JSO",
                             "tools\\bazel"}) {
        EXPECT_TRUE(is_guarded_path(path)) << path;
    }
}

TEST(GuardedPaths, OrdinaryFilesAreNot) {
    for (const char* path : {"src/main.py",
                             "README.md",
                             ".editorconfig",
                             ".gitignore",
                             ".git-blame-ignore-revs",
                             "git/config",
                             ".gitx",
                             ".github/ISSUE_TEMPLATE/bug.md",
                             ".github/FUNDING.yml",
                             "GITHUB~1/FUNDING.yml",
                             ".github/hooks.md",
                             "hooks/a.json",
                             "agents/a.md",
                             ".config/app.toml",
                             "config/mise/config.toml",
                             "mise/config.toml",
                             "tools/build.py",
                             "tools/sub/bazel",
                             "bazel",
                             "src/uv.toml.py",
                             ".vsix",
                             ".slug",
                             "session.py",
                             ".tool-versions",
                             "conftest.py",
                             "site/customize.py",
                             "mysitecustomize.py",
                             "pth",
                             "weights.pth.txt",
                             "opencode.md",
                             "rust-toolchain.md",
                             "gradle/libs.versions.toml",
                             "build.gradle",
                             "overlay.nix",
                             "pip.config",
                             "docs/agents.rst",
                             "package.json",
                             "Makefile",
                             "workflows/ci.yml",
                             "vscode/settings.json",
                             "lefthook.py",
                             "mise.py",
                             "...",
                             "git~x",
                             "gi~1",
                             "~1",
                             ".prettierrc",
                             ".env",
                             "pyproject.toml"}) {
        EXPECT_FALSE(is_guarded_path(path)) << path;
    }
}

TEST(GuardedPaths, SayWhatThePlaceDoes) {
    EXPECT_EQ(guarded_because("a/.husky/pre-push"), "is run by the next commit");
    EXPECT_EQ(guarded_because(".github/workflows/ci.yml"), guarded_because(".gitlab-ci.yml"));
    EXPECT_EQ(guarded_because("Sitecustomize.py"), "is run by every Python that finds it");
    EXPECT_EQ(guarded_because("src/main.py"), "");
}

TEST(PlainNames, OnlyWhatEveryToolShowsAsItIs) {
    const std::string long_part(256, 'a');
    std::string long_path = "a";
    while (long_path.size() <= 3800) long_path += "/a";
    for (const std::string& path : {std::string("a"), std::string("a/b c"), std::string("ä/日本"),
                                    std::string(255, 'a'), std::string("..a/b..")}) {
        EXPECT_TRUE(is_plain_name(path)) << path;
    }
    for (const std::string& path :
         {std::string(), std::string("/a"), std::string("../a"), std::string("a/../b"), std::string("a//b"),
          std::string("./a"), std::string("a/."), std::string("a/"), std::string("a\nb"), std::string("a\x1b[2J"),
          std::string("a\x7f"), std::string("a\xff"), std::string("a\xc2\x9b"), std::string("a\0b", 3), long_part,
          long_path}) {
        EXPECT_FALSE(is_plain_name(path)) << path;
    }
}

TEST(Approvals, NameOnePlaceAndWhatLiesBelowIt) {
    const std::vector<std::string> approved = {".vscode/settings.json", ".github/workflows", ".git/config"};
    EXPECT_TRUE(is_approved(".vscode/settings.json", approved));
    EXPECT_TRUE(is_approved(".github/workflows/ci.yml", approved));
    EXPECT_FALSE(is_approved(".vscode/tasks.json", approved));
    EXPECT_FALSE(is_approved(".vscode", approved));
    EXPECT_FALSE(is_approved(".github/workflows2", approved));
    EXPECT_FALSE(is_approved(".github/workflows/.git/config", approved)) << "a guarded place in a guarded place";
    EXPECT_FALSE(is_approved("x/.git/config", approved));
    EXPECT_FALSE(is_approved(".GIT/config", approved));
    EXPECT_FALSE(is_approved(".github/workflows/ci.yml", std::vector<std::string>{".github"}))
        << "only a link of that name";
}

TEST(Approvals, AreNeverAPatternAndNeverEverything) {
    for (const char* place : {"", ".", "*", ".git/*", "/", "..", "src", "all", "../x/.git", "a/"}) {
        EXPECT_FALSE(check_approvals(std::vector<std::string>{place})) << place;
    }
    EXPECT_TRUE(check_approvals(std::vector<std::string>{".git/hooks/pre-commit", ".github/workflows"}));
}

class Links : public ::testing::Test {
protected:
    std::optional<Why> judge(const std::string& path, const std::string& target) {
        std::vector<Change> changes = run_;
        Change link;
        link.path = path;
        link.symlink = true;
        link.symlink_target = target;
        changes.push_back(link);
        return judge_export(changes, {},
                            [&](const std::string& at) -> std::optional<std::string> {
                                const auto found = workspace_.find(at);
                                return found == workspace_.end() ? std::nullopt : std::optional(found->second);
                            })
            .back();
    }
    void made_by_the_run(const std::string& path, const std::string& target) {
        Change link;
        link.path = path;
        link.symlink = true;
        link.symlink_target = target;
        run_.push_back(link);
    }
    void removed_by_the_run(const std::string& path) {
        Change change;
        change.path = path;
        change.kind = Change::Kind::deleted;
        run_.push_back(change);
    }

    std::map<std::string, std::string> workspace_;  // links that exist
    std::vector<Change> run_;
};

TEST_F(Links, InsideAndDanglingOnesMayBeWritten) {
    EXPECT_EQ(judge("ln", "a.txt"), std::nullopt);
    EXPECT_EQ(judge("ln", "not/there/yet"), std::nullopt);
    EXPECT_EQ(judge("a/b/ln", "../../c"), std::nullopt);
    EXPECT_EQ(judge("a/ln", "./b"), std::nullopt);
    EXPECT_EQ(judge("a/ln", ".."), std::nullopt);
    EXPECT_EQ(judge("node_modules/.bin/x", "../x/cli.js"), std::nullopt);
}

TEST_F(Links, LeadingOutIsRefused) {
    for (const char* target : {"/etc/passwd", "..", "../x", "a/../../x", "", "/", "a/../b"}) {
        EXPECT_EQ(judge("ln", target), Why::leads_out) << target;
    }
    EXPECT_EQ(judge("a/ln", "../../x"), Why::leads_out);
}

TEST_F(Links, ThroughAnExistingLinkThatLeadsOut) {
    workspace_["out"] = "/etc";
    workspace_["up"] = "..";
    workspace_["in"] = "dir/deep";
    EXPECT_EQ(judge("ln", "out/passwd"), Why::leads_out);
    EXPECT_EQ(judge("ln", "up"), Why::leads_out);
    EXPECT_EQ(judge("a/ln", "../out"), Why::leads_out);
    EXPECT_EQ(judge("ln", "in/file"), std::nullopt);
    EXPECT_EQ(judge("ln", "in/../../x"), Why::leads_out) << "what .. means there depends on a link";
}

TEST_F(Links, ThroughALinkOfTheSameRun) {
    made_by_the_run("one", "/etc");
    made_by_the_run("two", "one");
    made_by_the_run("three", "two/x");
    EXPECT_EQ(judge("ln", "three/passwd"), Why::leads_out);
    EXPECT_EQ(judge("ln", "fine"), std::nullopt);
}

TEST_F(Links, ALinkThatTheRunReplacesIsSeenAsItWillBe) {
    workspace_["out"] = "/etc";
    workspace_["old"] = "/etc";
    made_by_the_run("out", "dir");
    removed_by_the_run("old");
    EXPECT_EQ(judge("ln", "out/passwd"), std::nullopt);
    EXPECT_EQ(judge("ln", "old/passwd"), std::nullopt);
}

TEST_F(Links, ALinkThatIsRefusedLeavesTheOldOneInTheWay) {
    workspace_[".git"] = "/srv/repository";
    made_by_the_run(".git", "dir");
    EXPECT_EQ(judge("ln", ".git/config"), Why::leads_out);
}

TEST_F(Links, LoopsAndLongChainsEnd) {
    made_by_the_run("a", "b");
    made_by_the_run("b", "a");
    EXPECT_EQ(judge("ln", "a"), Why::leads_out);
    for (int i = 0; i < 100; ++i) made_by_the_run("c" + std::to_string(i), "c" + std::to_string(i + 1));
    EXPECT_EQ(judge("ln", "c0"), Why::leads_out);
    EXPECT_EQ(judge("ln", "c90"), std::nullopt);
}

TEST_F(Links, ManyLinksThatRefuseOneAnotherTakeBoundedTime) {
    std::string far;
    for (int i = 0; i < 500; ++i) far += "d/";
    for (int i = 0; i < 20'000; ++i) made_by_the_run("l" + std::to_string(i), far + std::to_string(i));
    const auto verdict = judge("ln", far);
    EXPECT_EQ(verdict, Why::leads_out) << "beyond a million lookups nothing is believed";
}

TEST(Export, GuardedOversizedAndUnprintableChangesSayWhy) {
    std::vector<Change> changes(5);
    changes[0].path = "fine";
    changes[1].path = ".git/config";
    changes[2].path = "big";
    changes[2].content_missing = true;
    changes[3].path = "bad\nname";
    changes[4].path = ".envrc";
    const std::vector<std::string> approved = {".envrc"};
    using Verdicts = std::vector<std::optional<Why>>;
    EXPECT_EQ(judge_export(changes, approved, [](const std::string&) { return std::nullopt; }),
              (Verdicts{std::nullopt, Why::guarded, Why::too_large, Why::name, std::nullopt}));
}

}  // namespace
}  // namespace ec::executor
