#include <gtest/gtest.h>

#include <ec/inference/merge.hpp>
#include <map>

namespace ec::inference {
namespace {

using Files = std::map<std::string, std::string>;

const Files kSnapshot{{"a", "1\n2\n3\n4\n5\n"}, {"b", "x\n"}};

Result<std::optional<std::string>> snapshot(const std::string& path) {
    const auto found = kSnapshot.find(path);
    if (found == kSnapshot.end()) return std::nullopt;
    return found->second;
}

// A test that passes for a file that does not hold "bad", and one that fails until "a" holds "five".
Result<TestedState> run_tests(const std::vector<vcs::FileVersion>& files) {
    TestedState state;
    bool bad = false;
    bool five = false;
    for (const vcs::FileVersion& file : files) {
        bad = bad || file.after.find("bad") != std::string::npos;
        five = five || file.after.find("five") != std::string::npos;
    }
    (bad ? state.failing : state.passing).insert("good");
    (five ? state.passing : state.failing).insert("five");
    state.log = "said the runner";
    return state;
}

std::string patch_of(const std::string& path, const std::string& before, const std::string& after) {
    return *vcs::unified_patch({{path, before, after, before.empty(), after.empty()}});
}

Merged merge(const std::vector<PartPatch>& parts) {
    auto merged = merge_parts(parts, snapshot, run_tests, {});
    EXPECT_TRUE(merged.has_value()) << (merged ? "" : merged.error().message);
    return merged ? *merged : Merged{};
}

TEST(MergeParts, joins_parts_that_changed_different_places_of_a_file) {
    const Merged merged = merge({{"one", patch_of("a", kSnapshot.at("a"), "one\n2\n3\n4\n5\n"), {}},
                                 {"two", patch_of("a", kSnapshot.at("a"), "1\n2\n3\n4\nfive\n"), {}}});
    EXPECT_EQ(merged.parts, (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(merged.files.size(), 1U);
    EXPECT_EQ(merged.files[0].after, "one\n2\n3\n4\nfive\n");
    EXPECT_TRUE(merged.tests.passing.contains("five"));
    EXPECT_TRUE(merged.left_out.empty());
}

TEST(MergeParts, builds_on_the_parts_before) {
    const Merged merged = merge(
        {{"two", patch_of("n", "first\n", "first\nsecond\n"), {"one"}}, {"one", patch_of("n", "", "first\n"), {}}});
    EXPECT_EQ(merged.parts, (std::vector<std::string>{"one", "two"}));
    ASSERT_EQ(merged.files.size(), 1U);
    EXPECT_EQ(merged.files[0].after, "first\nsecond\n");
    EXPECT_TRUE(merged.files[0].created);
}

TEST(MergeParts, leaves_out_what_conflicts_and_shows_both_sides) {
    const Merged merged = merge({{"one", patch_of("b", "x\n", "y\n"), {}},
                                 {"two", patch_of("b", "x\n", "z\n"), {}},
                                 {"three", patch_of("c", "", "c\n"), {"two"}}});
    EXPECT_EQ(merged.parts, (std::vector<std::string>{"one"}));
    ASSERT_EQ(merged.left_out.size(), 2U);
    EXPECT_EQ(merged.left_out[0].key, "two");
    EXPECT_EQ(merged.left_out[0].why, LeftOutPart::Why::conflict);
    EXPECT_EQ(merged.left_out[0].context, "b:\n<<<<<<< so far\ny\n=======\nz\n>>>>>>> two\n\n");
    EXPECT_EQ(merged.left_out[1].key, "three");
}

TEST(MergeParts, leaves_out_a_part_that_breaks_tests) {
    const Merged merged = merge({{"one", patch_of("b", "x\n", "bad\n"), {}}, {"two", patch_of("c", "", "c\n"), {}}});
    EXPECT_EQ(merged.parts, (std::vector<std::string>{"two"}));
    ASSERT_EQ(merged.left_out.size(), 1U);
    EXPECT_EQ(merged.left_out[0].why, LeftOutPart::Why::tests);
    EXPECT_EQ(merged.left_out[0].context, "with it these fail:\ngood\n\nsaid the runner");
    EXPECT_EQ(merged.files.size(), 1U);
}

TEST(MergeParts, leaves_out_what_is_no_patch_or_fits_nothing) {
    const Merged merged =
        merge({{"one", "rubbish", {}}, {"two", patch_of("b", "other\n", "y\n"), {}}, {"three", "", {}}});
    EXPECT_EQ(merged.left_out.size(), 2U);
    EXPECT_EQ(merged.left_out[0].why, LeftOutPart::Why::malformed);
    EXPECT_TRUE(merged.patch.empty());
    EXPECT_EQ(merged.parts, (std::vector<std::string>{"three"}));
}

TEST(MergeParts, the_same_change_twice_is_no_conflict) {
    const std::string same = patch_of("b", "x\n", "y\n");
    EXPECT_TRUE(merge({{"one", same, {}}, {"two", same, {}}}).left_out.empty());
}

TEST(MergeParts, a_file_that_one_removes_and_another_changes_is_a_conflict) {
    const Merged merged = merge({{"one", patch_of("b", "x\n", ""), {}}, {"two", patch_of("b", "x\n", "y\n"), {}}});
    ASSERT_EQ(merged.left_out.size(), 1U);
    EXPECT_EQ(merged.left_out[0].context, "b: one part removes or creates it, another changes it\n");
}

TEST(MergeParts, refuses_circles_and_strangers) {
    const auto code = [](const std::vector<PartPatch>& parts) {
        return merge_parts(parts, snapshot, run_tests, {}).error().code;
    };
    EXPECT_EQ(code({{"one", "", {"two"}}, {"two", "", {"one"}}}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({{"one", "", {"nobody"}}}), ErrorCode::invalid_argument);
    EXPECT_EQ(code({{"one", "", {}}, {"one", "", {}}}), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ec::inference
