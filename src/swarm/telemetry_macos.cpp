// Untested: nobody has run this on a Mac yet (docs/worker.md says so to people too).
#include <mach/mach.h>
#include <mach/mach_time.h>
#include <unistd.h>

#include <cmath>
#include <ec/swarm/telemetry.hpp>
#include <utility>

namespace ec::swarm {

std::chrono::nanoseconds time_asleep() {
    mach_timebase_info_data_t base{};
    ::mach_timebase_info(&base);
    const std::uint64_t ticks = ::mach_continuous_time() - ::mach_absolute_time();
    return std::chrono::nanoseconds(ticks * base.numer / base.denom);
}

TelemetryReader::TelemetryReader(std::filesystem::path root, std::int64_t self)
    : root_(std::move(root)), self_(self == 0 ? ::getpid() : self) {}

std::optional<TelemetryReader::Ticks> TelemetryReader::ticks() const {
    host_cpu_load_info_data_t info{};
    mach_msg_type_number_t count = HOST_CPU_LOAD_INFO_COUNT;
    if (::host_statistics(::mach_host_self(), HOST_CPU_LOAD_INFO, reinterpret_cast<host_info_t>(&info), &count) !=
        KERN_SUCCESS)
        return std::nullopt;
    Ticks out;
    for (int state = 0; state < CPU_STATE_MAX; ++state) {
        out.total += info.cpu_ticks[state];
        if (state != CPU_STATE_IDLE) out.busy += info.cpu_ticks[state];
    }
    return out;
}

// Our own share is not taken off: a worker on a Mac stops earlier than it would have to.
std::optional<int> TelemetryReader::load() {
    const auto now = ticks();
    const auto before = std::exchange(last_, now);
    if (!now || !before || now->total <= before->total) return last_percent_;
    last_percent_ = static_cast<int>(std::lround(100.0 * static_cast<double>(now->busy - before->busy) /
                                                 static_cast<double>(now->total - before->total)));
    return last_percent_;
}

// Power, heat and idle time stay unknown, so --on-power-only and --idle-only make a Mac take nothing.
Telemetry TelemetryReader::look(std::int64_t now_ms) {
    Telemetry out;
    out.device = DeviceKind::laptop;
    out.cpu_percent = load();
    out.updated_ms = now_ms;
    return out;
}

}  // namespace ec::swarm
