#include "batch_timer.hpp"

#include <algorithm>
#include <optional>

namespace ec::model::embedded {
namespace {

constexpr std::chrono::nanoseconds kMost = std::chrono::seconds(2);
constexpr int kRounds = 3;

std::optional<std::chrono::nanoseconds> timed(LoadedModel& model, const Clock& clock, std::size_t size) {
    const llama_seq_id sequence = kSequences - 1;
    std::vector<Step> steps;
    for (std::size_t i = 0; i < size; ++i) {
        const auto token = static_cast<llama_token>((i * 7919 + 17) % 1000 %
                                                    static_cast<std::size_t>(llama_vocab_n_tokens(model.vocab())));
        steps.push_back({token, static_cast<llama_pos>(i), sequence, true});
    }
    const auto begun = clock.now();
    const Result<Evaluated> evaluated = model.evaluate(steps);
    const auto took = clock.now() - begun;
    llama_memory_seq_rm(model.memory(), sequence, -1, -1);
    if (!evaluated || *evaluated != Evaluated::all) return std::nullopt;
    return took;
}

}  // namespace

BatchCost measure_batch_cost(LoadedModel& model, const Clock& clock) {
    const auto begun = clock.now();
    if (!timed(model, clock, 1)) return {};  // maps the weights in
    BatchCost cost;
    double one = 0;
    for (const std::size_t size : kBatchSizes) {
        std::chrono::nanoseconds best = std::chrono::nanoseconds::max();
        for (int round = 0; round < (size > 8 ? 1 : kRounds); ++round) {
            const auto took = timed(model, clock, size);
            if (!took || clock.now() - begun > kMost) return {};
            best = std::min(best, *took);
        }
        if (size == 1) one = static_cast<double>(std::max<std::int64_t>(best.count(), 1));
        cost.push_back(static_cast<double>(best.count()) / one);
    }
    return cost;
}

}  // namespace ec::model::embedded
