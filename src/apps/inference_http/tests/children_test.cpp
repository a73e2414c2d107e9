#include "inference_http/children.hpp"

#include <gtest/gtest.h>

namespace ec::apps::inference_http {
namespace {

TEST(Children, in_words_need_the_class_of_model_that_the_job_asks_for) {
    inference::Plan plan;
    plan.parts.push_back({.key = "part-1", .task = "words", .covers = {}, .files = {}, .targets = {}, .after = {}});
    plan.parts.push_back({.key = "part-2", .task = "tests", .covers = {}, .files = {}, .targets = {"t"}, .after = {}});
    for (const char* asked : {"", "large"}) {
        swarm::Work work;
        work.job.model_class = asked;
        swarm::WorkDone done;
        add_parts(done, plan, work);
        ASSERT_EQ(done.children.size(), 3U);
        EXPECT_EQ(done.children[0].needs.model_class, *asked == '\0' ? "small" : asked);
        EXPECT_EQ(done.children[1].needs.model_class, "") << "a search mends failing tests";
        EXPECT_EQ(done.children[2].needs.model_class, "") << "patches are put together without a model";
    }
}

}  // namespace
}  // namespace ec::apps::inference_http
