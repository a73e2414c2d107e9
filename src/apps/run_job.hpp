// A task for the agent with nobody at hand: the work of `edgecoder run`, and of `edgecoder fix` with a model.
#pragma once

#include <ec/agent/interactive_agent.hpp>
#include <ec/core/result.hpp>
#include <stop_token>
#include <string>
#include <vector>

#include "agent_setup.hpp"

namespace ec::apps {

struct RunCommandOptions {
    std::string task;
    std::string directory = ".";
    std::string test;
    std::string model;
    std::string approach = "auto";
    unsigned samples = 4;
    double budget_seconds = 900;
    std::uint64_t seed = 1;
    bool yes = false;  ///< approve the change and write it
    bool edit_tests = false;
    bool json = false;
    std::vector<std::string> approved;
    bool only_failing = false;  ///< `fix`: the task is the failing tests
    bool one_document = false;  ///< with `json`: the result alone
};

/// Plans and commands in the sandbox are approved, for they harm nothing; a patch is written only with `yes`.
Result<agent::TaskResult> run_unattended(const RunCommandOptions& options, agent::AgentEvents& events,
                                         std::stop_token stop);

}  // namespace ec::apps
