#include "simulation.hpp"

#include <gmock/gmock.h>
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

struct Fault {
    const char* name;
    const char* sql;
    const char* breach;
    std::int64_t at_ms = 100'000;
};

class PlantedFault : public ::testing::TestWithParam<Fault> {};
INSTANTIATE_TEST_SUITE_P(
    Simulations, PlantedFault,
    ::testing::Values(
        Fault{"AnEndedJobIsLost",
              "DELETE FROM job WHERE id = (SELECT id FROM job WHERE state = 4 ORDER BY ended_ms DESC)",
              "an acknowledged job is lost"},
        Fault{"AnOpenJobIsLost", "DELETE FROM job WHERE id = (SELECT max(id) FROM job WHERE state = 0)", " gone"},
        Fault{"AJobNeverEnds", "UPDATE task SET waits = NULL WHERE job = (SELECT max(id) FROM job WHERE state = 0)",
              "a job does not end"},
        Fault{"AFenceIsForgotten",
              "CREATE TRIGGER fault AFTER UPDATE OF state ON task WHEN NEW.state = 0 AND OLD.state <> 0 "
              "BEGIN UPDATE task SET fence = 0 WHERE job = NEW.job AND number = NEW.number; END",
              "a fence did not grow"},
        Fault{"AKeyIsForgotten",
              "CREATE TRIGGER fault AFTER INSERT ON job BEGIN UPDATE job SET idem_key = NULL WHERE id = NEW.id; END",
              "one key gave two jobs", 0},
        Fault{"AWorkerChecksItself",
              "CREATE TRIGGER fault AFTER INSERT ON task_exclusion "
              "BEGIN DELETE FROM task_exclusion WHERE job = NEW.job AND number = NEW.number; END",
              "is to check its own result"},
        Fault{"PayWithoutACheck",
              "CREATE TRIGGER fault AFTER UPDATE OF reason ON task WHEN NEW.reason = 'verified' "
              "BEGIN UPDATE task SET reason = 'not_checked' WHERE job = NEW.job AND number = NEW.number; END",
              "was paid and is \"not_checked\""}),
    [](const auto& fault) { return std::string(fault.param.name); });

// Jobs that ended are looked at and forgotten meanwhile.
Scenario forgetful() {
    Scenario scenario = crowded(3);
    scenario.rules.keep_ms = 2 * 60'000;
    scenario.quiet_ms = 30 * 60'000;
    return scenario;
}

TEST_P(PlantedFault, IsFound) {
    Scenario scenario = forgetful();
    scenario.fault = GetParam().sql;
    scenario.fault_ms = GetParam().at_ms;
    const auto figures = simulate(scenario);
    ASSERT_TRUE(figures) << figures.error().message;
    EXPECT_THAT(figures->breach, ::testing::HasSubstr(GetParam().breach));
}

TEST(Simulations, WithoutAFaultNothingIsFound) {
    const auto figures = simulate(forgetful());
    ASSERT_TRUE(figures) << figures.error().message;
    EXPECT_EQ(figures->breach, "");
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
