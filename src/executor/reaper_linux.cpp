#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <ec/core/fd.hpp>

#include "reaper.hpp"

namespace ec::executor {
namespace {

constexpr int kExitGraceMs = 5000;
constexpr std::size_t kMostEndings = 16;

}  // namespace

void wait_for_child(pid_t pid) {
    // The number came over a pipe: nobody who is not our child is waited for, let alone killed.
    siginfo_t state{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &state, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD) return;
    const UniqueFd end(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    pollfd ended{end.get(), POLLIN, 0};
    if (end.valid() && ::poll(&ended, 1, kExitGraceMs) == 0) ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Reaper::~Reaper() {
    for (const Ending& ending : endings_) wait_for_child(ending.init);
}

void Reaper::add(Ending ending) {
    if (ending.init <= 0) return;
    std::optional<Ending> oldest;
    {
        const std::lock_guard lock(mutex_);
        endings_.push_back(std::move(ending));
        if (endings_.size() > kMostEndings) {
            oldest.emplace(std::move(endings_.front()));
            endings_.erase(endings_.begin());
        }
    }
    if (oldest) wait_for_child(oldest->init);
}

void Reaper::collect() {
    const std::lock_guard lock(mutex_);
    std::erase_if(endings_, [](const Ending& ending) { return ::waitpid(ending.init, nullptr, WNOHANG) != 0; });
}

}  // namespace ec::executor
