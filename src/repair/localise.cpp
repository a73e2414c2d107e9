#include <algorithm>
#include <cmath>
#include <ec/repair/localise.hpp>
#include <utility>

namespace ec::repair {
namespace {

using Place = std::pair<std::string, int>;

struct Tally {
    int failing = 0;
    int passing = 0;
    double evidence = 1;
};

// Weights of the further evidence, chosen by hand.
constexpr double kInnermostFrame = 0.35;
constexpr double kRecentChange = 0.25;
constexpr double kLoadTimeDiscount = 0.4;

void add_trace_evidence(const executor::TestCase& test, std::map<Place, Tally>& tallies) {
    double weight = kInnermostFrame;
    for (auto frame = test.frames.rbegin(); frame != test.frames.rend(); ++frame) {
        const auto at = tallies.find({frame->file, frame->line});
        if (at == tallies.end()) continue;
        at->second.evidence = std::max(at->second.evidence, 1 + weight);
        weight /= 2;
    }
}

}  // namespace

std::vector<SuspiciousLine> rank_lines(const BaselineRun& baseline, const std::set<std::string>& failing,
                                       const LineSet& recently_changed) {
    std::map<Place, Tally> tallies;
    for (const ObservedTest& observed : baseline.tests) {
        const bool fails = failing.contains(observed.test.id);
        if (!fails && (observed.flaky || observed.test.outcome != executor::TestOutcome::passed)) continue;
        for (const auto& [file, lines] : observed.lines) {
            for (const int line : lines) {
                Tally& tally = tallies[{file, line}];
                ++(fails ? tally.failing : tally.passing);
            }
        }
    }
    const int total_failing = static_cast<int>(failing.size());
    std::map<Place, double> load_time;
    for (const auto& [file, lines] : baseline.import_lines) {
        for (const int line : lines) {
            if (!tallies.contains({file, line})) load_time[{file, line}] = kLoadTimeDiscount;
        }
    }
    for (const ObservedTest& observed : baseline.tests) {
        if (failing.contains(observed.test.id)) add_trace_evidence(observed.test, tallies);
    }

    std::vector<SuspiciousLine> ranking;
    const auto add = [&](const Place& place, double score) {
        const auto file = recently_changed.find(place.first);
        if (file != recently_changed.end() && file->second.contains(place.second)) score *= 1 + kRecentChange;
        ranking.push_back({place.first, place.second, score});
    };
    for (const auto& [place, tally] : tallies) {
        if (tally.failing == 0) continue;
        const double ochiai =
            tally.failing / std::sqrt(static_cast<double>(total_failing) * (tally.failing + tally.passing));
        add(place, ochiai * tally.evidence);
    }
    // Every test runs the load-time lines, so their Ochiai value is that of a line all tests execute.
    const auto all = static_cast<double>(baseline.tests.size());
    for (const auto& [place, discount] : load_time) {
        add(place, discount * std::sqrt(total_failing / std::max(all, 1.0)));
    }
    std::ranges::stable_sort(ranking, [](const SuspiciousLine& a, const SuspiciousLine& b) {
        if (a.score != b.score) return a.score > b.score;
        return std::tie(a.file, a.line) < std::tie(b.file, b.line);
    });
    if (!ranking.empty()) {
        const double top = ranking.front().score;
        for (SuspiciousLine& line : ranking) line.score /= top;
    }
    return ranking;
}

}  // namespace ec::repair
