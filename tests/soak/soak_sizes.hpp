// What must not grow while sandboxes come and go: this process's memory and descriptors, processes, mounts, control
// groups, temporary files, the kernel's network namespaces.
#pragma once

#include <chrono>
#include <filesystem>

namespace ec::executor::testing {

struct Sizes {
    long memory_kb = 0;
    long descriptors = 0;
    long processes = 0;
    long mounts = 0;
    long groups = 0;
    long temporary = 0;
    long namespaces = -1;  ///< network namespaces of the whole machine; -1: not shown to an ordinary user

    static Sizes now(const std::filesystem::path& temporary);
};

/// Children of this process; it must be a subreaper, so that whatever is orphaned comes to it.
long children();

void print_heading();
void print_row(int round, std::size_t runs, const Sizes& sizes);
void expect_no_growth(const Sizes& first, const Sizes& last);

/// EC_SOAK_SECONDS, or `otherwise`; at least a second a round.
std::chrono::seconds soak_time(long otherwise, long rounds);

}  // namespace ec::executor::testing
