// Naturalness: how much a piece of code looks like the rest of the user's own code.
//
// A token trigram model with a cache component (Tu, Su and Devanbu, FSE 2014): n-gram counts of the whole project mixed
// with those of the file at hand, by Jelinek-Mercer interpolation. Literals are folded by kind, so that it is shape and
// names that count. Value type; const members may be used from several threads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ec::repair {

/// Tokens of Python or JavaScript text, cheaply and without a grammar: identifiers, folded literals, operators.
/// Comments and layout are dropped.
std::vector<std::uint32_t> fold_tokens(std::string_view text);

class NaturalnessModel {
public:
    /// Learns a file. Call for the whole project first; files learnt with `own` weigh more for everything scored.
    void learn(std::string_view text, bool own);
    /// Mean log2 probability per token of `text` in the context of `before` (the text that precedes it) and `after`.
    [[nodiscard]] double score(std::string_view before, std::string_view text, std::string_view after) const;

private:
    struct Counts {
        std::unordered_map<std::uint64_t, std::uint32_t> unigram, bigram, trigram;
        std::uint64_t total = 0;
    };
    [[nodiscard]] static double probability(const Counts& counts, std::uint32_t a, std::uint32_t b, std::uint32_t c);
    Counts project_, own_;
};

}  // namespace ec::repair
