#include "simulation.hpp"

#include <gtest/gtest.h>

namespace ec::simulation {
namespace {

Scenario crowded(std::uint64_t seed) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.loads = {{.account = "ann", .at_once = 600},
                      {.account = "bob", .from_ms = 60'000, .at_once = 20, .per_minute = 30},
                      {.account = "cid", .from_ms = 2 * 60'000, .at_once = 1}};
    scenario.busy_ms = 4 * 60'000;
    return scenario;
}

class Simulation : public ::testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(Seeds, Simulation, ::testing::Range<std::uint64_t>(1, 21));

TEST_P(Simulation, NothingIsLostPaidTwiceOrPaidUnverifiedAndEveryJobEnds) {
    const Scenario scenario = crowded(GetParam());
    const auto figures = simulate(scenario);
    ASSERT_TRUE(figures) << figures.error().message;
    EXPECT_EQ(figures->breach, "");
    EXPECT_GT(figures->jobs, 600U);
    EXPECT_EQ(figures->jobs_done + figures->jobs_failed, figures->jobs);
    EXPECT_GT(figures->lies, 20U) << "the liars did not try";
    EXPECT_EQ(figures->unserved, 0U);
    EXPECT_LT(figures->longest_wait_ms, scenario.work_ms * 5 / 3) << "an account waits for another's jobs";
}

TEST(Simulations, ASeedGivesOneCourseOfEvents) {
    const auto first = simulate(crowded(7));
    const auto second = simulate(crowded(7));
    const auto other = simulate(crowded(8));
    ASSERT_TRUE(first && second && other);
    EXPECT_EQ(first->trace, second->trace);
    EXPECT_EQ(first->events, second->events);
    EXPECT_NE(first->trace, other->trace);
}

}  // namespace
}  // namespace ec::simulation
