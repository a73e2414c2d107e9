#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "beneath.hpp"
#include "file_identity.hpp"

namespace ec::executor {

UniqueFd open_beneath(int dir, const std::string& path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return UniqueFd(static_cast<int>(::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how)));
}

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? std::string{} : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string link_target(int dir, const std::string& name) {
    char target[4096];
    const ssize_t n = ::readlinkat(dir, name.c_str(), target, sizeof target);
    return n <= 0 ? std::string{} : std::string(target, static_cast<std::size_t>(n));
}

bool is_same_file(const struct stat& a, const struct stat& b) {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mode == b.st_mode &&
           nanoseconds(a.st_mtim) == nanoseconds(b.st_mtim);
}

bool sync_files(int dir, const std::vector<std::string>& names) {
    constexpr std::size_t kMany = 32;
    if (names.size() > kMany) return ::syncfs(dir) == 0;
    for (const std::string& name : names) {
        const UniqueFd file = open_beneath(dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (!file.valid()) return ::syncfs(dir) == 0;  // one that its owner may not read
        if (::fsync(file.get()) != 0) return false;
    }
    return true;
}

}  // namespace ec::executor
