// The proposer that needs no model: single syntax-tree edits in order of suspiciousness x prior x naturalness, then
// pairs of the most promising ones.
//
// Owns its source units. One thread. Lines are opened in waves, most suspicious first, when they may hold something
// better than what is in hand, so that a large program does not pay for mutants nobody will try.
#pragma once

#include <cstdint>
#include <deque>
#include <ec/repair/localise.hpp>
#include <ec/repair/mutation.hpp>
#include <ec/repair/naturalness.hpp>
#include <ec/repair/proposer.hpp>
#include <map>
#include <string>
#include <vector>

namespace ec::repair {

struct MutationInput {
    std::vector<SourceUnit> units;       ///< the files that may be edited
    std::vector<SuspiciousLine> lines;   ///< most suspicious first
    std::vector<std::string> constants;  ///< mined from the failing tests
    std::vector<std::string> callables;  ///< names defined elsewhere in the project
    std::vector<std::string> fragments;  ///< statements and expressions worth borrowing
    NaturalnessModel naturalness;
    /// Lines no edit may touch, by file: test functions and assertions inside an editable file.
    std::map<std::string, std::vector<std::pair<int, int>>, std::less<>> protected_lines;
    /// True when several edits may be needed at once; pairs are proposed after the singles either way, but earlier
    /// ones of different functions only then.
    std::size_t max_pairs = 20'000;
};

class MutationProposer final : public Proposer {
public:
    explicit MutationProposer(MutationInput input);
    [[nodiscard]] std::string_view name() const override { return "mutation"; }
    std::vector<Candidate> propose(std::size_t most, std::stop_token stop) override;
    void learn(std::span<const Candidate> candidates, std::span<const Judgement> judgements) override;

private:
    struct Single {
        Candidate candidate;
        double promise = 0;  ///< score, raised when judging it made a failing test pass
    };

    bool open_wave(const std::stop_token& stop);
    /// About the best score that a line not opened yet can give.
    [[nodiscard]] double best_unopened() const;
    void add_unit_mutations(const SourceUnit& unit, const std::map<int, double>& wanted);
    double naturalness_gain(const SourceUnit& unit, const TextEdit& edit) const;
    void make_pairs(std::stop_token stop);

    MutationInput input_;
    std::size_t next_line_ = 0;
    std::size_t wave_size_;
    std::deque<Candidate> queue_;
    std::vector<Single> singles_;
    std::map<Hash128, std::size_t> index_;  ///< of edit identity -> position in singles_
    bool pairs_made_ = false;
    bool solved_ = false;  ///< a single edit passed: pairs would only be worse explanations
};

}  // namespace ec::repair
