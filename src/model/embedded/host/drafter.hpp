// Drafts copied from text that an answer is likely to repeat, and the decision whether to try one.
//
// Checking k drafted tokens costs one batch of k + 1. Where that costs little more than a single token a draft pays
// even when it is often wrong; on few cores it costs nearly k + 1 tokens and only long, near-certain matches pay. So
// the costs are measured, and the chance that a drafted token is right is learnt while the answer grows. Pure; one
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace ec::model::embedded {

inline constexpr std::array<std::size_t, 6> kBatchSizes{1, 2, 4, 8, 16, 32};

/// What batches of kBatchSizes tokens cost relative to one; empty: not measured.
using BatchCost = std::vector<double>;

/// The cost of a batch of `tokens`, between the measured sizes in a straight line.
double batch_cost(const BatchCost& cost, std::size_t tokens);

class Drafter {
public:
    Drafter(std::vector<std::int32_t> likely, BatchCost cost);

    /// What may come after `written`, as far as trying it pays; most often nothing. Valid until the next call.
    [[nodiscard]] std::span<const std::int32_t> propose(std::span<const std::int32_t> written, std::size_t most) const;
    /// How many of those proposed were right.
    void learn(std::size_t proposed, std::size_t right);

private:
    [[nodiscard]] std::size_t worthwhile() const;
    [[nodiscard]] std::size_t position_after(std::span<const std::int32_t> written) const;

    std::vector<std::int32_t> likely_;
    BatchCost cost_;
    std::unordered_multimap<std::uint64_t, std::size_t> places_;  ///< of every three tokens, by their hash
    double chance_;                                               ///< that a drafted token is right
};

}  // namespace ec::model::embedded
