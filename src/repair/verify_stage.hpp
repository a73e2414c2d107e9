// Last stage of a repair: the person's whole command, in a clean sandbox, on the edited files.
#pragma once

#include <ec/repair/rank.hpp>
#include <ec/repair/repair.hpp>

namespace ec::repair {

struct VerifyLimits {
    std::chrono::milliseconds run{0};   ///< for one run of the command
    std::size_t most = 1;               ///< patches wanted
    std::function<bool()> out_of_time;  ///< asked before each further pair, after the first
};

/// Verifies `ordered` from the front, two at a time, until enough have passed; keeps the order. Of a cluster one patch is
/// given: its best member that passes. `target` are the tests that failed before: each must be seen to pass where the
/// report names tests.
std::vector<VerifiedPatch> verify_candidates(executor::Sandbox& sandbox, const executor::TestCommand& command,
                                             std::span<const RankedCandidate> ordered, const SourceMap& sources,
                                             const std::vector<std::string>& target, const VerifyLimits& limits,
                                             std::stop_token stop);

}  // namespace ec::repair
