#include "listener.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "embedded/peer.hpp"
#include "embedded/unix_address.hpp"

namespace ec::model::embedded {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 128;

std::unexpected<Error> running(const fs::path& socket) {
    return fail(ErrorCode::unavailable, "an inference host is already running at " + socket.string(),
                "use that one, or stop it first");
}

// Whoever may write in the folder could put a socket of their own in place of ours.
Status make_folder(const fs::path& folder) {
    const fs::path parent = folder.parent_path();
    std::error_code ignored;
    fs::create_directories(parent.parent_path(), ignored);
    static_cast<void>(::mkdir(parent.c_str(), 0700));  // a data directory of this user, where it is not there yet
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        return fail(from_errno("cannot make " + folder.string(), errno));
    }
    struct stat info{};
    if (::lstat(folder.c_str(), &info) != 0) return fail(from_errno("cannot look at " + folder.string(), errno));
    if (!S_ISDIR(info.st_mode) || info.st_uid != ::geteuid()) {
        return fail(ErrorCode::denied, folder.string() + " is not a folder of this user");
    }
    if ((info.st_mode & 0777) != 0700 && ::chmod(folder.c_str(), 0700) != 0) {
        return fail(from_errno("cannot keep others out of " + folder.string(), errno));
    }
    return {};
}

// Held for as long as the host lives, however it ends: a socket beside a lock that is free is stale.
Result<UniqueFd> lock_beside(const fs::path& socket) {
    const std::string path = socket.string() + ".lock";
    UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock.valid()) return fail(from_errno("cannot open " + path, errno));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
    if (errno == EWOULDBLOCK) return running(socket);
    return fail(from_errno("cannot lock " + path, errno));
}

Result<UniqueFd> make_socket() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (!fd.valid()) return fail(from_errno("cannot make a socket", errno));
    if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(fd.get(), F_SETFL, O_NONBLOCK) != 0) {
        return fail(from_errno("cannot set up a socket", errno));
    }
    return fd;
}

// Only a socket is removed, and only one at which nobody answers.
Status clear(const fs::path& path, const sockaddr_un& address) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode)) return fail(ErrorCode::unavailable, path.string() + " is there and is no socket");
    EC_ASSIGN(const UniqueFd probe, make_socket());
    if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN) return running(path);
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return fail(from_errno("cannot remove " + path.string(), errno));
}

}  // namespace

Result<Listener> Listener::open(const fs::path& socket) {
    EC_ASSIGN(const sockaddr_un address, unix_address(socket));
    EC_TRY(make_folder(socket.parent_path()));
    EC_ASSIGN(UniqueFd lock, lock_beside(socket));
    EC_TRY(clear(socket, address));
    EC_ASSIGN(UniqueFd fd, make_socket());
    if (::bind(fd.get(), generic(address), sizeof address) != 0) {
        return fail(from_errno("cannot listen at " + socket.string(), errno));
    }
    Listener listener(socket, std::move(lock), std::move(fd));
    if (::chmod(socket.c_str(), 0600) != 0 || ::listen(listener.fd(), kBacklog) != 0) {
        return fail(from_errno("cannot listen at " + socket.string(), errno));
    }
    return listener;
}

Listener::~Listener() {
    if (socket_.valid()) ::unlink(path_.c_str());
}

Result<std::optional<UniqueFd>> Listener::accept() {
    UniqueFd fd(::accept(socket_.get(), nullptr, nullptr));
    if (!fd.valid()) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED) return std::nullopt;
        return fail(from_errno("cannot let a client in", errno));
    }
    if (::fcntl(fd.get(), F_SETFD, FD_CLOEXEC) != 0) return fail(from_errno("cannot set up a socket", errno));
    EC_ASSIGN(const uid_t user, peer_user(fd.get()));
    if (user != ::geteuid()) return fail(ErrorCode::denied, "another user's program came to the inference host");
    return fd;
}

}  // namespace ec::model::embedded
