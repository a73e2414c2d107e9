// `edgecoder fix`: makes a failing test command pass.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace ec::apps {

struct FixOptions {
    std::string directory = ".";
    std::string test;
    double budget_seconds = 60;
    std::string model = "none";
    std::uint64_t seed = 1;
    bool resume = false;
    bool apply = false;
    std::vector<std::string> approved;  ///< guarded places that --apply may write, each by its name
    bool edit_tests = false;
    bool json = false;
    bool events = false;
};

/// Runs the command. The result (patch, JSON document or JSON lines) goes to `out`, text for people to `err`.
int run_fix(const FixOptions& options, std::ostream& out, std::ostream& err);

}  // namespace ec::apps
