#include <gtest/gtest.h>

#include <ec/swarm/power.hpp>
#include <ec/swarm/telemetry.hpp>
#include <map>

namespace ec::swarm {
namespace {

using Take = PowerVerdict::Take;

Telemetry phone(std::optional<bool> power, std::optional<int> battery, bool low = false) {
    Telemetry out;
    out.device = DeviceKind::phone;
    out.external_power = power;
    out.battery_percent = battery;
    out.low_power_mode = low;
    return out;
}
Telemetry laptop(std::optional<bool> power, std::optional<int> battery, std::optional<int> cpu = {},
                 std::optional<Thermal> heat = {}) {
    Telemetry out = phone(power, battery);
    out.device = DeviceKind::laptop;
    out.cpu_percent = cpu;
    out.thermal = heat;
    return out;
}
Telemetry of(DeviceKind kind, std::optional<int> cpu = {}, std::optional<Thermal> heat = {}) {
    Telemetry out = laptop({}, {}, cpu, heat);
    out.device = kind;
    return out;
}

struct Row {
    Telemetry telemetry;
    std::int64_t last_lease_ms;
    Take take;
    std::string reason;
};

TEST(PhonePower, FollowsTheOrderOfTheProfile) {
    PowerRules rules;
    rules.ios = true;
    const std::vector<Row> rows{
        {phone(true, 100, true), -1, Take::nothing, "ios_low_power_mode"},  // before all else
        {phone(true, 5), 0, Take::everything, "ios_external_power"},        // whatever the battery and the last task
        {phone(false, 20), -1, Take::nothing, "ios_battery_critical"},
        {phone(false, 20), 0, Take::nothing, "ios_battery_critical"},  // before the throttle
        {phone({}, 3), -1, Take::nothing, "ios_battery_critical"},     // power unknown counts as none
        {phone(false, 21), 44'999, Take::nothing, "ios_on_battery_throttled"},
        {phone(false, 21), 45'000, Take::everything, "ios_on_battery_lite_mode"},
        {phone(false, 21), -1, Take::everything, "ios_on_battery_lite_mode"},
        {phone(false, {}), -1, Take::everything, "ios_on_battery_lite_mode"},  // battery unknown counts as fine
        {phone({}, {}), 10, Take::nothing, "ios_on_battery_throttled"},
    };
    for (const Row& row : rows) {
        const PowerVerdict verdict = may_work(row.telemetry, rules, row.last_lease_ms, 12);
        EXPECT_EQ(verdict.reason, row.reason);
        EXPECT_EQ(verdict.take, row.take) << row.reason;
    }
    EXPECT_EQ(may_work(phone(false, 50), rules, 44'000, 12).again_ms, 1'000) << "it knows when to ask again";
}

TEST(ComputerPower, FollowsBatteryHeatAndLoad) {
    const std::vector<Row> rows{
        {of(DeviceKind::server, 100, Thermal::critical), -1, Take::everything, "server"},
        {of(DeviceKind::desktop, 86), -1, Take::nothing, "cpu_busy"},
        {of(DeviceKind::desktop, 86, Thermal::critical), -1, Take::nothing, "cpu_busy"},  // load before heat
        {of(DeviceKind::desktop, 85, Thermal::serious), -1, Take::nothing, "thermal_serious"},
        {of(DeviceKind::desktop, 0, Thermal::critical), -1, Take::nothing, "thermal_critical"},
        {of(DeviceKind::desktop, 85, Thermal::fair), -1, Take::everything, "desktop"},
        {laptop(true, 3), -1, Take::everything, "external_power"},
        {laptop(true, 3, 86), -1, Take::nothing, "cpu_busy"},
        {laptop({}, {}), -1, Take::everything, "battery_unknown"},
        {laptop(false, 14), -1, Take::nothing, "battery_critical"},
        {laptop(false, 15), -1, Take::small, "battery_low"},
        {laptop(false, 40), -1, Take::small, "battery_low"},
        {laptop(false, 41), 0, Take::everything, "on_battery"},
    };
    for (const Row& row : rows) {
        const PowerVerdict verdict = may_work(row.telemetry, {}, row.last_lease_ms, 12);
        EXPECT_EQ(verdict.reason, row.reason);
        EXPECT_EQ(verdict.take, row.take) << row.reason;
    }
    EXPECT_EQ(may_work(of(DeviceKind::desktop, 86), {}, -1, 12).again_ms, 5'000);
}

TEST(OwnerRules, HoursGoOverMidnight) {
    const Telemetry server;
    const auto works = [&](const char* hours, int hour) {
        PowerRules rules;
        EXPECT_TRUE(set_hours(hours, rules).has_value()) << hours;
        return may_work(server, rules, -1, hour).take != Take::nothing;
    };
    EXPECT_TRUE(works("22-6", 22));
    EXPECT_TRUE(works("22-6", 0));
    EXPECT_TRUE(works("22-6", 5));
    EXPECT_FALSE(works("22-6", 6));
    EXPECT_FALSE(works("22-6", 21));
    EXPECT_TRUE(works("9-17", 9));
    EXPECT_FALSE(works("9-17", 17));
    EXPECT_FALSE(works("9-17", 8));
    EXPECT_TRUE(works("0-24", 13)) << "the whole day";
    EXPECT_TRUE(works("20-24", 23));
    EXPECT_FALSE(works("20-24", 0));
    PowerRules rules;
    for (const char* bad : {"", "22", "22-", "-6", "22-25", "a-b", "22--6", "1-2-3", " 1-2", "99999999999-1"})
        EXPECT_FALSE(set_hours(bad, rules).has_value()) << bad;
}

TEST(OwnerRules, IdleAndPowerAreAskedForAndWhatIsUnknownCountsAgainstWorking) {
    PowerRules idle;
    idle.idle_only = true;
    Telemetry machine;
    EXPECT_EQ(may_work(machine, idle, -1, 1).reason, "idle_unknown");
    machine.idle_s = 299;
    EXPECT_EQ(may_work(machine, idle, -1, 1).reason, "not_idle");
    EXPECT_EQ(may_work(machine, idle, -1, 1).again_ms, 1'000);
    machine.idle_s = 300;
    EXPECT_EQ(may_work(machine, idle, -1, 1).take, Take::everything);

    PowerRules power;
    power.on_power_only = true;
    EXPECT_EQ(may_work(laptop(false, 90), power, -1, 1).reason, "not_on_power");
    EXPECT_EQ(may_work(laptop({}, 90), power, -1, 1).reason, "power_unknown");
    EXPECT_EQ(may_work(laptop(true, 90), power, -1, 1).take, Take::everything);
    EXPECT_EQ(may_work({}, power, -1, 1).take, Take::everything) << "a server has no battery";
    power.ios = true;
    EXPECT_EQ(may_work(phone(false, 90), power, -1, 1).reason, "not_on_power") << "over the profile too";
    EXPECT_EQ(may_work(phone(true, 90, true), power, -1, 1).reason, "ios_low_power_mode") << "the device first";
}

TEST(Plausible, RefusesWhatCannotBe) {
    EXPECT_TRUE(plausible({}, {}).has_value());
    EXPECT_TRUE(plausible(phone({}, {}), {}).has_value()) << "nothing known is nothing wrong";
    EXPECT_FALSE(plausible(phone(false, {}), {}).has_value());
    for (const int battery : {-1, 101, 130}) EXPECT_FALSE(plausible(laptop(true, battery), {}).has_value()) << battery;
    for (const int cpu : {-1, 101}) EXPECT_FALSE(plausible(of(DeviceKind::desktop, cpu), {}).has_value()) << cpu;
    Telemetry idle;
    idle.idle_s = -1;
    EXPECT_FALSE(plausible(idle, {}).has_value());
}

TEST(Plausible, RefusesABatteryThatFilledItself) {
    const auto at = [](std::optional<bool> power, int battery, std::int64_t minutes) {
        Telemetry out = laptop(power, battery);
        out.updated_ms = minutes * 60'000;
        return out;
    };
    EXPECT_FALSE(plausible(at(false, 60, 1), at(false, 50, 0)).has_value());
    EXPECT_TRUE(plausible(at(false, 51, 1), at(false, 50, 0)).has_value()) << "gauges are not that exact";
    EXPECT_TRUE(plausible(at(false, 90, 30), at(false, 50, 0)).has_value()) << "plugged in meanwhile";
    EXPECT_TRUE(plausible(at(true, 60, 1), at(false, 50, 0)).has_value());
    EXPECT_FALSE(plausible(at(true, 60, 1), at(true, 60, 2)).has_value()) << "older than the one before";
}

Variables variables(std::map<std::string, std::string, std::less<>> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto at = values.find(name);
        return at == values.end() ? std::nullopt : std::optional(at->second);
    };
}

TEST(IosVariables, BecomeTelemetryAndRules) {
    const Telemetry none = ios_telemetry(variables({}), 7).value();
    EXPECT_EQ(none.device, DeviceKind::phone);
    EXPECT_FALSE(none.external_power.has_value());
    EXPECT_FALSE(none.battery_percent.has_value());
    EXPECT_EQ(none.updated_ms, 7);
    const Telemetry some = ios_telemetry(variables({{"IOS_ON_EXTERNAL_POWER", "false"},
                                                    {"IOS_BATTERY_LEVEL_PCT", "35"},
                                                    {"IOS_LOW_POWER_MODE", "1"}}),
                                         0)
                               .value();
    EXPECT_EQ(some.external_power, false);
    EXPECT_EQ(some.battery_percent, 35);
    EXPECT_TRUE(some.low_power_mode);
    PowerRules rules;
    ASSERT_TRUE(
        use_ios_profile(
            variables({{"IOS_BATTERY_TASK_STOP_LEVEL_PCT", "30"}, {"IOS_BATTERY_PULL_MIN_INTERVAL_MS", "1000"}}), rules)
            .has_value());
    EXPECT_TRUE(rules.ios);
    EXPECT_EQ(rules.ios_stop_percent, 30);
    EXPECT_EQ(rules.ios_interval_ms, 1000);
}

TEST(IosVariables, AreNamedWhenTheyAreWrong) {
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"IOS_ON_EXTERNAL_POWER", "maybe"},
                                                          {"IOS_BATTERY_LEVEL_PCT", "130"},
                                                          {"IOS_BATTERY_LEVEL_PCT", "-1"},
                                                          {"IOS_BATTERY_LEVEL_PCT", "5x"},
                                                          {"IOS_LOW_POWER_MODE", "2"}}) {
        const auto read = ios_telemetry(variables({{name, value}}), 0);
        ASSERT_FALSE(read.has_value()) << name << "=" << value;
        EXPECT_NE(read.error().message.find(name), std::string::npos);
    }
    PowerRules rules;
    EXPECT_FALSE(use_ios_profile(variables({{"IOS_BATTERY_PULL_MIN_INTERVAL_MS", "soon"}}), rules).has_value());
}

}  // namespace
}  // namespace ec::swarm
