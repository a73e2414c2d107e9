#include <fmt/format.h>

#include <algorithm>
#include <ec/core/text.hpp>
#include <ec/core/time_or_stop.hpp>
#include <ec/repair/mutation_proposer.hpp>
#include <ec/repair/rank.hpp>
#include <ec/repair/repair.hpp>
#include <ec/repair/sources.hpp>

#include "baseline_stage.hpp"
#include "program.hpp"
#include "verify_stage.hpp"

namespace ec::repair {
namespace {

constexpr std::chrono::milliseconds kQuickLimit{60};   // most candidates fail in less, and hanging ones cost all of it
constexpr std::chrono::milliseconds kLeastTime{2000};  // for what comes before the search
constexpr std::size_t kOffered = 5;                    // patches shown
constexpr std::size_t kObserved = 96;                  // survivors whose behaviour is compared
constexpr double kCoverSuspicion = 0.25;  // passing tests over lines at least this suspicious run for every candidate

MutationInput mutation_input(Program& program, const ObservedProgram& observed, bool edit_tests,
                             const std::stop_token& stop) {
    MutationInput input;
    const std::string top = program.lines.empty() ? "" : program.lines.front().file;
    for (const SourceUnit& unit : program.units) {
        if (stop.stop_requested()) break;
        input.naturalness.learn(unit.tree.text(), unit.path == top);
        for (std::string& name : defined_callables(unit)) input.callables.push_back(std::move(name));
        if (!edit_tests) input.protected_lines[unit.path] = test_line_ranges(unit);
    }
    input.constants = observed.run.constants;
    input.lines = program.lines;
    input.units = std::move(program.units);
    return input;
}

std::chrono::microseconds total_duration(const BaselineRun& run, const std::vector<std::string>& ids) {
    std::chrono::microseconds total{0};
    const std::set<std::string> wanted(ids.begin(), ids.end());
    for (const ObservedTest& observed : run.tests) {
        if (wanted.contains(observed.test.id) && !observed.hung) total += observed.test.duration;
    }
    return total;
}

// The failing tests, then those passing ones that execute a suspicious line: the rest is left to verification.
std::vector<std::string> tests_to_judge_by(const ObservedProgram& observed, const std::vector<SuspiciousLine>& lines) {
    std::vector<std::string> tests = observed.failing;
    std::map<std::string, std::set<int>, std::less<>> suspicious;
    for (const SuspiciousLine& line : lines) {
        if (line.score >= kCoverSuspicion) suspicious[line.file].insert(line.line);
    }
    std::map<std::string, const ObservedTest*, std::less<>> by_id;
    for (const ObservedTest& test : observed.run.tests) by_id[test.test.id] = &test;
    for (const std::string& id : observed.passing) {
        const bool covers = std::ranges::any_of(by_id[id]->lines, [&](const auto& entry) {
            const auto lines_of_file = suspicious.find(entry.first);
            return lines_of_file != suspicious.end() &&
                   std::ranges::any_of(entry.second, [&](int line) { return lines_of_file->second.contains(line); });
        });
        // Nothing seen of it means nothing known, not that it covers nothing.
        if (covers || by_id[id]->lines.empty()) tests.push_back(id);
    }
    return tests;
}

// Passing tests may need others that ran before them, and out of that company they would condemn the right candidate:
// then the failing ones judge alone, and verification sees to the rest.
Status leave_out_dependent_tests(Judge& judge, const std::vector<std::string>& failing, std::vector<std::string>& tests,
                                 std::chrono::milliseconds limit, const std::stop_token& stop) {
    const JudgePlan plan{{tests.begin() + static_cast<std::ptrdiff_t>(failing.size()), tests.end()}, limit};
    if (plan.tests.empty()) return {};
    const Candidate unchanged;
    EC_ASSIGN(const std::vector<Judgement> judged, judge.judge(0, {&unchanged, 1}, plan, stop));
    if (judged.front().verdict != Verdict::pass) tests.resize(failing.size());
    return {};
}

SearchLimits search_limits(const RepairRequest& request, const ObservedProgram& observed,
                           const std::vector<std::string>& tests, std::chrono::nanoseconds deadline) {
    using std::chrono::milliseconds;
    SearchLimits limits;
    limits.deadline = deadline;
    limits.shard = request.shard;
    limits.after_first = std::max<std::size_t>(limits.after_first / request.shard.of, 1);
    const auto total = std::chrono::duration_cast<milliseconds>(total_duration(observed.run, tests));
    limits.quick_limit = std::min(4 * total + milliseconds(30), kQuickLimit);
    // Tests that fail at once tell nothing of how long they take when they pass; the whole run is all there is to go
    // by.
    limits.patient_limit = std::clamp(std::max(20 * total + milliseconds(1000), 2 * observed.whole_run),
                                      milliseconds(1000), std::max(request.budget, milliseconds(1000)));
    return limits;
}

// A patch that makes the command hang must not cost the whole budget.
std::chrono::milliseconds verification_limit(const RepairRequest& request, const ObservedProgram& observed) {
    using std::chrono::milliseconds;
    const auto known =
        observed.whole_run.count() > 0
            ? 10 * observed.whole_run
            : std::chrono::duration_cast<milliseconds>(20 * total_duration(observed.run, observed.passing));
    return std::clamp(known + milliseconds(8000), milliseconds(8000), std::max(request.budget, milliseconds(8000)));
}

std::vector<RankedCandidate> rank(Judge& judge, std::vector<Candidate> survivors, std::uint64_t seed,
                                  std::stop_token stop) {
    std::ranges::stable_sort(survivors, [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    std::vector<Observation> observations;
    if (survivors.size() > 1) {
        std::vector<Candidate> observed(
            survivors.begin(), survivors.begin() + static_cast<std::ptrdiff_t>(std::min(survivors.size(), kObserved)));
        observed.emplace_back();  // the unchanged program
        auto result = judge.observe(0, observed, survivors.front().file, survivors.front().line, seed, stop);
        // Without observations every survivor is a cluster of its own: the ranking is poorer, not wrong.
        if (result) observations = *std::move(result);
    }
    return rank_survivors(survivors, observations);
}

std::string why_unfixed(const SearchOutcome& outcome, std::size_t survivors, const std::string& refusal,
                        bool out_of_time, const RepairRequest& request) {
    if (survivors > 0 && out_of_time)
        return fmt::format(
            "{} candidates passed the failing tests, and none of those that there was time for passed the whole "
            "command; try a larger --budget",
            survivors);
    if (survivors > 0)
        return fmt::format("{} candidates passed the failing tests but none passed the whole command{}{}", survivors,
                           refusal.empty() ? "" : ": ", refusal);
    if (outcome.end == SearchOutcome::End::budget) {
        return fmt::format("no fix found within {} s after {} candidates; try a larger --budget, or --resume to go on",
                           request.budget.count() / 1000, outcome.tried + outcome.remembered);
    }
    return fmt::format("none of the {} candidates made the failing tests pass", outcome.tried + outcome.remembered);
}

// Nobody finds out by themselves why a file of theirs was never touched.
std::string and_left_out(std::string reason, const std::filesystem::path& root, const RepairRequest& request) {
    const std::vector<std::string> files = sources_too_large(root, request.edit_tests);
    if (files.empty()) return reason;
    return fmt::format("{}; {} {} left out, because files of more than {} MiB are not edited", reason,
                       join(files, ", "), files.size() == 1 ? "was" : "were", kLargestSource >> 20);
}

std::string no_time_for(std::string_view what, const RepairRequest& request) {
    return fmt::format("the {} s were over before {}; try a larger --budget", request.budget.count() / 1000, what);
}

Hash128 problem_id(const RepairRequest& request, const SourceMap& sources, const std::vector<std::string>& tests,
                   const std::filesystem::path& root) {
    std::string text =
        fmt::format("{}\n{}\n{}\n{}\n", root.string(), request.test, request.seed, fmt::join(tests, "\n"));
    for (const auto& [file, content] : sources) text += fmt::format("{} {}\n", file, hash128(content).hex());
    return hash128(text);
}

// Leaves only `targets` among the failing tests, when there are any; gives the others.
std::set<std::string> excuse_others(ObservedProgram& observed, const std::vector<std::string>& targets) {
    std::set<std::string> excused;
    if (targets.empty()) return excused;
    std::erase_if(observed.failing, [&](const std::string& id) {
        if (std::ranges::find(targets, id) != targets.end()) return false;
        excused.insert(id);
        return true;
    });
    return excused;
}

std::string why_nothing_to_mend(const ObservedProgram& observed, const std::set<std::string>& excused) {
    if (!excused.empty()) return "none of the tests that were asked for fails";
    return observed.flaky.empty() ? "the command fails, but no failing test could be found in it"
                                  : "only flaky tests fail; they are named and never counted as fixed";
}

Result<RepairResult> run_stages(executor::Sandbox& sandbox, const Clock& clock, RepairEvents& events,
                                const RepairRequest& request, const std::stop_token& stop) {
    const auto deadline = clock.now() + request.budget;
    const executor::TestCommand command = executor::recognise_test_command(request.test, sandbox.workspace());
    RepairResult result;
    events.stage("observe", fmt::format("running the tests ({})", name(command.framework)));
    const TimeOrStop out_of_time(stop, std::max(request.budget, kLeastTime));
    EC_ASSIGN(ObservedProgram observed, observe_program(sandbox, command, request, events, stop, out_of_time.token()));
    const std::set<std::string> excused = excuse_others(observed, request.targets);
    result.before = observed.before;
    result.flaky = observed.flaky;
    result.failing = observed.failing;
    if (observed.already_passing) {
        result.status = RepairResult::Status::already_passing;
        return result;
    }
    if (observed.out_of_time) {
        result.reason = no_time_for("it was seen what the tests execute", request);
        return result;
    }
    result.judge = observed.judge->name();
    if (observed.failing.empty()) {
        result.reason = why_nothing_to_mend(observed, excused);
        return result;
    }

    events.stage("localise",
                 fmt::format("{} failing, {} passing tests", observed.failing.size(), observed.passing.size()));
    Program program = load_program(sandbox.workspace(), command, observed, request.edit_tests, out_of_time.token());
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    if (out_of_time.token().stop_requested()) {
        result.reason = no_time_for("the sources were read", request);
        return result;
    }
    if (program.lines.empty()) {
        result.reason =
            "the failing tests executed no source file that may be edited (Python, JavaScript or TypeScript)";
        return result;
    }
    std::vector<std::string> tests = tests_to_judge_by(observed, program.lines);
    const Status independent =
        leave_out_dependent_tests(*observed.judge, observed.failing, tests, request.budget / 4, out_of_time.token());
    if (!independent && !stop.stop_requested() && out_of_time.token().stop_requested()) {
        result.reason = no_time_for("the search could begin", request);
        return result;
    }
    EC_TRY(independent);
    std::optional<Journal> journal;
    if (!request.journal_dir.empty()) {
        const Hash128 id = problem_id(request, program.sources, tests, sandbox.workspace());
        EC_ASSIGN(journal, Journal::open(request.journal_dir / (id.hex() + ".jsonl"), request.resume));
    }
    const SourceMap sources = program.sources;
    const SearchLimits limits = search_limits(request, observed, tests, deadline);
    MutationProposer proposer(mutation_input(program, observed, request.edit_tests, out_of_time.token()));
    result.proposer = proposer.name();

    Verifier verifier(sandbox, command, sources, observed.failing,
                      {.run = verification_limit(request, observed),
                       .most = kOffered,
                       .out_of_time = [&] { return clock.now() >= deadline; },
                       .excused = excused,
                       .passing = observed.passing},
                      stop);
    events.stage("search", fmt::format("{} on {} lanes", result.judge, observed.judge->lanes()));
    Search search(proposer, *observed.judge, sources, clock, journal ? &*journal : nullptr);
    EC_ASSIGN(result.search, search.run(tests, limits, stop, [&](const SearchProgress& progress) {
        events.progress(progress);
        // Mostly the one that will be offered first, and the search leaves a core idle while it ends.
        if (progress.best != nullptr) verifier.begin(*progress.best);
    }));
    const std::vector<Candidate> survivors = std::exchange(result.search.survivors, {});
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    if (survivors.empty()) {
        result.reason = why_unfixed(result.search, 0, {}, false, request);
        return result;
    }

    events.stage("verify",
                 fmt::format("{} candidates pass; ranking them and running the whole command", survivors.size()));
    const std::vector<RankedCandidate> ranked = rank(*observed.judge, survivors, request.seed, stop);
    result.patches = verifier.verify(ranked);
    if (stop.stop_requested()) return fail(ErrorCode::cancelled, "stopped");
    result.status = result.patches.empty() ? RepairResult::Status::unfixed : RepairResult::Status::fixed;
    if (result.patches.empty())
        result.reason =
            why_unfixed(result.search, survivors.size(), verifier.refusal(), clock.now() >= deadline, request);
    return result;
}

}  // namespace

Result<RepairResult> repair(executor::Sandbox& sandbox, const Clock& clock, RepairEvents& events,
                            const RepairRequest& request, std::stop_token stop) {
    if (request.shard.index >= request.shard.of)
        return fail(ErrorCode::invalid_argument,
                    fmt::format("there is no share {} of {}", request.shard.index, request.shard.of));
    EC_ASSIGN(RepairResult result, run_stages(sandbox, clock, events, request, stop));
    if (result.status == RepairResult::Status::unfixed)
        result.reason = and_left_out(std::move(result.reason), sandbox.workspace(), request);
    return result;
}

}  // namespace ec::repair
