#include "context/open_inside.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fd.hpp>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

namespace ec::agent {
namespace {

Result<std::string> read_all(int fd, std::uint64_t limit, const std::string& name) {
    std::string text;
    char buffer[64 << 10];
    for (;;) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail(from_errno("cannot read " + name, errno));
        if (got == 0) return text;
        text.append(buffer, static_cast<std::size_t>(got));
        if (text.size() > limit) return fail(ErrorCode::too_large, name + " is larger than the agent reads");
    }
}

}  // namespace

Result<std::string> read_inside(const std::filesystem::path& root, const std::string& relative, std::uint64_t limit) {
    if (!is_inside_relative(relative)) return fail(ErrorCode::invalid_argument, "not a path in the workspace");
    UniqueFd at(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!at.valid()) return fail(from_errno("cannot open " + root.string(), errno));
    const std::vector<std::string_view> parts = split(relative, '/');
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool last = i + 1 == parts.size();
        // O_NONBLOCK: a pipe with this name must not make us wait; it is refused below.
        const int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (last ? O_NONBLOCK : O_DIRECTORY);
        const int next = ::openat(at.get(), std::string(parts[i]).c_str(), flags);
        if (next < 0 && errno == ELOOP) return fail(ErrorCode::denied, relative + " leads through a link");
        if (next < 0) return fail(from_errno("cannot open " + relative, errno));
        at.reset(next);
    }
    struct stat status{};
    if (::fstat(at.get(), &status) != 0) return fail(from_errno("cannot look at " + relative, errno));
    if (!S_ISREG(status.st_mode)) return fail(ErrorCode::invalid_argument, relative + " is not a regular file");
    if (static_cast<std::uint64_t>(status.st_size) > limit)
        return fail(ErrorCode::too_large, relative + " is larger than the agent reads");
    return read_all(at.get(), limit, relative);
}

}  // namespace ec::agent
