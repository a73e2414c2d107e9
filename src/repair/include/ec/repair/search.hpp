// The search: takes candidates from a proposer, has them judged on every lane of a judge, keeps what passes.
//
// It knows neither mutation nor any language. The order of judging, the stop rule and so the outcome depend only on the
// proposer and the judgements, not on which lane was faster; a time budget and cancellation are the only exceptions.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <ec/core/clock.hpp>
#include <ec/repair/journal.hpp>
#include <ec/repair/judge.hpp>
#include <ec/repair/proposer.hpp>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

namespace ec::repair {

struct SearchLimits {
    std::chrono::nanoseconds deadline{0};  ///< on the clock given to the search
    /// What is still being judged this long after the deadline is given up, and counts as never proposed.
    std::chrono::milliseconds overrun{2000};
    std::size_t max_candidates = 200'000;
    /// Once something passed, this many further candidates are judged so that the ranking has a choice; fewer where
    /// they have to be cut off.
    std::size_t after_first = 480;
    /// … but none whose score is below this share of the best survivor's.
    double score_floor = 0.05;
    /// The other lanes join in after this much of the search: starting one costs more than many a search.
    std::chrono::milliseconds alone{500};
    std::size_t round = 128;  ///< candidates handed out between two decisions
    Shard shard;              ///< candidates of other shares are passed over, those only this search can find are not
    /// Time for a candidate at first, and at most: those cut off come again with eight times as much, in turn with new
    /// ones.
    std::chrono::milliseconds quick_limit{60};
    std::chrono::milliseconds patient_limit{2000};
};

struct SearchProgress {
    std::size_t tried = 0;
    std::size_t survivors = 0;
    double per_second = 0;
    const Candidate* best = nullptr;  ///< the survivor with the highest score so far
};

struct SearchOutcome {
    std::vector<Candidate> survivors;  ///< in the order found
    std::size_t tried = 0;             ///< judged in this run
    std::size_t remembered = 0;        ///< taken from the journal of an earlier run
    std::size_t timeouts = 0;
    std::chrono::nanoseconds elapsed{0};
    enum class End { enough, exhausted, budget, cancelled } end = End::exhausted;
};

class Search {
public:
    /// All references must outlive the search. `journal` may be null.
    Search(Proposer& proposer, Judge& judge, const SourceMap& sources, const Clock& clock, Journal* journal)
        : proposer_(proposer), judge_(judge), sources_(sources), clock_(clock), journal_(journal) {}

    /// `tests`: the failing ones first, then those that must keep passing.
    Result<SearchOutcome> run(const std::vector<std::string>& tests, const SearchLimits& limits, std::stop_token stop,
                              const std::function<void(const SearchProgress&)>& on_progress);

private:
    struct Level;
    struct Round;
    struct Tally;
    static std::vector<Level> levels(const SearchLimits& limits);
    std::vector<Candidate> propose(std::size_t most, Shard shard, std::stop_token stop);
    Round next_round(Tally& tally, const SearchLimits& limits, std::stop_token stop);
    std::optional<SearchOutcome::End> stop_reason(const Tally& tally, const SearchLimits& limits,
                                                  const std::stop_token& stop) const;
    void look_up(Round& round) const;
    Status judge_round(Round& round, const std::vector<std::string>& tests, std::chrono::nanoseconds deadline,
                       std::stop_token stop, std::stop_token give_up);
    void learn_chunk(const Round& round, std::size_t begin, std::size_t end);
    static void forget_unjudged(Round& round, const std::vector<char>& judged);
    Status keep(const Round& round);
    void count(const Round& round, Tally& tally);

    Proposer& proposer_;
    Judge& judge_;
    const SourceMap& sources_;
    const Clock& clock_;
    Journal* journal_;
    std::set<Hash128> seen_;
    std::atomic<std::size_t> chunk_{1};        ///< candidates a lane takes at once
    std::chrono::nanoseconds others_from_{0};  ///< when lanes other than the first join in
};

}  // namespace ec::repair
