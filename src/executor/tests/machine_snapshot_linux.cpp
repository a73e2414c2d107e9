#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <optional>
#include <vector>

#include "machine_snapshot.hpp"

namespace ec::executor::testing {
namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;
constexpr unsigned kUidOfRootsPayload = 1900000000;
constexpr std::size_t kMost = 16U << 20;

std::vector<int> children_of(int pid) {
    std::vector<int> children;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
        const std::string text = read_file(task.path() / "children", kMost).value_or("");
        for (const std::string_view word : split(trim(text), ' ')) {
            if (!word.empty()) children.push_back(std::stoi(std::string(word)));
        }
    }
    return children;
}

// This process is a subreaper, so all that was started below it is still below it.
std::vector<int> descendants(int pid) {
    std::vector<int> all;
    for (const int child : children_of(pid)) {
        all.push_back(child);
        const std::vector<int> below = descendants(child);
        all.insert(all.end(), below.begin(), below.end());
    }
    return all;
}

Names lines_of(const char* path) {
    const std::string text = read_file(path, kMost).value_or("");
    Names lines;
    for (const std::string_view line : split_lines(text)) lines.emplace(line);
    return lines;
}

Names processes() {
    Names names;
    for (const int pid : descendants(::getpid())) {
        const fs::path proc = "/proc/" + std::to_string(pid);
        names.insert(std::to_string(pid) + " " + std::string(trim(read_file(proc / "comm", kMost).value_or("?"))));
    }
    return names;
}

Names descriptors() {
    Names links;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc/self/fd", error)) {
        const fs::path target = fs::read_symlink(entry.path(), error);
        // The one that lists this folder is gone by now.
        if (!error) links.insert(entry.path().filename().string() + " " + target.string());
    }
    return links;
}

Names control_groups() {
    Names groups;
    const std::string prefix = "edgecoder-" + std::to_string(::getpid()) + "-";
    std::error_code error;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at("/sys/fs/cgroup", kSkip, error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().filename().string().starts_with(prefix)) groups.insert(at->path().string());
    }
    return groups;
}

Names temporary_files(const fs::path& dir, const Names& left_out) {
    Names files;
    std::error_code error;
    for (fs::recursive_directory_iterator at(dir, error), end; !error && at != end; at.increment(error)) {
        if (left_out.contains(at->path().string())) {
            at.disable_recursion_pending();
        } else {
            files.insert(at->path().string());
        }
    }
    return files;
}

Names planted_files(const std::string& mark) {
    Names files;
    for (const char* dir : {"/", "/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run", "/usr/bin", "/etc", "/root"}) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(dir, fs::directory_options::skip_permission_denied, error)) {
            struct stat info{};
            if (::lstat(entry.path().c_str(), &info) != 0) continue;
            const bool shared = std::string_view(dir) == "/dev/shm" || std::string_view(dir) == "/dev/mqueue";
            const std::string name = entry.path().filename().string();
            // A TempDir of another test program, which may run at the same time.
            const bool theirs = shared && info.st_uid == payload_uid() && !name.starts_with("edgecoder-");
            if (theirs || name.find(mark) != std::string::npos) {
                files.insert(entry.path().string());
            }
        }
    }
    return files;
}

Names sockets(const std::string& mark) {
    Names names;
    for (const std::string& line : lines_of("/proc/net/unix")) {
        const std::size_t at = line.find(mark);
        if (at != std::string::npos) names.insert(line.substr(line.rfind(' ', at) + 1));
    }
    return names;
}

// Rows of the payload's uid in SysV's tables, by the column that the first line names so: elsewhere the same number is
// the id or the process of somebody else.
Names ipc(const char* table) {
    Names rows;
    std::optional<std::ptrdiff_t> owner;
    const std::string uid = std::to_string(payload_uid());
    const std::string text = read_file(table, kMost).value_or("");
    for (const std::string_view line : split_lines(text)) {
        std::vector<std::string_view> row = split(line, ' ');
        std::erase_if(row, [](std::string_view word) { return word.empty(); });
        if (!owner) {
            owner = std::ranges::find(row, "uid") - row.begin();
        } else if (*owner < std::ssize(row) && row[static_cast<std::size_t>(*owner)] == uid) {
            rows.emplace(line);
        }
    }
    return rows;
}

}  // namespace

unsigned payload_uid() { return ::geteuid() == 0 ? kUidOfRootsPayload : ::geteuid(); }

MachineSnapshot MachineSnapshot::take(const fs::path& temporary, const Names& left_out, const std::string& mark) {
    MachineSnapshot snapshot;
    snapshot.things["mount"] = lines_of("/proc/self/mountinfo");
    snapshot.things["process"] = processes();
    snapshot.things["descriptor"] = descriptors();
    snapshot.things["control group"] = control_groups();
    snapshot.things["temporary file"] = temporary_files(temporary, left_out);
    snapshot.things["planted file"] = planted_files(mark);
    snapshot.things["unix socket"] = sockets(mark);
    for (const char* table : {"shm", "sem", "msg"}) {
        snapshot.things[table] = ipc(("/proc/sysvipc/" + std::string(table)).c_str());
    }
    return snapshot;
}

std::string MachineSnapshot::difference(const MachineSnapshot& after) const {
    std::string text;
    const auto only_in = [&text](const auto& here, const auto& there, const char* what) {
        for (const auto& [kind, names] : here) {
            for (const std::string& name : names) {
                if (!there.at(kind).contains(name)) text += std::string(what) + " " + kind + ": " + name + "\n";
            }
        }
    };
    only_in(after.things, things, "new");
    only_in(things, after.things, "gone");
    return text;
}

bool await_descendants(const std::set<int>& spared, std::chrono::seconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        std::vector<int> left = descendants(::getpid());
        std::erase_if(left, [&](int pid) { return spared.contains(pid); });
        if (left.empty()) return true;
        const auto time =
            std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (time.count() <= 0) return false;
        const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, left.front(), 0)));
        pollfd end{process.get(), POLLIN, 0};
        if (process.valid()) ::poll(&end, 1, static_cast<int>(time.count()));
        // An orphan that came to this process; the executor's own are waited for by whoever started them.
        ::waitpid(left.front(), nullptr, WNOHANG);
    }
}

}  // namespace ec::executor::testing
