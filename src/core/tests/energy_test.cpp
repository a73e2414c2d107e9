#include <gtest/gtest.h>

#include <ec/core/energy.hpp>
#include <ec/core/fs.hpp>

namespace ec {
namespace {

class Energy : public ::testing::Test {
protected:
    void counter(const std::string& name, const std::string& value, const std::string& range = "1000000000") {
        std::filesystem::create_directories(dir_.path() / name);
        ASSERT_TRUE(write_file_atomic(dir_.path() / name / "energy_uj", value + "\n"));
        ASSERT_TRUE(write_file_atomic(dir_.path() / name / "max_energy_range_uj", range + "\n"));
    }
    TempDir dir_ = TempDir::create().value();
};

TEST_F(Energy, AddsUpThePackagesAndLeavesTheirPartsOut) {
    counter("intel-rapl:0", "1000000");
    counter("intel-rapl:1", "5000000");
    counter("intel-rapl:0:0", "100");
    EnergyMeter meter(dir_.path());
    counter("intel-rapl:0", "3000000");
    counter("intel-rapl:1", "5500000");
    counter("intel-rapl:0:0", "900000000");
    EXPECT_DOUBLE_EQ(meter.joules().value(), 2.5);
    EXPECT_DOUBLE_EQ(meter.joules().value(), 2.5);
}

TEST_F(Energy, GoesOnWhereACounterBeginsAgain) {
    counter("intel-rapl:0", "9000000", "10000000");
    EnergyMeter meter(dir_.path());
    counter("intel-rapl:0", "1000000", "10000000");
    EXPECT_DOUBLE_EQ(meter.joules().value(), 2.0);
}

TEST_F(Energy, KnowsNothingWhereNothingCanBeRead) {
    EXPECT_FALSE(EnergyMeter(dir_.path() / "absent").joules());
    counter("intel-rapl:0", "many");
    EXPECT_FALSE(EnergyMeter(dir_.path()).joules());
}

}  // namespace
}  // namespace ec
