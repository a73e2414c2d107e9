#include "host_process.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>
#include <ec/core/spawn.hpp>
#include <utility>

namespace ec::model::embedded {
namespace {

constexpr int kGraceMs = 500;

}  // namespace

Result<HostProcess> HostProcess::start(const std::filesystem::path& program, std::vector<std::string> arguments) {
    EC_ASSIGN(SocketPair pair, make_socket_pair());
    HostProcess process{Channel(std::move(pair.ours))};
    Spawn child;
    EC_TRY(child.give(pair.theirs, 0));
    // What a library prints must not land on a person's screen.
    child.discard(1);
    child.discard(2);
    EC_ASSIGN(process.pid_, child.start(program, std::move(arguments), Spawn::Environment::ours));
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
