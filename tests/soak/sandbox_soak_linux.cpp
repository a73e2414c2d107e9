// Thousands of sandboxed runs of every kind of ending, and nothing may have grown at the end: this process's memory and
// descriptors, processes, mounts, control groups, temporary files, the kernel's network namespaces.
//
// EC_SOAK_SECONDS says how long (default: an hour). The first rounds warm up; each later one is held against them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <functional>
#include <optional>
#include <stop_token>
#include <thread>

#include "sandbox_fixture.hpp"
#include "soak_sizes.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kRounds = 12;
constexpr int kWarmUp = 3;
constexpr long kHour = 3600;

class SandboxSoak : public testing::SandboxTest {
protected:
    void SetUp() override {
        ASSERT_EQ(::setenv("TMPDIR", temporary_.path().c_str(), 1), 0);
        ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        write("kept.txt", "as it was\n");
        write("package/deep/module.py", "value = 1\n");
    }
    void TearDown() override { ::unsetenv("TMPDIR"); }

    RunResult ran(const RunSpec& spec, RunStatus wanted, std::stop_token stop = {}) {
        auto result = sandbox_->run(spec, stop);
        if (!result) {
            ADD_FAILURE() << result.error().message;
            return {};
        }
        EXPECT_EQ(result->status, wanted) << spec.argv.back() << "\n" << result->reason << result->err;
        return std::move(*result);
    }

    static RunSpec shell(const std::string& script) {
        RunSpec spec;
        spec.argv = {"sh", "-c", script};
        return spec;
    }

    void plain() { ran(shell("exit 0"), RunStatus::ok); }
    void failing() { ran(shell("exit 3"), RunStatus::failed); }
    void missing_program() {
        RunSpec spec;
        spec.argv = {"no-such-program"};
        EXPECT_TRUE(sandbox_->run(spec));
    }
    void changing_files() {
        RunSpec spec = shell(
            "echo new >new.txt; rm kept.txt; mkdir -p a/b; echo x >a/b/c; cat package/deep/module.py; "
            "echo r >\"$OUT/report\"");
        spec.edits = {{"package/deep/module.py", "value = 2\n"}, {"package/extra.py", "pass\n"}};
        spec.support_files = {{"helper.txt", "help"}};
        spec.artifact_dir = artifact_dir();
        spec.environment = {{"OUT", spec.artifact_dir}};
        spec.collect_change_contents = true;
        const RunResult result = ran(spec, RunStatus::ok);
        EXPECT_EQ(result.out, "value = 2\n");
        EXPECT_EQ(result.artifacts.size(), 1U);
        EXPECT_EQ(result.changes.size(), 3U);
    }
    void much_output() {
        const RunResult result =
            ran(shell("head -c 3000000 /dev/zero | tr '\\0' x; head -c 100000 /dev/zero >&2"), RunStatus::ok);
        EXPECT_TRUE(result.truncated);
    }
    void children_left_behind() {
        ran(shell("(sleep 1000 & sleep 1000 &) ; setsid sleep 1000 & exit 0"), RunStatus::ok);
    }
    void out_of_time() {
        RunSpec spec = shell("sleep 1000");
        spec.limits.wall = milliseconds(30);
        ran(spec, RunStatus::timeout);
    }
    void out_of_memory() {
        RunSpec spec;
        spec.argv = {"python3", "-c", "x = bytearray(300 << 20)"};
        spec.limits.memory_bytes = 64 << 20;
        auto result = sandbox_->run(spec);
        ASSERT_TRUE(result);
        EXPECT_FALSE(result->ok());
    }
    void cancelled() {
        std::stop_source source;
        std::optional<Result<RunResult>> result;
        RunSpec spec = shell("echo begun; sleep 1000");
        std::jthread runner([&] { result.emplace(sandbox_->run(spec, source.get_token())); });
        while (testing::children() == 0) std::this_thread::yield();
        source.request_stop();
        runner.join();
        EXPECT_FALSE(result->has_value());
    }
    std::unique_ptr<Session> echo() {
        RunSpec spec = shell("exec cat <&3 >&4");
        spec.limits.wall = milliseconds(0);
        auto session = sandbox_->open(spec);
        if (!session) {
            ADD_FAILURE() << session.error().message;
            return nullptr;
        }
        return std::move(*session);
    }
    void conversation() {
        const auto session = echo();
        ASSERT_NE(session, nullptr);
        for (const std::size_t size : {1U, 1000U, 200'000U}) {
            const std::string frame(size, 'f');
            ASSERT_TRUE(session->send(frame));
            const auto answer = session->receive(std::chrono::seconds(20));
            ASSERT_TRUE(answer) << answer.error().message;
            EXPECT_EQ(*answer, frame);
        }
        EXPECT_EQ(session->finish(std::chrono::seconds(20)).status, RunStatus::ok);
    }
    void dropped_conversation() {
        const auto session = echo();
        ASSERT_NE(session, nullptr);
        EXPECT_TRUE(session->send("nobody waits for the answer"));
    }

    // The cheap ones come more often than the dear ones.
    void one(std::size_t number) {
        using Kind = void (SandboxSoak::*)();
        static constexpr std::array<Kind, 20> kKinds = {
            &SandboxSoak::plain,          &SandboxSoak::failing,         &SandboxSoak::changing_files,
            &SandboxSoak::plain,          &SandboxSoak::conversation,    &SandboxSoak::children_left_behind,
            &SandboxSoak::plain,          &SandboxSoak::missing_program, &SandboxSoak::cancelled,
            &SandboxSoak::changing_files, &SandboxSoak::plain,           &SandboxSoak::out_of_time,
            &SandboxSoak::failing,        &SandboxSoak::plain,           &SandboxSoak::dropped_conversation,
            &SandboxSoak::changing_files, &SandboxSoak::plain,           &SandboxSoak::much_output,
            &SandboxSoak::plain,          &SandboxSoak::out_of_memory};
        std::invoke(kKinds[number % kKinds.size()], this);
    }

    // Two threads share one sandbox until the round is over; then the sandbox goes, and with it all it holds.
    void round(Clock::time_point end) {
        open();
        {
            std::array<std::jthread, 2> workers;
            for (std::jthread& worker : workers) {
                worker = std::jthread([&] {
                    while (Clock::now() < end && !HasFailure()) one(runs_++);
                });
            }
        }
        sandbox_.reset();
    }

    TempDir temporary_ = std::move(*TempDir::create("sandbox-soak-"));
    std::atomic<std::size_t> runs_{0};
};

TEST_F(SandboxSoak, NothingGrowsOverThousandsOfRuns) {
    const auto length = testing::soak_time(kHour, kRounds);
    const auto start = Clock::now();
    testing::Sizes first;
    testing::print_heading();
    for (int number = 1; number <= kRounds && !HasFailure(); ++number) {
        round(start + length * number / kRounds);
        const testing::Sizes sizes = testing::Sizes::now(temporary_.path());
        if (number <= kWarmUp) first = sizes;
        testing::print_row(number, runs_.load(), sizes);
        testing::expect_no_growth(first, sizes);
    }
    RecordProperty("runs", static_cast<int>(runs_.load()));
    EXPECT_GT(runs_.load(), static_cast<std::size_t>(length.count())) << "too few runs to show anything";
}

}  // namespace
}  // namespace ec::executor
