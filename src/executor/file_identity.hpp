// From what stat(2) says to the identity that is compared before a file is replaced.
#pragma once

#include <sys/stat.h>

#include <ec/executor/sandbox.hpp>

namespace ec::executor {

inline std::uint64_t nanoseconds(const timespec& time) {
    return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(time.tv_nsec);
}

inline FileIdentity identity_of(const struct stat& info) {
    return {true, info.st_ino, static_cast<std::uint64_t>(info.st_size), nanoseconds(info.st_mtim),
            nanoseconds(info.st_ctim)};
}

}  // namespace ec::executor
