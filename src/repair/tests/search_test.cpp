#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <ec/core/fs.hpp>
#include <ec/repair/search.hpp>
#include <fstream>
#include <mutex>

namespace ec::repair {
namespace {

using namespace std::chrono_literals;

// Candidates "replace the file by N" for N = 0, 1, 2, …
Candidate numbered(int n) {
    Candidate candidate;
    candidate.edits = {{"f", 0, 1, std::to_string(n)}};
    candidate.explanation = std::to_string(n);
    candidate.score = 1.0 / (n + 1);
    return candidate;
}

class CountingProposer final : public Proposer {
public:
    explicit CountingProposer(int count) : count_(count) {}
    std::string_view name() const override { return "counting"; }
    std::vector<Candidate> propose(std::size_t most, std::stop_token) override {
        std::vector<Candidate> batch;
        for (; batch.size() < most && next_ < count_; ++next_) batch.push_back(numbered(next_));
        return batch;
    }
    void learn(std::span<const Candidate> candidates, std::span<const Judgement>) override {
        learnt_ += candidates.size();
    }
    std::size_t learnt_ = 0;

private:
    int count_;
    int next_ = 0;
};

// Passes the numbers it is told to; thread-safe because lanes call it at once.
class TableJudge final : public Judge {
public:
    explicit TableJudge(std::set<int> good, std::set<int> slow = {}) : good_(std::move(good)), slow_(std::move(slow)) {}
    std::string_view name() const override { return "table"; }
    std::size_t lanes() const override { return 2; }
    bool ready(std::size_t) override { return !starting_; }
    Result<BaselineRun> observe_baseline(int, std::chrono::milliseconds, std::stop_token) override {
        return BaselineRun{};
    }
    Result<std::vector<Judgement>> judge(std::size_t, std::span<const Candidate> candidates, const JudgePlan& plan,
                                         std::stop_token stop) override {
        std::vector<Judgement> out;
        std::unique_lock lock(mutex_);
        if (endless_ && judged_.size() >= 16) {
            ended_.wait(lock, stop, [] { return false; });
            if (on_stopped_) on_stopped_();
            return fail(ErrorCode::cancelled, "judging was cancelled");
        }
        for (const Candidate& candidate : candidates) {
            const int n = std::stoi(candidate.edits.front().replacement);
            judged_.push_back(n);
            Judgement judgement;
            judgement.verdict = good_.contains(n) ? Verdict::pass : Verdict::fail;
            if (slow_.contains(n) && plan.time_limit < 1s) judgement.verdict = Verdict::timeout;
            if (broken_) return fail(ErrorCode::io, "the machine failed");
            out.push_back(judgement);
        }
        if (on_judge_) on_judge_();
        return out;
    }
    Result<std::vector<Observation>> observe(std::size_t, std::span<const Candidate>, std::string_view, int,
                                             std::uint64_t, std::stop_token) override {
        return std::vector<Observation>{};
    }
    std::vector<int> judged_;
    bool broken_ = false;
    bool starting_ = false;  // its second lane never comes up
    bool endless_ = false;   // from the second round on it answers only when it is stopped
    std::function<void()> on_judge_;
    std::function<void()> on_stopped_;

private:
    std::mutex mutex_;
    std::condition_variable_any ended_;
    std::set<int> good_, slow_;
};

class SearchTest : public ::testing::Test {
protected:
    Result<SearchOutcome> run(Proposer& proposer, Judge& judge, Journal* journal = nullptr, std::stop_token stop = {}) {
        Search search(proposer, judge, sources_, clock_, journal);
        return search.run({"t"}, limits_, stop, [](const SearchProgress&) {});
    }
    static std::vector<std::string> names(const SearchOutcome& outcome) {
        std::vector<std::string> out;
        for (const Candidate& survivor : outcome.survivors) out.push_back(survivor.explanation);
        return out;
    }
    SourceMap sources_{{"f", "x"}};
    ManualClock clock_;
    SearchLimits limits_{.deadline = 10s, .after_first = 20, .score_floor = 0, .alone = 0ms, .round = 16};
};

TEST_F(SearchTest, KeepsWhatPassesInTheOrderProposed) {
    CountingProposer proposer(100);
    TableJudge judge({40, 30});
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_EQ(names(outcome), (std::vector<std::string>{"30", "40"}));
    EXPECT_EQ(outcome.end, SearchOutcome::End::enough);
    EXPECT_LT(outcome.tried, 70U) << "it stops soon after the first";
    EXPECT_EQ(proposer.learnt_, outcome.tried);
}

TEST_F(SearchTest, GivesUpWhatIsStillBeingJudgedAfterItsTimeAndKeepsWhatWasFound) {
    CountingProposer proposer(100);
    TableJudge judge({3});
    judge.endless_ = true;
    judge.on_stopped_ = [this] { clock_.advance(10s); };
    limits_.overrun = 1ms - 10s;  // for no clock but the machine's wakes a thread
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_EQ(outcome.tried, 16U);
    EXPECT_EQ(names(outcome), (std::vector<std::string>{"3"}));
}

TEST_F(SearchTest, EndsWhenTheProposerHasNoMore) {
    CountingProposer proposer(10);
    TableJudge judge({});
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_TRUE(outcome.survivors.empty());
    EXPECT_EQ(outcome.end, SearchOutcome::End::exhausted);
    EXPECT_EQ(outcome.tried, 10U);
}

TEST_F(SearchTest, ComesBackToSlowCandidatesWithMoreTime) {
    CountingProposer proposer(30);
    TableJudge judge({7}, {3, 7});
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_EQ(names(outcome), std::vector<std::string>{"7"});
    EXPECT_GT(std::ranges::count(judge.judged_, 7), 1);
}

TEST_F(SearchTest, ComesBackToSlowCandidatesBeforeTheProposerHasNoMore) {
    CountingProposer proposer(100'000);
    TableJudge judge({7}, {7});
    limits_.max_candidates = 5000;
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_EQ(names(outcome), std::vector<std::string>{"7"});
    EXPECT_EQ(outcome.end, SearchOutcome::End::enough);
}

TEST_F(SearchTest, DoesNotWaitForSlowCandidatesOnceAQuickOnePassed) {
    CountingProposer proposer(30);
    TableJudge judge({7, 8}, {8});
    EXPECT_EQ(names(run(proposer, judge).value()), std::vector<std::string>{"7"});
}

TEST_F(SearchTest, NeverJudgesTheSameContentTwice) {
    class Repeating final : public Proposer {
    public:
        std::string_view name() const override { return "repeating"; }
        std::vector<Candidate> propose(std::size_t, std::stop_token) override {
            if (++calls_ > 5) return {};
            return {numbered(1), numbered(2)};
        }
        void learn(std::span<const Candidate>, std::span<const Judgement>) override {}

    private:
        int calls_ = 0;
    } proposer;
    TableJudge judge({});
    EXPECT_EQ(run(proposer, judge).value().tried, 2U);
}

TEST_F(SearchTest, GoesOnWithTheOtherLanesWhileOneIsStarting) {
    CountingProposer proposer(50);
    TableJudge judge({});
    judge.starting_ = true;
    EXPECT_EQ(run(proposer, judge).value().tried, 50U);
}

TEST_F(SearchTest, StopsAtTheDeadline) {
    CountingProposer proposer(1000);
    TableJudge judge({});
    judge.on_judge_ = [this] { clock_.advance(3s); };
    const SearchOutcome outcome = run(proposer, judge).value();
    EXPECT_EQ(outcome.end, SearchOutcome::End::budget);
    EXPECT_LT(outcome.tried, 1000U);
}

TEST_F(SearchTest, StopsWhenAskedTo) {
    CountingProposer proposer(1000);
    TableJudge judge({});
    std::stop_source source;
    judge.on_judge_ = [&] { source.request_stop(); };
    EXPECT_EQ(run(proposer, judge, nullptr, source.get_token()).value().end, SearchOutcome::End::cancelled);
}

TEST_F(SearchTest, PassesOnAMachineFailure) {
    CountingProposer proposer(10);
    TableJudge judge({});
    judge.broken_ = true;
    EXPECT_EQ(run(proposer, judge).error().message, "the machine failed");
}

TEST_F(SearchTest, ResumesWithoutJudgingAnythingTwice) {
    const TempDir dir = TempDir::create().value();
    const auto path = dir.path() / "sub" / "j.jsonl";
    {
        CountingProposer proposer(40);
        TableJudge judge({});
        Journal journal = Journal::open(path, false).value();
        EXPECT_EQ(run(proposer, judge, &journal).value().tried, 40U);
    }
    std::ofstream(path, std::ios::app) << R"({"id":"0123)";  // a crash in the middle of a line
    CountingProposer proposer(60);
    TableJudge judge({50});
    Journal journal = Journal::open(path, true).value();
    const SearchOutcome outcome = run(proposer, judge, &journal).value();
    EXPECT_EQ(outcome.remembered, 40U);
    EXPECT_EQ(outcome.tried, 20U);
    EXPECT_EQ(*std::ranges::min_element(judge.judged_), 40);
    EXPECT_EQ(names(outcome), std::vector<std::string>{"50"});
}

TEST_F(SearchTest, StartsAnewWithoutResume) {
    const TempDir dir = TempDir::create().value();
    for (int i = 0; i < 2; ++i) {
        CountingProposer proposer(5);
        TableJudge judge({});
        Journal journal = Journal::open(dir.path() / "j", false).value();
        EXPECT_EQ(run(proposer, judge, &journal).value().tried, 5U);
    }
}

}  // namespace
}  // namespace ec::repair
