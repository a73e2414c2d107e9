// A workspace of files, the real sandbox over it, and a judge as the engine would open it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/repair/driver_judge.hpp>
#include <fstream>
#include <string>
#include <vector>

namespace ec::repair::testing {

using namespace std::chrono_literals;

class JudgeTest : public ::testing::Test {
protected:
    void SetUp() override {
        auto made = TempDir::create("edgecoder-judge-");
        ASSERT_TRUE(made) << made.error().message;
        folder_ = std::make_unique<TempDir>(std::move(*made));
        // The sandbox drops to a uid of its own: the workspace must be readable to it, as a person's project is.
        std::filesystem::permissions(folder_->path(), std::filesystem::perms(0755));
        root_ = std::filesystem::canonical(folder_->path()) / "project";
        std::filesystem::create_directory(root_);
    }

    void write(const std::string& name, std::string_view content) const {
        std::filesystem::create_directories((root_ / name).parent_path());
        std::ofstream(root_ / name, std::ios::binary) << content;
    }

    [[nodiscard]] std::string read(const std::string& name) const { return read_file(root_ / name).value_or("?"); }

    void open(const std::string& command, std::size_t lanes = 1) {
        judge_.reset();
        executor::SandboxOptions options;
        options.workspace = root_;
        options.box = std::filesystem::path(std::getenv("EC_BIN_DIR")) / "edgecoder-box";
        options.read_only = read_only_;
        auto sandbox = executor::open_sandbox(options);
        ASSERT_TRUE(sandbox) << sandbox.error().message;
        sandbox_ = std::move(*sandbox);
        auto spec = python_driver(executor::recognise_test_command(command, root_), root_);
        if (!spec) spec = node_driver(executor::recognise_test_command(command, root_), root_);
        ASSERT_TRUE(spec) << spec.error().message;
        auto judge = DriverJudge::start(*sandbox_, std::move(*spec), lanes, 1);
        ASSERT_TRUE(judge) << judge.error().message;
        judge_ = std::move(*judge);
    }

    /// Opens a judge for `command` and runs the unchanged program.
    void observe(const std::string& command, std::size_t lanes = 1, int repeats = 3) {
        open(command, lanes);
        if (HasFatalFailure()) return;
        auto run = judge_->observe_baseline(repeats, 30s, {});
        ASSERT_TRUE(run) << run.error().message;
        baseline_ = std::move(*run);
    }

    [[nodiscard]] const ObservedTest& test(std::string_view id) const {
        for (const ObservedTest& observed : baseline_.tests)
            if (observed.test.id == id) return observed;
        ADD_FAILURE() << "no test " << id;
        static const ObservedTest none;
        return none;
    }

    [[nodiscard]] std::vector<std::string> ids(executor::TestOutcome outcome) const {
        std::vector<std::string> result;
        for (const ObservedTest& observed : baseline_.tests)
            if (observed.test.outcome == outcome) result.push_back(observed.test.id);
        return result;
    }
    [[nodiscard]] std::vector<std::string> failing() const { return ids(executor::TestOutcome::failed); }
    [[nodiscard]] std::vector<std::string> passing() const { return ids(executor::TestOutcome::passed); }

    /// Replaces the first occurrence of `before` in `file`.
    [[nodiscard]] Candidate replace(const std::string& file, const std::string& before,
                                    const std::string& after) const {
        const std::string content = read(file);
        const std::size_t at = content.find(before);
        EXPECT_NE(at, std::string::npos) << before << " is not in " << file;
        Candidate candidate;
        candidate.edits.push_back(
            {file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + before.size()), after});
        return candidate;
    }

    [[nodiscard]] std::vector<Judgement> judge(const std::vector<Candidate>& candidates, std::vector<std::string> tests,
                                               std::chrono::milliseconds limit = 2000ms, std::size_t lane = 0) const {
        auto result = judge_->judge(lane, candidates, {std::move(tests), limit}, {});
        EXPECT_TRUE(result) << result.error().message;
        return result ? *result : std::vector<Judgement>(candidates.size());
    }
    [[nodiscard]] Judgement judge(const Candidate& candidate, std::vector<std::string> tests,
                                  std::chrono::milliseconds limit = 2000ms) const {
        return judge(std::vector<Candidate>{candidate}, std::move(tests), limit).at(0);
    }

    std::vector<std::filesystem::path> read_only_;  ///< what the sandbox shows besides the project
    std::unique_ptr<TempDir> folder_;
    std::filesystem::path root_;
    std::unique_ptr<executor::Sandbox> sandbox_;
    std::unique_ptr<DriverJudge> judge_;
    BaselineRun baseline_;
};

}  // namespace ec::repair::testing
