// A search in shares: what several machines judge together is what one would.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ec/repair/mutation_proposer.hpp>
#include <ec/repair/search.hpp>
#include <mutex>
#include <set>

namespace ec::repair {
namespace {

constexpr std::string_view kProgram =
    "def total(items, start):\n"
    "    for item in items:\n"
    "        start -= item\n"
    "    return not start\n";

// Nothing passes; some candidates get a test further, by the hash of what they are.
class RecordingJudge final : public Judge {
public:
    RecordingJudge(const SourceMap& sources, std::uint64_t lucky) : sources_(sources), lucky_(lucky) {}
    std::string_view name() const override { return "recording"; }
    std::size_t lanes() const override { return 2; }
    bool ready(std::size_t) override { return true; }
    Result<BaselineRun> observe_baseline(int, std::chrono::milliseconds, std::stop_token) override {
        return BaselineRun{};
    }
    Result<std::vector<Judgement>> judge(std::size_t, std::span<const Candidate> candidates, const JudgePlan&,
                                         std::stop_token) override {
        std::vector<Judgement> out;
        const std::scoped_lock lock(mutex_);
        for (const Candidate& candidate : candidates) {
            const Hash128 id = content_id(candidate, sources_);
            EXPECT_TRUE((candidate.edits.size() == 1 ? singles_ : pairs_).insert(id).second) << "judged twice";
            Judgement judgement;
            judgement.verdict = Verdict::fail;
            judgement.passed = lucky_ > 0 && id.high % lucky_ == 0 ? 1 : 0;
            out.push_back(judgement);
        }
        return out;
    }
    Result<std::vector<Observation>> observe(std::size_t, std::span<const Candidate>, std::string_view, int,
                                             std::uint64_t, std::stop_token) override {
        return std::vector<Observation>{};
    }
    std::set<Hash128> singles_, pairs_;

private:
    const SourceMap& sources_;
    std::uint64_t lucky_;  // one in so many gets further; 0: none
    std::mutex mutex_;
};

struct Judged {
    std::set<Hash128> singles, pairs;
    bool operator==(const Judged&) const = default;
};

Judged judged(Shard shard, std::uint64_t lucky) {
    MutationInput input;
    auto tree = codeindex::Tree::parse(codeindex::Language::python, std::string(kProgram));
    input.units.push_back({"total.py", *std::move(tree)});
    input.max_pairs = 1'000'000;  // for the cut falls differently in a share
    input.lines = {{"total.py", 4, 1.0}};
    const SourceMap sources{{"total.py", std::string(kProgram)}};
    MutationProposer proposer(std::move(input));
    RecordingJudge judge(sources, lucky);
    const ManualClock clock;
    SearchLimits limits;
    limits.deadline = std::chrono::hours(1);
    limits.alone = std::chrono::milliseconds(0);
    limits.shard = shard;
    Search search(proposer, judge, sources, clock, nullptr);
    const auto outcome = search.run({"t"}, limits, {}, [](const SearchProgress&) {});
    EXPECT_EQ(outcome.value().end, SearchOutcome::End::exhausted);
    return {std::move(judge.singles_), std::move(judge.pairs_)};
}

RC_GTEST_PROP(Shards, TogetherJudgeExactlyWhatOneSearchWould, ()) {
    const auto of = *rc::gen::inRange<unsigned>(1, 7);
    const Judged whole = judged({}, 0);
    RC_ASSERT(whole.singles.size() > 20U);
    RC_ASSERT(whole.pairs.size() > 100U);
    Judged united;
    std::size_t total = 0;
    for (unsigned i = 0; i < of; ++i) {
        Judged part = judged({i, of}, 0);
        total += part.singles.size() + part.pairs.size();
        united.singles.merge(part.singles);
        united.pairs.merge(part.pairs);
    }
    RC_ASSERT(united == whole);
    RC_ASSERT(total == whole.singles.size() + whole.pairs.size());
}

RC_GTEST_PROP(Shards, LeaveNothingOutThatOneSearchLearntToTry, ()) {
    const auto of = *rc::gen::inRange<unsigned>(2, 6);
    const auto lucky = *rc::gen::inRange<std::uint64_t>(2, 40);
    const Judged whole = judged({}, lucky);
    Judged united;
    for (unsigned i = 0; i < of; ++i) {
        Judged part = judged({i, of}, lucky);
        united.singles.merge(part.singles);
        RC_ASSERT(part.singles.empty());  // no single edit in two shares
        united.pairs.merge(part.pairs);
    }
    RC_ASSERT(united.singles == whole.singles);
    RC_ASSERT(std::includes(united.pairs.begin(), united.pairs.end(), whole.pairs.begin(), whole.pairs.end()));
}

RC_GTEST_PROP(Shards, AreTheSameEveryTime, ()) {
    const auto of = *rc::gen::inRange<unsigned>(1, 6);
    const Shard shard{*rc::gen::inRange<unsigned>(0, of), of};
    RC_ASSERT(judged(shard, 5) == judged(shard, 5));
}

}  // namespace
}  // namespace ec::repair
