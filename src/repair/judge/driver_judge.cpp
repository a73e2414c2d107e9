#include <algorithm>
#include <ec/repair/driver_judge.hpp>
#include <set>

#include "driver_frames.hpp"

namespace ec::repair {
namespace {

using std::chrono::milliseconds;

// Loading a project can take long (imports of big libraries), and a lane that is loading answers nothing.
constexpr milliseconds kLoadTime{90'000};
constexpr milliseconds kAnswerGrace{20'000};
constexpr milliseconds kEndGrace{0};
constexpr milliseconds kReadyPatience{10};

}  // namespace

struct DriverJudge::State {
    struct Lane {
        std::unique_ptr<executor::Session> session;
        bool started = false;  ///< the start request was answered
    };

    executor::Sandbox& sandbox;
    DriverSpec spec;
    std::uint64_t seed = 0;
    std::vector<Lane> lanes;
    // Written by observe_baseline() only, before lanes are used side by side.
    std::set<std::string, std::less<>> skipped;
    std::vector<std::string> dirty;
    BaselineRun baseline;

    Status open(std::size_t index) {
        Lane& lane = lanes[index];
        lane = {};
        executor::RunSpec run;
        run.argv = spec.argv;
        run.directory = spec.directory;
        run.environment = spec.environment;
        run.limits = spec.limits;
        run.limits.wall = milliseconds(0);
        run.support_files = spec.support_files;
        run.collect_changes = false;
        EC_ASSIGN(lane.session, sandbox.open(run));
        return lane.session->send(frames::start(spec, sandbox.workspace(), seed, dirty));
    }

    /// The session of a lane that answers requests; opens it when there is none.
    Result<executor::Session*> ready(std::size_t index, const std::stop_token& stop) {
        Lane& lane = lanes[index];
        if (!lane.session) EC_TRY(open(index));
        if (!lane.started) {
            const Result<std::string> answer = lane.session->receive(kLoadTime, stop);
            if (!answer) {
                const std::string said = close(index);
                if (answer.error().code == ErrorCode::cancelled) return fail(answer.error());
                return fail(ErrorCode::unavailable,
                            "the judge driver did not start" + (said.empty() ? "" : ": " + said));
            }
            if (Status status = frames::read_started(*answer); !status) {
                close(index);
                return fail(std::move(status).error());
            }
            lane.started = true;
        }
        return lane.session.get();
    }

    /// Ends a lane's driver; gives the last line of what it wrote to standard error.
    std::string close(std::size_t index) {
        std::string last;
        if (lanes[index].session) {
            const executor::RunResult result = lanes[index].session->finish(kEndGrace);
            last = result.reason.empty() ? result.err : result.reason;
            while (!last.empty() && last.back() == '\n') last.pop_back();
            if (const auto newline = last.rfind('\n'); newline != std::string::npos) last.erase(0, newline + 1);
        }
        lanes[index] = {};
        return last;
    }

    /// Sends one request and hands each of `count` answers to `take`. On any error the lane is closed.
    template <class Take>
    Status ask(std::size_t lane, std::string_view request, std::size_t count, milliseconds patience,
               const std::stop_token& stop, Take take) {
        EC_ASSIGN(executor::Session * session, ready(lane, stop));
        Status status = session->send(request);
        for (std::size_t i = 0; status && i < count; ++i) {
            const Result<std::string> answer = session->receive(i == 0 ? patience + kLoadTime : patience, stop);
            status = answer ? take(*answer, i) : fail(answer.error());
        }
        if (!status) close(lane);
        return status;
    }

    Status judge_some(std::size_t lane, std::span<const Candidate> candidates, const std::vector<std::string>& tests,
                      milliseconds limit, const std::stop_token& stop, std::vector<Judgement>& out) {
        bool polluted = false;
        Status status = ask(lane, frames::judge(candidates, tests, limit), candidates.size(), limit + kAnswerGrace,
                            stop, [&](std::string_view frame, std::size_t index) -> Status {
                                EC_ASSIGN(auto answer, frames::read_judgement(frame, index));
                                out.push_back(std::move(answer.judgement));
                                polluted = answer.polluted;
                                return {};
                            });
        // Its driver is ending; the next candidate must not be blamed for that.
        if (polluted) close(lane);
        return status;
    }

    /// Ids of the tests that executed a line of `file` near `line`: those of the function around it, as far as known.
    [[nodiscard]] std::vector<std::string> tests_reaching(std::string_view file, int line) const {
        std::vector<std::string> ids;
        for (const ObservedTest& observed : baseline.tests) {
            const auto lines = observed.lines.find(file);
            if (lines == observed.lines.end()) continue;
            const auto near = lines->second.lower_bound(line - 40);
            if (near != lines->second.end() && *near <= line + 40) ids.push_back(observed.test.id);
        }
        return ids;
    }
};

DriverJudge::DriverJudge(std::unique_ptr<State> state) : state_(std::move(state)) {}
DriverJudge::~DriverJudge() {
    for (std::size_t lane = 0; lane < state_->lanes.size(); ++lane) state_->close(lane);
}

Result<std::unique_ptr<DriverJudge>> DriverJudge::start(executor::Sandbox& sandbox, DriverSpec spec, std::size_t lanes,
                                                        std::uint64_t seed, std::stop_token stop) {
    auto state = std::unique_ptr<State>(new State{sandbox, std::move(spec), seed, {}, {}, {}, {}});
    state->lanes.resize(std::max<std::size_t>(lanes, 1));
    std::unique_ptr<DriverJudge> judge(new DriverJudge(std::move(state)));
    EC_TRY(judge->state_->ready(0, stop));
    return judge;
}

std::string_view DriverJudge::name() const { return state_->spec.name; }
std::size_t DriverJudge::lanes() const { return state_->lanes.size(); }

bool DriverJudge::ready(std::size_t index) {
    State::Lane& lane = state_->lanes[index];
    if (lane.started) return true;
    if (!lane.session && !state_->open(index)) return true;  // the next request says what is wrong
    const Result<std::string> answer = lane.session->receive(kReadyPatience, {});
    if (!answer && answer.error().code == ErrorCode::timeout) return false;
    if (answer && frames::read_started(*answer))
        lane.started = true;
    else
        state_->close(index);  // as above
    return true;
}

Result<BaselineRun> DriverJudge::observe_baseline(int repeats, std::chrono::milliseconds limit, std::stop_token stop) {
    frames::Baseline baseline;
    EC_TRY(state_->ask(0, frames::baseline(repeats, limit), 1, (limit + kAnswerGrace) * (repeats + 2), stop,
                       [&](std::string_view frame, std::size_t) -> Status {
                           EC_ASSIGN(baseline, frames::read_baseline(frame));
                           return {};
                       }));
    state_->skipped.clear();
    for (const ObservedTest& observed : baseline.run.tests)
        if (observed.test.outcome == executor::TestOutcome::skipped) state_->skipped.insert(observed.test.id);
    state_->dirty = std::move(baseline.dirty);
    state_->baseline = baseline.run;
    // They are told which files to put back after each candidate, so those of an earlier look are of no use.
    for (std::size_t lane = 1; lane < lanes(); ++lane) state_->close(lane);
    return std::move(baseline.run);
}

Result<std::vector<Judgement>> DriverJudge::judge(std::size_t lane, std::span<const Candidate> candidates,
                                                  const JudgePlan& plan, std::stop_token stop) {
    // A test that is skipped without the candidate says nothing about it, and one that the candidate skips has not
    // passed.
    std::vector<std::string> tests;
    for (const std::string& test : plan.tests)
        if (!state_->skipped.contains(test)) tests.push_back(test);
    if (tests.empty()) return fail(ErrorCode::invalid_argument, "no test was named to judge with");
    std::vector<Judgement> judgements;
    if (candidates.empty()) return judgements;
    Status status = state_->judge_some(lane, candidates, tests, plan.time_limit, stop, judgements);
    while (!status && judgements.size() < candidates.size()) {
        if (status.error().code == ErrorCode::cancelled || stop.stop_requested())
            return fail(ErrorCode::cancelled, "judging was cancelled");
        // Only a driver that comes up again shows that a candidate, not the machine, was at fault.
        EC_TRY(state_->ready(lane, stop));
        const auto next = candidates.subspan(judgements.size(), 1);
        status = state_->judge_some(lane, next, tests, plan.time_limit, stop, judgements);
        if (status) {
            if (judgements.size() < candidates.size()) status = fail(ErrorCode::io, "judge the rest");
        } else if (status.error().code != ErrorCode::cancelled) {
            Judgement killer;
            killer.verdict = status.error().code == ErrorCode::timeout ? Verdict::timeout : Verdict::invalid;
            killer.message = "it ended the test driver: " + status.error().message;
            judgements.push_back(std::move(killer));
        }
    }
    return judgements;
}

Result<std::vector<Observation>> DriverJudge::observe(std::size_t lane, std::span<const Candidate> candidates,
                                                      std::string_view file, int line, std::uint64_t seed,
                                                      std::stop_token stop) {
    std::vector<Observation> observations(candidates.size());
    const milliseconds patience = milliseconds(500) * static_cast<long>(candidates.size()) + kAnswerGrace;
    const Status status =
        state_->ask(lane, frames::observe(candidates, file, line, seed, state_->tests_reaching(file, line)), 1,
                    patience, stop, [&](std::string_view frame, std::size_t) -> Status {
                        EC_ASSIGN(observations, frames::read_observation(frame, candidates.size()));
                        return {};
                    });
    if (!status && status.error().code == ErrorCode::cancelled) return fail(status.error());
    // Not being able to observe is an answer: nothing is known about how they behave.
    if (!status) observations.assign(candidates.size(), {});
    return observations;
}

}  // namespace ec::repair
