// Fault localisation: which lines of the program are suspicious, from what the tests executed. Pure functions.
//
// Ochiai (Ochiai 1957; for faults Abreu et al., PRDC 2006): ef / sqrt((ef + nf) * (ef + ep)), where ef and ep count the
// failing and passing tests that executed the line and nf the failing ones that did not. Further evidence multiplies
// it: a line in a failing test's stack trace, nearer the failure weighing more, and a line changed lately.
#pragma once

#include <ec/repair/judge.hpp>
#include <map>
#include <string>
#include <vector>

namespace ec::repair {

struct SuspiciousLine {
    std::string file;
    int line = 0;
    double score = 0;  ///< in (0, 1]; the most suspicious line of a ranking has 1
};

/// Ranks the lines executed by failing tests, most suspicious first; ties by file and line, so the order is stable.
/// `failing` are the ids of the tests to explain; flaky tests count as neither. Lines executed while loading count for
/// every failing test, at a discount, because module-level code may be at fault too.
std::vector<SuspiciousLine> rank_lines(const BaselineRun& baseline, const std::set<std::string>& failing,
                                       const LineSet& recently_changed);

}  // namespace ec::repair
