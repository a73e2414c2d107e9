#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <ec/core/fd.hpp>
#include <ec/core/text.hpp>

#include "memory_group.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = "edgecoder-";

// Control files report no size, so they are read in one go.
std::string read_control(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char buffer[8192];
    const ssize_t n = fd.valid() ? ::read(fd.get(), buffer, sizeof buffer) : -1;
    return n <= 0 ? std::string{} : std::string(buffer, static_cast<std::size_t>(n));
}

bool write_control(const fs::path& path, std::string_view text) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    return fd.valid() && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::uint64_t field(std::string_view text, std::string_view name) {
    for (const std::string_view line : split_lines(text)) {
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
            return std::strtoull(std::string(line.substr(name.size() + 1)).c_str(), nullptr, 10);
        }
    }
    return 0;
}

bool has_word(std::string_view text, std::string_view word) {
    for (const std::string_view part : split(trim(text), ' ')) {
        if (part == word) return true;
    }
    return false;
}

bool writable(const fs::path& path) { return ::access(path.c_str(), W_OK) == 0; }

// Two objects of one process must not pick the same name.
unsigned next_number() {
    static std::atomic<unsigned> next{0};
    return next++;
}

}  // namespace

MemoryGroups::MemoryGroups(GroupTree tree) : tree_(std::move(tree)) {
    if (!tree_.make) tree_.make = [](const fs::path& path) { return ::mkdir(path.c_str(), 0755) == 0; };
    if (!tree_.discard) tree_.discard = [](const fs::path& path) { ::rmdir(path.c_str()); };
    std::string v1;
    std::string v2;
    bool has_v1 = false;
    const std::string membership = read_control(tree_.membership);
    for (const std::string_view line : split_lines(membership)) {
        const std::vector<std::string_view> parts = split(line, ':');
        if (parts.size() < 3) continue;
        const std::string path(line.substr(parts[0].size() + parts[1].size() + 2));
        if (parts[0] == "0" && parts[1].empty()) v2 = path;
        for (const std::string_view controller : split(parts[1], ',')) {
            if (controller == "memory") {
                v1 = path;
                has_v1 = true;
            }
        }
    }
    if (has_v1) find_v1(v1);
    if (kind_ == Kind::none && !v2.empty()) find_v2(v2);
}

MemoryGroups::~MemoryGroups() {
    for (const fs::path& path : idle_) remove(path);
    for (const fs::path& path : dying_) remove(path);
}

// Whoever is still in a group goes with it, or it could not be removed.
void MemoryGroups::remove(const fs::path& group) const {
    if (kind_ == Kind::v2) write_control(group / "cgroup.kill", "1");
    tree_.discard(group);
}

bool MemoryGroups::removed(const fs::path& group) const {
    remove(group);
    std::error_code error;
    return !fs::exists(group, error);
}

bool MemoryGroups::usable(const fs::path& parent) const {
    std::error_code error;
    return fs::is_directory(parent, error) && writable(parent);
}

void MemoryGroups::find_v1(const std::string& own) {
    const fs::path mount = tree_.mount / "memory";
    for (const fs::path& parent : {fs::path(mount.string() + own), mount}) {
        if (!usable(parent) || !writable(parent / "tasks")) continue;
        kind_ = Kind::v1;
        parent_ = parent;
        return;
    }
}

// A group with processes in it may not give controllers to its children, so ours is made beside our own and not below:
// in the parent, when that hands the memory controller down and lets us move processes.
void MemoryGroups::find_v2(const std::string& own) {
    const fs::path& mount = tree_.mount;
    if (own.find("..") != std::string::npos) return;  // of a tree that is not shown to us
    const fs::path self = mount.string() + own;
    for (const fs::path& parent : {self.parent_path(), mount}) {
        if (!parent.string().starts_with(mount.string()) || !usable(parent)) continue;
        const std::string controllers = read_control(parent / "cgroup.subtree_control");
        if (!has_word(controllers, "memory") || !has_word(controllers, "pids")) continue;
        if (!writable(parent / "cgroup.procs")) continue;
        kind_ = Kind::v2;
        parent_ = parent;
        return;
    }
}

void MemoryGroups::sweep() {
    if (kind_ == Kind::none || swept_.exchange(true)) return;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(parent_, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(kPrefix)) continue;
        const long pid = std::strtol(name.c_str() + kPrefix.size(), nullptr, 10);
        if (pid > 0 && ::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) remove(entry.path());
    }
}

bool MemoryGroups::prepare(const fs::path& group, std::uint64_t bytes, std::uint64_t processes) const {
    const std::string limit = fmt::format("{}", bytes);
    if (kind_ == Kind::v2) {
        // A kernel without swap accounting has no such file; any other refusal would leave a hole.
        if (::access((group / "memory.swap.max").c_str(), F_OK) == 0 && !write_control(group / "memory.swap.max", "0"))
            return false;
        // The supervisor sits in the group and must outlive the program.
        write_control(group / "memory.oom.group", "0");
        return write_control(group / "memory.max", limit) &&
               write_control(group / "pids.max", fmt::format("{}", processes));
    }
    // Memory plus swap may not be below memory at any moment, and both may be rising or falling.
    const fs::path total = group / "memory.memsw.limit_in_bytes";
    const bool lowered = write_control(group / "memory.limit_in_bytes", limit);
    if (writable(total)) write_control(total, limit);
    write_control(group / "memory.max_usage_in_bytes", "0");
    return lowered || write_control(group / "memory.limit_in_bytes", limit);
}

std::uint64_t MemoryGroups::kills(const fs::path& group) const {
    return field(read_control(group / (kind_ == Kind::v2 ? "memory.events" : "memory.oom_control")), "oom_kill");
}

std::optional<MemoryGroups::Lease> MemoryGroups::acquire(std::uint64_t bytes, std::uint64_t processes) {
    if (kind_ == Kind::none) return std::nullopt;
    fs::path path;
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            path = std::move(idle_.back());
            idle_.pop_back();
        }
    }
    if (!path.empty() && !prepare(path, bytes, processes)) {
        remove(path);
        path.clear();
    }
    if (path.empty()) {
        path = parent_ / fmt::format("{}{}-{}", kPrefix, ::getpid(), next_number());
        if (!tree_.make(path)) return std::nullopt;
        if (!prepare(path, bytes, processes)) {
            remove(path);
            return std::nullopt;
        }
    }
    const std::uint64_t before = kills(path);
    return Lease(shared_from_this(), std::move(path), before);
}

// A group that was ever killed is not used again: since Linux 6.14 a process cloned into it from outside is taken for
// one that fled from the kill, and dies at birth.
void MemoryGroups::give_back(fs::path path) {
    const std::string events = kind_ == Kind::v2 ? read_control(path / "cgroup.events") : "populated 0";
    const bool empty = !events.empty() && field(events, "populated") == 0;
    const std::lock_guard lock(mutex_);
    std::erase_if(dying_, [this](const fs::path& group) { return removed(group); });
    if (empty)
        idle_.push_back(std::move(path));
    else if (!removed(path))
        dying_.push_back(std::move(path));
}

MemoryGroups::Lease::~Lease() {
    if (owner_ != nullptr) owner_->give_back(std::move(path_));
}

bool MemoryGroups::Lease::resize(std::uint64_t bytes, std::uint64_t processes) {
    return owner_->prepare(path_, bytes, processes);
}

MemoryUse MemoryGroups::Lease::use() const {
    MemoryUse use;
    use.out_of_memory = owner_->kills(path_) > kills_;
    const char* file = owner_->kind_ == Kind::v2 ? "memory.peak" : "memory.max_usage_in_bytes";
    use.peak_bytes = std::strtoull(read_control(path_ / file).c_str(), nullptr, 10);
    return use;
}

}  // namespace ec::executor
