// Picks the next token from logits: temperature, nucleus, and the grammar of the answer, or of the tool envelope once
// it has begun.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <span>
#include <vector>

#include "chat_format.hpp"
#include "loaded_model.hpp"

namespace ec::model::embedded {

class Sampler {
public:
    /// The same seed picks the same tokens from the same logits. `invalid_argument` for a grammar that cannot be
    /// read.
    static Result<Sampler> create(const LoadedModel& model, const Sampling& sampling, const Rendered& rendered,
                                  std::uint64_t seed);

    /// The grammar sees the token only where `in_answer`: thinking may say what it likes.
    llama_token pick(std::span<const float> logits, bool in_answer);

private:
    Sampler() = default;
    llama_token forced();
    llama_token choose(std::span<const float> logits);
    void shortlist(std::span<const float> logits);
    bool allowed(llama_token token);
    llama_token choose_by_grammar(std::span<const float> logits);

    bool greedy_ = false;
    SamplerHandle chain_;
    SamplerHandle grammar_;
    bool over_ = false;  ///< the grammar allows nothing more
    llama_token end_ = 0;
    Tokens forced_;  ///< what is picked first, last one first
    bool forced_is_in_grammar_ = false;
    std::vector<llama_token> suppressed_;
    std::vector<llama_token_data> candidates_;
};

}  // namespace ec::model::embedded
