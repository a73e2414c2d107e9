// What a person lends of this machine: [worker] of config.toml, beneath EDGECODER_WORKER_… of the environment, beneath
// the flags of `edgecoder worker`. What none of them names is empty.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/core/toml.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ec::apps {

struct WorkerConfig {
    std::optional<std::int64_t> slots;      ///< tasks at a time
    std::optional<std::int64_t> memory_mb;  ///< of one program in the sandbox
    std::optional<std::int64_t> cpu;        ///< percent of the cores
    std::optional<std::int64_t> budget_s;   ///< of one task
    std::optional<double> drain_s;          ///< to finish what is in hand
    std::optional<bool> idle_only, on_power_only;
    std::optional<std::string> hours;    ///< "22-6"
    std::optional<std::string> profile;  ///< "ios"
    std::optional<std::string> model;
    std::vector<std::string> groups, kinds;
};

struct WholeNumbers {
    std::int64_t least, most;
};
inline constexpr WholeNumbers kWorkerSlots{1, 256};
inline constexpr WholeNumbers kWorkerMemoryMb{64, 1 << 24};
inline constexpr WholeNumbers kWorkerCpu{1, 100};
inline constexpr WholeNumbers kWorkerBudgetS{1, 7 * 24 * 3600};
inline constexpr WholeNumbers kWorkerDrainS{0, 24 * 3600};

/// What is wrong is rejected in the table's document.
WorkerConfig read_worker_table(toml::Table& table);
/// EDGECODER_WORKER_SLOTS, …: the keys of the table in capitals, lists with commas. `invalid_argument` names the
/// variable. `variable` gives the value of one that is set.
Result<WorkerConfig> read_worker_environment(
    const std::function<std::optional<std::string>(std::string_view name)>& variable);
/// `upper`, and of `lower` what it leaves open.
WorkerConfig over(WorkerConfig upper, const WorkerConfig& lower);

}  // namespace ec::apps
