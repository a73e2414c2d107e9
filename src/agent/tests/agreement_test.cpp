#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <ec/agent/selection.hpp>
#include <numeric>
#include <random>

namespace ec::agent {
namespace {

using Answers = std::vector<std::optional<std::string>>;

Behaviour behaviour(std::vector<bool> passes, Answers answers = {}, unsigned copies = 1) {
    return {copies, std::move(passes), std::move(answers)};
}

std::vector<AgreementGroup> ranked(const std::vector<Behaviour>& candidates, const std::vector<unsigned>& copies) {
    return rank_by_agreement(candidates, copies).value();
}

TEST(Agreement, OfNothingIsNothing) {
    EXPECT_TRUE(ranked({}, {}).empty());
    EXPECT_TRUE(ranked({}, {1, 2}).empty());
}

TEST(Agreement, NeedsNoTestsToFollowTheMajority) {
    const auto groups = ranked({behaviour({}, {"1"}), behaviour({}, {"2"}), behaviour({}, {"2"})}, {});
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].members, (std::vector<std::size_t>{1, 2}));
}

TEST(Agreement, PrefersWhatPassesMoreTestsAmongGroupsOfOneSize) {
    const auto groups = ranked({behaviour({true, false}), behaviour({true, true})}, {1, 1});
    EXPECT_EQ(groups[0].members, std::vector<std::size_t>{1});
    EXPECT_EQ(groups[0].tests_passed, 2U);
}

TEST(Agreement, WeighsATestByHowOftenItWasWritten) {
    const auto groups = ranked({behaviour({true, false}), behaviour({false, true})}, {1, 5});
    EXPECT_EQ(groups[0].members, std::vector<std::size_t>{1});
    EXPECT_EQ(groups[0].score, 5);
}

TEST(Agreement, CountsProgramsAndNotCopiesOfOne) {
    const auto groups = ranked({behaviour({true}, {"a"}, 9), behaviour({true}, {"b"}), behaviour({true}, {"b"})}, {1});
    EXPECT_EQ(groups[0].members, (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(groups[1].samples, 9U);
}

TEST(Agreement, TellsApartWhatPassesTheSameTestsButAnswersDifferently) {
    EXPECT_EQ(ranked({behaviour({true}, {"a", "b"}), behaviour({true}, {"a", "c"})}, {1}).size(), 2U);
}

TEST(Agreement, HoldsFailingOnInputsAgainstACandidateUnlessAllFailOnThem) {
    const auto groups = ranked(
        {behaviour({true}, {"a", std::nullopt, std::nullopt}), behaviour({true}, {"a", "b", std::nullopt})}, {1});
    EXPECT_EQ(groups[0].members, std::vector<std::size_t>{1});
    EXPECT_EQ(groups[0].score, 1);
    EXPECT_EQ(groups[1].score, 0.5);
}

TEST(Agreement, NamesTheMostWrittenMemberOfAGroupFirst) {
    const auto groups = ranked({behaviour({true}, {}, 1), behaviour({true}, {}, 3), behaviour({true}, {}, 1)}, {1});
    EXPECT_EQ(groups[0].members, (std::vector<std::size_t>{1, 0, 2}));
}

TEST(Agreement, RefusesAMatrixWithHoles) {
    EXPECT_FALSE(rank_by_agreement({behaviour({true})}, {1, 1}));
    EXPECT_FALSE(rank_by_agreement({behaviour({true}, {"a"}), behaviour({true}, {})}, {1}));
    EXPECT_FALSE(rank_by_agreement({behaviour({true}, {}, 0)}, {1}));
}

/// A matrix of up to eight tests, six inputs and twelve candidates, with few enough values that groups form.
struct Matrix {
    std::vector<Behaviour> candidates;
    std::vector<unsigned> copies;
};

Matrix some_matrix() {
    Matrix matrix;
    const auto tests = *rc::gen::inRange<std::size_t>(0, 8);
    const auto inputs = *rc::gen::inRange<std::size_t>(0, 6);
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    for (std::size_t i = 0; i < tests; ++i) matrix.copies.push_back(*rc::gen::inRange(1U, 5U));
    for (std::size_t i = 0; i < count; ++i) {
        Behaviour one;
        one.copies = *rc::gen::inRange(1U, 4U);
        one.passes = *rc::gen::container<std::vector<bool>>(tests, rc::gen::arbitrary<bool>());
        for (std::size_t j = 0; j < inputs; ++j) {
            const int answer = *rc::gen::inRange(0, 3);
            one.answers.push_back(answer == 0 ? std::nullopt : std::optional(std::to_string(answer)));
        }
        matrix.candidates.push_back(std::move(one));
    }
    return matrix;
}

RC_GTEST_PROP(AgreementProperty, EveryCandidateIsInExactlyOneGroup, ()) {
    const Matrix matrix = some_matrix();
    std::vector<std::size_t> seen;
    for (const AgreementGroup& group : ranked(matrix.candidates, matrix.copies)) {
        RC_ASSERT(!group.members.empty());
        seen.insert(seen.end(), group.members.begin(), group.members.end());
    }
    std::ranges::sort(seen);
    std::vector<std::size_t> all(matrix.candidates.size());
    std::iota(all.begin(), all.end(), 0U);
    RC_ASSERT(seen == all);
}

RC_GTEST_PROP(AgreementProperty, TheOrderOfTheCandidatesChangesNoScore, ()) {
    const Matrix matrix = some_matrix();
    std::vector<std::size_t> order(matrix.candidates.size());
    std::iota(order.begin(), order.end(), 0U);
    std::mt19937 random(*rc::gen::arbitrary<unsigned>());
    std::shuffle(order.begin(), order.end(), random);
    std::vector<Behaviour> shuffled;
    for (const std::size_t i : order) shuffled.push_back(matrix.candidates[i]);
    const auto before = ranked(matrix.candidates, matrix.copies);
    const auto after = ranked(shuffled, matrix.copies);
    RC_ASSERT(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        RC_ASSERT(before[i].score == after[i].score);
        RC_ASSERT(before[i].samples == after[i].samples);
    }
}

RC_GTEST_PROP(AgreementProperty, OneMoreProgramLikeTheBestKeepsItTheBest, ()) {
    Matrix matrix = some_matrix();
    const auto before = ranked(matrix.candidates, matrix.copies);
    const std::size_t best = before.front().members.front();
    matrix.candidates.push_back(matrix.candidates[best]);
    const auto after = ranked(matrix.candidates, matrix.copies);
    RC_ASSERT(std::ranges::find(after.front().members, best) != after.front().members.end());
}

RC_GTEST_PROP(AgreementProperty, OneMoreTestThatOnlyTheBestPassesKeepsItTheBest, ()) {
    Matrix matrix = some_matrix();
    const auto before = ranked(matrix.candidates, matrix.copies);
    RC_PRE(before.front().tests_passed > 0U);
    RC_PRE(before.front().score > 0);
    const auto& best = before.front().members;
    for (std::size_t i = 0; i < matrix.candidates.size(); ++i)
        matrix.candidates[i].passes.push_back(std::ranges::find(best, i) != best.end());
    matrix.copies.push_back(*rc::gen::inRange(1U, 5U));
    const auto after = ranked(matrix.candidates, matrix.copies);
    RC_ASSERT(after.front().members == best);
}

}  // namespace
}  // namespace ec::agent
