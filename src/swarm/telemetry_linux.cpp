#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <ec/swarm/telemetry.hpp>
#include <map>
#include <utility>
#include <vector>

namespace ec::swarm {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::size_t kMostProcesses = 100'000;
constexpr int kFairC = 60, kSeriousC = 75, kCriticalC = 90;  // above these

std::optional<std::string> text_of(const std::filesystem::path& file) {
    const auto text = read_file(file, kMostBytes);
    if (!text) return std::nullopt;
    return std::string(trim(*text));
}

std::optional<std::int64_t> number_of(std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> number_in(const std::filesystem::path& file) {
    const auto text = text_of(file);
    return text ? number_of(*text) : std::nullopt;
}

std::vector<std::filesystem::path> entries(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> out;
    std::error_code error;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
        out.push_back(at->path());
        if (out.size() >= kMostProcesses) break;
    }
    std::ranges::sort(out);
    return out;
}

struct Supply {
    std::optional<bool> external_power;
    std::optional<int> battery_percent;
    bool battery = false;
};

// docs of the kernel: Documentation/ABI/testing/sysfs-class-power.
Supply supply(const std::filesystem::path& root) {
    Supply out;
    std::int64_t percent = 0, batteries = 0;
    bool discharging = false;
    for (const auto& entry : entries(root / "sys/class/power_supply")) {
        const std::string type = text_of(entry / "type").value_or("");
        if (type == "Battery") {
            if (text_of(entry / "scope") == "Device") continue;  // of a mouse
            if (number_in(entry / "present") == 0) continue;
            out.battery = true;
            discharging = discharging || text_of(entry / "status") == "Discharging";
            if (const auto capacity = number_in(entry / "capacity")) percent += *capacity, ++batteries;
        } else if (const auto online = number_in(entry / "online")) {
            out.external_power = out.external_power.value_or(false) || *online != 0;
        }
    }
    if (batteries > 0) out.battery_percent = static_cast<int>(std::clamp<std::int64_t>(percent / batteries, -1, 1000));
    if (!out.external_power && out.battery && discharging) out.external_power = false;
    return out;
}

// SMBIOS 3.7, table 17: kinds of enclosure.
DeviceKind device(const std::filesystem::path& root, bool battery) {
    static constexpr std::array<std::int64_t, 11> kDesktops{3, 4, 5, 6, 7, 13, 15, 16, 24, 35, 36};
    static constexpr std::array<std::int64_t, 7> kLaptops{8, 9, 10, 14, 30, 31, 32};
    const std::int64_t chassis = number_in(root / "sys/class/dmi/id/chassis_type").value_or(0);
    if (chassis == 11) return DeviceKind::phone;
    if (battery) return DeviceKind::laptop;
    // A laptop without its battery runs on power like a desktop.
    const bool personal = std::ranges::find(kDesktops, chassis) != kDesktops.end() ||
                          std::ranges::find(kLaptops, chassis) != kLaptops.end();
    return personal ? DeviceKind::desktop : DeviceKind::server;
}

// The hottest zone of the processor, or of all where none says that it is the processor's.
std::optional<Thermal> thermal(const std::filesystem::path& root) {
    constexpr std::int64_t kMilli = 1000, kColdest = -40, kHottest = 150;
    std::optional<std::int64_t> hottest, processor;
    for (const auto& zone : entries(root / "sys/class/thermal")) {
        if (!zone.filename().string().starts_with("thermal_zone")) continue;
        const auto milli = number_in(zone / "temp");
        if (!milli || *milli < kColdest * kMilli || *milli > kHottest * kMilli) continue;  // sensors that are not there
        hottest = std::max(hottest.value_or(*milli), *milli);
        const std::string type = text_of(zone / "type").value_or("");
        if (type.find("pkg") != std::string::npos || type.find("cpu") != std::string::npos)
            processor = std::max(processor.value_or(*milli), *milli);
    }
    const auto milli = processor ? processor : hottest;
    if (!milli) return std::nullopt;
    if (*milli <= kFairC * kMilli) return Thermal::nominal;
    if (*milli <= kSeriousC * kMilli) return Thermal::fair;
    return *milli <= kCriticalC * kMilli ? Thermal::serious : Thermal::critical;
}

struct Process {
    std::int64_t parent = 0;
    std::uint64_t ticks = 0;  // with those of children that it waited for
};

// proc(5): the name stands in parentheses and may hold anything; the fields after it are counted from the last one.
std::optional<Process> process_in(std::string_view stat) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string_view::npos || name_end + 2 > stat.size()) return std::nullopt;
    const auto fields = split(trim(stat.substr(name_end + 2)), ' ');
    constexpr std::size_t kParent = 1, kFirstTime = 11, kTimes = 4;
    if (fields.size() < kFirstTime + kTimes) return std::nullopt;
    Process out;
    out.parent = number_of(fields[kParent]).value_or(0);
    for (std::size_t i = kFirstTime; i < kFirstTime + kTimes; ++i)
        out.ticks += static_cast<std::uint64_t>(std::max<std::int64_t>(number_of(fields[i]).value_or(0), 0));
    return out;
}

std::uint64_t own_ticks(const std::filesystem::path& root, std::int64_t self) {
    std::map<std::int64_t, Process> processes;
    for (const auto& entry : entries(root / "proc")) {
        const auto id = number_of(entry.filename().string());
        if (!id) continue;
        const auto stat = text_of(entry / "stat");
        if (const auto process = stat ? process_in(*stat) : std::nullopt) processes[*id] = *process;
    }
    std::uint64_t total = 0;
    for (const auto& [id, process] : processes) {
        std::int64_t at = id;
        for (int depth = 0; at != self && depth < 64; ++depth) {
            const auto found = processes.find(at);
            if (found == processes.end()) break;
            at = found->second.parent;
        }
        if (at == self) total += process.ticks;
    }
    return total;
}

/// Whether a person may be at a graphical session, whose keys no terminal sees.
bool has_graphical_session(const std::filesystem::path& root) {
    for (const auto& session : entries(root / "run/systemd/sessions")) {
        if (session.extension() == ".ref") continue;
        const std::string text = text_of(session).value_or("");
        if (text.find("TYPE=x11") != std::string::npos || text.find("TYPE=wayland") != std::string::npos ||
            text.find("TYPE=mir") != std::string::npos)
            return true;
    }
    return !entries(root / "tmp/.X11-unix").empty();
}

// A terminal's access time is that of the last key (as `w` shows it).
std::optional<std::int64_t> idle(const std::filesystem::path& root, std::int64_t now_ms) {
    if (has_graphical_session(root)) return std::nullopt;
    std::vector<std::filesystem::path> terminals = entries(root / "dev/pts");
    for (int i = 1; i <= 12; ++i) terminals.push_back(root / "dev" / ("tty" + std::to_string(i)));
    std::optional<std::int64_t> last;
    for (const auto& terminal : terminals) {
        struct stat info{};
        if (terminal.filename() == "ptmx" || ::stat(terminal.c_str(), &info) != 0) continue;
        last = std::max<std::int64_t>(last.value_or(0), info.st_atim.tv_sec);
    }
    if (!last) return std::nullopt;
    return std::max<std::int64_t>(now_ms / 1000 - *last, 0);
}

std::chrono::nanoseconds read_clock(clockid_t id) {
    timespec time{};
    ::clock_gettime(id, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace

std::chrono::nanoseconds time_asleep() { return read_clock(CLOCK_BOOTTIME) - read_clock(CLOCK_MONOTONIC); }

TelemetryReader::TelemetryReader(std::filesystem::path root, std::int64_t self)
    : root_(std::move(root)), self_(self == 0 ? ::getpid() : self) {}

std::optional<TelemetryReader::Ticks> TelemetryReader::ticks() const {
    const auto text = text_of(root_ / "proc/stat");
    if (!text || !text->starts_with("cpu ")) return std::nullopt;
    std::vector<std::uint64_t> fields;
    const std::string_view line = std::string_view(*text).substr(0, text->find('\n'));
    for (const std::string_view word : split(line, ' ')) {
        const auto value = number_of(word);
        if (value && *value >= 0) fields.push_back(static_cast<std::uint64_t>(*value));
    }
    constexpr std::size_t kIdle = 3, kWaiting = 4, kLastOwn = 8;  // guests' time is in user's already
    if (fields.size() <= kWaiting) return std::nullopt;
    Ticks out;
    for (std::size_t i = 0; i < std::min(fields.size(), kLastOwn); ++i) {
        out.total += fields[i];
        if (i != kIdle && i != kWaiting) out.busy += fields[i];
    }
    out.own = own_ticks(root_, self_);
    return out;
}

std::optional<int> TelemetryReader::load() {
    const auto now = ticks();
    const auto before = std::exchange(last_, now);
    if (!now || !before) return std::nullopt;
    if (now->total <= before->total || now->busy < before->busy) return last_percent_;  // too soon, or a clock's step
    const std::uint64_t own = now->own > before->own ? now->own - before->own : 0;
    const std::uint64_t busy = now->busy - before->busy;
    const std::uint64_t others = busy > own ? busy - own : 0;
    const auto total = static_cast<double>(now->total - before->total);
    last_percent_ = static_cast<int>(std::lround(100.0 * static_cast<double>(others) / total));
    return last_percent_;
}

Telemetry TelemetryReader::look(std::int64_t now_ms) {
    Telemetry out;
    const Supply power = supply(root_);
    out.external_power = power.external_power;
    out.battery_percent = power.battery_percent;
    out.device = device(root_, power.battery);
    out.thermal = thermal(root_);
    out.cpu_percent = load();
    out.idle_s = idle(root_, now_ms);
    out.updated_ms = now_ms;
    return out;
}

}  // namespace ec::swarm
