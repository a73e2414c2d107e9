#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <ec/vcs/patch.hpp>
#include <map>

namespace ec::vcs {
namespace {

using Files = std::map<std::string, std::string>;

ReadText reading(const Files& files) {
    return [files](const std::string& path) -> Result<std::optional<std::string>> {
        const auto found = files.find(path);
        if (found == files.end()) return std::nullopt;
        return found->second;
    };
}

ErrorCode refusal(std::string_view patch, const Files& files = {}) {
    const auto applied = apply_patch(patch, reading(files));
    EXPECT_FALSE(applied.has_value()) << patch;
    return applied ? ErrorCode::internal : applied.error().code;
}

TEST(ApplyPatch, gives_back_what_a_patch_was_made_of) {
    const std::vector<FileVersion> versions{
        {"a.py", "one\ntwo\nthree\n", "one\n2\nthree\nfour", false, false},
        {"new/b.py", "", "fresh\n", true, false},
        {"old.py", "gone\n", "", false, true},
    };
    const auto patch = unified_patch(versions);
    ASSERT_TRUE(patch) << patch.error().message;
    const auto applied = apply_patch(*patch, reading({{"a.py", "one\ntwo\nthree\n"}, {"old.py", "gone\n"}}));
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(*applied, versions);
}

TEST(ApplyPatch, of_nothing_changes_nothing) { EXPECT_TRUE(apply_patch("\n", reading({}))->empty()); }

TEST(ApplyPatch, does_not_fit_other_files) {
    const std::string patch = *unified_patch({{"a", "1\n2\n3\n", "1\n9\n3\n", false, false}});
    EXPECT_EQ(refusal(patch, {{"a", "1\nother\n3\n"}}), ErrorCode::conflict);
    EXPECT_EQ(refusal(patch, {{"a", "1\n"}}), ErrorCode::conflict);
    EXPECT_EQ(refusal(patch), ErrorCode::conflict);
    EXPECT_EQ(refusal(*unified_patch({{"a", "", "x\n", true, false}}), {{"a", "x\n"}}), ErrorCode::conflict);
    EXPECT_EQ(refusal(*unified_patch({{"a", "x\n", "", false, true}}), {{"a", "x\ny\n"}}), ErrorCode::conflict);
}

TEST(ApplyPatch, refuses_paths_that_no_project_has) {
    for (const std::string path : {"../a", "a/../../b", ".git/hooks/x", "sub/.GIT/config", "a/./b"}) {
        const std::string patch = "diff --git a/" + path + " b/" + path +
                                  "\nnew file mode 100644\n--- /dev/null\n+++ b/" + path + "\n@@ -0,0 +1 @@\n+x\n";
        const auto applied = apply_patch(patch, reading({}));
        ASSERT_FALSE(applied) << path;
        EXPECT_EQ(applied.error().code, ErrorCode::corrupt) << path;
    }
}

TEST(ApplyPatch, refuses_what_is_no_patch_of_text) {
    EXPECT_EQ(refusal("hello"), ErrorCode::corrupt);
    EXPECT_EQ(refusal(std::string(kMaxPatch + 1, 'x')), ErrorCode::too_large);
    EXPECT_EQ(refusal("diff --git a/a b/b\nsimilarity index 100%\nrename from a\nrename to b\n", {{"a", "x\n"}}),
              ErrorCode::corrupt);
    const std::string once = *unified_patch({{"a", "1\n", "2\n", false, false}});
    EXPECT_EQ(refusal(once + once, {{"a", "1\n"}}), ErrorCode::corrupt);
    EXPECT_EQ(
        refusal("diff --git a/a b/a\nindex 1..2 100644\nGIT binary patch\nliteral 0\nHcmV?d00001\n\n", {{"a", "1\n"}}),
        ErrorCode::corrupt);
}

RC_GTEST_PROP(ApplyPatch, undoes_making_a_patch, ()) {
    const auto lines = rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>("a", "b", "", "}"));
    const auto text = [&] {
        std::string out;
        for (const auto& line : *lines) out += line + "\n";
        if (!out.empty() && *rc::gen::arbitrary<bool>()) out.pop_back();
        return out;
    };
    const std::string before = text();
    const std::string after = text();
    RC_PRE(before != after);
    const auto patch = unified_patch({{"f", before, after, false, false}});
    RC_ASSERT(patch.has_value());
    const auto applied = apply_patch(*patch, reading({{"f", before}}));
    RC_ASSERT(applied.has_value());
    RC_ASSERT(applied->front().after == after);
}

RC_GTEST_PROP(ApplyPatch, survives_any_bytes, (const std::string& noise)) {
    std::string patch = *unified_patch({{"f", "1\n2\n3\n", "1\nx\n3\n", false, false}});
    const auto at = *rc::gen::inRange<std::size_t>(0, patch.size());
    patch.replace(at, std::min<std::size_t>(noise.size(), patch.size() - at), noise);
    const auto applied = apply_patch(patch, reading({{"f", "1\n2\n3\n"}}));
    if (applied) {
        for (const FileVersion& file : *applied) RC_ASSERT(file.path.find("..") == std::string::npos);
    }
}

TEST(MergeTexts, joins_changes_of_different_places) {
    const auto merged = merge_texts("1\n2\n3\n4\n5\n", "one\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n", "part-1", "part-2");
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_TRUE(merged->clean);
    EXPECT_EQ(merged->text, "one\n2\n3\n4\nfive\n");
}

TEST(MergeTexts, shows_both_sides_of_a_conflict_with_their_names) {
    const auto merged = merge_texts("1\n", "one\n", "eins\n", "part-1", "part-2");
    ASSERT_TRUE(merged);
    EXPECT_FALSE(merged->clean);
    EXPECT_EQ(merged->text, "<<<<<<< part-1\none\n=======\neins\n>>>>>>> part-2\n");
}

}  // namespace
}  // namespace ec::vcs
