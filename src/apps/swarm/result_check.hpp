// Whether a patch does what its maker says: on a clean copy of the tree, by the whole test command, in the sandbox of
// this machine. The same for a worker that checks another's result and for the submitter's own machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/executor/sandbox.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/swarm/payload.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

struct TreeTests {
    std::filesystem::path folder;  ///< ours to spoil
    std::string command;
    std::chrono::milliseconds limit{600'000};
    std::uint64_t memory_bytes = 2ULL << 30;
    std::function<Result<std::unique_ptr<executor::Sandbox>>(const std::filesystem::path& folder)> open_sandbox;
};
/// What is left out of a job's spec is a test run's own.
TreeTests tests_of(const swarm::JobSpec& job, const swarm::TaskSpec& task, std::filesystem::path folder);

struct TestsSaid {
    executor::TestReport report;
    std::string log;  ///< the tail of the output
};
/// Runs the command on the tree as it is. Fails with what the machine lacks.
Result<TestsSaid> run_tests(const TreeTests& tests, std::stop_token stop);

/// `passed` or `rejected`, with a reason, the counts and the log. With `targets` a part of a split job: they must pass,
/// what passed before must pass still, and nothing may fail that did not. What does not pass is run twice more, for a
/// flaky test must not make a liar of somebody honest. Writes the patch to the tree.
Result<swarm::TaskResult> check_patch(const TreeTests& tests, std::string_view patch,
                                      const std::vector<std::string>& targets,
                                      const std::function<void(std::string_view, int percent)>& progress,
                                      std::stop_token stop);

}  // namespace ec::apps
