// A process that is killed at any step of an apply, an undo or a redo, and what can still be restored.
#include <signal.h>
#include <sys/wait.h>

#include <functional>

#include "apply_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;
using testing::Tree;

void fill(const Project& project) {
    project.write("edit", "old", 0640);
    project.write("gone/sub/a", "x", 0600);
    project.write("was-file", "x");
    project.write("was-folder/a", "x");
    fs::create_symlink("nowhere", project.root() / "link");
}

std::vector<Change> changes_of(const Project& project) {
    return {project.file("edit", "new", 0640), project.gone("gone/sub/a"),        project.gone("was-file"),
            project.file("was-file/in", "z"),  project.gone("was-folder/a"),      project.file("was-folder", "z"),
            project.link("link", "elsewhere"), project.file("fresh/deep/er", "z")};
}

// Runs `act` in a child that kills itself at the given step. False when it came to its end before.
bool killed_at(int step, const std::function<bool(std::function<void()>)>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
        int at = 0;
        const bool done = act([&] {
            if (at++ == step) ::raise(SIGKILL);
        });
        ::_exit(done ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "step " << step;
    return WIFSIGNALED(status);
}

bool apply_in(const Project& project, std::function<void()> before_step) {
    ApplyOptions options;
    options.undo_dir = project.undo_dir();
    options.before_step = std::move(before_step);
    return apply_changes(project.root(), changes_of(project), options).has_value();
}

bool undo_in(const Project& project, std::function<void()> before_step) {
    return undo(project.root(), {project.undo_dir(), false, std::move(before_step)}).has_value();
}

bool redo_in(const Project& project, std::function<void()> before_step) {
    return redo(project.root(), {project.undo_dir(), false, std::move(before_step)}).has_value();
}

TEST(UndoAfterAKill, OfAnApplyRestoresExactlyWhatWasReplaced) {
    int steps = 0;
    for (bool killed = true; killed; ++steps) {
        const Project project;
        fill(project);
        const Tree before = project.tree();
        killed = killed_at(steps, [&](auto hook) { return apply_in(project, hook); });
        const auto undone = undo(project.root(), project.undo_options());
        if (!undone) {
            EXPECT_EQ(undone.error().code, ErrorCode::not_found) << steps << undone.error().message;
        }
        EXPECT_EQ(project.tree(), before) << "killed at step " << steps;
        // And the project can be worked on.
        EXPECT_TRUE(project.apply(changes_of(project))) << steps;
        EXPECT_TRUE(undo(project.root(), project.undo_options())) << steps;
        EXPECT_EQ(project.tree(), before) << steps;
    }
    EXPECT_GT(steps, 30);
}

TEST(UndoAfterAKill, OfAnUndoComesToItsEndAndCanBeRedone) {
    int steps = 0;
    for (bool killed = true; killed; ++steps) {
        const Project project;
        fill(project);
        const Tree before = project.tree();
        ASSERT_TRUE(project.apply(changes_of(project)));
        const Tree after = project.tree();
        killed = killed_at(steps, [&](auto hook) { return undo_in(project, hook); });
        const auto undone = undo(project.root(), project.undo_options());
        if (!undone) {
            EXPECT_EQ(undone.error().code, ErrorCode::not_found) << steps << undone.error().message;
        }
        EXPECT_EQ(project.tree(), before) << "killed at step " << steps;
        const auto redone = redo(project.root(), project.undo_options());
        EXPECT_TRUE(redone) << steps << redone.error().message;
        EXPECT_EQ(project.tree(), after) << "killed at step " << steps;
    }
    EXPECT_GT(steps, 30);
}

TEST(UndoAfterAKill, OfARedoCanBeUndoneOrRedone) {
    int steps = 0;
    for (bool killed = true; killed; ++steps) {
        for (const bool forward : {false, true}) {
            const Project project;
            fill(project);
            const Tree before = project.tree();
            ASSERT_TRUE(project.apply(changes_of(project)));
            const Tree after = project.tree();
            ASSERT_TRUE(undo(project.root(), project.undo_options()));
            killed = killed_at(steps, [&](auto hook) { return redo_in(project, hook); });
            const auto done =
                forward ? redo(project.root(), project.undo_options()) : undo(project.root(), project.undo_options());
            if (!done) {
                EXPECT_EQ(done.error().code, ErrorCode::not_found) << steps << done.error().message;
            }
            EXPECT_EQ(project.tree(), forward ? after : before) << "killed at step " << steps;
        }
    }
    EXPECT_GT(steps, 30);
}

TEST(UndoAfterAKill, OfTheMendingItselfStillMends) {
    int inner = 0;
    for (bool killed = true; killed; inner += 3) {
        for (const int outer : {8, 14, 20, 26}) {
            const Project project;
            fill(project);
            const Tree before = project.tree();
            killed_at(outer, [&](auto hook) { return apply_in(project, hook); });
            killed = killed_at(inner, [&](auto hook) {
                undo_in(project, hook);
                return true;
            });
            const auto undone = undo(project.root(), project.undo_options());
            if (!undone) {
                EXPECT_EQ(undone.error().code, ErrorCode::not_found) << outer << undone.error().message;
            }
            EXPECT_EQ(project.tree(), before) << "killed at step " << outer << ", then at " << inner;
        }
    }
}

TEST(UndoAfterAKill, WhatAPersonWroteSinceIsNotOverwritten) {
    const Project project;
    fill(project);
    killed_at(26, [&](auto hook) { return apply_in(project, hook); });
    project.write("edit", "mine", 0640);
    const auto undone = undo(project.root(), project.undo_options());
    ASSERT_FALSE(undone);
    EXPECT_EQ(undone.error().code, ErrorCode::conflict);
    EXPECT_EQ(project.read("edit"), "mine");
}

}  // namespace
}  // namespace ec::executor
