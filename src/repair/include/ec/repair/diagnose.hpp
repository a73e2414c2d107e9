// What fails, and where the fault may lie, without looking for a fix: what a task is divided by.
#pragma once

#include <ec/core/result.hpp>
#include <ec/repair/repair.hpp>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::repair {

struct SuspectedTest {
    std::string id;
    std::vector<std::string> files;  ///< that may be edited, most suspicious first; at most 8
};

struct Diagnosis {
    executor::TestReport before;
    std::vector<SuspectedTest> failing;  ///< without flaky ones
    std::vector<std::string> flaky;
    bool already_passing = false;
};

/// Runs the tests of `request` and ranks files for each failing test by its own lines. Errors as those of repair();
/// `timeout` when the budget is over first.
Result<Diagnosis> diagnose(executor::Sandbox& sandbox, RepairEvents& events, const RepairRequest& request,
                           std::stop_token stop);

}  // namespace ec::repair
