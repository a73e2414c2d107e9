#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <ec/core/spawn.hpp>

namespace ec {
namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe make_pipe() {
    int fds[2];
    EXPECT_EQ(::pipe(fds), 0);
    for (const int fd : fds) EXPECT_EQ(::fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
    return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

/// What /bin/sh writes to descriptor 1 while it runs `script`.
std::string said_by(const std::string& script, Spawn::Environment environment = Spawn::Environment::none) {
    Pipe pipe = make_pipe();
    Spawn spawn;
    EXPECT_TRUE(spawn.give(pipe.write, 1));
    spawn.discard(2);
    const auto pid = spawn.start("/bin/sh", {"-c", script}, environment);
    EXPECT_TRUE(pid);
    pipe.write.reset();
    std::string said;
    char buffer[4096];
    for (ssize_t n = 0; (n = ::read(pipe.read.get(), buffer, sizeof buffer)) > 0;)
        said.append(buffer, static_cast<std::size_t>(n));
    int status = 0;
    EXPECT_EQ(::waitpid(*pid, &status, 0), *pid);
    return said;
}

TEST(Spawn, TheChildHasASessionOfItsOwnAndTheNameOfItsFile) {
    EXPECT_EQ(said_by("echo $0; exec 2>&1; echo hidden >&2"), "sh\nhidden\n");
    EXPECT_EQ(said_by("echo gone >&2; [ $(cut -d' ' -f6 /proc/$$/stat) = $$ ] && echo own"), "own\n");
}

TEST(Spawn, TheChildStartsWithoutOurSignalMaskAndOurIgnoredSignals) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    const auto old = ::signal(SIGPIPE, SIG_IGN);
    const std::string said = said_by("grep -E '^Sig(Blk|Ign):' /proc/self/status | cut -f2");
    ::signal(SIGPIPE, old);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ASSERT_EQ(std::ranges::count(said, '\n'), 2) << said;
    EXPECT_EQ(said.substr(0, said.find('\n')), "0000000000000000");
    // The two below 34 belong to the C library, which lets nobody change them.
    constexpr unsigned long long kOurs = 0x7fffffff;
    EXPECT_EQ(std::stoull(said.substr(said.find('\n') + 1), nullptr, 16) & kOurs, 0U) << said;
}

TEST(Spawn, TheEnvironmentIsOursOrNone) {
    ::setenv("EC_SPAWN_TEST", "here", 1);
    EXPECT_EQ(said_by("echo $EC_SPAWN_TEST", Spawn::Environment::ours), "here\n");
    EXPECT_EQ(said_by("echo $EC_SPAWN_TEST"), "\n");
    ::unsetenv("EC_SPAWN_TEST");
}

TEST(Spawn, DescriptorsMayChangePlaces) {
    Pipe first = make_pipe();
    Pipe second = make_pipe();
    Pipe answer = make_pipe();
    ASSERT_EQ(::write(first.write.get(), "1\n", 2), 2);
    ASSERT_EQ(::write(second.write.get(), "2\n", 2), 2);
    const int here = first.read.get();
    const int there = second.read.get();
    ASSERT_LT(std::max(here, there), 10) << "the shell reads descriptors of one digit";
    Spawn spawn;
    ASSERT_TRUE(spawn.give(first.read, there));
    ASSERT_TRUE(spawn.give(second.read, here));
    ASSERT_TRUE(spawn.give(answer.write, 1));
    const std::string script =
        "read a <&" + std::to_string(here) + "; read b <&" + std::to_string(there) + "; echo $a$b";
    const auto pid = spawn.start("/bin/sh", {"-c", script}, Spawn::Environment::none);
    ASSERT_TRUE(pid);
    answer.write.reset();
    char buffer[16];
    EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(
                                      std::max<ssize_t>(0, ::read(answer.read.get(), buffer, sizeof buffer)))),
              "21\n");
    int status = 0;
    ::waitpid(*pid, &status, 0);
}

TEST(Spawn, AProgramThatIsNotThereIsUnavailableAndNamed) {
    Spawn spawn;
    const auto pid = spawn.start("/nowhere/helper", {}, Spawn::Environment::none);
    ASSERT_FALSE(pid);
    EXPECT_EQ(pid.error().code, ErrorCode::unavailable);
    EXPECT_EQ(pid.error().remedy, "build or install helper beside this program");
}

}  // namespace
}  // namespace ec
