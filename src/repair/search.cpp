#include <algorithm>
#include <atomic>
#include <ec/repair/search.hpp>
#include <mutex>
#include <thread>

namespace ec::repair {

namespace {
constexpr std::size_t kChunk = 8;  // candidates a lane takes at once: one exchange with its driver
}

struct Search::Round {
    std::vector<Candidate> candidates;
    std::vector<Hash128> ids;
    std::vector<Judgement> judgements;
    std::vector<std::size_t> open;  // positions still to be judged
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

// Lanes take chunks from a shared counter; every judgement lands at its candidate's place, so the order in which lanes
// finish does not matter.
Status Search::judge_round(Round& round, const JudgePlan& plan, std::stop_token stop) {
    std::atomic<std::size_t> next{0};
    std::mutex mutex;
    Status status;
    const auto work = [&](std::size_t lane) {
        for (;;) {
            const std::size_t begin = next.fetch_add(kChunk);
            if (begin >= round.open.size() || stop.stop_requested()) return;
            const std::size_t end = std::min(begin + kChunk, round.open.size());
            std::vector<Candidate> chunk;
            for (std::size_t i = begin; i < end; ++i) chunk.push_back(round.candidates[round.open[i]]);
            auto judged = judge_.judge(lane, chunk, plan, stop);
            if (!judged) {
                const std::scoped_lock lock(mutex);
                if (status) status = fail(std::move(judged).error());
                next = round.open.size();
                return;
            }
            for (std::size_t i = begin; i < end; ++i) round.judgements[round.open[i]] = std::move((*judged)[i - begin]);
        }
    };
    {
        std::vector<std::jthread> helpers;
        const std::size_t lanes = std::min(judge_.lanes(), (round.open.size() + kChunk - 1) / kChunk);
        for (std::size_t lane = 1; lane < lanes; ++lane) helpers.emplace_back(work, lane);
        work(0);
    }
    return status;
}

Result<SearchOutcome> Search::run(const std::vector<std::string>& tests, const SearchLimits& limits, std::stop_token stop,
                                  const std::function<void(const SearchProgress&)>& on_progress) {
    SearchOutcome outcome;
    const auto start = clock_.now();
    double best_score = 0;
    std::size_t best = 0;
    std::size_t since_first = 0;
    std::vector<Candidate> slow;
    bool patient = false;
    const auto out_of_time = [&] { return clock_.now() >= limits.deadline; };
    const auto report = [&] {
        outcome.elapsed = clock_.now() - start;
        const double seconds = std::chrono::duration<double>(outcome.elapsed).count();
        on_progress({outcome.tried, outcome.survivors.size(), seconds > 0 ? static_cast<double>(outcome.tried) / seconds : 0,
                     outcome.survivors.empty() ? nullptr : &outcome.survivors[best]});
    };

    for (;;) {
        outcome.end = SearchOutcome::End::cancelled;
        if (stop.stop_requested()) break;
        outcome.end = SearchOutcome::End::budget;
        if (out_of_time() || outcome.tried >= limits.max_candidates) break;
        outcome.end = SearchOutcome::End::enough;
        if (!outcome.survivors.empty() && since_first >= limits.after_first) break;

        Round round;
        const std::size_t room = outcome.survivors.empty() ? limits.round : std::min(limits.round, limits.after_first - since_first);
        round.candidates = next_round(room, stop);
        const JudgePlan plan{tests, patient ? limits.patient_limit : limits.quick_limit};
        if (round.candidates.empty() && !stop.stop_requested()) {
            outcome.end = SearchOutcome::End::exhausted;
            if (patient || slow.empty() || !outcome.survivors.empty()) break;
            // Nothing passed in good time: come back to those that were cut off.
            patient = true;
            std::swap(round.candidates, slow);
        }
        if (!outcome.survivors.empty() && !round.candidates.empty() &&
            round.candidates.front().score < limits.score_floor * best_score) {
            break;
        }
        const JudgePlan& used = plan;
        JudgePlan effective = used;
        if (patient) effective.time_limit = limits.patient_limit;
        round.judgements.resize(round.candidates.size());
        for (std::size_t i = 0; i < round.candidates.size(); ++i) {
            round.ids.push_back(content_id(round.candidates[i], sources_));
            const auto known = journal_ == nullptr ? std::nullopt : journal_->find(round.ids[i], effective.time_limit);
            if (known) {
                round.judgements[i] = *known;
                ++outcome.remembered;
            } else {
                round.open.push_back(i);
            }
        }
        EC_TRY(judge_round(round, effective, stop));
        if (stop.stop_requested()) continue;  // half a round proves nothing; the loop's head ends the search

        outcome.tried += round.open.size();
        for (const std::size_t i : round.open) {
            if (journal_ != nullptr) journal_->record(round.ids[i], round.judgements[i], effective.time_limit);
        }
        if (journal_ != nullptr) EC_TRY(journal_->flush());
        for (std::size_t i = 0; i < round.candidates.size(); ++i) {
            const Judgement& judgement = round.judgements[i];
            if (!outcome.survivors.empty()) ++since_first;
            if (judgement.verdict == Verdict::timeout) {
                ++outcome.timeouts;
                if (!patient) slow.push_back(round.candidates[i]);
            }
            if (judgement.verdict != Verdict::pass) continue;
            outcome.survivors.push_back(round.candidates[i]);
            if (round.candidates[i].score > best_score) {
                best_score = round.candidates[i].score;
                best = outcome.survivors.size() - 1;
            }
        }
        proposer_.learn(round.candidates, round.judgements);
        report();
    }
    report();
    return outcome;
}

}  // namespace ec::repair
