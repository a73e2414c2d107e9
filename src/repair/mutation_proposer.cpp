#include <algorithm>
#include <cmath>
#include <ec/core/text.hpp>
#include <ec/repair/mutation_proposer.hpp>
#include <set>
#include <utility>

namespace ec::repair {
namespace {

constexpr std::size_t kFirstWave = 80;       // lines; about one small file
constexpr double kNaturalnessWeight = 0.22;  // per bit of gain; chosen by hand
constexpr double kNaturalnessBound = 1.2;
constexpr double kSuspicionPower = 1.3;
constexpr std::size_t kPairSeeds = 120;
constexpr double kPairFactor = 0.1;
constexpr double kUsualPrior = 0.25;  // of the more likely operators

Hash128 edit_identity(const TextEdit& edit) {
    return hash128(edit.replacement, hash128(edit.file, edit.begin * 0x9e3779b97f4a7c15ULL + edit.end).low);
}

bool overlap(const TextEdit& a, const TextEdit& b) {
    if (a.file != b.file) return false;
    // Two insertions at one place have no defined order, so they count as overlapping too.
    return a.begin == b.begin || (a.begin < b.end && b.begin < a.end);
}

// Full lines around bytes [begin, end) of `text`.
std::pair<std::size_t, std::size_t> line_span(std::string_view text, std::size_t begin, std::size_t end) {
    const std::size_t newline = begin == 0 ? std::string_view::npos : text.rfind('\n', begin - 1);
    const std::size_t first = newline == std::string_view::npos ? 0 : newline + 1;
    const std::size_t last = text.find('\n', end);
    return {first, last == std::string_view::npos ? text.size() : last};
}

Candidate pair_of(const Candidate& a, const Candidate& b) {
    const bool in_order = std::tie(a.file, a.edits.front().begin) <= std::tie(b.file, b.edits.front().begin);
    const Candidate& first = in_order ? a : b;
    const Candidate& second = in_order ? b : a;
    Candidate pair = first;
    pair.edits.insert(pair.edits.end(), second.edits.begin(), second.edits.end());
    pair.op = first.op + "+" + second.op;
    pair.explanation = first.explanation + "; and " + second.explanation;
    pair.destructive = first.destructive || second.destructive;
    return pair;
}

}  // namespace

MutationProposer::MutationProposer(MutationInput input) : input_(std::move(input)), wave_size_(kFirstWave) {}

double MutationProposer::naturalness_gain(const SourceUnit& unit, const TextEdit& edit) const {
    const std::string_view text = unit.tree.text();
    const auto [first, last] = line_span(text, edit.begin, edit.end);
    const std::string_view before = text.substr(0, first);
    const std::string_view after = text.substr(last);
    std::string changed(text.substr(first, edit.begin - first));
    changed += edit.replacement;
    changed += text.substr(edit.end, last - edit.end);
    const double gain = input_.naturalness.score(before, changed, after) -
                        input_.naturalness.score(before, text.substr(first, last - first), after);
    return std::clamp(gain * kNaturalnessWeight, -kNaturalnessBound, kNaturalnessBound);
}

void MutationProposer::add_unit_mutations(const SourceUnit& unit, const std::map<int, double>& wanted) {
    const auto guarded = input_.protected_lines.find(unit.path);
    const auto is_wanted = [&](int line) {
        if (!wanted.contains(line)) return false;
        if (guarded == input_.protected_lines.end()) return true;
        return std::ranges::none_of(guarded->second,
                                    [line](const auto& range) { return range.first <= line && line <= range.second; });
    };
    for (Mutation& mutation : mutate({unit, is_wanted, input_.constants, input_.callables, input_.fragments})) {
        const Hash128 identity = edit_identity(mutation.edit);
        if (index_.contains(identity)) continue;
        const auto suspicion = wanted.find(mutation.line);
        const double line_score = suspicion == wanted.end() ? 0.1 : suspicion->second;
        Candidate candidate;
        candidate.score =
            std::pow(line_score, kSuspicionPower) * mutation.prior * std::exp(naturalness_gain(unit, mutation.edit));
        candidate.edits.push_back(std::move(mutation.edit));
        candidate.op = std::move(mutation.op);
        candidate.explanation = std::move(mutation.explanation);
        candidate.file = unit.path;
        candidate.line = mutation.line;
        candidate.destructive = mutation.destructive;
        index_[identity] = singles_.size();
        singles_.push_back({std::move(candidate), 0});
        singles_.back().promise = singles_.back().candidate.score;
    }
}

bool MutationProposer::open_wave(const std::stop_token& stop) {
    while (next_line_ < input_.lines.size() && !stop.stop_requested()) {
        const std::size_t end = std::min(input_.lines.size(), next_line_ + wave_size_);
        std::map<std::string, std::map<int, double>, std::less<>> wanted;
        for (; next_line_ < end; ++next_line_) {
            const SuspiciousLine& line = input_.lines[next_line_];
            wanted[line.file][line.line] = line.score;
        }
        wave_size_ *= 2;
        const std::size_t before = singles_.size();
        for (const SourceUnit& unit : input_.units) {
            const auto lines = wanted.find(unit.path);
            if (lines != wanted.end() && !stop.stop_requested()) add_unit_mutations(unit, lines->second);
        }
        if (singles_.size() == before) continue;
        const auto better = [](const Candidate& a, const Candidate& b) { return a.score > b.score; };
        const auto old_size = static_cast<std::ptrdiff_t>(queue_.size());
        for (std::size_t i = before; i < singles_.size(); ++i) queue_.push_back(singles_[i].candidate);
        std::stable_sort(queue_.begin() + old_size, queue_.end(), better);
        std::inplace_merge(queue_.begin(), queue_.begin() + old_size, queue_.end(), better);
        return true;
    }
    return false;
}

double MutationProposer::best_unopened() const {
    if (next_line_ >= input_.lines.size()) return 0;
    return std::pow(input_.lines[next_line_].score, kSuspicionPower) * kUsualPrior;
}

void MutationProposer::make_pairs(std::stop_token stop) {
    std::vector<const Single*> seeds;
    for (const Single& single : singles_) seeds.push_back(&single);
    std::ranges::stable_sort(seeds,
                             [](const Single* a, const Single* b) { return a->candidate.score > b->candidate.score; });
    // By score and not by promise, so that machines that share a search find the same ones among the best.
    const std::set<const Single*> best(seeds.begin(),
                                       seeds.begin() + static_cast<std::ptrdiff_t>(std::min(seeds.size(), kPairSeeds)));
    std::ranges::stable_sort(seeds, [](const Single* a, const Single* b) { return a->promise > b->promise; });
    // A single that already made some failing test pass is combined with everything, others only among the best.
    const auto progressed = [](const Single& single) { return single.promise > single.candidate.score; };
    std::vector<std::pair<double, Candidate>> pairs;
    for (std::size_t i = 0; i < seeds.size() && !stop.stop_requested(); ++i) {
        const bool leads = progressed(*seeds[i]);
        if (!leads && !best.contains(seeds[i])) continue;
        for (std::size_t j = i + 1; j < seeds.size(); ++j) {
            if (!leads && !best.contains(seeds[j])) continue;
            const Candidate& a = seeds[i]->candidate;
            const Candidate& b = seeds[j]->candidate;
            if (overlap(a.edits.front(), b.edits.front())) continue;
            Candidate pair = pair_of(a, b);
            pair.own_find = leads;
            const bool near = a.file == b.file && std::abs(a.line - b.line) <= 10;
            // Tried in the order of promise, but ranked by what the edits are worth by themselves.
            pair.score = a.score * b.score * kPairFactor;
            const double order = seeds[i]->promise * seeds[j]->promise * (near ? 1.0 : 0.4);
            pairs.emplace_back(order, std::move(pair));
        }
        if (pairs.size() > 4 * input_.max_pairs) break;
    }
    std::ranges::stable_sort(pairs, [](const auto& a, const auto& b) { return a.first > b.first; });
    if (pairs.size() > input_.max_pairs) pairs.resize(input_.max_pairs);
    for (auto& [order, pair] : pairs) queue_.push_back(std::move(pair));
}

std::vector<Candidate> MutationProposer::propose(std::size_t most, std::stop_token stop) {
    std::vector<Candidate> batch;
    while (batch.size() < most && !stop.stop_requested()) {
        // A line not opened yet may hold something better than the best in hand.
        while (!pairs_made_ && (queue_.empty() || queue_.front().score < best_unopened()) && open_wave(stop)) {
        }
        if (stop.stop_requested()) break;
        if (queue_.empty() && !pairs_made_) {
            if (!batch.empty()) break;  // pairs stand on what became of the last single edit
            pairs_made_ = true;
            if (!solved_) make_pairs(stop);
        }
        if (queue_.empty()) break;
        batch.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    return batch;
}

void MutationProposer::learn(std::span<const Candidate> candidates, std::span<const Judgement> judgements) {
    constexpr double kProgressFactor = 50;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (candidates[i].edits.size() == 1 && judgements[i].verdict == Verdict::pass) solved_ = true;
        if (candidates[i].edits.size() != 1 || judgements[i].passed == 0) continue;
        const auto at = index_.find(edit_identity(candidates[i].edits.front()));
        if (at != index_.end()) singles_[at->second].promise = singles_[at->second].candidate.score * kProgressFactor;
    }
}

}  // namespace ec::repair
