// Six thousand runs a minute, held: small programs start on a timetable, and nothing may have grown at the end.
//
// EC_SOAK_SECONDS says how long (default: ten minutes). EC_SOAK_MIX names the programs, in the order in which they take
// turns (default: "true,true,true,python,node"). The rate that was reached is printed; a slow machine is no failure.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <ec/core/text.hpp>
#include <thread>

#include "sandbox_fixture.hpp"
#include "soak_sizes.hpp"

namespace ec::executor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRounds = 12;
constexpr int kWarmUp = 3;
constexpr long kTenMinutes = 600;
constexpr std::chrono::nanoseconds kBetweenStarts{60'000'000'000 / 6000};
constexpr int kWorkers = 4;

class SandboxRate : public testing::SandboxTest {
protected:
    void SetUp() override {
        ASSERT_EQ(::setenv("TMPDIR", temporary_.path().c_str(), 1), 0);
        ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
        write("kept.txt", "as it was\n");
        const char* mix = std::getenv("EC_SOAK_MIX");
        for (const std::string_view name : split(mix == nullptr ? "true,true,true,python,node" : mix, ',')) {
            mix_.push_back(program(name));
        }
    }
    void TearDown() override { ::unsetenv("TMPDIR"); }

    static RunSpec program(std::string_view name) {
        RunSpec spec;
        if (name == "true") spec.argv = {"/bin/true"};
        if (name == "python") spec.argv = {"python3", "-c", "pass"};
        if (name == "node") spec.argv = {"node", "-e", "0"};
        EXPECT_FALSE(spec.argv.empty()) << "EC_SOAK_MIX names " << name << "; it knows true, python and node";
        return spec;
    }

    // Run number n is due at `start` + n * kBetweenStarts; who is late starts at once, so that time lost is caught up.
    void work(Clock::time_point start, Clock::time_point end) {
        while (!HasFailure()) {
            const std::size_t number = runs_++;
            const auto due = start + number * kBetweenStarts;
            if (due >= end || Clock::now() >= end) {
                --runs_;
                return;
            }
            // A timetable, not a wait for something to happen.
            std::this_thread::sleep_until(due);
            const auto result = sandbox_->run(mix_[number % mix_.size()]);
            ASSERT_TRUE(result) << result.error().message;
            ASSERT_EQ(result->status, RunStatus::ok) << result->reason << result->err;
        }
    }

    void round(Clock::time_point start, Clock::time_point end) {
        open();
        {
            std::array<std::jthread, kWorkers> workers;
            for (std::jthread& worker : workers) worker = std::jthread([&] { work(start, end); });
        }
        sandbox_.reset();
    }

    TempDir temporary_ = std::move(*TempDir::create("sandbox-rate-"));
    std::vector<RunSpec> mix_;
    std::atomic<std::size_t> runs_{0};
};

TEST_F(SandboxRate, NothingGrowsAtSixThousandRunsAMinute) {
    const auto length = testing::soak_time(kTenMinutes, kRounds);
    const auto start = Clock::now();
    testing::Sizes first;
    testing::print_heading();
    for (int number = 1; number <= kRounds && !HasFailure(); ++number) {
        round(start, start + length * number / kRounds);
        const testing::Sizes sizes = testing::Sizes::now(temporary_.path());
        if (number <= kWarmUp) first = sizes;
        testing::print_row(number, runs_.load(), sizes);
        testing::expect_no_growth(first, sizes);
    }
    const double minutes = std::chrono::duration<double, std::ratio<60>>(Clock::now() - start).count();
    const double rate = static_cast<double>(runs_.load()) / minutes;
    fmt::print("{:.0f} runs a minute over {:.1f} minutes{}\n", rate, minutes,
               rate < 5990 ? ": below the 6000 asked for" : "");
    RecordProperty("runs_a_minute", static_cast<int>(rate));
    EXPECT_GT(runs_.load(), static_cast<std::size_t>(length.count())) << "too few runs to show anything";
}

}  // namespace
}  // namespace ec::executor
