// Puts the parts of a split job together: three-way, in the order of their dependencies, with the tests after each.
//
// A part's patch was made on the snapshot with the patches of the parts before it. What it changed there is merged into
// what the parts so far have made. A part that does not fit, or after which tests fail that passed, is left out and
// named, with what a second attempt needs to know. Pure but for the ports; one thread.
#pragma once

#include <ec/core/result.hpp>
#include <ec/vcs/patch.hpp>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace ec::inference {

struct PartPatch {
    std::string key;
    std::string patch;               ///< empty: the part changed nothing
    std::vector<std::string> after;  ///< keys of parts that its patch stands on, directly
};

/// What the tests say of the snapshot with these files in place of its own.
struct TestedState {
    std::set<std::string> failing;  ///< ids; where the runner names none, "" stands for the command
    std::set<std::string> passing;
    std::string log;  ///< the tail of what they said
};
using RunTests = std::function<Result<TestedState>(const std::vector<vcs::FileVersion>& files)>;

struct LeftOutPart {
    enum class Why { conflict, tests, malformed };
    std::string key;
    Why why = Why::conflict;
    std::string context;  ///< files with conflict markers, or the tests that broke; at most 16 KiB
};

struct Merged {
    std::vector<vcs::FileVersion> files;  ///< against the snapshot, sorted
    std::string patch;
    std::vector<std::string> parts;  ///< that are in it, in order
    std::vector<LeftOutPart> left_out;
    TestedState tests;  ///< of all that is in it
};

/// `invalid_argument` for a cycle or an unknown key; errors of the ports. A part that stands on one left out is left
/// out too.
Result<Merged> merge_parts(const std::vector<PartPatch>& parts, const vcs::ReadText& snapshot,
                           const RunTests& run_tests, std::stop_token stop);

}  // namespace ec::inference
