// The macOS port with a stand-in for sandbox-exec: everything but what Seatbelt itself would stop.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <fstream>
#include <optional>
#include <thread>

#include "process_group.hpp"

namespace ec::executor {

namespace {
GroupUsage g_usage;  // what the system would say
}

GroupUsage usage_of_group(pid_t) { return g_usage; }

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SeatbeltPort : public ::testing::Test {
protected:
    void SetUp() override {
        // The port refuses root; whoever started these tests need not, and is root again for writing their report.
        root_ = ::geteuid() == 0;
        if (root_ && (::setresgid(1234, 1234, 0) != 0 || ::setresuid(1234, 1234, 0) != 0))
            GTEST_FAIL() << "cannot become an ordinary user";
        dir_.emplace(std::move(*TempDir::create()));
        fs::create_directory(root());
        std::ofstream(root() / "a.txt") << "a";
        g_usage = {};
    }
    void TearDown() override {
        dir_.reset();
        if (root_ && (::setresuid(0, 0, 0) != 0 || ::setresgid(0, 0, 0) != 0))
            GTEST_FAIL() << "cannot become root again";
    }
    bool root_ = false;

    fs::path root() const { return fs::canonical(dir_->path()) / "project"; }

    /// A sandbox-exec that checks how it is called and stops the self-test's trial as Seatbelt would.
    fs::path confiner(
        const std::string& first = "case \"$*\" in *selftest-canary*) echo ready >&3; echo started; exit 0;; esac") {
        const fs::path path = dir_->path() / "sandbox-exec";
        std::ofstream(path)
            << "#!/bin/sh\n[ \"$1\" = -p ] || exit 64\ncase \"$2\" in '(version 1)'*) ;; *) exit 65;; esac\n"
            << first << "\nshift 2\nexec \"$@\"\n";
        ::chmod(path.c_str(), 0755);
        return path;
    }
    Result<std::unique_ptr<Sandbox>> open(const fs::path& with) {
        SandboxOptions options;
        options.reduced_consent = [](const fs::path&) { return true; };
        options.workspace = root();
        options.box = with;
        return open_sandbox(options);
    }
    RunResult run(RunSpec spec) {
        auto sandbox = open(confiner());
        if (!sandbox) throw std::runtime_error(sandbox.error().message);
        auto result = (*sandbox)->run(spec);
        if (!result) throw std::runtime_error(result.error().message);
        return std::move(*result);
    }
    RunResult sh(const std::string& script) {
        RunSpec spec;
        spec.argv = {"sh", "-c", script};
        spec.collect_change_contents = true;
        return run(std::move(spec));
    }

    std::optional<TempDir> dir_;
};

TEST_F(SeatbeltPort, RunsInACopyAndTellsWhatChanged) {
    const RunResult result = sh("cat a.txt; echo b > b.txt; echo bad >&2; exit 3");
    EXPECT_EQ(result.status, RunStatus::failed) << result.reason;
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_EQ(result.out, "a");
    EXPECT_EQ(result.err, "bad\n");
    EXPECT_EQ(result.tier, "macOS-seatbelt");
    ASSERT_EQ(result.changes.size(), 1U);
    EXPECT_EQ(result.changes[0].path, "b.txt");
    EXPECT_EQ(result.changes[0].content, "b\n");
    EXPECT_FALSE(fs::exists(root() / "b.txt"));
}

TEST_F(SeatbeltPort, PathsAreRewrittenToWhereThingsLie) {
    RunSpec spec;
    spec.artifact_dir = artifact_dir();
    spec.support_files = {{"helper.sh", "cat \"$1/a.txt\"; echo report > \"$2/report\"; echo $HOME; cat"}};
    spec.stdin_text = "typed";
    spec.argv = {"sh", std::string(kSupportDir) + "/helper.sh", root().string(), spec.artifact_dir};
    const RunResult result = run(std::move(spec));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_TRUE(result.out.starts_with("a/")) << result.out;
    EXPECT_THAT(result.out, HasSubstr("private/home\ntyped"));
    EXPECT_EQ(result.artifacts, (std::map<std::string, std::string>{{"report", "report\n"}}));
}

TEST_F(SeatbeltPort, WallClockAndFloodsEndTheRun) {
    RunSpec spec;
    spec.argv = {"sleep", "60"};
    spec.limits.wall = std::chrono::milliseconds(200);
    EXPECT_EQ(run(spec).status, RunStatus::timeout);
    spec.argv = {"sh", "-c", "yes"};
    spec.limits.wall = std::chrono::seconds(60);
    spec.limits.output_flood_bytes = 1 << 20;
    EXPECT_EQ(run(spec).status, RunStatus::output);
}

TEST_F(SeatbeltPort, FileSizesAndProcessorTimeAreLimited) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "exec dd if=/dev/zero of=big bs=1024 count=4096 2>/dev/null"};
    spec.limits.new_file_bytes = 1 << 20;
    EXPECT_EQ(run(spec).status, RunStatus::disk);
    spec.argv = {"sh", "-c", "while :; do :; done"};
    spec.limits.cpu = std::chrono::seconds(1);
    spec.limits.wall = std::chrono::seconds(60);
    EXPECT_EQ(run(spec).status, RunStatus::cpu);
}

TEST_F(SeatbeltPort, MemoryAndProcessesOfTheGroupAreWatched) {
    auto sandbox = open(confiner());
    ASSERT_TRUE(sandbox);
    RunSpec spec;
    spec.argv = {"sleep", "60"};
    spec.limits.wall = std::chrono::seconds(60);
    g_usage = {1, spec.limits.memory_bytes + 1};
    EXPECT_EQ((*sandbox)->run(spec)->status, RunStatus::memory);
    g_usage = {spec.limits.processes + 1, 0};
    EXPECT_EQ((*sandbox)->run(spec)->status, RunStatus::pids);
}

TEST_F(SeatbeltPort, TheGroupEndsWithTheProgramAndIsNotWaitedFor) {
    const RunResult result = sh("sleep 600 & echo $!");
    EXPECT_EQ(result.status, RunStatus::ok);
    EXPECT_LT(result.wall, std::chrono::seconds(300));
    const pid_t left = std::stoi(result.out);
    // Killed is not yet dead.
    const auto state = [left]() -> std::string {
        const auto stat = read_file("/proc/" + std::to_string(left) + "/stat");
        return stat ? stat->substr(stat->rfind(')') + 2, 1) : "Z";
    };
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (state() != "Z" && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_EQ(state(), "Z") << "still running";
}

TEST_F(SeatbeltPort, AConfinerThatDoesNotConfineIsRefused) {
    const auto sandbox = open(confiner(""));
    ASSERT_FALSE(sandbox);
    EXPECT_EQ(sandbox.error().code, ErrorCode::unavailable);
    EXPECT_THAT(sandbox.error().message, HasSubstr("does not confine"));
}

TEST_F(SeatbeltPort, AConfinerThatRefusesTheProfileOrIsNotThereEndsInAReason) {
    for (const fs::path& program :
         {confiner("echo 'sandbox-exec: bad profile' >&2; exit 65"), fs::path("/nonexistent")}) {
        const auto sandbox = open(program);
        ASSERT_FALSE(sandbox);
        EXPECT_EQ(sandbox.error().code, ErrorCode::unavailable);
    }
    const auto probe = probe_isolation("/nonexistent", true);
    ASSERT_FALSE(probe);
}

TEST_F(SeatbeltPort, SessionsAreRefused) {
    auto sandbox = open(confiner());
    ASSERT_TRUE(sandbox);
    RunSpec spec;
    spec.argv = {"cat"};
    EXPECT_EQ((*sandbox)->open(spec).error().code, ErrorCode::unavailable);
    EXPECT_THAT((*sandbox)->isolation().notes, ::testing::Contains("isolation: reduced"));
}

TEST_F(SeatbeltPort, CancellingEndsTheRun) {
    auto sandbox = open(confiner());
    ASSERT_TRUE(sandbox);
    RunSpec spec;
    spec.argv = {"sleep", "60"};
    std::stop_source stop;
    std::jthread later([&] { stop.request_stop(); });
    const auto result = (*sandbox)->run(spec, stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace ec::executor
