// System calls that glibc 2.36 has no wrapper for.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <string_view>

namespace ec::box::sys {

inline int openat2(int dir, const char* path, std::uint64_t flags, std::uint64_t resolve, std::uint64_t mode = 0) {
    open_how how{};
    how.flags = flags | O_CLOEXEC;
    how.mode = mode;
    how.resolve = resolve;
    return static_cast<int>(::syscall(SYS_openat2, dir, path, &how, sizeof how));
}

inline long clone3(clone_args& args) { return ::syscall(SYS_clone3, &args, sizeof args); }

inline int pivot_root(const char* root, const char* old) {
    return static_cast<int>(::syscall(SYS_pivot_root, root, old));
}

/// Writes a control file of the kernel's in one call; the errno of a failure is kept.
inline bool write_file(const char* path, std::string_view text) {
    const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool done = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::close(fd);
    return done;
}

}  // namespace ec::box::sys
