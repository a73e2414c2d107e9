#include "worker_config.hpp"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <ec/core/text.hpp>

namespace ec::apps {
namespace {

/// Read as a toml::Table is, by the same keys.
class Environment {
public:
    using Lookup = std::function<std::optional<std::string>(std::string_view)>;
    explicit Environment(const Lookup& variable) : variable_(variable) {}

    std::optional<std::string> string(std::string_view key) {
        const auto value = variable_(name(key));
        return value && !value->empty() ? value : std::nullopt;
    }
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most) {
        const auto text = string(key);
        if (!text) return {};
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
        if (error == std::errc() && end == text->data() + text->size() && value >= least && value <= most) return value;
        return wrong(key, fmt::format("a whole number from {} to {}", least, most));
    }
    std::optional<bool> boolean(std::string_view key) {
        const auto text = string(key);
        if (!text) return {};
        if (*text == "true" || *text == "false") return *text == "true";
        return wrong(key, "true or false");
    }
    std::vector<std::string> strings(std::string_view key) {
        const auto text = string(key);
        std::vector<std::string> out;
        for (const std::string_view word : split(text ? std::string_view(*text) : std::string_view(), ','))
            if (!trim(word).empty()) out.emplace_back(trim(word));
        return out;
    }
    [[nodiscard]] const Status& status() const { return status_; }

private:
    static std::string name(std::string_view key) {
        std::string out = "EDGECODER_WORKER_";
        for (const char c : key) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        return out;
    }
    std::nullopt_t wrong(std::string_view key, std::string_view expected) {
        if (status_) status_ = fail_field(name(key), fmt::format("{} must be {}", name(key), expected));
        return std::nullopt;
    }

    const Lookup& variable_;
    Status status_;
};

std::vector<std::string> strings(toml::Table& table, std::string_view key) {
    std::vector<std::string> out;
    for (const toml::Text& text : table.strings(key).value_or(std::vector<toml::Text>{})) out.push_back(text.value);
    return out;
}
std::vector<std::string> strings(Environment& from, std::string_view key) { return from.strings(key); }

template <class From>
WorkerConfig read(From& from) {
    const auto number = [&](std::string_view key, WholeNumbers range) {
        return from.integer(key, range.least, range.most);
    };
    WorkerConfig out;
    out.slots = number("slots", kWorkerSlots);
    out.memory_mb = number("memory_mb", kWorkerMemoryMb);
    out.cpu = number("cpu", kWorkerCpu);
    out.budget_s = number("budget_s", kWorkerBudgetS);
    if (const auto seconds = number("drain_s", kWorkerDrainS)) out.drain_s = static_cast<double>(*seconds);
    out.idle_only = from.boolean("idle_only");
    out.on_power_only = from.boolean("on_power_only");
    out.hours = from.string("hours");
    out.profile = from.string("profile");
    out.model = from.string("model");
    out.groups = strings(from, "groups");
    out.kinds = strings(from, "kinds");
    return out;
}

}  // namespace

WorkerConfig read_worker_table(toml::Table& table) { return read(table); }

Result<WorkerConfig> read_worker_environment(
    const std::function<std::optional<std::string>(std::string_view name)>& variable) {
    Environment environment(variable);
    WorkerConfig out = read(environment);
    EC_TRY(environment.status());
    return out;
}

WorkerConfig over(WorkerConfig upper, const WorkerConfig& lower) {
    const auto fill = [](auto& value, const auto& below) {
        if (!value) value = below;
    };
    fill(upper.slots, lower.slots);
    fill(upper.memory_mb, lower.memory_mb);
    fill(upper.cpu, lower.cpu);
    fill(upper.budget_s, lower.budget_s);
    fill(upper.drain_s, lower.drain_s);
    fill(upper.idle_only, lower.idle_only);
    fill(upper.on_power_only, lower.on_power_only);
    fill(upper.hours, lower.hours);
    fill(upper.profile, lower.profile);
    fill(upper.model, lower.model);
    if (upper.groups.empty()) upper.groups = lower.groups;
    if (upper.kinds.empty()) upper.kinds = lower.kinds;
    return upper;
}

}  // namespace ec::apps
