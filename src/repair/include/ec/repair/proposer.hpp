// The proposer port: where candidates come from. The search knows nothing else about them; mutation is one proposer,
// a local model or another machine are others.
#pragma once

#include <cstddef>
#include <ec/repair/candidate.hpp>
#include <ec/repair/judge.hpp>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

namespace ec::repair {

class Proposer {
public:
    virtual ~Proposer() = default;
    /// Short stable name, shown as "proposer" in results: "mutation", "model:qwen2.5-coder-7b".
    [[nodiscard]] virtual std::string_view name() const = 0;
    /// Up to `most` further candidates, best first; fewer when the next ones depend on what becomes of these, empty
    /// when there are no more. Deterministic for a seed and the judgements told so far. Called from one thread.
    virtual std::vector<Candidate> propose(std::size_t most, std::stop_token stop) = 0;
    /// What became of candidates proposed earlier, in the order they were proposed.
    virtual void learn(std::span<const Candidate> candidates, std::span<const Judgement> judgements) = 0;
};

}  // namespace ec::repair
