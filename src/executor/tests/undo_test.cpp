// Undo and redo: the tree is again what it was, also after a death at any step; the journal is not trusted.
#include "apply_fixture.hpp"
#include "undo_journal.hpp"
#include "undo_step.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::Project;
using testing::Tree;
using Names = std::vector<std::string>;

void fill(const Project& project) {
    project.write("edit.txt", "old\r\n", 0640);
    project.write("run.sh", "#!/bin/sh\n", 0755);
    project.write("readonly", "x", 0444);
    project.write("gone/sub/a", "x", 0600);
    project.write("was-file", "x");
    project.write("was-folder/a", "x");
    fs::create_directory(project.root() / "empty");
    fs::create_symlink("nowhere", project.root() / "dangling");
    ASSERT_EQ(::chmod((project.root() / "gone").c_str(), 0711), 0);
}

std::vector<Change> changes_of(const Project& project) {
    return {project.file("edit.txt", "new\r\n", 0640),
            project.file("run.sh", "exit\n", 0700),
            project.file("readonly", "y", 0444),
            project.gone("gone/sub/a"),
            project.gone("was-file"),
            project.file("was-file/in/side", "z"),
            project.gone("was-folder/a"),
            project.file("was-folder", "z"),
            project.file("empty/new", "z"),
            project.link("dangling", "elsewhere"),
            project.file("fresh/deep/er", "z", 0755)};
}

TEST(Undo, AnApplyKeepsItsNameThroughUndoAndRedo) {
    const Project project;
    fill(project);
    const auto first = project.apply({project.file("edit.txt", "1", 0640)});
    const auto second = project.apply({project.file("edit.txt", "2", 0640)});
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(first->name.empty());
    EXPECT_NE(first->name, second->name);
    EXPECT_EQ(project.apply({project.file("edit.txt", "2", 0640)})->name, "") << "nothing was written";
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(undo(project.root(), project.undo_options())->apply, second->name);
        const auto history = undo_history(project.root(), project.undo_dir());
        ASSERT_EQ(history->size(), 2U);
        EXPECT_EQ((*history)[0].apply, second->name);
        EXPECT_EQ((*history)[0].state, UndoEntry::State::undone);
        EXPECT_EQ((*history)[1].apply, first->name);
        EXPECT_EQ(redo(project.root(), project.undo_options())->apply, second->name);
        EXPECT_EQ((*undo_history(project.root(), project.undo_dir()))[0].apply, second->name);
    }
}

TEST(Undo, TheTreeIsAgainWhatItWasAndRedoBringsTheChangeBack) {
    const Project project;
    fill(project);
    const Tree before = project.tree();
    ASSERT_TRUE(project.apply(changes_of(project)));
    const Tree after = project.tree();
    ASSERT_NE(before, after);
    const auto undone = undo(project.root(), project.undo_options());
    ASSERT_TRUE(undone) << undone.error().message;
    EXPECT_EQ(undone->restored.size(), 11U);
    EXPECT_EQ(project.tree(), before);
    const auto redone = redo(project.root(), project.undo_options());
    ASSERT_TRUE(redone) << redone.error().message;
    EXPECT_EQ(project.tree(), after);
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.tree(), before);
}

TEST(Undo, AnApplyThatFindsEverythingAsItShallBeIsNoStep) {
    const Project project;
    const Tree before = project.tree();
    ASSERT_TRUE(project.apply({project.file("a", "1"), project.link("b", "a")}));
    const auto again = project.apply({project.file("a", "1"), project.link("b", "a")});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->written.empty());
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.tree(), before);
}

TEST(Undo, StepsAreTakenBackOneByOneAndANewApplyEndsRedo) {
    const Project project;
    for (const char* content : {"1", "2", "3"}) ASSERT_TRUE(project.apply({project.file("a", content)}));
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "2");
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "1");
    ASSERT_TRUE(redo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "2");
    ASSERT_TRUE(project.apply({project.file("a", "4")}));
    EXPECT_EQ(redo(project.root(), project.undo_options()).error().code, ErrorCode::not_found);
    for (const char* content : {"2", "1", "(nothing)"}) {
        ASSERT_TRUE(undo(project.root(), project.undo_options()));
        EXPECT_EQ(project.read("a"), content);
    }
    EXPECT_EQ(undo(project.root(), project.undo_options()).error().code, ErrorCode::not_found);
}

TEST(Undo, RefusesWithNamesWhenAFileChangedSinceAndWritesNothing) {
    const Project project;
    fill(project);
    ASSERT_TRUE(project.apply(changes_of(project)));
    project.write("edit.txt", "mine", 0640);
    ASSERT_EQ(::chmod((project.root() / "run.sh").c_str(), 0755), 0);
    const Tree mine = project.tree();
    const auto undone = undo(project.root(), project.undo_options());
    ASSERT_FALSE(undone);
    EXPECT_EQ(undone.error().message, "edit.txt, run.sh changed meanwhile; nothing was written");
    EXPECT_EQ(project.tree(), mine);
}

TEST(Undo, ByForceWhatTheFilesHeldIsKeptForRedo) {
    const Project project;
    project.write("a", "old");
    ASSERT_TRUE(project.apply({project.file("a", "run's")}));
    project.write("a", "mine");
    ASSERT_TRUE(undo(project.root(), project.undo_options(true)));
    EXPECT_EQ(project.read("a"), "old");
    ASSERT_TRUE(redo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "mine");
}

TEST(Undo, AFileThatIsTouchedAndHoldsTheSameIsNotChanged) {
    const Project project;
    project.write("a", "old");
    ASSERT_TRUE(project.apply({project.file("a", "new")}));
    project.write("copy", "new");
    fs::rename(project.root() / "copy", project.root() / "a");
    EXPECT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "old");
}

TEST(Undo, AFolderThatHoldsMoreThanTheChangeStays) {
    const Project project;
    ASSERT_TRUE(project.apply({project.file("new/a", "x")}));
    project.write("new/mine", "x");
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("new/mine"), "x");
    EXPECT_FALSE(fs::exists(project.root() / "new/a"));
}

TEST(Undo, TheProjectIsTheSameThroughALink) {
    const Project project;
    ASSERT_TRUE(project.apply({project.file("a", "x")}));
    const fs::path alias = project.root().parent_path() / "alias";
    fs::create_directory_symlink(project.root(), alias);
    EXPECT_TRUE(undo(alias, project.undo_options()));
    EXPECT_TRUE(project.tree().empty());
}

TEST(Undo, TheJournalIsPrivateAndBounded) {
    const Project project;
    for (int i = 0; i < 53; ++i) ASSERT_TRUE(project.apply({project.file("a", std::to_string(i))}));
    EXPECT_EQ(undo_history(project.root(), project.undo_dir())->size(), 50U);
    for (const auto& entry : fs::recursive_directory_iterator(project.undo_dir())) {
        const auto mode = static_cast<unsigned>(entry.status().permissions());
        EXPECT_EQ(mode & 0077U, 0U) << entry.path();
    }
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(undo(project.root(), project.undo_options()));
    EXPECT_EQ(project.read("a"), "2");
}

TEST(Undo, HistoryTellsWhatCanBeReached) {
    const Project project;
    ASSERT_TRUE(project.apply({project.file("a", "x")}));
    ASSERT_TRUE(project.apply({project.file("b", "x")}));
    ASSERT_TRUE(undo(project.root(), project.undo_options()));
    const auto history = undo_history(project.root(), project.undo_dir());
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 2U);
    EXPECT_EQ((*history)[0].state, UndoEntry::State::undone);
    EXPECT_EQ((*history)[0].files, Names{"b"});
    EXPECT_EQ((*history)[1].state, UndoEntry::State::applied);
    EXPECT_EQ((*history)[1].files, Names{"a"});
}

fs::path only_step(const Project& project) {
    for (const auto& entry : fs::recursive_directory_iterator(project.undo_dir())) {
        if (entry.path().filename() == "step.json") return entry.path().parent_path();
    }
    return {};
}

TEST(Undo, ADamagedImageIsNoticedBeforeAnythingIsReplaced) {
    const Project project;
    project.write("a", "old");
    project.write("b", "old");
    ASSERT_TRUE(project.apply({project.file("a", "new"), project.file("b", "new")}));
    std::ofstream(only_step(project) / "1") << "bad";
    EXPECT_EQ(undo(project.root(), project.undo_options()).error().code, ErrorCode::corrupt);
    EXPECT_EQ(project.read("a"), "new");
    EXPECT_EQ(project.tree().size(), 2U);
}

TEST(Undo, AHostileJournalIsRefused) {
    const Project project;
    project.write("a", "old");
    ASSERT_TRUE(project.apply({project.file("a", "new")}));
    const fs::path path = only_step(project) / "step.json";
    const std::string good = *read_file(path);
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        const std::size_t at = text.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return text.replace(at, from.size(), to);
    };
    const std::string hash = "\"hash\":\"" + content_hash("old").hex() + "\"";
    for (const std::string& text :
         {std::string(), std::string("{}"), std::string("[1,2"), with("\"path\":\"a\"", "\"path\":\"../a\""),
          with("\"path\":\"a\"", "\"path\":\"/etc/passwd\""), with("\"path\":\"a\"", "\"path\":\"a%00b\""),
          with("\"path\":\"a\"", "\"path\":\"a%0\""), with("\"path\":\"a\"", "\"path\":7"),
          with("\"image\":\"0\"", "\"image\":\"../../x\""), with("\"image\":\"0\"", "\"image\":\"\""),
          with(".edgecoder-", "src"), with(".edgecoder-", ".."), with("\"format\":1", "\"format\":2"),
          with("\"kind\":\"file\"", "\"kind\":\"device\""), with("\"size\":3", "\"size\":-1"),
          with(hash, "\"hash\":\"00\""), with(hash, "\"hash\":\"zz\""), with("\"mode\":420", "\"mode\":65535"),
          with("\"workspace\":\"", "\"workspace\":\"/elsewhere")}) {
        std::ofstream(path, std::ios::trunc) << text;
        const auto undone = undo(project.root(), project.undo_options());
        ASSERT_FALSE(undone) << text;
        EXPECT_EQ(undone.error().code, ErrorCode::corrupt) << text << undone.error().message;
    }
    EXPECT_EQ(project.read("a"), "new");
    std::ofstream(path, std::ios::trunc) << good;
    EXPECT_TRUE(undo(project.root(), project.undo_options()));
}

TEST(UndoSteps, AnyNameAndTargetSurvivesTheJournal) {
    UndoStep step;
    step.workspace = "/srv/\xff\xfe %41";
    step.scratch = ".edgecoder-0";
    step.of = 7;
    step.kind = UndoStep::Kind::redo;
    FileStep file;
    file.path = "ä b/%zz";
    file.before.kind = FileState::Kind::link;
    file.before.target = "\x01\xff/..";
    file.after.kind = FileState::Kind::file;
    file.after.mode = 04755;
    file.after.size = 1ULL << 40;
    file.after.hash = content_hash("x");
    step.files = {file};
    step.removed = {{"d", 02755, 4'294'967'294U, 5}};
    step.created = {"e", "e/f"};
    const auto again = decode_undo_step(encode(step));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(encode(*again), encode(step));
    EXPECT_EQ(again->workspace, step.workspace);
    EXPECT_EQ(again->files[0].before.target, file.before.target);
    EXPECT_TRUE(again->files[0].after.same_as(file.after));
}

TEST(UndoSteps, AHashKnowsBlocksAndTheirOrder) {
    const std::string a(kHashBlock, 'a');
    const std::string b(kHashBlock, 'b');
    EXPECT_NE(content_hash(a + b), content_hash(b + a));
    EXPECT_NE(content_hash(a + a), content_hash(a));
    EXPECT_NE(content_hash(""), content_hash(std::string(1, '\0')));
    EXPECT_EQ(extend_hash(extend_hash({}, a), "x"), content_hash(a + "x"));
}

}  // namespace
}  // namespace ec::executor
