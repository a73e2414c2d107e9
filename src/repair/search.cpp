#include <algorithm>
#include <atomic>
#include <ec/repair/search.hpp>
#include <mutex>
#include <optional>
#include <thread>

namespace ec::repair {

namespace {
constexpr std::size_t kChunk = 8;         // candidates a lane takes at once: one exchange with its driver
constexpr std::size_t kPatientChunk = 1;  // each may take long, so the deadline is looked at before each
}  // namespace

struct Search::Round {
    std::vector<Candidate> candidates;
    std::chrono::milliseconds time_limit{0};
    std::vector<Hash128> ids;
    std::vector<Judgement> judgements;
    std::vector<std::size_t> open;  // positions no journal knows
    bool patient = false;
};

struct Search::Tally {
    SearchOutcome outcome;
    std::vector<Candidate> slow;  // cut off by the quick limit
    std::size_t since_first = 0;
    std::size_t best = 0;  // position in outcome.survivors

    [[nodiscard]] double best_score() const { return outcome.survivors.empty() ? 0 : outcome.survivors[best].score; }
};

std::vector<Candidate> Search::next_round(std::size_t most, std::stop_token stop) {
    std::vector<Candidate> round;
    while (round.size() < most && !stop.stop_requested()) {
        std::vector<Candidate> offered = proposer_.propose(most - round.size(), stop);
        if (offered.empty()) break;
        for (Candidate& candidate : offered) {
            if (seen_.insert(content_id(candidate, sources_)).second) round.push_back(std::move(candidate));
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
    kept.patient = round.patient;
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
                           std::stop_token stop) {
    const JudgePlan plan{tests, round.time_limit};
    const std::size_t step = round.patient ? kPatientChunk : kChunk;
    std::vector<char> judged(round.candidates.size(), 0);
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Status status;
    const auto over = [&] { return next >= round.open.size() || stop.stop_requested() || clock_.now() >= deadline; };
    const auto work = [&](std::size_t lane) {
        // A lane that is still starting leaves its share to the others.
        while (lane > 0 && !judge_.ready(lane))
            if (over()) return;
        for (;;) {
            const std::size_t begin = next.fetch_add(step);
            if (begin >= round.open.size() || stop.stop_requested() || clock_.now() >= deadline) return;
            const std::size_t end = std::min(begin + step, round.open.size());
            std::vector<Candidate> chunk;
            for (std::size_t i = begin; i < end; ++i) chunk.push_back(round.candidates[round.open[i]]);
            auto verdicts = judge_.judge(lane, chunk, plan, stop);
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
        }
    };
    std::vector<std::jthread> helpers;
    const std::size_t lanes = std::min(judge_.lanes(), (round.open.size() + step - 1) / step);
    for (std::size_t lane = 1; lane < lanes; ++lane) helpers.emplace_back(work, lane);
    work(0);
    helpers.clear();  // joins
    forget_unjudged(round, judged);
    return status;
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
    for (std::size_t i = 0; i < round.candidates.size(); ++i) {
        if (!outcome.survivors.empty()) ++tally.since_first;
        if (round.judgements[i].verdict == Verdict::timeout) {
            ++outcome.timeouts;
            tally.slow.push_back(round.candidates[i]);
        }
        if (round.judgements[i].verdict != Verdict::pass) continue;
        outcome.survivors.push_back(round.candidates[i]);
        if (round.candidates[i].score > tally.best_score()) tally.best = outcome.survivors.size() - 1;
    }
}

Result<SearchOutcome> Search::run(const std::vector<std::string>& tests, const SearchLimits& limits,
                                  std::stop_token stop, const std::function<void(const SearchProgress&)>& on_progress) {
    using End = SearchOutcome::End;
    Tally tally;
    SearchOutcome& outcome = tally.outcome;
    const auto start = clock_.now();
    bool patient = false;
    const auto stop_reason = [&]() -> std::optional<End> {
        if (stop.stop_requested()) return End::cancelled;
        if (clock_.now() >= limits.deadline || outcome.tried >= limits.max_candidates) return End::budget;
        if (!outcome.survivors.empty() && tally.since_first >= limits.after_first) return End::enough;
        return std::nullopt;
    };
    const auto report = [&] {
        outcome.elapsed = clock_.now() - start;
        const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
        on_progress({outcome.tried, outcome.survivors.size(),
                     seconds > 0 ? static_cast<double>(outcome.tried) / seconds : 0,
                     outcome.survivors.empty() ? nullptr : &outcome.survivors[tally.best]});
    };

    std::optional<End> end;
    while (!(end = stop_reason())) {
        Round round;
        const std::size_t wanted =
            outcome.survivors.empty() ? limits.round : std::min(limits.round, limits.after_first - tally.since_first);
        round.candidates = next_round(wanted, stop);
        if (round.candidates.empty() && !stop.stop_requested()) {
            end = End::exhausted;
            if (patient || tally.slow.empty() || !outcome.survivors.empty()) break;
            // Nothing passed in good time: come back to those that were cut off.
            patient = true;
            round.candidates = std::exchange(tally.slow, {});
        }
        end = End::enough;
        const bool worthless =
            !round.candidates.empty() && round.candidates.front().score < limits.score_floor * tally.best_score();
        if (!outcome.survivors.empty() && worthless) break;
        round.patient = patient;
        round.time_limit = patient ? limits.patient_limit : limits.quick_limit;
        look_up(round);
        EC_TRY(judge_round(round, tests, limits.deadline, stop));
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
