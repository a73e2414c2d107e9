#include <gtest/gtest.h>

#include <cmath>
#include <ec/repair/localise.hpp>
#include <ec/repair/naturalness.hpp>
#include <ec/repair/rank.hpp>
#include <ec/repair/sources.hpp>

namespace ec::repair {
namespace {

ObservedTest observed(const std::string& id, bool passes, std::set<int> lines) {
    ObservedTest test;
    test.test.id = id;
    test.test.outcome = passes ? executor::TestOutcome::passed : executor::TestOutcome::failed;
    test.lines["a.py"] = std::move(lines);
    return test;
}

TEST(RankLines, PutsLinesThatOnlyFailingTestsRunFirst) {
    BaselineRun run;
    run.tests = {observed("p", true, {1, 2, 4}), observed("f", false, {1, 2, 3})};
    const auto ranking = rank_lines(run, {"f"}, {});
    ASSERT_EQ(ranking.size(), 3U);
    EXPECT_EQ(ranking[0].line, 3);
    EXPECT_DOUBLE_EQ(ranking[0].score, 1);
    EXPECT_NEAR(ranking[1].score, 1 / std::sqrt(2.0), 1e-9) << "Ochiai of one failing and one passing test";
}

TEST(RankLines, TakesTheStackTraceAndRecentChangesAsEvidence) {
    BaselineRun run;
    run.tests = {observed("f", false, {1, 2, 3})};
    run.tests[0].test.frames = {{"a.py", 1, "main"}, {"a.py", 2, "inner"}};
    EXPECT_EQ(rank_lines(run, {"f"}, {})[0].line, 2);
    EXPECT_EQ(rank_lines(run, {"f"}, {})[1].line, 1);
    run.tests[0].test.frames.clear();
    EXPECT_EQ(rank_lines(run, {"f"}, {{"a.py", {3}}})[0].line, 3);
}

TEST(RankLines, LeavesFlakyTestsOutAndKeepsLoadTimeLinesAtADiscount) {
    BaselineRun run;
    run.tests = {observed("f", false, {1}), observed("flaky", false, {2})};
    run.tests[1].flaky = true;
    run.import_lines["a.py"] = {9};
    const auto ranking = rank_lines(run, {"f"}, {});
    ASSERT_EQ(ranking.size(), 2U);
    EXPECT_EQ(ranking[1].line, 9);
    EXPECT_LT(ranking[1].score, 0.5);
}

TEST(Naturalness, PrefersWhatTheFileAlreadyDoes) {
    NaturalnessModel model;
    const std::string code =
        "for i in range(len(xs)):\n    total += xs[i]\nfor j in range(len(ys)):\n    total += ys[j]\n";
    model.learn(code, true);
    EXPECT_GT(model.score("", "for k in range(len(xs)):", ""), model.score("", "for k in len(range(xs)):", ""));
}

TEST(FoldTokens, DropsCommentsAndFoldsLiterals) {
    EXPECT_EQ(fold_tokens("x = 'abc' # note\n"), fold_tokens("x = \"other\""));
    EXPECT_EQ(fold_tokens("y // 2"), fold_tokens("y//2"));
    EXPECT_NE(fold_tokens("f(0)"), fold_tokens("f(1)"));
    EXPECT_EQ(fold_tokens("f(17)"), fold_tokens("f(99)"));
    EXPECT_EQ(fold_tokens("'open").size(), 1U) << "an unterminated string ends with the text";
}

Candidate scored(double score, bool destructive = false) {
    Candidate candidate;
    candidate.edits = {{"f", 0, 1, "y"}};
    candidate.score = score;
    candidate.destructive = destructive;
    return candidate;
}

TEST(RankSurvivors, PutsTheBestOfEachClusterFirst) {
    const std::vector<Candidate> survivors = {scored(0.5), scored(0.4), scored(0.3)};
    const std::vector<Observation> seen = {{{1, 2}}, {{1, 2}}, {{1, 3}}, {{9, 9}}};
    const auto ranked = rank_survivors(survivors, seen);
    ASSERT_EQ(ranked.size(), 3U);
    EXPECT_DOUBLE_EQ(ranked[0].candidate.score, 0.5);
    EXPECT_EQ(ranked[0].cluster_size, 2U);
    EXPECT_DOUBLE_EQ(ranked[1].candidate.score, 0.3) << "another behaviour comes before more of the same";
}

TEST(RankSurvivors, AgreementOutweighsASlightlyBetterLoner) {
    const std::vector<Candidate> survivors = {scored(0.5), scored(0.45), scored(0.45), scored(0.45)};
    const std::vector<Observation> seen = {{{1}}, {{2}}, {{2}}, {{2}}};
    EXPECT_DOUBLE_EQ(rank_survivors(survivors, seen)[0].candidate.score, 0.45);
}

TEST(RankSurvivors, PutsDestructiveEditsBehind) {
    EXPECT_FALSE(rank_survivors(std::vector<Candidate>{scored(0.5, true), scored(0.3)}, {})[0].candidate.destructive);
}

TEST(TestFiles, AreKnownByName) {
    for (const char* path : {"tests/helpers.py", "pkg/test_a.py", "a_test.py", "src/a.test.js", "b.spec.ts",
                             "conftest.py", "__tests__/x.js", "vite.config.ts", "setup.py"}) {
        EXPECT_TRUE(is_test_or_configuration(path)) << path;
    }
    for (const char* path : {"src/contest.py", "latest.py", "pkg/attest/a.js", "a.py"})
        EXPECT_FALSE(is_test_or_configuration(path)) << path;
}

TEST(TestLineRanges, CoverTestsAndChecksInsideAProgram) {
    const std::string text =
        "def f(x):\n    return x\n\ndef test_f():\n    assert f(1) == 1\n\nassert f(2) == 2\nif __name__ == "
        "'__main__':\n    test_f()\n";
    const SourceUnit unit{"a.py", codeindex::Tree::parse(codeindex::Language::python, text).value()};
    EXPECT_EQ(test_line_ranges(unit), (std::vector<std::pair<int, int>>{{4, 5}, {7, 7}, {8, 9}}));
    EXPECT_EQ(defined_callables(unit), (std::vector<std::string>{"f", "test_f"}));
}

}  // namespace
}  // namespace ec::repair
