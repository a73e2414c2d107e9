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

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kRounds = 12;
constexpr int kWarmUp = 3;
constexpr long kMemoryRoomKb = 4096;       // what the allocator may still spread to after the warm-up
constexpr long kNamespacesInFlight = 500;  // the kernel takes dead ones down later, and other programs make some

std::chrono::seconds soak_time() {
    const char* text = std::getenv("EC_SOAK_SECONDS");
    const long seconds = text == nullptr ? 3600 : std::strtol(text, nullptr, 10);
    return std::chrono::seconds(std::max(kRounds + 0L, seconds));
}

long entries(const fs::path& dir) {
    std::error_code error;
    return std::distance(fs::directory_iterator(dir, error), fs::directory_iterator{});
}

long number_after(const std::string& text, std::string_view name) {
    const std::size_t at = text.find(name);
    return at == std::string::npos ? -1 : std::strtol(text.c_str() + at + name.size(), nullptr, 10);
}

// Whatever of ours is orphaned comes to this process (a subreaper), so its children are all there can be.
long children() {
    long count = 0;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
        const auto text = read_file(task.path() / "children", 1 << 20);
        if (text) count += std::count(text->begin(), text->end(), ' ');
    }
    return count;
}

// What they are, for the message when there should be none.
std::string names_of_children() {
    std::string names;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
        const std::string pids = read_file(task.path() / "children", 1 << 20).value_or("");
        for (const std::string_view pid : split(trim(pids), ' ')) {
            const auto status = read_file(fs::path("/proc") / pid / "status", 1 << 20);
            if (!pid.empty() && status) names += *status;
        }
    }
    return names;
}

// Groups that carry this process's number, wherever the control group file systems are mounted.
long control_groups() {
    const std::string prefix = fmt::format("edgecoder-{}-", ::getpid());
    long count = 0;
    std::error_code error;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at("/sys/fs/cgroup", kSkip, error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().filename().string().starts_with(prefix)) ++count;
    }
    return count;
}

struct Sizes {
    long memory_kb = 0;
    long descriptors = 0;
    long processes = 0;
    long mounts = 0;
    long groups = 0;
    long temporary = 0;
    long namespaces = -1;  ///< network namespaces of the whole machine; -1: not shown to an ordinary user

    static Sizes now(const fs::path& temporary) {
        Sizes sizes;
        sizes.memory_kb = number_after(read_file("/proc/self/status", 1 << 20).value_or(""), "VmRSS:");
        sizes.descriptors = entries("/proc/self/fd");
        sizes.processes = children();
        const std::string mounts = read_file("/proc/self/mountinfo", 16 << 20).value_or("");
        sizes.mounts = std::count(mounts.begin(), mounts.end(), '\n');
        sizes.groups = control_groups();
        sizes.temporary = entries(temporary);
        sizes.namespaces = number_after(read_file("/proc/slabinfo", 16 << 20).value_or(""), "\nnet_namespace");
        return sizes;
    }
};

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
        while (children() == 0) std::this_thread::yield();
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

void expect_no_growth(const Sizes& first, const Sizes& last) {
    EXPECT_LE(last.memory_kb, first.memory_kb + kMemoryRoomKb) << "memory of this process";
    EXPECT_LE(last.descriptors, first.descriptors) << "open descriptors";
    EXPECT_EQ(last.processes, 0) << "processes left behind:\n" << names_of_children();
    EXPECT_LE(last.mounts, first.mounts) << "mounts";
    EXPECT_EQ(last.groups, 0) << "control groups left behind";
    EXPECT_LE(last.temporary, first.temporary) << "temporary files";
    EXPECT_LE(last.namespaces, first.namespaces + kNamespacesInFlight) << "network namespaces";
}

TEST_F(SandboxSoak, NothingGrowsOverThousandsOfRuns) {
    const auto length = soak_time();
    const auto start = Clock::now();
    Sizes first;
    fmt::print("{:>6}{:>9}{:>10}{:>6}{:>7}{:>8}{:>8}{:>6}{:>8}\n", "round", "runs", "memory kB", "fds", "procs",
               "mounts", "groups", "tmp", "netns");
    for (int number = 1; number <= kRounds && !HasFailure(); ++number) {
        round(start + length * number / kRounds);
        const Sizes sizes = Sizes::now(temporary_.path());
        if (number <= kWarmUp) first = sizes;
        fmt::print("{:>6}{:>9}{:>10}{:>6}{:>7}{:>8}{:>8}{:>6}{:>8}\n", number, runs_.load(), sizes.memory_kb,
                   sizes.descriptors, sizes.processes, sizes.mounts, sizes.groups, sizes.temporary, sizes.namespaces);
        std::fflush(stdout);
        expect_no_growth(first, sizes);
    }
    RecordProperty("runs", static_cast<int>(runs_.load()));
    EXPECT_GT(runs_.load(), static_cast<std::size_t>(length.count())) << "too few runs to show anything";
}

}  // namespace
}  // namespace ec::executor
