// `edgecoder run "TASK"`: plans and makes a change without a person at hand.
#pragma once

#include <iosfwd>
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

/// Runs the command. With `json` every event is a JSON line on `out`, the last one of type `result`; else the patch
/// goes to `out` and text for people to `err`. Exit status as `fix`.
int run_task(const RunCommandOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
