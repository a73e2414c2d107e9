#include "editor_program.hpp"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>

extern char** environ;

namespace ec::apps::session {
namespace {

constexpr std::uint64_t kLargest = 1ULL << 20;

// The signals that this program blocks for itself must reach the editor.
Result<pid_t> spawn_shell(const std::string& script, const std::string& file) {
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (const int signal : {SIGINT, SIGQUIT, SIGPIPE}) sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::array<std::string, 5> words{"/bin/sh", "-c", script, "sh", file};
    std::array<char*, 6> argv{words[0].data(), words[1].data(), words[2].data(),
                              words[3].data(), words[4].data(), nullptr};
    pid_t child = -1;
    const int error = ::posix_spawn(&child, "/bin/sh", nullptr, &attributes, argv.data(), environ);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) return fail(ErrorCode::unavailable, from_errno("cannot start the editor", error).message);
    return child;
}

}  // namespace

std::string installed_editor() {
    const char* path = std::getenv("PATH");
    for (const char* name : {"sensible-editor", "nano", "vi"}) {
        for (const std::string_view folder : split(path == nullptr ? "" : path, ':')) {
            const std::string program = (std::filesystem::path(folder) / name).string();
            if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return shell_quote(program);
        }
    }
    return {};
}

Result<std::string> edit_with_program(const std::string& command, const std::string& name, std::string_view text) {
    EC_ASSIGN(const TempDir folder, TempDir::create("edgecoder-edit-"));
    const std::filesystem::path file = folder.path() / name;
    EC_TRY(write_file_atomic(file, text, 0600));
    EC_ASSIGN(const pid_t child, spawn_shell(command + " \"$1\"", file.string()));
    int status = 0;
    while (::waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) return fail(from_errno("cannot wait for the editor", errno));
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return fail(ErrorCode::cancelled, "the editor ended with an error, so nothing was taken over");
    return read_file(file, kLargest);
}

}  // namespace ec::apps::session
