#include "processes.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

namespace ec::box {
namespace {

// Looks until nobody new is found; far more than a stopped tree can need.
constexpr int kMostRounds = 100;

void read_numbers(int dir, const std::string& name, std::vector<pid_t>& numbers) {
    const int fd = ::openat(dir, name.c_str(), O_RDONLY | O_CLOEXEC);
    std::string text;
    char buffer[4096];
    for (ssize_t n = 0; fd >= 0 && (n = ::read(fd, buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<std::size_t>(n));
    }
    if (fd >= 0) ::close(fd);
    const char* at = text.c_str();
    char* end = nullptr;
    for (long number = std::strtol(at, &end, 10); end != at; number = std::strtol(at, &end, 10)) {
        numbers.push_back(static_cast<pid_t>(number));
        at = end;
    }
}

std::string self(int proc) {
    char name[32];
    const ssize_t n = ::readlinkat(proc, "self", name, sizeof name);
    return n <= 0 ? std::string{} : std::string(name, static_cast<std::size_t>(n));
}

void add_children(int proc, const std::string& process, std::vector<pid_t>& found) {
    const int tasks = ::openat(proc, (process + "/task").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR* stream = tasks < 0 ? nullptr : ::fdopendir(tasks);
    if (stream == nullptr) return;
    while (const dirent* entry = ::readdir(stream)) {
        if (entry->d_name[0] != '.') read_numbers(tasks, std::string(entry->d_name) + "/children", found);
    }
    ::closedir(stream);
}

}  // namespace

bool can_see_children(int proc) {
    errno = ENOENT;
    const std::string own = self(proc);
    return !own.empty() && ::faccessat(proc, (own + "/task/" + own + "/children").c_str(), R_OK, 0) == 0;
}

bool is_own(int proc) { return self(proc) == std::to_string(::getpid()); }

std::vector<pid_t> descendants(int proc) {
    std::vector<pid_t> found;
    add_children(proc, self(proc), found);
    for (std::size_t i = 0; i < found.size(); ++i) add_children(proc, std::to_string(found[i]), found);
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
}

void kill_descendants(int proc) {
    std::vector<pid_t> known;
    std::vector<pid_t> now = descendants(proc);
    // What is stopped cannot fork while the others are looked for.
    for (int round = 0; round < kMostRounds && now != known; ++round) {
        for (const pid_t pid : now) ::kill(pid, SIGSTOP);
        known = std::move(now);
        now = descendants(proc);
    }
    for (const pid_t pid : now) ::kill(pid, SIGKILL);
}

}  // namespace ec::box
