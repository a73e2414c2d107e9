// Selection by agreement: which of many candidates to believe when nothing but generated tests judges them.
//
// Candidates that behave alike on every input form a group. A group is worth more the more different programs arrived
// at its behaviour by themselves, the more of the generated tests it passes and the fewer inputs it fails on. CodeT
// (Chen et al., "CodeT: Code Generation with Generated Tests", 2022, arXiv 2207.10397) groups by the tests passed alone
// and multiplies the tests by the square root of the samples; copies of one text say little more than the first of
// them, and candidates that pass the same tests often differ in what they answer where no test passes.
//
// Pure functions over values, any thread. The order of the candidates changes nothing but which of equals comes first.
#pragma once

#include <cstddef>
#include <ec/core/result.hpp>
#include <optional>
#include <string>
#include <vector>

namespace ec::agent {

/// One distinct program, and what it did.
struct Behaviour {
    unsigned copies = 1;       ///< samples with this very text
    std::vector<bool> passes;  ///< for each generated test
    /// For each input, a name of the answer; nothing where it raised or ran out of time. May be empty for all.
    std::vector<std::optional<std::string>> answers;
};

struct AgreementGroup {
    std::vector<std::size_t> members;  ///< positions in the input; most copies first, then first come first
    unsigned samples = 0;              ///< the copies of all members
    std::size_t tests_passed = 0;      ///< distinct generated tests
    double score = 0;

    [[nodiscard]] std::size_t programs() const { return members.size(); }
};

/// Groups, best first: programs * tests passed, each as often as it was written * share of inputs answered, among the
/// inputs that any candidate answers. Where no test passes anywhere the tests say nothing and count as one for all.
/// `test_copies` holds for each test how many test samples wrote it. Equal scores: more samples, then first come first.
/// Fails (invalid_argument) when behaviours have other numbers of tests or answers than one another or `test_copies`.
Result<std::vector<AgreementGroup>> rank_by_agreement(const std::vector<Behaviour>& candidates,
                                                      const std::vector<unsigned>& test_copies);

}  // namespace ec::agent
