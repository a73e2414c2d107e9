// How much energy the processor packages have used, where the system tells: Linux's powercap counters (RAPL,
// Documentation/power/powercap in the kernel's tree). Often only root may read them; then nothing is known.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace ec {

/// Counts from its creation. One thread.
class EnergyMeter {
public:
    explicit EnergyMeter(const std::filesystem::path& powercap = "/sys/class/powercap");
    /// Joules since the meter was made, of the whole machine; nothing where no counter can be read.
    [[nodiscard]] std::optional<double> joules();

private:
    struct Counter {
        std::filesystem::path file;
        std::uint64_t last = 0;
        std::uint64_t range = 0;  ///< where it begins again
    };
    std::vector<Counter> counters_;
    double used_ = 0;
};

}  // namespace ec
