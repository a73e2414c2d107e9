// Snapshots through the front door, and git itself as the judge of what lies on the disk.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/vcs/shadow.hpp>
#include <fstream>
#include <functional>
#include <set>

namespace ec::vcs {
namespace {

namespace fs = std::filesystem;

class ShadowTest : public ::testing::Test {
protected:
    void SetUp() override { fs::create_directories(root()); }

    fs::path root() const { return fs::canonical(dir_.path()) / "project"; }
    fs::path shadow_dir() const { return dir_.path() / "data/checkpoints"; }
    ShadowOptions options() const { return {shadow_dir(), {}, {}, {}}; }

    void write(const std::string& name, std::string_view content, unsigned mode = 0644) const {
        const fs::path path = root() / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path, std::ios::binary) << content;
        ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    }
    // A clock by which no file was written just now.
    ShadowOptions later() const {
        ShadowOptions options{shadow_dir(), {}, {}, {}};
        options.now_ns = [] {
            return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) +
                   1'000'000'000U;
        };
        return options;
    }
    ShadowRepository open(ShadowOptions options) const {
        auto repository = ShadowRepository::open(root(), std::move(options));
        EXPECT_TRUE(repository) << repository.error().message;
        return *std::move(repository);
    }
    ShadowRepository open() const { return open(options()); }
    static Snapshot snap(ShadowRepository& repository, SnapshotRequest request = {"a test", {}, {}, "", ""}) {
        auto made = repository.snapshot(request);
        EXPECT_TRUE(made) << made.error().message;
        return made.value_or(Snapshot{});
    }
    static std::set<std::string> names(ShadowRepository& repository, const std::string& id) {
        std::set<std::string> found;
        const auto files = repository.files(id);
        EXPECT_TRUE(files) << files.error().message;
        for (const ShadowFile& file : files.value_or(std::vector<ShadowFile>{})) found.insert(file.path);
        return found;
    }
    static std::string text(ShadowRepository& repository, const std::string& id, const std::string& path) {
        for (const ShadowFile& file : repository.files(id).value_or(std::vector<ShadowFile>{})) {
            if (file.path == path) return repository.content(file.object).value_or("(unreadable)");
        }
        return "(nothing)";
    }
    // Status of git on the shadow repository; 0 is success.
    static int git(const ShadowRepository& repository, const std::string& words) {
        const std::string command = "env -i PATH=\"$PATH\" HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 git --git-dir=" +
                                    shell_quote(repository.folder().string()) + " " + words + " >/dev/null 2>&1";
        return ::system(command.c_str());
    }

    // In memory where that can be had: every snapshot is synced, and these tests take hundreds.
    static TempDir make() {
        if (::access("/dev/shm", W_OK) == 0) ::setenv("TMPDIR", "/dev/shm", 1);
        return std::move(*TempDir::create());
    }

    TempDir dir_ = make();
};

TEST_F(ShadowTest, KeepsBytesModesAndLinksAndGivesThemBack) {
    write("a.txt", "one\r\n");
    write("bin/run", "#!/bin/sh\n", 0755);
    write(".env", "KEY=1", 0600);
    write("empty", "");
    write("raw", std::string("\0\xff\n", 3));
    write("n\xc3\xa4me with \"quotes\"", "x");
    fs::create_symlink("../outside", root() / "link");
    ShadowRepository repository = open();
    const Snapshot made = snap(repository);
    EXPECT_EQ(made.files, 7U);
    EXPECT_TRUE(made.left_out.empty());
    const auto files = repository.files(made.info.id);
    ASSERT_TRUE(files);
    ASSERT_EQ(files->size(), 7U);
    EXPECT_EQ((*files)[0].path, ".env");
    EXPECT_EQ((*files)[0].mode, 0600U);
    EXPECT_EQ(text(repository, made.info.id, "raw"), std::string("\0\xff\n", 3));
    EXPECT_EQ(text(repository, made.info.id, "link"), "../outside");
    for (const ShadowFile& file : *files) {
        EXPECT_EQ(file.symlink, file.path == "link");
        if (file.path == "bin/run") {
            EXPECT_EQ(file.mode, 0755U);
        }
    }
    if (::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no git to judge the repository";
    EXPECT_EQ(git(repository, "fsck --full --strict"), 0);
    EXPECT_EQ(git(repository, "show " + made.info.id + ":files/bin/run"), 0);
}

TEST_F(ShadowTest, ReadsOnlyWhatChangedAndSeesAChangeOfTheSameSize) {
    for (int i = 0; i < 100; ++i) write("d" + std::to_string(i % 7) + "/f" + std::to_string(i), "text");
    ShadowRepository repository = open(later());
    const Snapshot first = snap(repository);
    EXPECT_EQ(first.files_read, 100U);
    const Snapshot second = snap(repository);
    EXPECT_EQ(second.files_read, 0U);
    EXPECT_EQ(second.info.files, first.info.files);
    EXPECT_NE(second.info.id, first.info.id);
    write("d0/f0", "TEXT");
    const Snapshot third = snap(repository);
    EXPECT_EQ(third.files_read, 1U);
    EXPECT_EQ(text(repository, third.info.id, "d0/f0"), "TEXT");
    const auto changes = repository.changes(first.info.id, third.info.id);
    ASSERT_TRUE(changes);
    ASSERT_EQ(changes->size(), 1U);
    EXPECT_EQ((*changes)[0].path, "d0/f0");
}

TEST_F(ShadowTest, IsNotFooledByAFileWrittenTwiceWithinOneTick) {
    ShadowRepository repository = open();
    for (int i = 0; i < 200; ++i) {
        const std::string content = std::to_string(1000 + i);
        write("a", content);
        const Snapshot made = snap(repository);
        ASSERT_EQ(text(repository, made.info.id, "a"), content);
    }
}

TEST_F(ShadowTest, LeavesVersionControlAndOutputAloneButKeepsWhatIsOnlyIgnored) {
    write(".git/config", "secret");
    write("sub/.git", "gitdir: elsewhere");
    write("sub/code.py", "x");
    write("node_modules/a/index.js", "x");
    write("web/node_modules/b.js", "x");
    write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    write("cache/big", "x");
    write("env/pyvenv.cfg", "");
    write("env/lib.py", "");
    write("build/out.o", "x");
    write("tools/build/keep.txt", "x");
    write(".gitignore", "# out\n/build/\n.env\nnotes/\n");
    write(".env", "KEY");
    write("notes/idea.txt", "mine");
    ShadowRepository repository = open();
    const Snapshot made = snap(repository);
    EXPECT_EQ(names(repository, made.info.id),
              (std::set<std::string>{".env", ".gitignore", "notes/idea.txt", "sub/code.py", "tools/build/keep.txt"}));
    std::set<std::string> left;
    for (const LeftOut& one : made.left_out) left.insert(one.path);
    EXPECT_EQ(left, (std::set<std::string>{"build", "cache", "env", "node_modules", "web/node_modules"}));
}

TEST_F(ShadowTest, ABuildFolderThatThePatternTakesBackIsKept) {
    write(".gitignore", "build\n!build\n");
    write("build/a", "x");
    write("web/.gitignore", "dist\n");
    write("web/dist/a", "x");
    write("other/dist/a", "x");
    ShadowRepository repository = open();
    EXPECT_EQ(names(repository, snap(repository).info.id),
              (std::set<std::string>{".gitignore", "build/a", "web/.gitignore", "other/dist/a"}));
}

TEST_F(ShadowTest, TellsWhatIsTooLargeAndTakesTheSmallestFirst) {
    ShadowOptions small = later();
    small.limits.file_bytes = 1000;
    small.limits.new_bytes = 1500;
    write("a-large", std::string(1001, 'x'));
    write("b-medium", std::string(1000, 'y'));
    write("c-small", std::string(600, 'z'));
    ShadowRepository repository = open(small);
    const Snapshot made = snap(repository);
    EXPECT_EQ(names(repository, made.info.id), (std::set<std::string>{"c-small"}));
    ASSERT_EQ(made.left_out.size(), 2U);
    EXPECT_EQ(made.left_out[0].path, "a-large");
    EXPECT_EQ(made.left_out[1].path, "b-medium");
    // What did not fit comes with the next, which has room again.
    snap(repository);
    EXPECT_EQ(names(repository, snap(repository).info.id), (std::set<std::string>{"b-medium", "c-small"}));
}

TEST_F(ShadowTest, FollowsNoLinkOutOfTheWorkspaceAndSkipsWhatIsNoFile) {
    fs::create_directories(dir_.path() / "outside");
    std::ofstream(dir_.path() / "outside/secret") << "s";
    fs::create_directory_symlink(dir_.path() / "outside", root() / "door");
    ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0600), 0);
    ShadowRepository repository = open();
    EXPECT_EQ(names(repository, snap(repository).info.id), (std::set<std::string>{"door"}));
}

TEST_F(ShadowTest, ReadsNoConfigurationOfAnybody) {
    write(".gitattributes", "* filter=evil text eol=crlf diff=evil\n");
    write("a", "x\r\ny\n");
    write(".git/config", "[filter \"evil\"]\n\tclean = touch " + (dir_.path() / "ran").string() + "\n\trequired\n");
    const fs::path home = dir_.path() / "home";
    fs::create_directories(home);
    std::ofstream(home / ".gitconfig") << "[core]\n\tautocrlf = true\n\thooksPath = /\n[broken\n";
    ::setenv("HOME", home.c_str(), 1);
    ShadowRepository repository = open();
    const Snapshot made = snap(repository);
    EXPECT_EQ(text(repository, made.info.id, "a"), "x\r\ny\n");
    const auto diff = repository.diff("", made.info.id);
    ASSERT_TRUE(diff) << diff.error().message;
    EXPECT_NE(diff->find("+x\r\n"), std::string::npos);
    EXPECT_FALSE(fs::exists(dir_.path() / "ran"));
    EXPECT_EQ(read_file(root() / ".git/config")->find("[filter"), 0U);
}

TEST_F(ShadowTest, WritesAPatchThatGitAppliesWithModesAndNames) {
    if (::system("git --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no git to apply the patch";
    write("edit", "a\nb\nc\n");
    write("chmod", "#!/bin/sh\n");
    write("gone", "x\n");
    write("n\xc3\xa4me", "1\n");
    ShadowRepository repository = open();
    const Snapshot before = snap(repository);
    const fs::path copy = dir_.path() / "copy";
    fs::copy(root(), copy, fs::copy_options::recursive);
    write("edit", "a\nB\nc\n");
    write("chmod", "#!/bin/sh\n", 0755);
    fs::remove(root() / "gone");
    write("n\xc3\xa4me", "2\n");
    write("new/er", "z", 0755);
    const Snapshot after = snap(repository);
    const auto patch = repository.diff(before.info.id, after.info.id);
    ASSERT_TRUE(patch);
    std::ofstream(dir_.path() / "patch") << *patch;
    const std::string apply = "cd " + shell_quote(copy.string()) + " && git apply --whitespace=nowarn ../patch 2>&1";
    EXPECT_EQ(::system(apply.c_str()), 0) << *patch;
    const std::string same = "diff -r " + shell_quote(copy.string()) + " " + shell_quote(root().string());
    EXPECT_EQ(::system(same.c_str()), 0);
    struct stat info{};
    ASSERT_EQ(::stat((copy / "chmod").c_str(), &info), 0);
    EXPECT_NE(info.st_mode & 0100U, 0U);
    EXPECT_TRUE(repository.diff(after.info.id, after.info.id)->empty());
}

TEST_F(ShadowTest, FactsAttachmentsAndMarksComeBack) {
    write("a", "x");
    ShadowRepository repository = open();
    const Snapshot first =
        snap(repository, {"say \"hi\"\nkind: forged", {{"kind", "step"}}, {{"talk", {"1", "2"}}}, "", "head"});
    const Snapshot second = snap(repository, {"", {}, {}, first.info.id, "head"});
    const auto list = repository.list();
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), 2U);
    EXPECT_EQ((*list)[0].message, "say \"hi\" kind: forged");
    EXPECT_EQ((*list)[0].facts.at("kind"), "step");
    EXPECT_EQ((*list)[1].parent, first.info.id);
    EXPECT_EQ(repository.attached(first.info.id, "talk").value(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(repository.attached(second.info.id, "talk").error().code, ErrorCode::not_found);
    EXPECT_EQ(repository.marks()->at("head"), second.info.id);
    ASSERT_TRUE(repository.set_mark("head", first.info.id));
    EXPECT_EQ(repository.marks()->at("head"), first.info.id);
    EXPECT_FALSE(repository.set_mark("../x", first.info.id));
    EXPECT_FALSE(repository.set_mark("head", std::string(40, 'a')));
    EXPECT_FALSE(repository.find("; rm -rf").has_value());
    EXPECT_FALSE(repository.snapshot({"x", {{"kind", "a\nb"}}, {}, "", ""}).has_value());
}

TEST_F(ShadowTest, PruningKeepsTheNewestAndWhatItIsAskedToAndNothingElse) {
    ShadowOptions few = options();
    few.limits.snapshots = 3;
    ShadowRepository repository = open(few);
    std::vector<std::string> ids;
    for (int i = 0; i < 8; ++i) {
        write("a", std::string(3000, static_cast<char>('a' + i)));
        ids.push_back(snap(repository, {"x", {}, {}, "", "m" + std::to_string(i)}).info.id);
    }
    EXPECT_TRUE(repository.wants_pruning().value());
    EXPECT_EQ(repository.prune([&](const SnapshotInfo& info) { return info.id == ids[1]; }).value(), 5U);
    std::vector<std::string> left;
    const auto list = repository.list();
    ASSERT_TRUE(list);
    for (const SnapshotInfo& info : *list) left.push_back(info.id);
    EXPECT_EQ(left, (std::vector<std::string>{ids[1], ids[6], ids[7]}));
    EXPECT_EQ(text(repository, ids[1], "a"), std::string(3000, 'b'));
    EXPECT_EQ(repository.marks()->size(), 3U);
    EXPECT_FALSE(repository.attached(ids[0], "x").has_value()) << "the object itself is gone";
    write("a", std::string(3000, 'a'));
    EXPECT_EQ(text(repository, snap(repository).info.id, "a"), std::string(3000, 'a'));
    if (::system("git --version >/dev/null 2>&1") == 0) {
        EXPECT_EQ(git(repository, "fsck --full --strict"), 0);
    }
}

TEST_F(ShadowTest, ADamagedOrForeignStatCacheIsReadAgain) {
    for (int i = 0; i < 20; ++i) write("f" + std::to_string(i), "text");
    ShadowRepository repository = open(later());
    const Snapshot first = snap(repository);
    std::string bytes = read_file(repository.folder() / "stat-cache").value();
    for (const std::string& broken : {std::string(), bytes.substr(0, bytes.size() / 2), std::string(200, 'x'),
                                      std::string(bytes).replace(bytes.size() / 2, 1, "?")}) {
        std::ofstream(repository.folder() / "stat-cache", std::ios::binary | std::ios::trunc) << broken;
        const Snapshot again = snap(repository);
        EXPECT_EQ(again.info.files, first.info.files);
        EXPECT_EQ(again.files_read, 20U);
    }
}

TEST_F(ShadowTest, ADamagedObjectIsAnErrorAndNoCrash) {
    write("a", "x");
    ShadowRepository repository = open();
    const Snapshot made = snap(repository);
    for (const auto& entry : fs::recursive_directory_iterator(repository.folder() / "objects")) {
        if (!entry.is_regular_file()) continue;
        ::chmod(entry.path().c_str(), 0600);
        std::ofstream(entry.path(), std::ios::trunc) << "garbage";
    }
    EXPECT_EQ(repository.list().error().code, ErrorCode::corrupt);
    EXPECT_EQ(repository.diff("", made.info.id).error().code, ErrorCode::corrupt);
    std::ofstream(repository.folder() / "packed-refs", std::ios::trunc) << "zz\n\n";
    EXPECT_EQ(repository.marks().error().code, ErrorCode::corrupt);
}

TEST_F(ShadowTest, IsPrivateAndRefusesAPlaceInsideTheProject) {
    write("a", "x");
    ShadowRepository repository = open();
    snap(repository);
    for (const auto& entry : fs::recursive_directory_iterator(shadow_dir())) {
        struct stat info{};
        ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0077U, 0U) << entry.path();
    }
    EXPECT_EQ(ShadowRepository::open(root(), {root() / "data", {}, {}, {}}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(ShadowRepository::open(root() / "none", options()).error().code, ErrorCode::not_found);
    EXPECT_EQ(ShadowRepository::open(root(), {{}, {}, {}, {}}).error().code, ErrorCode::unavailable);
}

TEST_F(ShadowTest, SeveralProcessesAtOnceLoseNothing) {
    constexpr int kProcesses = 4;
    constexpr int kEach = 10;
    std::vector<pid_t> children;
    for (int p = 0; p < kProcesses; ++p) {
        const pid_t child = ::fork();
        if (child == 0) {
            bool good = true;
            for (int i = 0; i < kEach; ++i) {
                const std::string name = "p" + std::to_string(p) + "-" + std::to_string(i);
                std::ofstream(root() / name) << name;
                auto repository = ShadowRepository::open(root(), options());
                good = good && repository && repository->snapshot({name, {}, {}, "", "m" + std::to_string(p)});
            }
            ::_exit(good ? 0 : 1);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        EXPECT_EQ(status, 0);
    }
    ShadowRepository repository = open();
    const auto list = repository.list();
    ASSERT_TRUE(list);
    ASSERT_EQ(list->size(), static_cast<std::size_t>(kProcesses * kEach));
    for (const SnapshotInfo& info : *list) EXPECT_EQ(text(repository, info.id, info.message), info.message);
    EXPECT_EQ(repository.marks()->size(), static_cast<std::size_t>(kProcesses));
}

TEST_F(ShadowTest, KilledAtAnyStepItIsThereAsAWholeOrNotAtAll) {
    int step = 0;
    std::size_t seen = 0;
    for (bool killed = true; killed && step < 100; ++step) {
        const std::string name = "f" + std::to_string(step);
        write("file", name);
        write("sub/dir/file", name);
        const pid_t child = ::fork();
        if (child == 0) {
            int at = 0;
            ShadowOptions hooked = options();
            hooked.before_step = [&] {
                if (at++ == step) ::raise(SIGKILL);
            };
            auto repository = ShadowRepository::open(root(), std::move(hooked));
            ::_exit(repository && repository->snapshot({name, {}, {{"talk", {name}}}, "", "head"}) ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        killed = WIFSIGNALED(status);
        ASSERT_TRUE(killed || WEXITSTATUS(status) == 0);
        ShadowRepository repository = open();
        const auto list = repository.list();
        ASSERT_TRUE(list) << list.error().message;
        EXPECT_GE(list->size(), seen);
        seen = list->size();
        for (const SnapshotInfo& info : *list) {
            EXPECT_EQ(text(repository, info.id, "sub/dir/file"), info.message);
            EXPECT_EQ(repository.attached(info.id, "talk").value(), std::vector<std::string>{info.message});
        }
        if (!list->empty()) {
            EXPECT_EQ(repository.marks()->at("head"), list->back().id);
        }
    }
    EXPECT_GT(step, 8);
}

TEST_F(ShadowTest, WhatAMachineThatDiedLeftHalfWrittenIsSweptBeforeItCanBeTakenForGood) {
    for (int i = 0; i < 100; ++i) write("f" + std::to_string(i), "text " + std::to_string(i));
    const pid_t child = ::fork();
    if (child == 0) {
        int at = 0;
        ShadowOptions hooked = options();
        hooked.before_step = [&] {
            if (at++ == 50) ::raise(SIGKILL);
        };
        auto repository = ShadowRepository::open(root(), std::move(hooked));
        static_cast<void>(repository->snapshot({"x", {}, {}, "", ""}));
        ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    ShadowRepository repository = open();
    // As after a loss of power: the names are there, the bytes are not.
    for (const auto& entry : fs::recursive_directory_iterator(repository.folder() / "objects")) {
        if (!entry.is_regular_file()) continue;
        fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);  // objects are read-only
        fs::resize_file(entry.path(), 0);
    }
    const Snapshot made = snap(repository);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(text(repository, made.info.id, "f" + std::to_string(i)), "text " + std::to_string(i));
    }
}

TEST_F(ShadowTest, AnOrdinaryUserCannotReadEverythingAndIsTold) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
    constexpr uid_t kUser = 1234;
    write("mine", "x");
    write("locked", "y", 0600);
    fs::create_directories(root() / "closed");
    ASSERT_EQ(::chmod((root() / "closed").c_str(), 0700), 0);
    fs::permissions(dir_.path(), fs::perms::all);
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setgid(kUser) != 0 || ::setuid(kUser) != 0) ::_exit(9);
        auto repository = ShadowRepository::open(root(), {dir_.path() / "user/checkpoints", {}, {}, {}});
        if (!repository) ::_exit(2);
        const auto made = repository->snapshot({"x", {}, {}, "", ""});
        if (!made) ::_exit(3);
        const bool told =
            made->left_out == std::vector<LeftOut>{{"closed", "cannot be read"}, {"locked", "cannot be read"}};
        ::_exit(told && made->files == 1 ? 0 : 4);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_EQ(ShadowRepository::open(root(), {dir_.path() / "user/checkpoints", {}, {}, {}}).error().code,
              ErrorCode::denied);
}

}  // namespace
}  // namespace ec::vcs
