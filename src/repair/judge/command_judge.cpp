#include <fmt/format.h>

#include <algorithm>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/repair/command_judge.hpp>
#include <mutex>

#include "judge/narrow.hpp"
#include "judge/process_coverage.hpp"
#include "judge/test_literals.hpp"

namespace ec::repair {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using executor::Framework;
using executor::RunResult;
using executor::RunStatus;
using executor::TestCase;
using executor::TestCommand;
using executor::TestOutcome;
using executor::TestReport;

/// So many tests are run one by one for coverage of their own; the rest of them together.
constexpr std::size_t kFailingAlone = 6;
constexpr std::size_t kPassingAlone = 16;
/// Beyond this part of its time a baseline runs no further test by itself; the candidates need the rest.
constexpr int kShareOfTime = 4;
constexpr int kStartFactor = 4;  // times the usual run, so that a busy machine condemns no candidate

bool is_red(const TestCase& test) { return test.outcome == TestOutcome::failed || test.outcome == TestOutcome::error; }

void merge(LineSet& into, const LineSet& lines) {
    for (const auto& [file, numbers] : lines) into[file].insert(numbers.begin(), numbers.end());
}

std::string load_problem(const TestReport& report) {
    for (const TestCase& test : report.tests)
        if (is_red(test) && !test.message.empty()) return test.message;
    return report.reason;
}

/// What a report says of an asked test. A file that did not load was one test: when it loads, its tests speak for it,
/// the first of those that failed before the others.
const TestCase* outcome_of(const TestReport& report, const std::string& id) {
    if (const TestCase* test = report.find(id)) return test;
    const TestCase* speaks = nullptr;
    for (const TestCase& test : report.tests) {
        if (!test.id.starts_with(id + " > ") && !test.id.starts_with(id + "::")) continue;
        if (is_red(test)) return &test;
        if (speaks == nullptr || speaks->outcome != TestOutcome::passed) speaks = &test;
    }
    return speaks;
}

/// The asked test that decides: the first of those that failed, for they may have ended the run, else the first that
/// did not pass; null when all passed.
const std::string* deciding(const TestReport& report, bool timed_out, const std::vector<std::string>& tests) {
    const std::string* undecided = nullptr;
    for (const std::string& id : tests) {
        const TestCase* test = outcome_of(report, id);
        // What was running when the time was over stands in the report as an error.
        const bool cut_off = timed_out && test != nullptr && test->outcome == TestOutcome::error;
        if (test != nullptr && is_red(*test) && !cut_off) return &id;
        const bool passed = test != nullptr && test->outcome == TestOutcome::passed;
        if (undecided == nullptr && !passed) undecided = &id;
    }
    return undecided;
}

/// What a report says about the asked tests.
Judgement judge_report(const TestReport& report, const RunResult& result, const std::vector<std::string>& tests) {
    Judgement judgement{.verdict = Verdict::pass};
    judgement.duration = std::chrono::duration_cast<std::chrono::microseconds>(result.wall);
    const bool timed_out = result.status == RunStatus::timeout || result.status == RunStatus::cpu;
    bool any_known = false;
    for (const std::string& id : tests) {
        const TestCase* test = outcome_of(report, id);
        any_known |= test != nullptr;
        if (test != nullptr && test->outcome == TestOutcome::passed) ++judgement.passed;
    }
    if (const std::string* id = deciding(report, timed_out, tests)) {
        const TestCase* test = outcome_of(report, *id);
        const bool unfinished = test == nullptr || test->outcome == TestOutcome::error;
        judgement.stopped_at = *id;
        judgement.verdict = timed_out && unfinished ? Verdict::timeout : Verdict::fail;
        if (!any_known && result.status == RunStatus::failed) judgement.verdict = Verdict::invalid;
        judgement.message = test != nullptr ? test->message : load_problem(report);
        if (judgement.message.empty()) judgement.message = "the test did not pass";
    } else if (report.verdict == TestReport::Verdict::incomplete) {
        // Every asked test passed; a run that broke off, or says so without saying why, still does not count.
        judgement.verdict = timed_out ? Verdict::timeout : Verdict::fail;
        judgement.message = report.reason;
        if (!tests.empty()) judgement.stopped_at = tests.back();
    }
    return judgement;
}

}  // namespace

struct CommandJudge::State {
    struct Run {
        RunResult result;
        TestReport report;
        RunCoverage coverage;
    };

    executor::Sandbox& sandbox;
    TestCommand command;
    CommandJudgeOptions options;
    bool selects = false;
    /// ts-node is to leave type checks out, which take most of its time. Whoever accepts a candidate runs the person's
    /// own command, with them.
    bool types_unchecked = false;
    milliseconds usual{0};  ///< longest run of the unchanged program that ended
    std::mutex mutex;
    SourceMap sources;  ///< guarded by mutex

    /// `stop_at`: ids of tests whose failure decides, so that the run may end there.
    Result<Run> run(const TestCommand& what, const std::vector<std::string>& stop_at,
                    std::vector<executor::FileEdit> edits, milliseconds limit, bool coverage, std::stop_token stop) {
        executor::ReportOptions wanted{.output_unread = true, .stop_at = {}};
        for (const std::string& id : stop_at) wanted.stop_at.push_back(sandbox.workspace() / id);
        executor::RunSpec spec = executor::test_run(what, wanted);
        spec.limits = options.limits;
        spec.limits.wall = limit;
        spec.limits.cpu = limit;
        spec.edits = std::move(edits);
        spec.collect_changes = false;
        if (types_unchecked) spec.environment.emplace(spec.environment.begin(), "TS_NODE_TRANSPILE_ONLY", "true");
        if (coverage) ask_for_coverage(spec, sandbox.workspace());
        Run done;
        EC_ASSIGN(done.result, sandbox.run(spec, stop));
        if (done.result.status == RunStatus::sandbox_error) return fail(ErrorCode::unavailable, done.result.reason);
        if (coverage) done.coverage = take_coverage(done.result, sandbox.workspace());
        done.report = executor::read_test_report(what, done.result, sandbox.workspace());
        return done;
    }

    /// One run after the other, up to the first that does not pass; the time limit is for all of them together.
    Result<Judgement> judge_one(const std::vector<NarrowedRun>& runs, const std::vector<executor::FileEdit>& edits,
                                milliseconds limit, const std::stop_token& stop) {
        Judgement all{.verdict = Verdict::pass};
        for (const NarrowedRun& part : runs) {
            const auto spent = std::chrono::duration_cast<milliseconds>(all.duration);
            EC_ASSIGN(Run done,
                      run(part.command, part.tests, edits, std::max(limit - spent, milliseconds(1)), false, stop));
            Judgement judgement = judge_report(done.report, done.result, part.tests);
            if (judgement.verdict == Verdict::invalid && all.passed > 0) judgement.verdict = Verdict::fail;
            judgement.passed += all.passed;
            judgement.duration += all.duration;
            all = std::move(judgement);
            if (all.verdict != Verdict::pass) break;
        }
        return all;
    }

    /// The original content of a file, read once.
    Result<std::string_view> original(const std::string& file) {
        const std::scoped_lock lock(mutex);
        if (const auto known = sources.find(file); known != sources.end()) return std::string_view(known->second);
        if (!is_inside_relative(file))
            return fail(ErrorCode::invalid_argument, fmt::format("{} is not inside the workspace", file));
        EC_ASSIGN(std::string text, read_file(sandbox.workspace() / file));
        return std::string_view(sources.emplace(file, std::move(text)).first->second);
    }

    Result<std::vector<executor::FileEdit>> edited_files(const Candidate& candidate) {
        std::vector<executor::FileEdit> files;
        for (const TextEdit& edit : candidate.edits) {
            if (std::ranges::any_of(files, [&](const executor::FileEdit& file) { return file.path == edit.file; }))
                continue;
            EC_ASSIGN(const std::string_view text, original(edit.file));
            files.push_back({edit.file, apply_edits(text, edit.file, candidate.edits)});
        }
        return files;
    }

    /// The runs that execute `ids`: narrowed where that has been seen to work, and the first test by itself, for it
    /// decides most candidates.
    std::vector<NarrowedRun> runs_for(const std::vector<std::string>& ids) const {
        if (!selects) return {{command, ids}};
        std::vector<NarrowedRun> runs;
        std::vector<std::string> rest = ids;
        if (ids.size() > 1 && command.framework != executor::Framework::node_test) {
            runs = narrowed_runs(command, {ids.data(), 1}, sandbox.workspace());
            if (!runs.empty()) rest.erase(rest.begin());
        }
        std::vector<NarrowedRun> further = narrowed_runs(command, rest, sandbox.workspace());
        if (further.empty()) further.push_back({command, std::move(rest)});
        std::ranges::move(further, std::back_inserter(runs));
        return runs;
    }
};

CommandJudge::CommandJudge(executor::Sandbox& sandbox, TestCommand command, CommandJudgeOptions options)
    : state_(new State{
          .sandbox = sandbox, .command = std::move(command), .options = options, .mutex = {}, .sources = {}}) {}

CommandJudge::~CommandJudge() = default;

std::size_t CommandJudge::lanes() const { return std::max<std::size_t>(state_->options.lanes, 1); }

bool CommandJudge::selects_tests() const { return state_->selects; }

namespace {

/// The runs of a baseline, within one time limit.
class Baseline {
public:
    using Runner = std::function<Result<std::pair<TestReport, RunCoverage>>(const TestCommand&, milliseconds, bool)>;

    Baseline(Runner run, const TestCommand& command, const std::filesystem::path& workspace, milliseconds limit,
             bool& types_unchecked)
        : run_(std::move(run)),
          command_(command),
          workspace_(workspace),
          deadline_(Clock::now() + limit),
          alone_until_(Clock::now() + limit / kShareOfTime),
          types_unchecked_(types_unchecked) {}

    Result<BaselineRun> observe(int repeats) {
        EC_ASSIGN(auto first, run_(command_, left(), false));
        first_ = std::move(first.first);
        if (first_.tests.empty())
            return fail(ErrorCode::invalid_argument, "the test command reports no test: " + first_.reason,
                        "check that it names tests that are there");
        for (const TestCase& test : first_.tests) {
            baseline_.tests.push_back({.test = test, .lines = {}, .flaky = false});
            if (is_red(test)) failing_.push_back(test.id);
        }
        EC_TRY(repeat(repeats));
        EC_TRY(cover());
        return std::move(baseline_);
    }

    /// True when running the failing tests alone gave the same results for them.
    [[nodiscard]] bool selects() const { return selects_; }

private:
    milliseconds left() const {
        return std::max(std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now()), milliseconds(1));
    }
    bool out_of_time() const { return Clock::now() >= deadline_; }

    ObservedTest* find(std::string_view id) {
        const auto found =
            std::ranges::find_if(baseline_.tests, [&](const ObservedTest& test) { return test.test.id == id; });
        return found == baseline_.tests.end() ? nullptr : &*found;
    }

    Status repeat(int repeats) {
        if (failing_.empty()) return {};
        auto alone = narrowed_runs(command_, failing_, workspace_);
        EC_TRY(try_alone(alone, command_.framework == Framework::mocha || command_.framework == Framework::node_test));
        if (!selects_) alone = {{command_, failing_}};
        for (int again = selects_ ? 2 : 1; again < repeats && !out_of_time(); ++again)
            for (const NarrowedRun& run : alone) {
                EC_ASSIGN(auto done, run_(run.command, left(), false));
                note_outcomes(done.first);
            }
        return {};
    }

    /// Runs the failing tests alone. Without type checks where `quickly` and that changes no outcome: the failure may
    /// be one of types.
    Status try_alone(const std::vector<NarrowedRun>& alone, bool quickly) {
        types_unchecked_ = quickly;
        selects_ = !alone.empty();
        std::vector<TestReport> reports;
        bool all_red = true;
        for (const NarrowedRun& run : alone) {
            selects_ = selects_ && !out_of_time();
            if (!selects_) break;
            EC_ASSIGN(auto done, run_(run.command, left(), false));
            selects_ = agrees(done.first, run.tests);
            all_red = all_red && selects_ && std::ranges::all_of(run.tests, [&](const std::string& id) {
                          return is_red(*done.first.find(id));
                      });
            reports.push_back(std::move(done.first));
        }
        if (quickly && !all_red && !alone.empty()) return try_alone(alone, false);
        if (selects_)
            for (const TestReport& report : reports) note_outcomes(report);
        return {};
    }

    /// True when a narrowed run ran every test that it was asked for; runners report what they left out as skipped.
    static bool agrees(const TestReport& report, const std::vector<std::string>& ids) {
        return std::ranges::all_of(ids, [&](const std::string& id) {
            const TestCase* test = report.find(id);
            return test != nullptr && test->outcome != TestOutcome::skipped;
        });
    }

    void note_outcomes(const TestReport& report) {
        for (const std::string& id : failing_) {
            const TestCase* now = report.find(id);
            ObservedTest* known = find(id);
            if (now == nullptr || is_red(*now)) continue;
            known->flaky = true;
        }
    }

    Status cover() {
        if (!selects_) {
            EC_ASSIGN(auto whole, run_(command_, left(), true));
            for (const std::string& id : failing_) find(id)->lines = whole.second.lines;
            baseline_.import_lines = std::move(whole.second.import_lines);
            return {};
        }
        EC_TRY(cover_group(failing_, kFailingAlone));
        std::vector<std::string> passing;
        for (const ObservedTest& test : baseline_.tests)
            if (test.test.outcome == TestOutcome::passed) passing.push_back(test.test.id);
        // Passing tests of the failing files tell most about what the fault does not touch.
        std::ranges::stable_partition(passing, [&](const std::string& id) {
            return std::ranges::any_of(failing_, [&](const std::string& red) { return file_of(red) == file_of(id); });
        });
        return cover_group(passing, kPassingAlone);
    }

    static std::string_view file_of(std::string_view id) {
        return id.substr(0, std::min(id.find(" > "), id.find("::")));
    }

    Status cover_group(const std::vector<std::string>& ids, std::size_t alone) {
        std::size_t next = 0;
        for (; next < ids.size() && next < alone && Clock::now() < alone_until_; ++next)
            EC_TRY(cover_tests({&ids[next], 1}));
        if (next < ids.size() && !out_of_time()) EC_TRY(cover_tests(std::span(ids).subspan(next)));
        return {};
    }

    Status cover_tests(std::span<const std::string> ids) {
        for (const NarrowedRun& part : narrowed_runs(command_, ids, workspace_)) {
            EC_ASSIGN(auto run, run_(part.command, left(), true));
            for (const std::string& id : part.tests) find(id)->lines = run.second.lines;
            merge(baseline_.import_lines, run.second.import_lines);
        }
        return {};
    }

    Runner run_;
    const TestCommand& command_;
    const std::filesystem::path& workspace_;
    Clock::time_point deadline_;
    Clock::time_point alone_until_;
    bool& types_unchecked_;
    TestReport first_;
    BaselineRun baseline_;
    std::vector<std::string> failing_;
    bool selects_ = false;
};

}  // namespace

Result<BaselineRun> CommandJudge::observe_baseline(int repeats, milliseconds limit, std::stop_token stop) {
    const auto run = [&](const TestCommand& what, milliseconds time,
                         bool coverage) -> Result<std::pair<TestReport, RunCoverage>> {
        EC_ASSIGN(auto done, state_->run(what, {}, {}, time, coverage, stop));
        if (!coverage && done.result.status != RunStatus::timeout)
            state_->usual = std::max(state_->usual, std::chrono::ceil<milliseconds>(done.result.wall));
        return std::pair(std::move(done.report), std::move(done.coverage));
    };
    Baseline baseline(run, state_->command, state_->sandbox.workspace(), limit, state_->types_unchecked);
    EC_ASSIGN(BaselineRun observed, baseline.observe(repeats));
    state_->selects = baseline.selects();
    observed.constants = literals_of_failing_tests(observed, state_->sandbox.workspace());
    return observed;
}

Result<std::vector<Judgement>> CommandJudge::judge(std::size_t, std::span<const Candidate> candidates,
                                                   const JudgePlan& plan, std::stop_token stop) {
    const std::vector<NarrowedRun> runs = state_->runs_for(plan.tests);
    std::vector<Judgement> judgements;
    for (const Candidate& candidate : candidates) {
        auto edits = state_->edited_files(candidate);
        if (!edits) {
            judgements.push_back({.verdict = Verdict::invalid, .message = edits.error().message});
            continue;
        }
        // The plan knows what the tests take, not what starting their runner does.
        const milliseconds limit = plan.time_limit + kStartFactor * state_->usual;
        EC_ASSIGN(Judgement judgement, state_->judge_one(runs, *edits, limit, stop));
        judgements.push_back(std::move(judgement));
    }
    return judgements;
}

Result<std::vector<Observation>> CommandJudge::observe(std::size_t, std::span<const Candidate> candidates,
                                                       std::string_view, int, std::uint64_t, std::stop_token) {
    return std::vector<Observation>(candidates.size());
}

}  // namespace ec::repair
