#include "folder_walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

namespace ec::executor {

std::vector<std::string> names_in(int dir, std::size_t most) {
    std::vector<std::string> names;
    UniqueFd copy(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    DIR* stream = copy.valid() ? ::fdopendir(copy.get()) : nullptr;
    if (stream == nullptr) return names;
    static_cast<void>(copy.release());
    while (const dirent* entry = ::readdir(stream)) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
        if (names.size() >= most) break;
    }
    ::closedir(stream);
    std::sort(names.begin(), names.end());
    return names;
}

UniqueFd open_folder(int dir, const std::string& name) {
    return UniqueFd(::openat(dir, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

UniqueFd open_regular(int dir, const std::string& name, std::uint64_t most) {
    UniqueFd fd(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    struct stat info{};
    if (!fd.valid() || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        static_cast<std::uint64_t>(info.st_size) > most) {
        return {};
    }
    return fd;
}

std::string read_to_end(int fd, std::uint64_t most) {
    std::string content;
    char buffer[65536];
    while (content.size() < most) {
        const ssize_t n = ::read(fd, buffer, std::min<std::size_t>(sizeof buffer, most - content.size()));
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        content.append(buffer, static_cast<std::size_t>(n));
    }
    return content;
}

void add_mode(int dir, const std::string& name, mode_t bits) {
    struct stat info{};
    if (::fstatat(dir, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || S_ISLNK(info.st_mode)) return;
    if (::fchmodat(dir, name.c_str(), (info.st_mode & 07777U) | bits, 0) != 0) return;
}

// Folders in it are moved up beside it before they are emptied, so that depth costs neither stack nor descriptors.
void remove_hostile_tree(int dir, const std::string& name) {
    std::vector<std::string> waiting = {name};
    unsigned number = 0;
    while (!waiting.empty()) {
        const std::string at = std::move(waiting.back());
        waiting.pop_back();
        struct stat info{};
        if (::fstatat(dir, at.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISDIR(info.st_mode)) {
            ::unlinkat(dir, at.c_str(), 0);
            continue;
        }
        add_mode(dir, at, 0700);
        const UniqueFd folder = open_folder(dir, at);
        for (bool more = folder.valid(); more;) {
            more = false;
            for (const std::string& child : names_in(folder.get())) {
                struct stat inner{};
                if (::fstatat(folder.get(), child.c_str(), &inner, AT_SYMLINK_NOFOLLOW) != 0) continue;
                if (!S_ISDIR(inner.st_mode)) {
                    more = ::unlinkat(folder.get(), child.c_str(), 0) == 0 || more;
                    continue;
                }
                if (::unlinkat(folder.get(), child.c_str(), AT_REMOVEDIR) == 0) {
                    more = true;
                    continue;
                }
                add_mode(folder.get(), child, 0700);
                const std::string up = ".gone-" + std::to_string(number++);
                if (::renameat(folder.get(), child.c_str(), dir, up.c_str()) != 0) continue;
                waiting.push_back(up);
                more = true;
            }
        }
        ::unlinkat(dir, at.c_str(), AT_REMOVEDIR);
    }
}

}  // namespace ec::executor
