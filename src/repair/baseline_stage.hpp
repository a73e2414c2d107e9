// First stage of a repair: what does the unchanged program do, and which judge sees it the way the test command does?
#pragma once

#include <ec/repair/repair.hpp>
#include <optional>
#include <set>

namespace ec::repair {

struct ObservedProgram {
    executor::TestReport before;  ///< of the whole command, or of the judge when the command never ends
    bool already_passing = false;
    bool out_of_time = false;      ///< there is `before` where the command ended, and nothing else
    std::unique_ptr<Judge> judge;  ///< null when already passing
    BaselineRun run;
    std::vector<std::string> failing;  ///< fastest first, flaky ones left out
    std::vector<std::string> passing;  ///< in the order of the command
    std::vector<std::string> flaky;
    std::chrono::milliseconds whole_run{0};  ///< how long the command took; 0 when it never ended
};

/// `out_of_time` comes at the end of the budget, and when `stop` does.
Result<ObservedProgram> observe_program(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                        const RepairRequest& request, RepairEvents& events, std::stop_token stop,
                                        const std::stop_token& out_of_time);

}  // namespace ec::repair
