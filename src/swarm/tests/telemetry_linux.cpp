// The telemetry of a machine made of files.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <ec/swarm/telemetry.hpp>

namespace ec::swarm {
namespace {

class TelemetryTest : public ::testing::Test {
protected:
    void put(const std::string& path, const std::string& text) {
        const auto file = root_.path() / path;
        std::filesystem::create_directories(file.parent_path());
        ASSERT_TRUE(write_file_atomic(file, text + "\n").has_value());
    }
    void touch(const std::string& path, std::int64_t second) {
        put(path, "");
        const timespec times[2]{{.tv_sec = second, .tv_nsec = 0}, {.tv_sec = second, .tv_nsec = 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, (root_.path() / path).c_str(), times, 0), 0);
    }
    void battery(const std::string& name, int percent, const std::string& status) {
        put("sys/class/power_supply/" + name + "/type", "Battery");
        put("sys/class/power_supply/" + name + "/capacity", std::to_string(percent));
        put("sys/class/power_supply/" + name + "/status", status);
    }
    void mains(int online) {
        put("sys/class/power_supply/AC/type", "Mains");
        put("sys/class/power_supply/AC/online", std::to_string(online));
    }
    void zone(int number, const std::string& type, const std::string& milli) {
        const std::string folder = "sys/class/thermal/thermal_zone" + std::to_string(number);
        put(folder + "/type", type);
        put(folder + "/temp", milli);
    }
    void cpu(int busy, int idle) {
        put("proc/stat", "cpu  " + std::to_string(busy) + " 0 0 " + std::to_string(idle) + " 0 0 0 0 0 0\ncpu0 1 2 3");
    }
    void process(int id, int parent, int ticks) {
        put("proc/" + std::to_string(id) + "/stat", std::to_string(id) + " (a ) b) S " + std::to_string(parent) +
                                                        " 1 1 0 -1 0 0 0 0 0 " + std::to_string(ticks) + " 0 0 0 20 0");
    }
    Telemetry look(std::int64_t now_ms = 0) { return TelemetryReader(root_.path(), 100).look(now_ms); }
    TempDir root_ = TempDir::create().value();
};

TEST_F(TelemetryTest, KnowsNothingOfAMachineThatTellsNothing) {
    const Telemetry out = look(5);
    EXPECT_EQ(out.device, DeviceKind::server);
    EXPECT_FALSE(out.external_power || out.battery_percent || out.thermal || out.cpu_percent || out.idle_s);
    EXPECT_EQ(out.updated_ms, 5);
}

TEST_F(TelemetryTest, ReadsBatteriesAndPlugs) {
    battery("BAT0", 40, "Discharging");
    EXPECT_EQ(look().device, DeviceKind::laptop);
    EXPECT_EQ(look().external_power, false) << "it discharges";
    battery("BAT1", 60, "Charging");
    mains(0);
    EXPECT_EQ(look().external_power, false);
    EXPECT_EQ(look().battery_percent, 50);
    mains(1);
    EXPECT_EQ(look().external_power, true);
    battery("mouse", 1, "Discharging");
    put("sys/class/power_supply/mouse/scope", "Device");
    EXPECT_EQ(look().battery_percent, 50) << "a mouse's battery is none of the machine's";
    battery("BAT0", 130, "Full");
    battery("BAT1", 130, "Full");
    EXPECT_FALSE(plausible(look(), {}).has_value()) << "nonsense is passed on to be found";
}

TEST_F(TelemetryTest, TellsDesktopsFromServersByTheirCase) {
    put("sys/class/dmi/id/chassis_type", "3");
    EXPECT_EQ(look().device, DeviceKind::desktop);
    put("sys/class/dmi/id/chassis_type", "23");
    EXPECT_EQ(look().device, DeviceKind::server);
    put("sys/class/dmi/id/chassis_type", "10");
    EXPECT_EQ(look().device, DeviceKind::desktop) << "a laptop without its battery";
    put("sys/class/dmi/id/chassis_type", "nonsense");
    EXPECT_EQ(look().device, DeviceKind::server);
}

TEST_F(TelemetryTest, GradesTheHeatOfTheProcessor) {
    zone(0, "acpitz", "20000");
    EXPECT_EQ(look().thermal, Thermal::nominal);
    zone(0, "acpitz", "95000");
    EXPECT_EQ(look().thermal, Thermal::critical);
    zone(1, "x86_pkg_temp", "60000");
    EXPECT_EQ(look().thermal, Thermal::nominal) << "its own sensor counts more";
    zone(1, "x86_pkg_temp", "60001");
    EXPECT_EQ(look().thermal, Thermal::fair);
    zone(1, "x86_pkg_temp", "75001");
    EXPECT_EQ(look().thermal, Thermal::serious);
    zone(2, "cpu-thermal", "90001");
    EXPECT_EQ(look().thermal, Thermal::critical) << "the hottest";
    zone(2, "cpu-thermal", "-274000");
    EXPECT_EQ(look().thermal, Thermal::serious) << "a sensor that is not there";
}

TEST_F(TelemetryTest, MeasuresTheLoadOfOthersBetweenTwoLooks) {
    TelemetryReader reader(root_.path(), 100);
    cpu(1'000'000, 1'000'000);  // since boot, which says nothing of now
    process(100, 1, 10);
    EXPECT_FALSE(reader.look(0).cpu_percent.has_value());
    cpu(1'000'090, 1'000'010);
    process(100, 1, 20);
    process(200, 100, 30);  // a child of ours
    process(201, 200, 10);  // and its child
    process(300, 1, 1000);  // somebody else
    EXPECT_EQ(reader.look(0).cpu_percent, 40) << "90 of 100 were busy, 50 of them ours";
    EXPECT_EQ(reader.look(0).cpu_percent, 40) << "no time has passed";
    cpu(1'000'090, 1'000'110);
    EXPECT_EQ(reader.look(0).cpu_percent, 0);
    cpu(5, 5);
    EXPECT_EQ(reader.look(0).cpu_percent, 0) << "counters that went back";
    put("proc/stat", "nonsense");
    EXPECT_FALSE(reader.look(0).cpu_percent.has_value());
}

TEST_F(TelemetryTest, ToleratesAFamilyTreeThatGoesInCircles) {
    TelemetryReader reader(root_.path(), 100);
    process(200, 201, 5);
    process(201, 200, 5);
    cpu(10, 10);
    (void)reader.look(0);
    cpu(20, 20);
    EXPECT_EQ(reader.look(0).cpu_percent, 50);
}

TEST_F(TelemetryTest, IsIdleSinceTheLastKeyAtAnyTerminal) {
    touch("dev/pts/0", 1000);
    touch("dev/pts/ptmx", 9000);
    touch("dev/tty1", 1500);
    EXPECT_EQ(look(2'000'000).idle_s, 500);
    EXPECT_EQ(look(1'000'000).idle_s, 0) << "a clock that went back";
}

TEST_F(TelemetryTest, DoesNotCallAMachineIdleWhoseScreenItCannotSee) {
    touch("dev/tty1", 1000);
    put("run/systemd/sessions/2", "UID=1000\nTYPE=wayland\nACTIVE=1");
    EXPECT_FALSE(look(2'000'000).idle_s.has_value());
}

TEST(Telemetry, LooksAtThisMachine) {
    TelemetryReader reader;
    (void)reader.look(1);
    const Telemetry now = reader.look(2);
    EXPECT_TRUE(plausible(now, {}).has_value());
}

}  // namespace
}  // namespace ec::swarm
