// What sandboxes made ahead of time gain: `warm_bench [rounds] [seconds]`.
//
// First output: from the start of a program (or the call of run()) to the first byte it prints, for Python and Node,
// bare, in a sandbox made for the run, and in one that waited, in turn. Then how many runs a minute the pool sustains
// with two callers, refills included. Prints the machine and its load; never passes or fails.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using ec::executor::RunSpec;
using ec::executor::Sandbox;

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

double bare(const std::vector<std::string>& argv) {
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    int out[2];
    if (::pipe(out) != 0) return -1;
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    ::posix_spawn_file_actions_addclose(&actions, out[0]);
    const auto start = Clock::now();
    pid_t pid = -1;
    const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(out[1]);
    char byte = 0;
    const bool came = error == 0 && ::read(out[0], &byte, 1) == 1;
    const double time = milliseconds(Clock::now() - start);
    while (::read(out[0], &byte, 1) > 0) {
    }
    ::close(out[0]);
    if (error == 0) ::waitpid(pid, nullptr, 0);
    return came ? time : -1;
}

double first_output(Sandbox& sandbox, const std::vector<std::string>& argv, bool warm) {
    RunSpec spec;
    spec.argv = argv;
    if (warm) sandbox.warm_up(std::chrono::seconds(60));
    const auto result = sandbox.run(spec);
    if (!result || !result->ok() || result->warm != warm) {
        fmt::print(stderr, "{} failed: {}\n", argv.front(),
                   result ? result->reason + result->err : result.error().message);
        std::exit(1);
    }
    return std::chrono::duration<double, std::milli>(result->first_output).count();
}

void print(const char* program, const char* how, std::vector<double> values) {
    std::sort(values.begin(), values.end());
    fmt::print("{:<9}{:<22} median {:7.2f} ms   p90 {:7.2f}   min {:7.2f}\n", program, how, values[values.size() / 2],
               values[values.size() * 9 / 10], values.front());
}

void compare(const char* name, const std::vector<std::string>& argv, Sandbox& cold, Sandbox& warm, int rounds) {
    std::vector<double> times[3];
    for (int i = -3; i < rounds; ++i) {
        const double values[] = {bare(argv), first_output(cold, argv, false), first_output(warm, argv, true)};
        for (int kind = 0; i >= 0 && kind < 3; ++kind) times[kind].push_back(values[kind]);
    }
    print(name, "bare", times[0]);
    print(name, "sandbox for the run", times[1]);
    print(name, "waiting sandbox", times[2]);
}

void sustain(const char* name, const std::vector<std::string>& argv, Sandbox& sandbox, int seconds) {
    std::atomic<int> runs{0};
    std::atomic<int> warm{0};
    const auto start = Clock::now();
    {
        std::vector<std::jthread> callers;
        for (int i = 0; i < 2; ++i) {
            callers.emplace_back([&] {
                RunSpec spec;
                spec.argv = argv;
                while (Clock::now() - start < std::chrono::seconds(seconds)) {
                    const auto result = sandbox.run(spec);
                    if (!result || !result->ok()) return;
                    ++runs;
                    warm += result->warm ? 1 : 0;
                }
            });
        }
    }
    const double minutes = milliseconds(Clock::now() - start) / 60'000;
    fmt::print("{:<9}{:.0f} runs a minute over {} s with two callers, {} of {} in a waiting sandbox\n", name,
               runs.load() / minutes, seconds, warm.load(), runs.load());
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(10, std::atoi(argv[1])) : 200;
    const int seconds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 10;
    auto dir = ec::TempDir::create("warm-bench-");
    if (!dir) return 3;
    ec::executor::SandboxOptions options;
    options.workspace = dir->path();
    auto cold = ec::executor::open_sandbox(options);
    options.warm_python = 4;
    options.warm_node = 4;
    auto warm = ec::executor::open_sandbox(options);
    if (!cold || !warm) {
        fmt::print(stderr, "{}\n", (cold ? warm : cold).error().message);
        return 3;
    }
    utsname machine{};
    ::uname(&machine);
    double load[3] = {};
    ::getloadavg(load, 3);
    fmt::print("first output, {} rounds in turn; {} {}, {} cores, load {:.1f}, {}\n", rounds, machine.sysname,
               machine.release, std::thread::hardware_concurrency(), load[0],
               ::geteuid() == 0 ? "as root" : "as a user");
    const std::vector<std::string> python = {"python3", "-c", "print(1)"};
    const std::vector<std::string> node = {"node", "-e", "console.log(1)"};
    compare("python3", python, **cold, **warm, rounds);
    compare("node", node, **cold, **warm, rounds);
    sustain("true", {"/bin/true"}, **cold, seconds);
    sustain("python3", python, **warm, seconds);
    sustain("node", node, **warm, seconds);
    return 0;
}
