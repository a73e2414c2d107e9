// Sessions of checkpoints: files and conversation go back together, whoever takes them back, and no byte is lost.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ec/agent/checkpoints.hpp>
#include <ec/agent/command_guard.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/rng.hpp>
#include <ec/executor/apply.hpp>
#include <ec/executor/undo.hpp>
#include <fstream>

namespace ec::agent {
namespace {

namespace fs = std::filesystem;
using executor::Change;

class CheckpointsTest : public ::testing::Test {
protected:
    void SetUp() override { fs::create_directories(root()); }

    fs::path root() const { return fs::canonical(dir_.path()) / "project"; }
    CheckpointOptions options() const {
        return {dir_.path() / "data/checkpoints", dir_.path() / "data/undo", {}, {}, {}};
    }
    Checkpoints open() const {
        auto checkpoints = Checkpoints::open(root(), options());
        EXPECT_TRUE(checkpoints) << checkpoints.error().message;
        return *std::move(checkpoints);
    }
    void write(const std::string& name, std::string_view content) const {
        fs::create_directories((root() / name).parent_path());
        std::ofstream(root() / name, std::ios::binary | std::ios::trunc) << content;
    }
    std::string read(const std::string& name) const { return read_file(root() / name).value_or("(nothing)"); }

    // As the agent writes: through apply_changes. Empty content removes.
    Result<AppliedFiles> apply(const std::map<std::string, std::string>& files, std::function<void()> hook = {}) const {
        std::vector<Change> changes;
        for (const auto& [path, content] : files) {
            Change change;
            change.path = path;
            change.content = content;
            change.before = executor::identify(root(), path).value();
            change.kind = content.empty() ? Change::Kind::deleted : Change::Kind::modified;
            changes.push_back(std::move(change));
        }
        executor::ApplyOptions apply_options;
        apply_options.undo_dir = options().undo_dir;
        apply_options.before_step = std::move(hook);
        EC_ASSIGN(const executor::Applied applied, executor::apply_changes(root(), changes, apply_options));
        return AppliedFiles{applied.name, applied.written};
    }
    static StepRecord said(const std::string& text, std::vector<AppliedFiles> applied = {}) {
        StepRecord record;
        record.label = text;
        record.conversation = {{model::Role::user, "task", {}, ""}, {model::Role::assistant, text, {}, ""}};
        record.notes = {{"task", text}};
        record.applied = std::move(applied);
        return record;
    }
    Result<executor::Undone> shell_undo() const { return executor::undo(root(), {options().undo_dir, false, {}}); }
    Result<executor::Undone> shell_redo() const { return executor::redo(root(), {options().undo_dir, false, {}}); }

    // In memory where that can be had: every step is synced, and these tests take hundreds.
    static TempDir make() {
        if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
        return std::move(*TempDir::create());
    }
    TempDir dir_ = make();
};

TEST_F(CheckpointsTest, UndoAndRedoMoveFilesAndConversationTogether) {
    write("a", "0");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("make it better").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}}).value()})));
    ASSERT_TRUE(checkpoints.record(session, said("two", {apply({{"a", "2"}, {"new/b", "2"}}).value()})));
    const auto undone = checkpoints.undo(session);
    ASSERT_TRUE(undone) << undone.error().message;
    EXPECT_EQ(undone->step.number, 1U);
    EXPECT_EQ(undone->conversation.back().text, "one");
    EXPECT_EQ(undone->notes.at("task").as_string(), "one");
    EXPECT_EQ(undone->files, (std::vector<std::string>{"a", "new/b"}));
    EXPECT_EQ(read("a"), "1");
    EXPECT_FALSE(fs::exists(root() / "new"));
    EXPECT_TRUE(checkpoints.undo(session));
    EXPECT_EQ(read("a"), "0");
    EXPECT_EQ(checkpoints.undo(session).error().code, ErrorCode::not_found);
    EXPECT_TRUE(checkpoints.redo(session));
    const auto redone = checkpoints.redo(session);
    ASSERT_TRUE(redone);
    EXPECT_EQ(redone->conversation.back().text, "two");
    EXPECT_EQ(read("a"), "2");
    EXPECT_EQ(read("new/b"), "2");
    EXPECT_EQ(checkpoints.redo(session).error().code, ErrorCode::not_found);
}

TEST_F(CheckpointsTest, AnInterruptedSessionIsResumedWithEveryWord) {
    write("a", "0");
    model::ToolCall call{"c1", "edit", {{"path", "a"}, {"deep", json::Array{1, json::Object{{"x", nullptr}}}}}};
    StepRecord record;
    record.label = "edit";
    record.conversation = {{model::Role::system, "be \"good\"\n", {}, ""},
                           {model::Role::user, "\xc3\xa4", {}, ""},
                           {model::Role::assistant, "", {call}, ""},
                           {model::Role::tool, "done", {}, "c1"}};
    record.notes = {{"plan", json::Array{"x"}}, {"tokens", 12}};
    std::string session;
    {
        Checkpoints checkpoints = open();
        session = checkpoints.begin("task").value();
        ASSERT_TRUE(checkpoints.record(session, record));
    }
    Checkpoints again = open();
    const auto sessions = again.sessions();
    ASSERT_TRUE(sessions);
    ASSERT_EQ(sessions->size(), 1U);
    EXPECT_EQ(sessions->front().task, "task");
    EXPECT_EQ(sessions->front().step, 1U);
    const auto loaded = again.load(session);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->conversation, record.conversation);
    EXPECT_EQ(loaded->notes, record.notes);
    EXPECT_TRUE(again.load(session, 0)->conversation.empty());
    EXPECT_EQ(again.load(session, 7).error().code, ErrorCode::not_found);
    EXPECT_EQ(again.load("other").error().code, ErrorCode::not_found);
}

TEST_F(CheckpointsTest, AnUndoTypedInAShellMovesTheSessionAndRedoBringsItForward) {
    write("a", "0");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}}).value()})));
    ASSERT_TRUE(checkpoints.record(session, said("two", {apply({{"a", "2"}}).value()})));
    ASSERT_TRUE(checkpoints.record(session, said("only words")));
    ASSERT_TRUE(shell_undo());
    EXPECT_EQ(read("a"), "1");
    EXPECT_EQ(checkpoints.load(session)->step.number, 1U);
    ASSERT_TRUE(shell_undo());
    EXPECT_EQ(checkpoints.load(session)->step.number, 0U);
    ASSERT_TRUE(shell_redo());
    EXPECT_EQ(checkpoints.load(session)->step.number, 1U);
    EXPECT_EQ(checkpoints.redo(session)->step.number, 2U);
    EXPECT_EQ(read("a"), "2");
    ASSERT_TRUE(checkpoints.undo(session));
    ASSERT_TRUE(shell_redo()) << "the journal has one stack for both";
    EXPECT_EQ(checkpoints.load(session)->step.number, 2U);
}

TEST_F(CheckpointsTest, ASessionThatWentOnAfterAnUndoInAShellKeepsItsWords) {
    write("a", "0");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}}).value()})));
    ASSERT_TRUE(shell_undo());
    ASSERT_TRUE(checkpoints.record(session, said("went on")));
    EXPECT_EQ(checkpoints.load(session)->conversation.back().text, "went on");
}

TEST_F(CheckpointsTest, AFileThatAPersonChangedSinceIsAConflictAndForceKeepsWhatItHeld) {
    write("a", "0");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}}).value()})));
    write("a", "mine");
    write("other", "also mine");
    const auto refused = checkpoints.undo(session);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::conflict);
    EXPECT_EQ(read("a"), "mine");
    ASSERT_TRUE(checkpoints.undo(session, {true, {}}));
    EXPECT_EQ(read("a"), "0");
    EXPECT_EQ(read("other"), "also mine") << "only the step's own files are taken back";
    bool found = false;
    std::string kept;
    const auto all = checkpoints.repository().list();
    ASSERT_TRUE(all);
    for (const vcs::SnapshotInfo& info : *all) {
        const auto files = checkpoints.repository().files(info.id);
        ASSERT_TRUE(files);
        for (const vcs::ShadowFile& file : *files) {
            if (checkpoints.repository().content(file.object).value() != "mine") continue;
            found = true;
            kept = info.id;
        }
    }
    ASSERT_TRUE(found);
    EXPECT_EQ(checkpoints.restore(kept, {"a"}).value(), std::vector<std::string>{"a"});
    EXPECT_EQ(read("a"), "mine");
}

TEST_F(CheckpointsTest, WhereTheJournalDoesNotReachTheSnapshotsDo) {
    write("a", "0");
    write("b", "0");
    write("gone", "0");
    ASSERT_EQ(::chmod((root() / "gone").c_str(), 0600), 0);
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}, {"gone", ""}, {"fresh", "1"}}).value()})));
    ASSERT_TRUE(apply({{"b", "by another command"}}));
    const auto undone = checkpoints.undo(session);
    ASSERT_TRUE(undone) << undone.error().message;
    EXPECT_EQ(read("a"), "0");
    EXPECT_EQ(read("gone"), "0");
    struct stat info{};
    ASSERT_EQ(::stat((root() / "gone").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
    EXPECT_FALSE(fs::exists(root() / "fresh"));
    EXPECT_EQ(read("b"), "by another command");
    EXPECT_EQ(checkpoints.load(session)->step.number, 0U);
    ASSERT_TRUE(checkpoints.redo(session));
    EXPECT_EQ(read("a"), "1");
    EXPECT_FALSE(fs::exists(root() / "gone"));
    fs::remove_all(options().undo_dir);
    ASSERT_TRUE(checkpoints.undo(session)) << "without any journal";
    EXPECT_EQ(read("a"), "0");
}

TEST_F(CheckpointsTest, GuardedFilesAndLinksOnTheWayAreNotWritten) {
    write("AGENTS.md", "0");
    write("sub/a", "0");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    const std::string first = checkpoints.keep(session, "x").value();
    write("AGENTS.md", "1");
    const auto guarded = checkpoints.restore(first, {"AGENTS.md"});
    ASSERT_FALSE(guarded);
    EXPECT_EQ(guarded.error().code, ErrorCode::denied);
    EXPECT_EQ(read("AGENTS.md"), "1");
    EXPECT_TRUE(checkpoints.restore(first, {"AGENTS.md"}, {false, {"AGENTS.md"}}));
    EXPECT_EQ(read("AGENTS.md"), "0");
    fs::create_directories(dir_.path() / "outside");
    fs::remove_all(root() / "sub");
    fs::create_directory_symlink(dir_.path() / "outside", root() / "sub");
    EXPECT_FALSE(checkpoints.restore(first, {"sub/a"}));
    EXPECT_TRUE(fs::is_empty(dir_.path() / "outside"));
}

TEST_F(CheckpointsTest, TheDiffShowsWhatTheAgentWroteInAStepAndInTheSession) {
    write("a", "0\n");
    Checkpoints checkpoints = open();
    const std::string session = checkpoints.begin("t").value();
    ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1\n"}}).value()})));
    write("mine", "x\n");
    ASSERT_TRUE(checkpoints.record(session, said("two", {apply({{"b", "2\n"}}).value()})));
    const auto all = checkpoints.diff(session);
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_NE(all->find("-0\n+1\n"), std::string::npos) << *all;
    EXPECT_NE(all->find("+++ b/b"), std::string::npos);
    EXPECT_EQ(all->find("mine"), std::string::npos);
    EXPECT_EQ(checkpoints.diff(session, 2)->find("+1\n"), std::string::npos);
    EXPECT_NE(checkpoints.diff(session, 2)->find("+2\n"), std::string::npos);
    EXPECT_NE(checkpoints.diff(session, 1)->find("+1\n"), std::string::npos);
    EXPECT_EQ(checkpoints.diff(session, 9).error().code, ErrorCode::not_found);
    EXPECT_EQ(checkpoints.diff(session, 0).value(), "");
}

TEST_F(CheckpointsTest, PruningNeverCutsWhatUndoReaches) {
    CheckpointOptions few = options();
    few.limits.snapshots = 5;
    auto opened = Checkpoints::open(root(), few);
    ASSERT_TRUE(opened);
    const std::string session = opened->begin("t").value();
    for (int i = 1; i <= 30; ++i) {
        ASSERT_TRUE(opened->record(session, said("s", {apply({{"a", std::to_string(i)}}).value()})));
    }
    for (int i = 29; i >= 1; --i) {
        ASSERT_TRUE(opened->undo(session)) << i;
        EXPECT_EQ(read("a"), std::to_string(i));
    }
}

// Every content that stood in a file when a step began or ended, or before a command ran, is in some snapshot.
TEST_F(CheckpointsTest, NoByteIsEverLost) {
    if (::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no git to destroy things with";
    const std::string in = "cd '" + root().string() + "' && export GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent && ";
    const auto shell = [&](const std::string& line) {
        return ::system((in + "(" + line + ") >/dev/null 2>&1").c_str());
    };
    const std::vector<std::string> commands = {"git checkout .", "git reset --hard", "git clean -fdx",
                                               "git stash",      "rm -rf d",         "truncate -s 0 a",
                                               "echo x > b",     "mv a b",           "git checkout -- a",
                                               "git restore .",  "sed -i s/1/2/ a",  "find . -name a -delete",
                                               "git stash drop", "git gc",           "rm -rf .git"};
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        fs::remove_all(root());
        fs::remove_all(dir_.path() / "data");
        fs::create_directories(root());
        Rng rng(seed);
        write(".gitignore", "*.log\n");
        write("a", "start");
        ASSERT_EQ(shell("git init -q . && git add -A && git -c user.name=t -c user.email=t@t commit -qm x"), 0);
        const std::vector<std::string> names = {"a", "b", "d/c", "d/e/f", "g.log", ".env"};
        std::set<std::pair<std::string, std::string>> stood;
        const auto look = [&] {
            for (const std::string& name : names) {
                if (fs::is_regular_file(root() / name)) stood.emplace(name, read(name));
            }
        };
        Checkpoints checkpoints = open();
        const std::string session = checkpoints.begin("t").value();
        int text = 0;
        for (int i = 0; i < 25; ++i) {
            const std::string& name = names[rng.below(names.size())];
            switch (rng.below(5)) {
                case 0: {  // a person edits, and a checkpoint follows before anything else happens
                    std::error_code ignored;
                    fs::remove_all(root() / name, ignored);
                    if (rng.below(4) != 0) write(name, "mine " + std::to_string(++text));
                    break;
                }
                case 1: {
                    ASSERT_TRUE(checkpoints.keep(session, "before an apply"));
                    look();
                    const auto applied = apply({{name, "agent " + std::to_string(++text)}});
                    if (!applied) break;
                    ASSERT_TRUE(checkpoints.record(session, said("s", {*applied})));
                    look();
                    break;
                }
                case 2: {
                    look();  // undo keeps what is there by itself
                    const auto done = checkpoints.undo(session, {rng.below(2) == 0, {}});
                    if (!done && done.error().code == ErrorCode::not_found) {
                        ASSERT_TRUE(checkpoints.keep(session, "x"));
                    }
                    break;
                }
                case 3: {
                    look();
                    const auto done = checkpoints.redo(session, {rng.below(2) == 0, {}});
                    if (!done && done.error().code == ErrorCode::not_found) {
                        ASSERT_TRUE(checkpoints.keep(session, "x"));
                    }
                    break;
                }
                default: {
                    const std::string& command = commands[rng.below(commands.size())];
                    const GuardVerdict verdict = guard_shell_line(command, root().string());
                    ASSERT_NE(verdict.answer, GuardAnswer::harmless) << command;
                    if (verdict.answer == GuardAnswer::refuse) break;
                    look();
                    ASSERT_TRUE(checkpoints.keep(session, "before " + command));
                    shell(command);
                }
            }
        }
        std::set<std::pair<std::string, std::string>> found;
        const auto all = checkpoints.repository().list();
        ASSERT_TRUE(all);
        for (const vcs::SnapshotInfo& info : *all) {
            const auto files = checkpoints.repository().files(info.id);
            ASSERT_TRUE(files);
            for (const vcs::ShadowFile& file : *files) {
                found.emplace(file.path, checkpoints.repository().content(file.object).value());
            }
        }
        for (const auto& one : stood) {
            EXPECT_TRUE(found.contains(one)) << "seed " << seed << ": " << one.first << " held " << one.second;
        }
    }
}

// A session of one step that is taken back and done again, killed at the given step of everything that is written.
TEST_F(CheckpointsTest, KilledAtAnyStepOfUndoOrRedoFilesAndConversationComeTogetherAgain) {
    for (const bool by_journal : {true, false}) {
        int kills = 0;
        bool killed = true;
        for (int step = 0; killed && step < 300; step += 3) {
            fs::remove_all(root());
            fs::remove_all(dir_.path() / "data");
            fs::create_directories(root());
            write("a", "0");
            write("other", "0");
            Checkpoints checkpoints = open();
            const std::string session = checkpoints.begin("t").value();
            ASSERT_TRUE(checkpoints.record(session, said("one", {apply({{"a", "1"}, {"d/b", "1"}}).value()})));
            if (!by_journal) {
                ASSERT_TRUE(apply({{"other", "1"}}));
            }
            write("mine", std::to_string(step));
            const pid_t child = ::fork();
            if (child == 0) {
                int at = 0;
                CheckpointOptions hooked = options();
                hooked.before_step = [&] {
                    if (at++ == step) ::raise(SIGKILL);
                };
                auto again = Checkpoints::open(root(), hooked);
                ::_exit(again && again->undo(session) && again->redo(session) ? 0 : 1);
            }
            int status = 0;
            ASSERT_EQ(::waitpid(child, &status, 0), child);
            killed = WIFSIGNALED(status);
            ASSERT_TRUE(killed || WEXITSTATUS(status) == 0) << step;
            kills += killed ? 1 : 0;

            Checkpoints after = open();
            auto where = after.load(session);
            ASSERT_TRUE(where) << step << where.error().message;
            // What was cut in the middle is mended by the next undo or redo, as everywhere.
            for (int more = 0; more < 2 && after.load(session)->step.number == 1; ++more) {
                const auto undone = after.undo(session);
                ASSERT_TRUE(undone) << step << ": " << undone.error().message;
            }
            ASSERT_EQ(after.load(session)->step.number, 0U);
            ASSERT_TRUE(after.redo(session)) << step;
            EXPECT_EQ(read("a"), "1") << step;
            ASSERT_TRUE(after.undo(session)) << step;
            EXPECT_EQ(read("a"), "0") << step;
            EXPECT_FALSE(fs::exists(root() / "d")) << step;
            ASSERT_TRUE(after.redo(session)) << step;
            EXPECT_EQ(read("a"), "1") << step;
            EXPECT_EQ(read("d/b"), "1") << step;
            EXPECT_EQ(after.load(session)->conversation.back().text, "one");
            EXPECT_EQ(read("mine"), std::to_string(step));
        }
        EXPECT_FALSE(killed);
        EXPECT_GT(kills, 10);
    }
}

TEST_F(CheckpointsTest, KilledWhileRecordingTheSessionStandsBeforeOrAfter) {
    bool killed = true;
    for (int step = 0; killed && step < 100; ++step) {
        write("a", std::to_string(step));
        Checkpoints checkpoints = open();
        const std::string session = checkpoints.begin("t").value();
        write("a", "new " + std::to_string(step));
        const pid_t child = ::fork();
        if (child == 0) {
            int at = 0;
            CheckpointOptions hooked = options();
            hooked.before_step = [&] {
                if (at++ == step) ::raise(SIGKILL);
            };
            auto again = Checkpoints::open(root(), hooked);
            ::_exit(again && again->record(session, said("new")) ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status);
        Checkpoints after = open();
        const auto where = after.load(session);
        ASSERT_TRUE(where) << where.error().message;
        if (where->step.number == 1) {
            EXPECT_EQ(where->conversation.back().text, "new");
            const auto files = after.repository().files(where->step.id);
            ASSERT_TRUE(files);
            EXPECT_EQ(after.repository().content(files->front().object).value(), "new " + std::to_string(step));
        }
        EXPECT_EQ(read("a"), "new " + std::to_string(step));
        ASSERT_TRUE(after.record(session, said("again")));
    }
    EXPECT_FALSE(killed);
}

}  // namespace
}  // namespace ec::agent
