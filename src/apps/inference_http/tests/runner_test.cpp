// Merging without tests, on a tree that is there.
#include "inference_http/runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <filesystem>

namespace ec::apps::inference_http {
namespace {

using swarm::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

std::string patch_of(const std::string& file, const std::string& before, const std::string& after) {
    return "diff --git a/" + file + " b/" + file + "\n--- a/" + file + "\n+++ b/" + file + "\n@@ -1 +1 @@\n-" + before +
           "\n+" + after + "\n";
}

class MergeTest : public ::testing::Test {
protected:
    MergeTest() {
        put("one.txt", "one\n");
        put("two.txt", "two\n");
        work_.lease.kind = swarm::TaskKind::merge;
        work_.folder = tree_.path();
    }
    void put(const std::string& path, std::string_view text) {
        ASSERT_TRUE(write_file_atomic(tree_.path() / path, text).has_value());
    }
    void part(const std::string& key, const std::string& patch) {
        work_.task.parts.push_back({});
        work_.task.parts.back().key = key;
        swarm::TaskResult made;
        made.outcome = Outcome::solved;
        made.patch = patch;
        work_.inputs.emplace_back(key, made);
    }
    Result<swarm::WorkDone> merge() {
        return InferenceRunner({}).run(work_, [](std::string_view, int) {}, {});
    }

    TempDir tree_ = TempDir::create().value();
    swarm::Work work_;
};

TEST_F(MergeTest, PutsPartsTogether) {
    part("first", patch_of("one.txt", "one", "1"));
    part("second", patch_of("two.txt", "two", "2"));
    const auto merged = merge();
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_EQ(merged->result.outcome, Outcome::solved);
    EXPECT_THAT(merged->result.patch, HasSubstr("+1\n"));
    EXPECT_THAT(merged->result.patch, HasSubstr("+2\n"));
}

TEST_F(MergeTest, APartThatWritesThroughALinkIsLeftOutAndTheOthersStay) {
    std::filesystem::create_symlink("two.txt", tree_.path() / "link.txt");
    part("first", patch_of("one.txt", "one", "1"));
    part("through", patch_of("link.txt", "two", "2"));
    const auto merged = merge();
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_THAT(merged->result.patch, HasSubstr("+1\n"));
    EXPECT_THAT(merged->result.patch, Not(HasSubstr("link.txt")));
    EXPECT_THAT(merged->result.log, HasSubstr("link.txt is a link"));
}

}  // namespace
}  // namespace ec::apps::inference_http
