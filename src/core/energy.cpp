#include <charconv>
#include <ec/core/energy.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec {
namespace {

std::optional<std::uint64_t> number_in(const std::filesystem::path& file) {
    constexpr std::uint64_t kMostBytes = 64 << 10;
    const auto text = read_file(file, kMostBytes);
    if (!text) return std::nullopt;
    const std::string_view digits = trim(*text);
    std::uint64_t value = 0;
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return std::nullopt;
    return value;
}

/// "intel-rapl:0" is a package; "intel-rapl:0:1" is a part of one and counted with it.
bool is_package(const std::string& name) {
    return name.starts_with("intel-rapl:") && name.find(':') == name.rfind(':');
}

}  // namespace

EnergyMeter::EnergyMeter(const std::filesystem::path& powercap) {
    std::error_code error;
    for (std::filesystem::directory_iterator at(powercap, error), end; !error && at != end; at.increment(error)) {
        if (!is_package(at->path().filename().string())) continue;
        const auto now = number_in(at->path() / "energy_uj");
        const auto range = number_in(at->path() / "max_energy_range_uj");
        if (now && range) counters_.push_back({at->path() / "energy_uj", *now, *range});
    }
}

std::optional<double> EnergyMeter::joules() {
    constexpr double kMicro = 1e-6;
    if (counters_.empty()) return std::nullopt;
    for (Counter& counter : counters_) {
        const auto now = number_in(counter.file);
        if (!now) return std::nullopt;
        const std::uint64_t step = *now >= counter.last ? *now - counter.last : counter.range - counter.last + *now;
        used_ += static_cast<double>(step) * kMicro;
        counter.last = *now;
    }
    return used_;
}

}  // namespace ec
