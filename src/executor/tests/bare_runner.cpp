#include "tests/bare_runner.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/core/text.hpp>
#include <fstream>
#include <thread>

namespace ec::executor {
std::string artifact_dir() { return "/run/edgecoder/artifacts-test"; }
}  // namespace ec::executor

namespace ec::executor::testing {

namespace fs = std::filesystem;

RunResult run_bare(RunSpec spec, const fs::path& workspace) {
    const auto room = TempDir::create("ec-bare-").value();
    const fs::path lib = room.path() / "lib", out = room.path() / "out";
    fs::create_directories(out);
    fs::create_directories(lib);
    for (const auto& [name, content] : spec.support_files) {
        fs::create_directories((lib / name).parent_path());
        std::ofstream(lib / name) << content;
    }
    const auto here = [&](std::string text) {
        return replace_all(replace_all(std::move(text), kSupportDir, lib.native()), spec.artifact_dir, out.native());
    };
    std::vector<std::string> words;
    for (const auto& word : spec.argv) words.push_back(here(word));
    const std::string out_file = room.path() / "stdout", err_file = room.path() / "stderr";
    const pid_t child = ::fork();
    if (child == 0) {
        ::setpgid(0, 0);
        ::unsetenv("NODE_OPTIONS");
        for (const auto& [name, value] : spec.environment) ::setenv(name.c_str(), here(value).c_str(), 1);
        if (::chdir((workspace / spec.directory).c_str()) != 0) ::_exit(126);
        if (::freopen(out_file.c_str(), "w", stdout) == nullptr || ::freopen(err_file.c_str(), "w", stderr) == nullptr)
            ::_exit(126);
        std::vector<char*> argv;
        for (auto& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    RunResult result;
    const auto begun = std::chrono::steady_clock::now();
    int status = 0;
    bool late = false;
    while (::waitpid(child, &status, WNOHANG) == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
        if (!late && std::chrono::steady_clock::now() - begun > spec.limits.wall) {
            ::kill(-child, SIGKILL);
            late = true;
        }
    }
    ::kill(-child, SIGKILL);
    if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    result.status = late                    ? RunStatus::timeout
                    : result.signal != 0    ? RunStatus::signal
                    : result.exit_code == 0 ? RunStatus::ok
                                            : RunStatus::failed;
    result.out = read_file(out_file).value();
    result.err = read_file(err_file).value();
    for (const auto& entry : fs::directory_iterator(out))
        result.artifacts[entry.path().filename()] = read_file(entry.path()).value();
    return result;
}

}  // namespace ec::executor::testing
