// What a machine can tell of itself for the rules of power.hpp: power, battery, heat, the load of other programs, when
// a person last touched it. What cannot be known is absent, never made up.
//
// Reads /sys and /proc on Linux; on macOS only the load (untested). One thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/swarm/power.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ec::swarm {

class TelemetryReader {
public:
    /// `root` stands for `/`; `self` is the process whose own work, with that of all its children, is not counted.
    explicit TelemetryReader(std::filesystem::path root = "/", std::int64_t self = 0);
    /// `now_ms`: milliseconds since the epoch. The load is that since the look before, absent in the first one.
    Telemetry look(std::int64_t now_ms);

private:
    struct Ticks {
        std::uint64_t total = 0;
        std::uint64_t busy = 0;
        std::uint64_t own = 0;
    };
    [[nodiscard]] std::optional<Ticks> ticks() const;
    [[nodiscard]] std::optional<int> load();

    std::filesystem::path root_;
    std::int64_t self_;
    std::optional<Ticks> last_;
    std::optional<int> last_percent_;
};

/// For how long the machine was suspended since it started: what its clock of elapsed time has beyond its monotonic
/// one.
std::chrono::nanoseconds time_asleep();

/// Gives the value of an environment variable, or nothing.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;

/// What a phone says of itself through IOS_ON_EXTERNAL_POWER, IOS_BATTERY_LEVEL_PCT and IOS_LOW_POWER_MODE.
/// `invalid_argument` with the variable's name.
Result<Telemetry> ios_telemetry(const Variables& variables, std::int64_t now_ms);

/// The rules of the profile: IOS_BATTERY_TASK_STOP_LEVEL_PCT and IOS_BATTERY_PULL_MIN_INTERVAL_MS over the defaults.
Status use_ios_profile(const Variables& variables, PowerRules& rules);

}  // namespace ec::swarm
