#include "reaper.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

namespace ec::executor {
namespace {

constexpr int kExitGraceMs = 5000;
constexpr std::size_t kMostEndings = 16;

}  // namespace

void wait_for(const Ending& ending) {
    pollfd end{ending.pidfd.get(), POLLIN, 0};
    if (ending.pidfd.valid() && ::poll(&end, 1, kExitGraceMs) == 0) ::kill(ending.pid, SIGKILL);
    while (::waitpid(ending.pid, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Reaper::~Reaper() {
    for (const Ending& ending : endings_) wait_for(ending);
}

void Reaper::add(Ending ending) {
    std::optional<Ending> oldest;
    {
        const std::lock_guard lock(mutex_);
        endings_.push_back(std::move(ending));
        if (endings_.size() > kMostEndings) {
            oldest.emplace(std::move(endings_.front()));
            endings_.erase(endings_.begin());
        }
    }
    if (oldest) wait_for(*oldest);
}

void Reaper::collect() {
    const std::lock_guard lock(mutex_);
    std::erase_if(endings_, [](const Ending& ending) { return ::waitpid(ending.pid, nullptr, WNOHANG) != 0; });
}

}  // namespace ec::executor
