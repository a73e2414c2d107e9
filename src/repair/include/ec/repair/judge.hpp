// The judge port: runs tests against the unchanged program and against candidates, fast, inside the sandbox.
//
// A judge screens; it does not prove. What survives is run again with the person's whole command in a clean sandbox.
// Threads: observe_baseline() is called once, from one thread; afterwards judge() may be called from several threads,
// each with a lane of its own in [0, lanes()).
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/executor/report.hpp>
#include <ec/repair/candidate.hpp>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace ec::repair {

/// Executed 1-based lines by workspace-relative file.
using LineSet = std::map<std::string, std::set<int>, std::less<>>;

/// One test of the unchanged program as this judge sees it.
struct ObservedTest {
    executor::TestCase test;
    LineSet lines;       ///< lines it executed inside the workspace
    bool flaky = false;  ///< did not end the same way every time
    bool hung = false;   ///< was cut off when its time was over
};

struct BaselineRun {
    std::vector<ObservedTest> tests;
    LineSet import_lines;  ///< lines executed while loading, before any test (module level, decorators)
    /// Literal values the failing tests compare with or pass in (source text such as "3", "'abc'"), most frequent
    /// first: material for constants in candidates.
    std::vector<std::string> constants;
};

enum class Verdict { pass, fail, timeout, invalid };  // invalid: did not even load
struct Judgement {
    Verdict verdict = Verdict::invalid;
    std::string stopped_at;    ///< the test that decided, when not pass
    std::string message;       ///< first line of that failure
    std::uint32_t passed = 0;  ///< tests passed before the decision
    std::chrono::microseconds duration{0};
};

struct JudgePlan {
    std::vector<std::string> tests;  ///< ids in the order to run; judging stops at the first that does not pass
    /// For one candidate's tests together, beside what starting them takes.
    std::chrono::milliseconds time_limit{1000};
};

/// What a candidate does on generated inputs: equal digests at equal positions mean equal behaviour there.
struct Observation {
    std::vector<std::uint64_t> digests;
};

class Judge {
public:
    virtual ~Judge() = default;
    /// "forked python", "node contexts", "process each": shown to the person.
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual std::size_t lanes() const = 0;
    /// True once `lane` has started, or will not. The first call may begin that, each waits some milliseconds at most,
    /// so that the caller can see whether there is still work for it. Called by the thread that uses the lane.
    virtual bool ready(std::size_t lane) = 0;
    /// Runs the unchanged program `repeats` times and records coverage, in the last run, per test.
    virtual Result<BaselineRun> observe_baseline(int repeats, std::chrono::milliseconds limit,
                                                 std::stop_token stop) = 0;
    /// Judges `candidates` one after another on `lane`; as many judgements as candidates. An Error means the machine
    /// failed (after the judge has already tried a fresh session), not the candidate.
    virtual Result<std::vector<Judgement>> judge(std::size_t lane, std::span<const Candidate> candidates,
                                                 const JudgePlan& plan, std::stop_token stop) = 0;
    /// Runs the candidates on inputs generated (from `seed`) out of the calls that the tests made to the function
    /// around `file`:`line`. Empty digests where that cannot be done. The unchanged program is an empty Candidate.
    virtual Result<std::vector<Observation>> observe(std::size_t lane, std::span<const Candidate> candidates,
                                                     std::string_view file, int line, std::uint64_t seed,
                                                     std::stop_token stop) = 0;
};

}  // namespace ec::repair
