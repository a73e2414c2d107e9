#include "worker_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace ec::apps {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<WorkerConfig> from_file(std::string_view text) {
    EC_ASSIGN(toml::Document document, toml::Document::parse(text, "config.toml"));
    toml::Table root = document.root();
    WorkerConfig config;
    if (auto table = root.table("worker")) config = read_worker_table(*table);
    EC_TRY(document.finish());
    return config;
}

Result<WorkerConfig> from_environment(const std::map<std::string, std::string, std::less<>>& variables) {
    return read_worker_environment([&](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
    });
}

TEST(WorkerConfig, AFileAndTheEnvironmentSayTheSameByTheSameNames) {
    const auto file = from_file(R"([worker]
slots = 2
memory_mb = 2048
cpu = 50
budget_s = 600
drain_s = 60
idle_only = true
on_power_only = false
hours = "22-6"
profile = "ios"
model = "none"
groups = ["team", "lab"]
kinds = ["repair"]
)");
    const auto environment = from_environment({{"EDGECODER_WORKER_SLOTS", "2"},
                                               {"EDGECODER_WORKER_MEMORY_MB", "2048"},
                                               {"EDGECODER_WORKER_CPU", "50"},
                                               {"EDGECODER_WORKER_BUDGET_S", "600"},
                                               {"EDGECODER_WORKER_DRAIN_S", "60"},
                                               {"EDGECODER_WORKER_IDLE_ONLY", "true"},
                                               {"EDGECODER_WORKER_ON_POWER_ONLY", "false"},
                                               {"EDGECODER_WORKER_HOURS", "22-6"},
                                               {"EDGECODER_WORKER_PROFILE", "ios"},
                                               {"EDGECODER_WORKER_MODEL", "none"},
                                               {"EDGECODER_WORKER_GROUPS", "team, lab"},
                                               {"EDGECODER_WORKER_KINDS", "repair"}});
    for (const auto& each : {file, environment}) {
        ASSERT_TRUE(each) << each.error().message;
        EXPECT_EQ(each->slots, 2);
        EXPECT_EQ(each->memory_mb, 2048);
        EXPECT_EQ(each->cpu, 50);
        EXPECT_EQ(each->budget_s, 600);
        EXPECT_EQ(each->drain_s, 60);
        EXPECT_EQ(each->idle_only, true);
        EXPECT_EQ(each->on_power_only, false);
        EXPECT_EQ(each->hours, "22-6");
        EXPECT_EQ(each->profile, "ios");
        EXPECT_EQ(each->model, "none");
        EXPECT_THAT(each->groups, ElementsAre("team", "lab"));
        EXPECT_THAT(each->kinds, ElementsAre("repair"));
    }
}

TEST(WorkerConfig, WhatIsWrongInTheFileIsToldByItsLineAndKey) {
    const std::map<std::string, std::string> wrong{{"slots = 0", "worker.slots"},
                                                   {"slots = 257", "worker.slots"},
                                                   {"slots = '2'", "worker.slots"},
                                                   {"slots = 1.5", "worker.slots"},
                                                   {"memory_mb = -1", "worker.memory_mb"},
                                                   {"cpu = 101", "worker.cpu"},
                                                   {"budget_s = 0", "worker.budget_s"},
                                                   {"drain_s = -1", "worker.drain_s"},
                                                   {"idle_only = 1", "worker.idle_only"},
                                                   {"on_power_only = 'yes'", "worker.on_power_only"},
                                                   {"hours = 22", "worker.hours"},
                                                   {"profile = true", "worker.profile"},
                                                   {"kinds = 'repair'", "worker.kinds"},
                                                   {"groups = [1]", "worker.groups"},
                                                   {"slot = 2", "worker.slot"},
                                                   {"memory = 2048", "worker.memory"}};
    for (const auto& [line, key] : wrong) {
        const auto read = from_file("[worker]\n" + line + "\n");
        ASSERT_FALSE(read) << line;
        EXPECT_EQ(read.error().code, ErrorCode::invalid_argument) << line;
        EXPECT_THAT(read.error().message, HasSubstr("config.toml:2")) << line;
        EXPECT_THAT(read.error().message, HasSubstr(key)) << line;
    }
}

TEST(WorkerConfig, WhatIsWrongInTheEnvironmentIsToldByTheVariable) {
    for (const auto& [name, value] : std::map<std::string, std::string>{{"EDGECODER_WORKER_SLOTS", "0"},
                                                                        {"EDGECODER_WORKER_MEMORY_MB", "much"},
                                                                        {"EDGECODER_WORKER_CPU", "50%"},
                                                                        {"EDGECODER_WORKER_DRAIN_S", "-1"},
                                                                        {"EDGECODER_WORKER_IDLE_ONLY", "yes"}}) {
        const auto read = from_environment({{name, value}});
        ASSERT_FALSE(read) << name;
        EXPECT_THAT(read.error().fields, ElementsAre(name));
        EXPECT_THAT(read.error().message, HasSubstr(name));
    }
    EXPECT_EQ(from_environment({{"EDGECODER_WORKER_SLOTS", ""}})->slots, std::nullopt) << "empty is not set";
}

TEST(WorkerConfig, TheUpperStandsOverTheLowerFieldByField) {
    const WorkerConfig lower = *from_file("[worker]\nslots = 2\ncpu = 50\nidle_only = true\nkinds = ['repair']\n");
    WorkerConfig upper;
    upper.slots = 3;
    upper.idle_only = false;
    const WorkerConfig both = over(upper, lower);
    EXPECT_EQ(both.slots, 3);
    EXPECT_EQ(both.cpu, 50);
    EXPECT_EQ(both.idle_only, false) << "no is something said";
    EXPECT_EQ(both.memory_mb, std::nullopt);
    EXPECT_THAT(both.kinds, ElementsAre("repair"));
}

}  // namespace
}  // namespace ec::apps
