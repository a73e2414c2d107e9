#include <gtest/gtest.h>

#include <ec/repair/candidate.hpp>

namespace ec::repair {
namespace {

TEST(ApplyEdits, ReplacesInsertsAndDeletesOnlyInTheNamedFile) {
    const std::vector<TextEdit> edits = {{"a", 4, 5, "X"}, {"b", 0, 1, "!"}, {"a", 0, 2, ""}, {"a", 6, 6, "end"}};
    EXPECT_EQ(apply_edits("012345", "a", edits), "23X5end");
    EXPECT_EQ(apply_edits("012345", "b", edits), "!12345");
    EXPECT_EQ(apply_edits("012345", "c", edits), "012345");
}

TEST(ApplyEdits, TwoInsertionsAtOnePlaceKeepTheirOrder) {
    EXPECT_EQ(apply_edits("ab", "f", {{"f", 1, 1, "1"}, {"f", 1, 1, "2"}}), "a12b");
}

TEST(ApplyEdits, RangesBehindTheEndOfTheTextAreCut) { EXPECT_EQ(apply_edits("ab", "f", {{"f", 1, 99, "x"}}), "ax"); }

TEST(ContentId, IsThatOfTheResultAndNotOfTheEdits) {
    const SourceMap sources = {{"f", "a < b"}, {"g", "x"}};
    const Candidate narrow{{{"f", 2, 3, "<="}}, "", "", "f", 1, 0, false};
    const Candidate wide{{{"f", 0, 5, "a <= b"}}, "", "", "f", 1, 0, false};
    const Candidate other{{{"f", 2, 3, ">"}}, "", "", "f", 1, 0, false};
    const Candidate nothing{{{"g", 0, 1, "x"}}, "", "", "g", 1, 0, false};
    EXPECT_EQ(content_id(narrow, sources), content_id(wide, sources));
    EXPECT_NE(content_id(narrow, sources), content_id(other, sources));
    EXPECT_EQ(content_id(nothing, sources), content_id(Candidate{}, sources));
}

}  // namespace
}  // namespace ec::repair
