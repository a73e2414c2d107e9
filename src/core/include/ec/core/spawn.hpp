// Starts one of our own programs beside this one: a session of its own, so that Ctrl-C at the terminal is for us to
// turn into a request and not for the child; every signal as a fresh program expects it; no descriptor but those given
// to it.
//
// One Spawn starts one child, which the caller waits for. Threads: one at a time; safe beside threads that open
// descriptors with close-on-exec, as all of ours do.
#pragma once

#include <spawn.h>
#include <sys/types.h>

#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>
#include <vector>

namespace ec {

class Spawn {
public:
    enum class Environment { none, ours };

    Spawn();
    ~Spawn();
    Spawn(const Spawn&) = delete;
    Spawn& operator=(const Spawn&) = delete;

    /// The child finds a duplicate of `fd` under the number `as`, below 32, whatever number it has here.
    Status give(const UniqueFd& fd, int as);
    /// What the child writes to `as` goes nowhere.
    void discard(int as);
    /// argv[0] is the program's file name. Fails with `unavailable` and a remedy that names the program.
    Result<pid_t> start(const std::filesystem::path& program, std::vector<std::string> arguments,
                        Environment environment);

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    std::vector<UniqueFd> held_;
};

}  // namespace ec
