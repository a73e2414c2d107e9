#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <ec/core/time_or_stop.hpp>
#include <ec/repair/search.hpp>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace ec::repair {

namespace {

using std::chrono::milliseconds;

// Candidates a lane takes at once: one exchange with its driver, which shares among them what a fork costs.
constexpr std::size_t kFirstChunk = 8;
constexpr std::size_t kMostChunk = 32;
constexpr std::chrono::milliseconds kChunkTime{40};  // about: the deadline is looked at between two
constexpr int kLevelFactor = 8;
constexpr milliseconds kUsualCost{10};  // about what a candidate costs that is not cut off

}  // namespace

/// One time limit and the candidates waiting to be judged under it. Those that a level cuts off go to the next one; on
/// level 0 the proposer's new ones come. Each level gets half the time of the one before, so that neither a program
/// whose tests take long nor one that hangs on most candidates can starve the search (after Levin's universal search).
/// The shares are counted in what candidates may cost, not in what they did, so that a run can be repeated.
struct Search::Level {
    milliseconds limit{0};
    std::deque<Candidate> waiting;
    milliseconds spent{0};
};

struct Search::Round {
    std::vector<Candidate> candidates;
    std::chrono::milliseconds time_limit{0};
    std::vector<Hash128> ids;
    std::vector<Judgement> judgements;
    std::vector<std::size_t> open;  // positions no journal knows
    std::size_t level = 0;
};

struct Search::Tally {
    SearchOutcome outcome;
    std::vector<Level> levels;
    bool exhausted = false;       // the proposer has no more
    milliseconds since_first{0};  // what was spent after the first survivor
    std::size_t first_level = 0;  // where that was
    std::size_t best = 0;         // position in outcome.survivors

    /// The level with work that is furthest behind its share; nullopt when none has any.
    [[nodiscard]] std::optional<std::size_t> next_level() const {
        std::optional<std::size_t> next;
        for (std::size_t i = 0; i < levels.size(); ++i) {
            if (levels[i].waiting.empty() && (i > 0 || exhausted)) continue;
            // Once something passed in some time, what takes longer is not worth waiting for.
            if (!outcome.survivors.empty() && i > first_level) continue;
            if (!next || levels[i].spent * (1L << i) < levels[*next].spent * (1L << *next)) next = i;
        }
        return next;
    }

    /// Candidates that may still be judged: all before the first survivor, then what is left of after_first.
    [[nodiscard]] std::size_t wanted(const SearchLimits& limits) const {
        if (outcome.survivors.empty()) return limits.max_candidates;
        const auto judged = static_cast<std::size_t>((since_first + kUsualCost - milliseconds(1)) / kUsualCost);
        return judged >= limits.after_first ? 0 : limits.after_first - judged;
    }

    [[nodiscard]] double best_score() const { return outcome.survivors.empty() ? 0 : outcome.survivors[best].score; }
};

std::vector<Candidate> Search::propose(std::size_t most, Shard shard, std::stop_token stop) {
    std::vector<Candidate> fresh;
    std::vector<Candidate> offered;
    // One call a round, unless nothing of it is to be judged: what comes next may depend on what becomes of these.
    do {
        offered = proposer_.propose(most * shard.of, stop);
        for (Candidate& candidate : offered) {
            const Hash128 id = content_id(candidate, sources_);
            if (!candidate.own_find && !shard.holds(id)) continue;
            if (seen_.insert(id).second) fresh.push_back(std::move(candidate));
        }
    } while (fresh.empty() && !offered.empty() && !stop.stop_requested());
    return fresh;
}

// As many candidates as take about as long as a full round of level 0, so that the deadline and the stop rule are
// looked at often enough.
Search::Round Search::next_round(Tally& tally, const SearchLimits& limits, std::stop_token stop) {
    Round round;
    while (round.candidates.empty() && !stop.stop_requested()) {
        const auto level = tally.next_level();
        if (!level) break;
        round.level = *level;
        Level& from = tally.levels[*level];
        round.time_limit = from.limit;
        if (*level == 0) {
            round.candidates = propose(std::min(limits.round, tally.wanted(limits)), limits.shard, stop);
            tally.exhausted = round.candidates.empty();
            continue;
        }
        const auto share = static_cast<std::size_t>(limits.round * kUsualCost / from.limit);
        for (std::size_t left = std::max(share, judge_.lanes()); left > 0 && !from.waiting.empty(); --left) {
            round.candidates.push_back(std::move(from.waiting.front()));
            from.waiting.pop_front();
        }
    }
    return round;
}

void Search::look_up(Round& round) const {
    round.judgements.resize(round.candidates.size());
    for (std::size_t i = 0; i < round.candidates.size(); ++i) {
        round.ids.push_back(content_id(round.candidates[i], sources_));
        const auto known = journal_ == nullptr ? std::nullopt : journal_->find(round.ids[i], round.time_limit);
        if (known)
            round.judgements[i] = *known;
        else
            round.open.push_back(i);
    }
}

// What the deadline left over counts as never proposed.
void Search::forget_unjudged(Round& round, const std::vector<char>& judged) {
    Round kept;
    kept.time_limit = round.time_limit;
    kept.level = round.level;
    const std::set<std::size_t> open(round.open.begin(), round.open.end());
    for (std::size_t i = 0; i < round.candidates.size(); ++i) {
        if (open.contains(i) && judged[i] == 0) continue;
        if (open.contains(i)) kept.open.push_back(kept.candidates.size());
        kept.candidates.push_back(std::move(round.candidates[i]));
        kept.ids.push_back(round.ids[i]);
        kept.judgements.push_back(std::move(round.judgements[i]));
    }
    round = std::move(kept);
}

// Lanes take chunks from a shared counter; every judgement lands at its candidate's place, so the order in which lanes
// finish does not matter.
Status Search::judge_round(Round& round, const std::vector<std::string>& tests, std::chrono::nanoseconds deadline,
                           std::stop_token stop, std::stop_token give_up) {
    const JudgePlan plan{tests, round.time_limit};
    std::vector<char> judged(round.candidates.size(), 0);
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Status status;
    std::condition_variable_any taken;
    const auto over = [&] { return next >= round.open.size() || stop.stop_requested() || clock_.now() >= deadline; };
    const auto join_in = [&](std::size_t lane) {
        std::unique_lock lock(mutex);
        if (taken.wait_for(lock, stop, others_from_ - clock_.now(), over)) return false;
        lock.unlock();
        // A lane that is still starting leaves its share to the others.
        while (!judge_.ready(lane))
            if (over()) return false;
        return true;
    };
    const auto work = [&](std::size_t lane) {
        if (lane > 0 && !join_in(lane)) return;
        for (;;) {
            // Where each may take long, the deadline is looked at before each.
            const std::size_t step = round.level > 0 ? 1 : chunk_.load();
            const std::size_t begin = next.fetch_add(step);
            if (begin + step >= round.open.size()) {
                const std::scoped_lock lock(mutex);
                taken.notify_all();
            }
            if (begin >= round.open.size() || stop.stop_requested() || clock_.now() >= deadline) return;
            const std::size_t end = std::min(begin + step, round.open.size());
            std::vector<Candidate> chunk;
            for (std::size_t i = begin; i < end; ++i) chunk.push_back(round.candidates[round.open[i]]);
            auto verdicts = judge_.judge(lane, chunk, plan, give_up);
            if (!verdicts && give_up.stop_requested()) return;
            if (!verdicts) {
                const std::scoped_lock lock(mutex);
                if (status) status = fail(std::move(verdicts).error());
                next = round.open.size();
                return;
            }
            for (std::size_t i = begin; i < end; ++i) {
                round.judgements[round.open[i]] = std::move((*verdicts)[i - begin]);
                judged[round.open[i]] = 1;
            }
            if (round.level == 0) learn_chunk(round, begin, end);
        }
    };
    std::vector<std::jthread> helpers;
    const std::size_t lanes = std::min(judge_.lanes(), round.open.size());
    for (std::size_t lane = 1; lane < lanes; ++lane) helpers.emplace_back(work, lane);
    work(0);
    helpers.clear();  // joins
    forget_unjudged(round, judged);
    return status;
}

// Sizes the next chunk after what this one, [begin, end) of the open candidates, took.
void Search::learn_chunk(const Round& round, std::size_t begin, std::size_t end) {
    std::chrono::microseconds spent{1};
    for (std::size_t i = begin; i < end; ++i) spent += round.judgements[round.open[i]].duration;
    const auto fitting = static_cast<std::size_t>(kChunkTime * static_cast<long>(end - begin) / spent);
    chunk_ = std::clamp<std::size_t>(fitting, 1, kMostChunk);
}

Status Search::keep(const Round& round) {
    if (journal_ == nullptr) return {};
    for (const std::size_t i : round.open) journal_->record(round.ids[i], round.judgements[i], round.time_limit);
    return journal_->flush();
}

void Search::count(const Round& round, Tally& tally) {
    SearchOutcome& outcome = tally.outcome;
    outcome.tried += round.open.size();
    outcome.remembered += round.candidates.size() - round.open.size();
    Level& level = tally.levels[round.level];
    for (std::size_t i = 0; i < round.candidates.size(); ++i) {
        const bool cut_off = round.judgements[i].verdict == Verdict::timeout;
        const milliseconds cost = cut_off ? level.limit : std::min(level.limit, kUsualCost);
        level.spent += cost;
        if (!outcome.survivors.empty()) tally.since_first += cost;
        if (cut_off) {
            ++outcome.timeouts;
            if (round.level + 1 < tally.levels.size())
                tally.levels[round.level + 1].waiting.push_back(round.candidates[i]);
        }
        if (round.judgements[i].verdict != Verdict::pass) continue;
        if (outcome.survivors.empty()) tally.first_level = round.level;
        outcome.survivors.push_back(round.candidates[i]);
        if (round.candidates[i].score > tally.best_score()) tally.best = outcome.survivors.size() - 1;
    }
}

std::vector<Search::Level> Search::levels(const SearchLimits& limits) {
    std::vector<Level> levels;
    milliseconds limit = limits.quick_limit;
    for (; limit < limits.patient_limit; limit *= kLevelFactor) levels.push_back({limit, {}, {}});
    levels.push_back({std::max(limits.quick_limit, limits.patient_limit), {}, {}});
    return levels;
}

std::optional<SearchOutcome::End> Search::stop_reason(const Tally& tally, const SearchLimits& limits,
                                                      const std::stop_token& stop) const {
    using End = SearchOutcome::End;
    const SearchOutcome& outcome = tally.outcome;
    if (stop.stop_requested()) return End::cancelled;
    if (clock_.now() >= limits.deadline || outcome.tried >= limits.max_candidates) return End::budget;
    if (tally.wanted(limits) == 0) return End::enough;
    return std::nullopt;
}

Result<SearchOutcome> Search::run(const std::vector<std::string>& tests, const SearchLimits& limits,
                                  std::stop_token stop, const std::function<void(const SearchProgress&)>& on_progress) {
    using End = SearchOutcome::End;
    Tally tally;
    tally.levels = levels(limits);
    SearchOutcome& outcome = tally.outcome;
    const auto start = clock_.now();
    others_from_ = start + limits.alone;
    chunk_ = kFirstChunk;
    const auto report = [&] {
        outcome.elapsed = clock_.now() - start;
        const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
        on_progress({outcome.tried, outcome.survivors.size(),
                     seconds > 0 ? static_cast<double>(outcome.tried) / seconds : 0,
                     outcome.survivors.empty() ? nullptr : &outcome.survivors[tally.best]});
    };

    constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24);
    // A candidate of a slow suite may take many seconds; without this a search would end that much after its time.
    const TimeOrStop give_up(stop, std::min(limits.deadline - start, kLongest) + limits.overrun);
    std::optional<End> end;
    while (!(end = stop_reason(tally, limits, stop))) {
        Round round = next_round(tally, limits, give_up.token());
        if (stop.stop_requested()) continue;
        end = End::budget;
        if (round.candidates.empty() && give_up.token().stop_requested()) break;
        end = outcome.survivors.empty() ? End::exhausted : End::enough;
        if (round.candidates.empty()) break;
        if (round.candidates.front().score < limits.score_floor * tally.best_score()) break;
        look_up(round);
        EC_TRY(judge_round(round, tests, limits.deadline, stop, give_up.token()));
        if (stop.stop_requested()) continue;  // half a round proves nothing
        EC_TRY(keep(round));
        count(round, tally);
        proposer_.learn(round.candidates, round.judgements);
        report();
    }
    outcome.end = *end;
    report();
    return std::move(tally.outcome);
}

}  // namespace ec::repair
