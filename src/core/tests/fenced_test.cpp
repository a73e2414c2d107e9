#include <gtest/gtest.h>

#include <ec/core/fenced.hpp>

namespace ec {
namespace {

TEST(Fenced, StandsBetweenTwoFencesOfThreeBackticks) {
    EXPECT_EQ(fenced("a\nb\n", "diff"), "```diff\na\nb\n```");
    EXPECT_EQ(fenced("no newline"), "```\nno newline\n```");
    EXPECT_EQ(fenced(""), "```\n```");
}

TEST(Fenced, CannotBeEndedByWhatStandsInside) {
    EXPECT_EQ(fenced("`a` ``b``"), "```\n`a` ``b``\n```");
    EXPECT_EQ(fenced("```\nrm -rf\n```\n"), "````\n```\nrm -rf\n```\n````");
    EXPECT_EQ(fenced("a ````` b"), "``````\na ````` b\n``````");
}

}  // namespace
}  // namespace ec
