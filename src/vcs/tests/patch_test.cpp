#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ec/core/rng.hpp>
#include <ec/vcs/patch.hpp>
#include <map>

namespace ec::vcs {
namespace {

using Tree = std::map<std::string, std::string>;

Result<std::vector<FileVersion>> read(std::string_view patch, const Tree& tree) {
    return read_patch(
        patch,
        [&](const std::string& path) -> Result<std::string> {
            const auto place = tree.find(path);
            if (place == tree.end()) return fail(ErrorCode::not_found, path + " is not there");
            return place->second;
        },
        [&](const std::string& path) { return tree.contains(path); });
}

Tree befores(const std::vector<FileVersion>& files) {
    Tree tree;
    for (const FileVersion& file : files)
        if (!file.created) tree[file.path] = file.before;
    return tree;
}

void expect_back(const std::vector<FileVersion>& files) {
    const std::string patch = unified_patch(files).value();
    const auto back = read(patch, befores(files));
    ASSERT_TRUE(back) << back.error().message << "\n" << patch;
    EXPECT_EQ(*back, files) << patch;
}

TEST(ReadPatch, GivesTheFilesThatItWasMadeOf) {
    expect_back({{"a.py", "1\n2\n3\n", "1\ntwo\n3\n"}});
    expect_back({{"a.py", "x", "y"}});
    expect_back({{"a.py", "x\n", "x"}, {"b.py", "x", "x\n"}});
    expect_back({{"new.py", "", "1\n2\n", true, false}});
    expect_back({{"empty.py", "", "", true, false}});
    expect_back({{"gone.py", "1\n", "", false, true}, {"gone_too.py", "", "", false, true}});
    expect_back({{"emptied.py", "1\n", ""}, {"filled.py", "", "1"}});
    expect_back({{"a b/c d.py", "1\n", "2\n"}, {"ü/\"q\"\t.py", "1\r\n", "2\r\n"}});
    expect_back({{"diff.txt", "diff --git a/x b/x\n@@ -1 +1 @@\n-- a\n++ b\n", "@@ -1 +1 @@\n\\ No newline\n"}});
}

TEST(ReadPatch, GivesAnyFileThatItWasMadeOf) {
    Rng rng(20261127);
    const auto text = [&] {
        std::string out;
        for (std::uint64_t i = rng.below(40); i > 0; --i) out += std::string(1, "abc"[rng.below(3)]) + "\n";
        if (rng.below(3) == 0) out += "tail";
        return out;
    };
    for (int round = 0; round < 500; ++round) {
        const std::string before = text();
        const std::string after = text();
        if (before == after) continue;
        expect_back({{"a", before, after}, {"b", "", after, true, false}});
    }
}

TEST(ReadPatch, RefusesWhatDoesNotFit) {
    const Tree tree{{"a.py", "1\n2\n3\n"}};
    const std::string patch = unified_patch({{"a.py", "1\n2\n3\n", "1\ntwo\n3\n"}}).value();
    EXPECT_EQ(read(patch, {{"a.py", "1\n2\nthree\n"}}).error().code, ErrorCode::conflict);
    EXPECT_EQ(read(patch, {{"a.py", "0\n1\n2\n3\n"}}).error().code, ErrorCode::conflict);
    EXPECT_EQ(read(patch, {}).error().code, ErrorCode::not_found);
    const std::string creates = unified_patch({{"a.py", "", "x\n", true, false}}).value();
    EXPECT_EQ(read(creates, tree).error().code, ErrorCode::conflict);
}

TEST(ReadPatch, RefusesWhatIsWrittenOtherwise) {
    const Tree tree{{"a.py", "1\n2\n3\n"}};
    const std::string good = unified_patch({{"a.py", "1\n2\n3\n", "1\ntwo\n3\n"}}).value();
    const auto with = [&](std::string_view from, std::string_view to) {
        std::string patch = good;
        const std::size_t at = patch.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return patch.replace(at, from.size(), to);
    };
    for (const std::string& patch :
         {good + good, good + "trailing words\n", "words\n" + good,
          with("index ", "old mode 100644\nnew mode 100755\nindex "), with("@@ -1,3 +1,3 @@", "@@ -1,3 +1,4 @@"),
          with("@@ -1,3 +1,3 @@", "@@ -9,3 +9,3 @@"), with("@@ -1,3 +1,3 @@", "@@ -x +y @@"),
          with("+++ b/a.py", "+++ b/../a.py"), good.substr(0, good.size() - 3)}) {
        const auto files = read(patch, tree);
        ASSERT_FALSE(files) << patch;
        EXPECT_TRUE(files.error().code == ErrorCode::corrupt || files.error().code == ErrorCode::conflict) << patch;
    }
}

TEST(ReadPatch, RefusesPathsOutsideAndThoseOfVersionControl) {
    for (const char* path : {"../x", "/x", "a/../../x", ".git/hooks/x", "a/.GIT/x", "a//x"}) {
        const std::string patch = fmt::format(
            "diff --git a/{0} b/{0}\nnew file mode 100644\nindex 0000000..b1e6722\n"
            "--- /dev/null\n+++ b/{0}\n@@ -0,0 +1 @@\n+x\n",
            path);
        EXPECT_EQ(read(patch, {}).error().code, ErrorCode::corrupt) << path;
    }
}

TEST(ReadPatch, ReadsNoneOutOfNothing) { EXPECT_TRUE(read("", {}).value().empty()); }

}  // namespace
}  // namespace ec::vcs
