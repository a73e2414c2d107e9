// The last stage: which of the ranked candidates are run, and which are offered, by real runs of a command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/judge_project.hpp"
#include "verify_stage.hpp"

namespace ec::repair {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::JudgeProject;
using ::testing::SizeIs;

/// A ranking whose candidates put a number each into one file; the command takes the even ones.
class Verification : public ::testing::Test {
protected:
    void SetUp() override {
        if (!project_.missing().empty()) GTEST_SKIP() << project_.missing();
    }

    static RankedCandidate member(std::size_t cluster, const std::string& value) {
        RankedCandidate ranked;
        ranked.cluster = cluster;
        ranked.candidate.edits = {{"value.txt", 0, 1, value}};
        ranked.candidate.op = value;
        return ranked;
    }

    std::vector<std::string> offered(
        const std::vector<RankedCandidate>& ranking, std::size_t most,
        const std::function<bool()>& out_of_time = [] { return false; }) {
        const executor::TestCommand command = executor::recognise_test_command("sh check.sh", project_.path());
        const std::vector<std::string> target;
        Verifier verifier(project_.sandbox(), command, sources_, target, {10s, most, out_of_time}, {});
        if (begin_with_) verifier.begin(*begin_with_);
        std::vector<std::string> values;
        for (const VerifiedPatch& patch : verifier.verify(ranking)) values.push_back(patch.op);
        return values;
    }

    JudgeProject project_{{"value.txt", "x\n"}, {"check.sh", "test $(($(cat value.txt) % 2)) -eq 0\n"}};
    SourceMap sources_{{"value.txt", "x\n"}};
    std::optional<Candidate> begin_with_;
};

TEST_F(Verification, takes_the_next_of_a_cluster_when_its_best_fails_and_no_further_one_once_one_passed) {
    EXPECT_THAT(offered({member(0, "1"), member(1, "2"), member(0, "4"), member(1, "6"), member(0, "8")}, 5),
                ElementsAre("2", "4"));
}

TEST_F(Verification, offers_no_more_than_wanted_and_the_first_of_the_ranking) {
    std::vector<RankedCandidate> ranking;
    for (std::size_t i = 0; i < 7; ++i) ranking.push_back(member(i, std::to_string(10 * (i + 1))));
    EXPECT_THAT(offered(ranking, 3), ElementsAre("10", "20", "30"));
}

TEST_F(Verification, fills_the_places_of_those_that_fail) {
    EXPECT_THAT(offered({member(0, "1"), member(1, "3"), member(2, "2"), member(3, "5"), member(4, "4")}, 2),
                ElementsAre("2", "4"));
}

TEST_F(Verification, offers_nothing_when_nothing_passes) {
    EXPECT_THAT(offered({member(0, "1"), member(1, "3"), member(0, "5")}, 5), IsEmpty());
}

TEST_F(Verification, of_nothing_offers_nothing) { EXPECT_THAT(offered({}, 5), IsEmpty()); }

TEST_F(Verification, runs_at_least_one_when_the_time_is_over) {
    std::vector<RankedCandidate> ranking;
    for (std::size_t i = 0; i < 6; ++i) ranking.push_back(member(i, std::to_string(10 * (i + 1))));
    EXPECT_THAT(offered(ranking, 5, [] { return true; }), ElementsAre("10"));
}

TEST_F(Verification, a_candidate_begun_early_keeps_its_place) {
    begin_with_ = member(2, "6").candidate;
    EXPECT_THAT(offered({member(0, "2"), member(1, "4"), member(2, "6")}, 5), ElementsAre("2", "4", "6"));
}

TEST_F(Verification, gives_the_patch_and_the_report_that_backs_it) {
    const executor::TestCommand command = executor::recognise_test_command("sh check.sh", project_.path());
    const std::vector<std::string> target;
    Verifier verifier(project_.sandbox(), command, sources_, target, {10s, 1, [] { return false; }}, {});
    const std::vector<RankedCandidate> ranking{member(0, "2")};
    const std::vector<VerifiedPatch> patches = verifier.verify(ranking);
    ASSERT_THAT(patches, SizeIs(1));
    EXPECT_THAT(patches[0].patch, ::testing::HasSubstr("-x\n+2\n"));
    EXPECT_EQ(patches[0].report.verdict, executor::TestReport::Verdict::passed);
}

}  // namespace
}  // namespace ec::repair
