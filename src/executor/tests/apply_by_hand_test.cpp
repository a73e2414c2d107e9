// Changes that somebody else writes: what undo brings back, and what is left alone.
#include "apply_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;

/// An editor that saves what it is given.
Hand saving(const Project& project) {
    return [&project](const std::string& path, const std::string& text) -> Status {
        project.write(path, text);
        return {};
    };
}

Result<Applied> apply(const Project& project, const std::vector<HandedChange>& changes, const Hand& hand,
                      std::vector<std::string> approved = {}) {
    ApplyOptions options;
    options.undo_dir = project.undo_dir();
    options.approved = std::move(approved);
    return apply_by_hand(project.root(), changes, options, hand);
}

TEST(ApplyByHand, UndoBringsBackWhatStoodThereAndRedoPutsItThereAgain) {
    const Project project;
    project.write("edit.txt", "old");
    const auto applied =
        apply(project, {{"edit.txt", "old", "new"}, {"fresh/deep/er", std::nullopt, "made"}}, saving(project));
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(applied->written, (std::vector<std::string>{"edit.txt", "fresh/deep/er"}));
    EXPECT_FALSE(applied->name.empty());
    const auto after = project.tree();
    const auto undone = undo(project.root(), project.undo_options());
    ASSERT_TRUE(undone) << undone.error().message;
    EXPECT_EQ(undone->apply, applied->name);
    EXPECT_EQ(project.read("edit.txt"), "old");
    EXPECT_FALSE(fs::exists(project.root() / "fresh"));
    ASSERT_TRUE(redo(project.root(), project.undo_options()));
    EXPECT_EQ(project.tree(), after);
}

TEST(ApplyByHand, UndoBringsBackTheTextThatNobodyHadSaved) {
    const Project project;
    project.write("edit.txt", "saved");
    ASSERT_TRUE(apply(project, {{"edit.txt", "typed", "typed and changed"}}, saving(project)));
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("edit.txt"), "typed");
}

TEST(ApplyByHand, AHandThatFailsMidwayTakesBackWhatItWrote) {
    const Project project;
    project.write("a", "1");
    project.write("b", "1");
    const Hand hand = [&](const std::string& path, const std::string& text) -> Status {
        if (path == "b") return fail(ErrorCode::unavailable, "no");
        project.write(path, text);
        return {};
    };
    const auto before = project.tree();
    const auto applied = apply(project, {{"a", "1", "2"}, {"new", std::nullopt, "x"}, {"b", "1", "2"}}, hand);
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().message, "no");
    EXPECT_EQ(project.tree(), before);
    EXPECT_FALSE(undo(project.root(), project.undo_options())) << "there is nothing to take back";
}

TEST(ApplyByHand, WhatIsNotSavedIsNoStep) {
    const Project project;
    project.write("a", "1");
    const Hand hand = [](const std::string&, const std::string&) -> Status { return {}; };
    const auto applied = apply(project, {{"a", "1", "2"}}, hand);
    ASSERT_TRUE(applied);
    EXPECT_TRUE(applied->written.empty());
    EXPECT_FALSE(undo(project.root(), project.undo_options()));
}

TEST(ApplyByHand, NothingIsHandedOverWhenOnePlaceIsGuardedLinkedOrTaken) {
    const Project project;
    project.write("a", "1");
    project.write("there", "1");
    fs::create_symlink("/etc", project.root() / "out");
    unsigned calls = 0;
    const Hand hand = [&](const std::string&, const std::string&) -> Status {
        ++calls;
        return {};
    };
    const auto guarded = apply(project, {{"a", "1", "2"}, {".git/hooks/pre-commit", std::nullopt, "x"}}, hand);
    ASSERT_TRUE(guarded);
    ASSERT_EQ(guarded->refused.size(), 1U);
    const auto outside = apply(project, {{"a", "1", "2"}, {"out/passwd", std::nullopt, "x"}}, hand);
    ASSERT_FALSE(outside);
    EXPECT_EQ(outside.error().code, ErrorCode::conflict);
    const auto taken = apply(project, {{"a", "1", "2"}, {"there", std::nullopt, "x"}}, hand);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::conflict);
    EXPECT_EQ(calls, 0U);
}

}  // namespace
}  // namespace ec::executor
