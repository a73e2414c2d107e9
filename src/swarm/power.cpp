#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/swarm/power.hpp>
#include <utility>

namespace ec::swarm {
namespace {

using Take = PowerVerdict::Take;

constexpr std::int64_t kSoonMs = 5'000;
constexpr std::int64_t kLaterMs = 60'000;  // what changes with plugs, batteries and hours
constexpr int kBusyPercent = 85;
constexpr int kLaptopStopPercent = 15;
constexpr int kLaptopSmallPercent = 40;
constexpr std::int64_t kMinuteMs = 60'000;
// A fast charger gives about four percent a minute, and gauges jump by two.
constexpr std::int64_t kGaugePercent = 2;
constexpr std::int64_t kChargePercentAMinute = 4;

PowerVerdict ios(const Telemetry& telemetry, const PowerRules& rules, std::int64_t last_lease_ms) {
    if (telemetry.low_power_mode) return {Take::nothing, "ios_low_power_mode", kLaterMs};
    if (telemetry.external_power.value_or(false)) return {Take::everything, "ios_external_power", 0};
    if (telemetry.battery_percent && *telemetry.battery_percent <= rules.ios_stop_percent)
        return {Take::nothing, "ios_battery_critical", kLaterMs};
    if (last_lease_ms >= 0 && last_lease_ms < rules.ios_interval_ms)
        return {Take::nothing, "ios_on_battery_throttled", rules.ios_interval_ms - last_lease_ms};
    // "Lite" is: the coordinator's tasks and nothing from peers, and there are no others here.
    return {Take::everything, "ios_on_battery_lite_mode", 0};
}

PowerVerdict other_device(const Telemetry& telemetry) {
    if (telemetry.device == DeviceKind::server) return {Take::everything, "server", 0};
    if (telemetry.cpu_percent && *telemetry.cpu_percent > kBusyPercent) return {Take::nothing, "cpu_busy", kSoonMs};
    if (telemetry.thermal == Thermal::critical) return {Take::nothing, "thermal_critical", kLaterMs};
    if (telemetry.thermal == Thermal::serious) return {Take::nothing, "thermal_serious", kLaterMs};
    if (telemetry.device == DeviceKind::desktop) return {Take::everything, "desktop", 0};
    if (telemetry.external_power.value_or(false)) return {Take::everything, "external_power", 0};
    if (!telemetry.battery_percent) return {Take::everything, "battery_unknown", 0};
    if (*telemetry.battery_percent < kLaptopStopPercent) return {Take::nothing, "battery_critical", kLaterMs};
    if (*telemetry.battery_percent <= kLaptopSmallPercent) return {Take::small, "battery_low", 0};
    return {Take::everything, "on_battery", 0};
}

bool within_hours(const PowerRules& rules, int hour) {
    if (!rules.from_hour || !rules.to_hour || *rules.from_hour == *rules.to_hour) return true;
    if (*rules.from_hour < *rules.to_hour) return hour >= *rules.from_hour && hour < *rules.to_hour;
    return hour >= *rules.from_hour || hour < *rules.to_hour;
}

/// Whether the machine runs on power; a device without a battery does.
std::optional<bool> on_power(const Telemetry& telemetry) {
    if (telemetry.external_power) return telemetry.external_power;
    if (telemetry.device == DeviceKind::server || telemetry.device == DeviceKind::desktop) return true;
    return std::nullopt;
}

std::optional<PowerVerdict> against_owner(const Telemetry& telemetry, const PowerRules& rules, int hour) {
    if (!within_hours(rules, hour)) return PowerVerdict{Take::nothing, "outside_hours", kLaterMs};
    if (rules.on_power_only) {
        const auto power = on_power(telemetry);
        if (!power) return PowerVerdict{Take::nothing, "power_unknown", kLaterMs};
        if (!*power) return PowerVerdict{Take::nothing, "not_on_power", kLaterMs};
    }
    if (rules.idle_only) {
        if (!telemetry.idle_s) return PowerVerdict{Take::nothing, "idle_unknown", kLaterMs};
        if (*telemetry.idle_s < rules.idle_after_s)
            return PowerVerdict{Take::nothing, "not_idle", (rules.idle_after_s - *telemetry.idle_s) * 1000};
    }
    return std::nullopt;
}

Status within(std::string_view what, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value >= least && value <= most) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("{} of {} cannot be", what, value));
}

Result<int> hour_of(std::string_view text) {
    int hour = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hour);
    if (error != std::errc() || end != text.data() + text.size() || hour < 0 || hour > 24)
        return fail(ErrorCode::invalid_argument, "hours are two numbers from 0 to 24, as in 22-6");
    return hour % 24;
}

}  // namespace

PowerVerdict may_work(const Telemetry& telemetry, const PowerRules& rules, std::int64_t last_lease_ms, int hour) {
    PowerVerdict verdict = rules.ios ? ios(telemetry, rules, last_lease_ms) : other_device(telemetry);
    if (verdict.take == Take::nothing) return verdict;
    if (auto refused = against_owner(telemetry, rules, hour)) return *std::move(refused);
    return verdict;
}

Status plausible(const Telemetry& now, const std::optional<Telemetry>& before) {
    if (now.battery_percent) EC_TRY(within("a battery percentage", *now.battery_percent, 0, 100));
    if (now.cpu_percent) EC_TRY(within("a processor load in percent", *now.cpu_percent, 0, 100));
    constexpr std::int64_t kTenYears = 10LL * 366 * 24 * 3600;
    if (now.idle_s) EC_TRY(within("an idle time in seconds", *now.idle_s, 0, kTenYears));
    if (now.device == DeviceKind::phone && now.external_power == false && !now.battery_percent)
        return fail(ErrorCode::invalid_argument, "a phone that runs on neither battery nor power cannot be");
    if (!before) return {};
    if (now.updated_ms < before->updated_ms)
        return fail(ErrorCode::invalid_argument, "it was read before the report that came earlier");
    const bool unpowered = now.external_power == false && before->external_power == false;
    if (unpowered && now.battery_percent && before->battery_percent) {
        const std::int64_t rise = *now.battery_percent - *before->battery_percent;
        const std::int64_t minutes = (now.updated_ms - before->updated_ms) / kMinuteMs;
        if (rise > kGaugePercent + std::min<std::int64_t>(minutes, 100) * kChargePercentAMinute)
            return fail(ErrorCode::invalid_argument,
                        fmt::format("a battery that gains {} % in {} minutes without power cannot be", rise, minutes));
    }
    return {};
}

Status set_hours(std::string_view words, PowerRules& rules) {
    const std::size_t dash = words.find('-');
    if (dash == std::string_view::npos)
        return fail(ErrorCode::invalid_argument, "hours are two numbers from 0 to 24, as in 22-6");
    EC_ASSIGN(rules.from_hour, hour_of(words.substr(0, dash)));
    EC_ASSIGN(rules.to_hour, hour_of(words.substr(dash + 1)));
    return {};
}

std::string_view explain(std::string_view reason) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kWords{{
        {"ios_low_power_mode", "low power mode is on; it works again once that is off"},
        {"ios_battery_critical", "the battery is nearly empty; charge it"},
        {"ios_on_battery_throttled", "on battery it takes a task only now and then"},
        {"cpu_busy", "other programs use the processor"},
        {"thermal_serious", "the machine is hot"},
        {"thermal_critical", "the machine is too hot"},
        {"battery_critical", "the battery is nearly empty; plug it in"},
        {"battery_low", "on a low battery it takes small tasks only"},
        {"outside_hours", "it is outside the hours given with --hours"},
        {"not_on_power", "it is not on power, and --on-power-only was given"},
        {"power_unknown", "whether it is on power cannot be seen here, and --on-power-only was given"},
        {"not_idle", "somebody uses the machine, and --idle-only was given"},
        {"idle_unknown", "whether somebody uses the machine cannot be seen here, and --idle-only was given"},
        {"telemetry_implausible", "what the machine says of its battery or load cannot be true"},
        {"drain", "it is ending and takes no more"},
    }};
    for (const auto& [key, words] : kWords)
        if (key == reason) return words;
    return reason;
}

}  // namespace ec::swarm
