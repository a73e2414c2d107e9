#include "drafter.hpp"

#include <algorithm>
#include <cmath>

namespace ec::model::embedded {
namespace {

constexpr std::size_t kGram = 3;
constexpr std::size_t kMostPlaces = 32;
constexpr std::size_t kLongEnough = 16;
constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
constexpr double kFirstChance = 0.9;
constexpr double kLeastGain = 1.1;  // below it the measurement's own noise decides
constexpr double kMemory = 0.95;

std::uint64_t gram(std::span<const std::int32_t> tokens) {
    std::uint64_t hash = 0;
    for (const std::int32_t token : tokens) hash = (hash ^ static_cast<std::uint32_t>(token)) * 0x9e3779b97f4a7c15ULL;
    return hash;
}

}  // namespace

double batch_cost(const BatchCost& cost, std::size_t tokens) {
    if (cost.size() != kBatchSizes.size()) return static_cast<double>(tokens);
    for (std::size_t i = 1; i < kBatchSizes.size(); ++i) {
        if (tokens > kBatchSizes[i]) continue;
        const double share =
            static_cast<double>(tokens - kBatchSizes[i - 1]) / static_cast<double>(kBatchSizes[i] - kBatchSizes[i - 1]);
        return cost[i - 1] + share * (cost[i] - cost[i - 1]);
    }
    return cost.back() * static_cast<double>(tokens) / static_cast<double>(kBatchSizes.back());
}

Drafter::Drafter(std::vector<std::int32_t> likely, BatchCost cost)
    : likely_(std::move(likely)), cost_(std::move(cost)), chance_(kFirstChance) {
    if (cost_.size() != kBatchSizes.size()) likely_.clear();
    for (std::size_t i = 0; i + kGram < likely_.size(); ++i) {
        places_.emplace(gram(std::span(likely_).subspan(i, kGram)), i + kGram);
    }
}

std::span<const std::int32_t> Drafter::propose(std::span<const std::int32_t> written, std::size_t most) const {
    if (likely_.empty() || written.size() < kGram) return {};
    const std::size_t length = std::min(worthwhile(), most);
    if (length == 0) return {};
    const std::size_t at = position_after(written);
    if (at == kNowhere) return {};
    return std::span(likely_).subspan(at, std::min(length, likely_.size() - at));
}

// With chance p a draft of k yields (1 - p^(k+1)) / (1 - p) tokens: those right at its front and one of the model's
// own.
std::size_t Drafter::worthwhile() const {
    std::size_t best = 0;
    double most = kLeastGain;
    for (const std::size_t batch : kBatchSizes) {
        const double expected = (1 - std::pow(chance_, static_cast<double>(batch))) / (1 - chance_);
        const double gain = expected / batch_cost(cost_, batch);
        if (batch > 1 && gain > most) {
            most = gain;
            best = batch - 1;
        }
    }
    return best;
}

// Of the places where the last three tokens stand, the one with most of what stands before in common.
std::size_t Drafter::position_after(std::span<const std::int32_t> written) const {
    const auto [first, last] = places_.equal_range(gram(written.last(kGram)));
    std::size_t best = kNowhere;
    std::size_t longest = kGram - 1;
    std::size_t looked_at = 0;
    for (auto it = first; it != last && looked_at < kMostPlaces && longest < kLongEnough; ++it, ++looked_at) {
        const std::size_t at = it->second;
        std::size_t same = 0;
        while (same < kLongEnough && same < at && same < written.size() &&
               likely_[at - 1 - same] == written[written.size() - 1 - same]) {
            ++same;
        }
        if (same > longest) {
            longest = same;
            best = at;
        }
    }
    return best;
}

void Drafter::learn(std::size_t proposed, std::size_t right) {
    for (std::size_t i = 0; i < std::min(right + 1, proposed); ++i) {
        chance_ = kMemory * chance_ + (i < right ? 1 - kMemory : 0);
    }
    chance_ = std::clamp(chance_, 0.01, 0.99);
}

}  // namespace ec::model::embedded
