// Last stage of a repair: the person's whole command, in a clean sandbox, on the edited files.
#pragma once

#include <ec/repair/rank.hpp>
#include <ec/repair/repair.hpp>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::repair {

struct VerifyLimits {
    std::chrono::milliseconds run{0};       ///< for one run of the command
    std::size_t most = 1;                   ///< patches wanted
    std::function<bool()> out_of_time;      ///< asked before each further run, after the first
    std::set<std::string> excused = {};     ///< ids of tests that may go on failing
    std::vector<std::string> passing = {};  ///< that must go on passing where some are excused
};

/// Owns what it has verified. One thread calls it; the references must outlive it.
class Verifier {
public:
    /// `target` are the tests that failed before: each must be seen to pass where the report names tests.
    Verifier(executor::Sandbox& sandbox, const executor::TestCommand& command, const SourceMap& sources,
             const std::vector<std::string>& target, VerifyLimits limits, std::stop_token stop);
    ~Verifier();

    /// Begins to verify a candidate beside other work, for it may be wanted later; nothing while one is being verified.
    void begin(const Candidate& candidate);

    /// Verifies `ordered` from the front, two at a time, until enough have passed; keeps the order. Of a cluster one
    /// patch is given: its best member that passes.
    std::vector<VerifiedPatch> verify(std::span<const RankedCandidate> ordered);

    /// Why the last candidate that was refused was; empty when none was. One sentence without its full stop.
    [[nodiscard]] std::string refusal() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace ec::repair
