#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <ec/core/spawn.hpp>

extern char** environ;

namespace ec {
namespace {

constexpr int kAboveTargets = 32;

}  // namespace

Spawn::Spawn() {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawnattr_init(&attributes_);
    sigset_t set;
    sigemptyset(&set);
    ::posix_spawnattr_setsigmask(&attributes_, &set);
    sigfillset(&set);
    ::posix_spawnattr_setsigdefault(&attributes_, &set);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
}

Spawn::~Spawn() {
    ::posix_spawn_file_actions_destroy(&actions_);
    ::posix_spawnattr_destroy(&attributes_);
}

// The sources are first moved out of the range of the targets, or one could overwrite another; and one that has its
// target's number already would keep close-on-exec.
Status Spawn::give(const UniqueFd& fd, int as) {
    UniqueFd high(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kAboveTargets));
    if (!high.valid()) return fail(from_errno("cannot duplicate a descriptor", errno));
    ::posix_spawn_file_actions_adddup2(&actions_, high.get(), as);
    held_.push_back(std::move(high));
    return {};
}

void Spawn::discard(int as) { ::posix_spawn_file_actions_addopen(&actions_, as, "/dev/null", O_WRONLY, 0); }

Result<pid_t> Spawn::start(const std::filesystem::path& program, std::vector<std::string> arguments,
                           Environment environment) {
    std::string name = program.filename().string();
    std::vector<char*> argv{name.data()};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    char* none[] = {nullptr};
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(),
                                    environment == Environment::ours ? environ : none);
    held_.clear();  // the child has them; whoever reads from it waits for the last copy to be closed
    if (error == 0) return pid;
    return fail(ErrorCode::unavailable, fmt::format("cannot start {}: {}", program.string(), std::strerror(error)),
                fmt::format("build or install {} beside this program", name));
}

}  // namespace ec
