// When a machine lends itself: the rules for phones, laptops, desktops and servers, and whether what it says of itself
// can be true. Pure functions over values; reading them from the machine is telemetry.hpp.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ec::swarm {

enum class DeviceKind { server, desktop, laptop, phone };
enum class Thermal { nominal, fair, serious, critical };

struct Telemetry {
    DeviceKind device = DeviceKind::server;
    std::optional<bool> external_power;
    std::optional<int> battery_percent;
    bool low_power_mode = false;
    std::optional<Thermal> thermal;
    std::optional<int> cpu_percent;      ///< of all cores, between the last two looks, other programs' alone
    std::optional<std::int64_t> idle_s;  ///< since a person last touched it
    std::int64_t updated_ms = 0;
};

struct PowerRules {
    bool ios = false;  ///< the profile of --profile ios
    int ios_stop_percent = 20;
    std::int64_t ios_interval_ms = 45'000;
    bool idle_only = false;
    std::int64_t idle_after_s = 300;
    bool on_power_only = false;
    std::optional<int> from_hour, to_hour;  ///< local time; 22 to 6 goes over midnight, 8 to 8 is the whole day
};

struct PowerVerdict {
    enum class Take { everything, small, nothing };
    Take take = Take::everything;
    std::string reason;         ///< "ios_low_power_mode", "battery_critical", "outside_hours", …
    std::int64_t again_ms = 0;  ///< ask again after
};

/// Longest task that is small: seconds that it is expected to take.
inline constexpr std::int64_t kSmallTaskS = 10;

/// `last_lease_ms` ago the last task was taken (-1: never); `hour`: the local hour. The rules of the device come first,
/// then its owner's: hours, power, idleness. What the owner asked for and nobody can know counts against working.
PowerVerdict may_work(const Telemetry& telemetry, const PowerRules& rules, std::int64_t last_lease_ms, int hour);

/// `invalid_argument` with what cannot be: a battery of 130 %, a phone that runs on neither battery nor power, a
/// battery that filled itself between two reports without power.
Status plausible(const Telemetry& now, const std::optional<Telemetry>& before);

/// "22-6" into the rules; `invalid_argument` for what are no two hours of 0 to 24.
Status set_hours(std::string_view words, PowerRules& rules);

/// In words, for a person: what a reason of may_work() means and what ends it.
std::string_view explain(std::string_view reason);

}  // namespace ec::swarm
