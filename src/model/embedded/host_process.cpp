#include "host_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <utility>

extern char** environ;

namespace ec::model::embedded {
namespace {

constexpr int kGraceMs = 500;

/// What posix_spawn is told, freed with it.
class SpawnSetup {
public:
    SpawnSetup() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
        sigset_t set;
        sigemptyset(&set);
        ::posix_spawnattr_setsigmask(&attributes_, &set);
        sigfillset(&set);
        ::posix_spawnattr_setsigdefault(&attributes_, &set);
        // A session of its own: Ctrl-C at the terminal is for us to turn into a cancel, not for the host.
        ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        // What a library prints must not land on a person's screen.
        ::posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
    }
    ~SpawnSetup() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    Result<pid_t> spawn(const std::filesystem::path& program, const UniqueFd& socket) {
        ::posix_spawn_file_actions_adddup2(&actions_, socket.get(), 0);
        std::string name = program.filename().string();
        std::string service = "inference";
        std::string how = "--stdio";
        char* argv[] = {name.data(), service.data(), how.data(), nullptr};
        pid_t pid = -1;
        const int error = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv, environ);
        if (error == 0) return pid;
        return fail(ErrorCode::unavailable, fmt::format("cannot start {}: {}", program.string(), std::strerror(error)),
                    "build or install edgecoderd beside this program");
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Result<HostProcess> HostProcess::start(const std::filesystem::path& program) {
    EC_ASSIGN(SocketPair pair, make_socket_pair());
    // Descriptor 0 may be ours where the caller had closed it; duplicated onto itself it would keep close-on-exec.
    if (pair.theirs.get() == 0) {
        pair.theirs = UniqueFd(::fcntl(pair.theirs.get(), F_DUPFD_CLOEXEC, 3));
        if (!pair.theirs.valid()) return fail(from_errno("cannot duplicate a descriptor", errno));
    }
    HostProcess process{Channel(std::move(pair.ours))};
    SpawnSetup setup;
    EC_ASSIGN(process.pid_, setup.spawn(program, pair.theirs));
    return process;
}

HostProcess::HostProcess(HostProcess&& other) noexcept
    : channel_(std::move(other.channel_)), pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}

HostProcess::~HostProcess() {
    if (pid_ > 0) static_cast<void>(ending());
}

bool HostProcess::reaped_within(int milliseconds) {
    for (int waited = 0;; waited += 5) {
        const pid_t reaped = ::waitpid(pid_, &status_, WNOHANG);
        if (reaped == pid_ || (reaped < 0 && errno != EINTR)) return true;
        if (waited >= milliseconds) return false;
        ::poll(nullptr, 0, 5);
    }
}

std::string HostProcess::ending() {
    channel_.close();
    if (!reaped_within(kGraceMs)) {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
        }
    }
    pid_ = -1;
    if (WIFSIGNALED(status_)) return fmt::format("killed by signal {}", WTERMSIG(status_));
    return fmt::format("exit status {}", WEXITSTATUS(status_));
}

}  // namespace ec::model::embedded
