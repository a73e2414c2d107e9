#include "page_rank.hpp"

#include <cmath>
#include <numeric>

namespace ec::codeindex {

namespace {
constexpr double kDamping = 0.85;
constexpr double kEnough = 1e-10;
constexpr int kMostRounds = 100;
}  // namespace

std::vector<double> page_rank(const std::vector<Edge>& edges, std::vector<double> preference) {
    const std::size_t n = preference.size();
    if (n == 0) return {};
    const double total = std::accumulate(preference.begin(), preference.end(), 0.0);
    for (double& share : preference) share = total > 0 ? share / total : 1.0 / static_cast<double>(n);
    std::vector<double> out(n, 0);
    for (const Edge& edge : edges) out[edge.from] += edge.weight;

    std::vector<double> rank = preference;
    std::vector<double> next(n);
    for (int round = 0; round < kMostRounds; ++round) {
        double jumping = 0;  // rank of the nodes that lead nowhere
        for (std::size_t i = 0; i < n; ++i)
            if (out[i] <= 0) jumping += rank[i];
        const double jump = 1 - kDamping + kDamping * jumping;
        for (std::size_t i = 0; i < n; ++i) next[i] = jump * preference[i];
        for (const Edge& edge : edges) next[edge.to] += kDamping * rank[edge.from] * edge.weight / out[edge.from];
        double change = 0;
        for (std::size_t i = 0; i < n; ++i) change += std::abs(next[i] - rank[i]);
        rank.swap(next);
        if (change < kEnough) break;
    }
    return rank;
}

}  // namespace ec::codeindex
