// What a lent machine does with tasks, in the real sandbox.
#include "swarm/swarm_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ec/core/fs.hpp>

#include "swarm/tree_patch.hpp"

namespace ec::apps {
namespace {

using swarm::Outcome;
using swarm::TaskKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kBroken =
    "def largest(items):\n    best = items[0]\n    for item in items:\n"
    "        if item < best:\n            best = item\n    return best\n";
constexpr std::string_view kTest =
    "import unittest\nfrom largest import largest\n\n\nclass T(unittest.TestCase):\n"
    "    def test_one(self):\n        self.assertEqual(largest([1, 3, 2]), 3)\n";
constexpr std::string_view kImpossible =
    "import unittest\nfrom largest import largest\n\n\n"
    "class T(unittest.TestCase):\n    def test_one(self):\n"
    "        largest([1])\n        self.fail(\"whatever it gives\")\n";
constexpr std::string_view kFix =
    "diff --git a/largest.py b/largest.py\n--- a/largest.py\n+++ b/largest.py\n"
    "@@ -1,6 +1,6 @@\n def largest(items):\n     best = items[0]\n     for item in items:\n"
    "-        if item < best:\n+        if item > best:\n             best = item\n"
    "     return best\n";

class SwarmRunnerTest : public ::testing::Test {
protected:
    SwarmRunnerTest() {
        ::setenv("EDGECODER_DATA_DIR", data_.path().c_str(), 1);
        put("largest.py", kBroken);
        put("test_largest.py", kTest);
        runner_ = SwarmRunner::open({}).value();
    }
    void put(const std::string& path, std::string_view text) {
        ASSERT_TRUE(write_file_atomic(tree_.path() / path, text).has_value());
    }
    [[nodiscard]] std::string file(const std::string& path) const { return read_file(tree_.path() / path).value(); }
    [[nodiscard]] swarm::Work work(TaskKind kind) const {
        swarm::Work out;
        out.lease.kind = kind;
        out.job.test = "python3 -m unittest";
        out.job.kind = job_kind_;
        out.job.budget_s = budget_s_;
        out.folder = tree_.path();
        return out;
    }
    Result<swarm::WorkDone> run(const swarm::Work& work) {
        return runner_->run(work, [](std::string_view, int) {}, {});
    }
    swarm::TaskResult check(const std::string& patch, Outcome outcome = Outcome::solved) {
        swarm::Work verify = work(TaskKind::verify);
        swarm::TaskResult judged;
        judged.outcome = outcome;
        judged.patch = patch;
        verify.inputs.emplace_back("shard-0", judged);
        auto done = run(verify);
        EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
        return done ? done->result : swarm::TaskResult{};
    }
    TempDir data_ = TempDir::create().value();
    TempDir tree_ = TempDir::create().value();
    std::unique_ptr<SwarmRunner> runner_;
    swarm::JobKind job_kind_ = swarm::JobKind::repair;
    std::int64_t budget_s_ = 60;
};

TEST_F(SwarmRunnerTest, RepairsAndHandsInAPatchThatPasses) {
    const auto done = run(work(TaskKind::repair));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->result.outcome, Outcome::solved);
    EXPECT_EQ(done->result.failed_before, 1);
    EXPECT_EQ(done->result.failed_after, 0);
    EXPECT_EQ(file("largest.py"), kBroken) << "the tree stays as it was sent";
    EXPECT_EQ(check(done->result.patch).outcome, Outcome::passed);
}

TEST_F(SwarmRunnerTest, SaysOfTestsThatPassThatThereIsNothingToChange) {
    put("largest.py", "def largest(items):\n    return max(items)\n");
    const auto done = run(work(TaskKind::repair));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_TRUE(done->result.already_passing());
    EXPECT_EQ(done->result.passed_after, 1);
    EXPECT_THAT(done->result.tier, Not(IsEmpty()));
    EXPECT_EQ(check("").outcome, Outcome::passed);
    job_kind_ = swarm::JobKind::best_of;
    EXPECT_EQ(check("").outcome, Outcome::rejected) << "a change was asked for";
}

TEST_F(SwarmRunnerTest, SaysWhyATestCommandCannotWork) {
    swarm::Work broken = work(TaskKind::repair);
    broken.job.test = "no-such-command-anywhere --now";
    const auto done = run(broken);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->result.outcome, Outcome::nothing) << "trying it again would change nothing";
    EXPECT_THAT(done->result.reason, HasSubstr("cannot be started"));
}

TEST_F(SwarmRunnerTest, NeverHandsInATestThatWasBentUntilItPassed) {
    put("test_largest.py",
        "import unittest\n\n\nclass T(unittest.TestCase):\n    def test_one(self):\n"
        "        value = 1\n        self.assertEqual(value, 2)\n");
    budget_s_ = 10;
    const auto done = run(work(TaskKind::repair));
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->result.outcome, Outcome::nothing) << done->result.patch;
    EXPECT_THAT(done->result.reason, Not(IsEmpty()));
}

TEST_F(SwarmRunnerTest, FindsAFixInExactlyTheShareThatHoldsIt) {
    int solved = 0;
    for (int shard = 0; shard < 2; ++shard) {
        swarm::Work part = work(TaskKind::repair);
        part.lease.shard = shard;
        part.lease.shards = 2;
        const auto done = run(part);
        ASSERT_TRUE(done.has_value()) << done.error().message;
        solved += done->result.outcome == Outcome::solved ? 1 : 0;
    }
    EXPECT_GE(solved, 1);
    swarm::Work none = work(TaskKind::repair);
    none.lease.shard = 2;
    none.lease.shards = 2;
    EXPECT_EQ(run(none).error().code, ErrorCode::invalid_argument);
}

TEST_F(SwarmRunnerTest, PassesAPatchThatDoesWhatItSays) {
    EXPECT_EQ(check(std::string(kFix)).outcome, Outcome::passed);
}

TEST_F(SwarmRunnerTest, RejectsPatchesThatDoNot) {
    EXPECT_EQ(check("").outcome, Outcome::rejected) << "nothing changed, and the tests fail";
    EXPECT_EQ(check("no patch at all").outcome, Outcome::rejected);
    std::string other(kFix);
    other.replace(other.find("best = items[0]\n     for"), 4, "bset");
    EXPECT_THAT(check(other).reason, HasSubstr("does not fit"));
}

TEST_F(SwarmRunnerTest, RejectsPatchesOfWhatSaysWhenAChangeIsRight) {
    std::string test(kTest);
    const std::string patch =
        vcs::unified_patch({{"test_largest.py", test, test.substr(0, test.find("    def")) + "    pass\n"}}).value();
    EXPECT_THAT(check(patch).reason, HasSubstr("test_largest.py"));
    const std::string steers = vcs::unified_patch({{"sitecustomize.py", "", "import os\nos._exit(0)\n", true}}).value();
    EXPECT_THAT(check(steers).reason, HasSubstr("sitecustomize.py"));
    const std::string hook = vcs::unified_patch({{".vscode/tasks.json", "", "{}\n", true}}).value();
    EXPECT_THAT(check(hook).reason, HasSubstr(".vscode"));
    EXPECT_FALSE(std::filesystem::exists(tree_.path() / ".vscode"));
}

TEST_F(SwarmRunnerTest, WritesThroughNoLink) {
    TempDir outside = TempDir::create().value();
    std::filesystem::create_directory_symlink(outside.path(), tree_.path() / "lib");
    const std::string patch = vcs::unified_patch({{"lib/new.py", "", "x = 1\n", true}}).value();
    EXPECT_EQ(check(patch).outcome, Outcome::rejected);
    EXPECT_TRUE(std::filesystem::is_empty(outside.path()));
    EXPECT_FALSE(files_of_patch("diff --git a/../x b/../x\nnew file mode 100644\n--- /dev/null\n+++ b/../x\n"
                                "@@ -0,0 +1 @@\n+x\n",
                                tree_.path())
                     .has_value());
}

TEST_F(SwarmRunnerTest, ChecksThatThereIsNothingBySearchingAgain) {
    EXPECT_EQ(check("", Outcome::nothing).outcome, Outcome::rejected) << "there is a fix";
    put("test_largest.py", kImpossible);
    budget_s_ = 3;
    EXPECT_EQ(check("", Outcome::nothing).outcome, Outcome::passed);
}

TEST_F(SwarmRunnerTest, RunsAPartOnWhatItStandsOn) {
    swarm::Work part = work(TaskKind::subtask);
    swarm::TaskResult before;
    before.outcome = Outcome::solved;
    before.patch = kFix;
    part.inputs.emplace_back("part-1", before);
    const auto done = run(part);
    ASSERT_TRUE(done.has_value()) << done.error().message;
    EXPECT_EQ(done->result.reason, "already_passing");
    EXPECT_THAT(done->result.patch, IsEmpty());
}

TEST_F(SwarmRunnerTest, DoesOnlyWhatItOffers) {
    EXPECT_EQ(run(work(TaskKind::decompose)).error().code, ErrorCode::unavailable);
    EXPECT_EQ(run(work(TaskKind::attempt)).error().code, ErrorCode::unavailable) << "without a model";
    EXPECT_EQ(SwarmRunner::open({.kinds = {TaskKind::attempt}}).error().code, ErrorCode::invalid_argument);
    const auto only = SwarmRunner::open({.kinds = {TaskKind::verify}, .memory_mb = 512, .slots = 2}).value();
    EXPECT_THAT(only->offer().kinds, ::testing::ElementsAre(TaskKind::verify));
    EXPECT_EQ(only->offer().memory_mb, 512);
    EXPECT_THAT(only->offer().languages, ::testing::Contains("python"));
}

TEST_F(SwarmRunnerTest, KeepsProgramsWithinTheOwnersMemory) {
    put("largest.py", "def largest(items):\n    return max(items)\n\n\nhoard = bytearray(300 << 20)\n");
    EXPECT_EQ(check("").outcome, Outcome::passed);
    runner_ = SwarmRunner::open({.memory_mb = 100}).value();
    EXPECT_EQ(check("").outcome, Outcome::rejected);
}

}  // namespace
}  // namespace ec::apps
