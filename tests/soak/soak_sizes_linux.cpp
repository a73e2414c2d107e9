#include <fmt/format.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

#include "soak_sizes.hpp"

namespace ec::executor::testing {
namespace {

namespace fs = std::filesystem;

constexpr long kMemoryRoomKb = 4096;       // what the allocator may still spread to after the warm-up
constexpr long kNamespacesInFlight = 500;  // the kernel takes dead ones down later, and other programs make some

long entries(const fs::path& dir) {
    std::error_code error;
    return std::distance(fs::directory_iterator(dir, error), fs::directory_iterator{});
}

long number_after(const std::string& text, std::string_view name) {
    const std::size_t at = text.find(name);
    return at == std::string::npos ? -1 : std::strtol(text.c_str() + at + name.size(), nullptr, 10);
}

// What they are, for the message when there should be none.
std::string names_of_children() {
    std::string names;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
        const std::string pids = read_file(task.path() / "children", 1 << 20).value_or("");
        for (const std::string_view pid : split(trim(pids), ' ')) {
            const auto status = read_file(fs::path("/proc") / pid / "status", 1 << 20);
            if (!pid.empty() && status) names += *status;
        }
    }
    return names;
}

// Groups that carry this process's number, wherever the control group file systems are mounted.
long control_groups() {
    const std::string prefix = fmt::format("edgecoder-{}-", ::getpid());
    long count = 0;
    std::error_code error;
    constexpr auto kSkip = fs::directory_options::skip_permission_denied;
    for (fs::recursive_directory_iterator at("/sys/fs/cgroup", kSkip, error), end; !error && at != end;
         at.increment(error)) {
        if (at->path().filename().string().starts_with(prefix)) ++count;
    }
    return count;
}

}  // namespace

long children() {
    long count = 0;
    std::error_code error;
    for (const auto& task : fs::directory_iterator("/proc/self/task", error)) {
        const auto text = read_file(task.path() / "children", 1 << 20);
        if (text) count += std::count(text->begin(), text->end(), ' ');
    }
    return count;
}

Sizes Sizes::now(const fs::path& temporary) {
    Sizes sizes;
    sizes.memory_kb = number_after(read_file("/proc/self/status", 1 << 20).value_or(""), "VmRSS:");
    sizes.descriptors = entries("/proc/self/fd");
    sizes.processes = children();
    const std::string mounts = read_file("/proc/self/mountinfo", 16 << 20).value_or("");
    sizes.mounts = std::count(mounts.begin(), mounts.end(), '\n');
    sizes.groups = control_groups();
    sizes.temporary = entries(temporary);
    sizes.namespaces = number_after(read_file("/proc/slabinfo", 16 << 20).value_or(""), "\nnet_namespace");
    return sizes;
}

void print_heading() {
    fmt::print("{:>6}{:>9}{:>10}{:>6}{:>7}{:>8}{:>8}{:>6}{:>8}\n", "round", "runs", "memory kB", "fds", "procs",
               "mounts", "groups", "tmp", "netns");
}

void print_row(int round, std::size_t runs, const Sizes& sizes) {
    fmt::print("{:>6}{:>9}{:>10}{:>6}{:>7}{:>8}{:>8}{:>6}{:>8}\n", round, runs, sizes.memory_kb, sizes.descriptors,
               sizes.processes, sizes.mounts, sizes.groups, sizes.temporary, sizes.namespaces);
    std::fflush(stdout);
}

void expect_no_growth(const Sizes& first, const Sizes& last) {
    EXPECT_LE(last.memory_kb, first.memory_kb + kMemoryRoomKb) << "memory of this process";
    EXPECT_LE(last.descriptors, first.descriptors) << "open descriptors";
    EXPECT_EQ(last.processes, 0) << "processes left behind:\n" << names_of_children();
    EXPECT_LE(last.mounts, first.mounts) << "mounts";
    EXPECT_EQ(last.groups, 0) << "control groups left behind";
    EXPECT_LE(last.temporary, first.temporary) << "temporary files";
    EXPECT_LE(last.namespaces, first.namespaces + kNamespacesInFlight) << "network namespaces";
}

std::chrono::seconds soak_time(long otherwise, long rounds) {
    const char* text = std::getenv("EC_SOAK_SECONDS");
    const long seconds = text == nullptr ? otherwise : std::strtol(text, nullptr, 10);
    return std::chrono::seconds(std::max(rounds, seconds));
}

}  // namespace ec::executor::testing
