#include <fmt/format.h>

#include <charconv>
#include <ec/core/text.hpp>
#include <ec/swarm/telemetry.hpp>

namespace ec::swarm {
namespace {

Result<std::optional<bool>> flag(const Variables& variables, std::string_view name) {
    const auto text = variables(name);
    if (!text || trim(*text).empty()) return std::nullopt;
    const std::string_view word = trim(*text);
    if (word == "1" || word == "true" || word == "yes" || word == "on") return true;
    if (word == "0" || word == "false" || word == "no" || word == "off") return false;
    return fail(ErrorCode::invalid_argument, fmt::format("{} is neither true nor false", name));
}

Result<std::optional<std::int64_t>> number(const Variables& variables, std::string_view name, std::int64_t most) {
    const auto text = variables(name);
    if (!text || trim(*text).empty()) return std::nullopt;
    const std::string_view digits = trim(*text);
    std::int64_t value = -1;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0 || value > most)
        return fail(ErrorCode::invalid_argument, fmt::format("{} is no number from 0 to {}", name, most));
    return value;
}

}  // namespace

Result<Telemetry> ios_telemetry(const Variables& variables, std::int64_t now_ms) {
    Telemetry out;
    out.device = DeviceKind::phone;
    out.updated_ms = now_ms;
    EC_ASSIGN(out.external_power, flag(variables, "IOS_ON_EXTERNAL_POWER"));
    EC_ASSIGN(const auto battery, number(variables, "IOS_BATTERY_LEVEL_PCT", 100));
    if (battery) out.battery_percent = static_cast<int>(*battery);
    EC_ASSIGN(const auto low, flag(variables, "IOS_LOW_POWER_MODE"));
    out.low_power_mode = low.value_or(false);
    return out;
}

Status use_ios_profile(const Variables& variables, PowerRules& rules) {
    constexpr std::int64_t kDayMs = 86'400'000;
    rules.ios = true;
    EC_ASSIGN(const auto stop, number(variables, "IOS_BATTERY_TASK_STOP_LEVEL_PCT", 100));
    if (stop) rules.ios_stop_percent = static_cast<int>(*stop);
    EC_ASSIGN(const auto interval, number(variables, "IOS_BATTERY_PULL_MIN_INTERVAL_MS", kDayMs));
    if (interval) rules.ios_interval_ms = *interval;
    return {};
}

}  // namespace ec::swarm
