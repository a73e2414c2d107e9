#include <algorithm>
#include <cmath>
#include <ec/repair/rank.hpp>
#include <map>

namespace ec::repair {
namespace {

constexpr double kDestructiveFactor = 0.35;
constexpr double kPerEditedByte = 0.01;  // what is added or taken away is one more thing to be wrong
constexpr double kPerFurtherEdit = 0.25;
constexpr double kAgreementPower = 0.5;  // how much the other members of a cluster add to its best one

double weight_of(const Candidate& candidate) {
    double bytes = 0;
    for (const TextEdit& edit : candidate.edits) {
        bytes += std::abs(static_cast<double>(edit.replacement.size()) - static_cast<double>(edit.end - edit.begin));
    }
    double weight = candidate.score / (1 + kPerEditedByte * bytes);
    weight *= std::pow(kPerFurtherEdit, static_cast<double>(candidate.edits.size() - 1));
    return candidate.destructive ? weight * kDestructiveFactor : weight;
}

}  // namespace

std::vector<RankedCandidate> rank_survivors(std::span<const Candidate> survivors,
                                            std::span<const Observation> observations) {
    struct Cluster {
        std::vector<std::size_t> members;
        double best = 0;
        double sum = 0;
        [[nodiscard]] double weight() const { return best * std::pow(sum / best, kAgreementPower); }
    };
    std::vector<double> weights;
    std::map<std::vector<std::uint64_t>, std::size_t> by_behaviour;
    std::vector<Cluster> clusters;
    for (std::size_t i = 0; i < survivors.size(); ++i) {
        weights.push_back(weight_of(survivors[i]));
        std::size_t cluster = clusters.size();
        const bool observed = i < observations.size() && !observations[i].digests.empty();
        if (observed) cluster = by_behaviour.try_emplace(observations[i].digests, cluster).first->second;
        if (cluster == clusters.size()) clusters.emplace_back();
        clusters[cluster].members.push_back(i);
        clusters[cluster].best = std::max(clusters[cluster].best, weights[i]);
        clusters[cluster].sum += weights[i];
    }
    std::ranges::stable_sort(clusters, [](const Cluster& a, const Cluster& b) { return a.weight() > b.weight(); });

    std::vector<RankedCandidate> representatives;
    std::vector<RankedCandidate> others;
    for (std::size_t number = 0; number < clusters.size(); ++number) {
        Cluster& cluster = clusters[number];
        std::ranges::stable_sort(cluster.members,
                                 [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
        for (const std::size_t member : cluster.members) {
            auto& list = member == cluster.members.front() ? representatives : others;
            list.push_back({survivors[member], number, cluster.members.size(), weights[member]});
        }
    }
    std::ranges::move(others, std::back_inserter(representatives));
    return representatives;
}

}  // namespace ec::repair
