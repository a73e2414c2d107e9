// What a cold sandboxed run costs over a bare one: `sandbox_bench [rounds] [program argument…]`, /bin/true by default.
// Bare and sandboxed runs take turns, so that whatever else the machine does falls on both alike.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

double milliseconds(Clock::time_point from) {
    return std::chrono::duration<double, std::milli>(Clock::now() - from).count();
}

double bare(const std::vector<std::string>& argv) {
    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    const auto start = Clock::now();
    pid_t pid = -1;
    if (::posix_spawnp(&pid, words[0], nullptr, nullptr, words.data(), environ) != 0) return -1;
    int status = 0;
    ::waitpid(pid, &status, 0);
    return milliseconds(start);
}

struct Stats {
    double median;
    double p90;
    double best;
};
Stats stats(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return {values[values.size() / 2], values[values.size() * 9 / 10], values.front()};
}

void print(const char* name, const Stats& s) {
    fmt::print("{:<34} median {:7.2f} ms   p90 {:7.2f}   min {:7.2f}\n", name, s.median, s.p90, s.best);
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(10, std::atoi(argv[1])) : 300;
    std::vector<std::string> program(argv + std::min(argc, 2), argv + argc);
    if (program.empty()) program = {"/bin/true"};
    auto dir = ec::TempDir::create("sandbox-bench-");
    if (!dir) return 3;
    ec::executor::SandboxOptions options;
    options.workspace = dir->path();
    auto sandbox = ec::executor::open_sandbox(options);
    if (!sandbox) {
        fmt::print(stderr, "{}\n", sandbox.error().message);
        return 3;
    }
    ec::executor::RunSpec spec;
    spec.argv = program;
    std::vector<double> bare_times;
    std::vector<double> boxed_times;
    std::vector<double> opened_times;
    for (int i = -5; i < rounds; ++i) {
        const double without = bare(program);
        auto start = Clock::now();
        auto result = (*sandbox)->run(spec);
        const double with = milliseconds(start);
        if (!result || !result->ok()) {
            fmt::print(stderr, "run failed: {}\n", result ? result->reason + result->err : result.error().message);
            return 1;
        }
        start = Clock::now();
        {
            auto fresh = ec::executor::open_sandbox(options);
            if (!fresh || !(*fresh)->run(spec)) return 1;
        }
        const double fresh_time = milliseconds(start);
        if (i < 0) continue;
        bare_times.push_back(without);
        boxed_times.push_back(with);
        opened_times.push_back(fresh_time);
    }
    utsname machine{};
    ::uname(&machine);
    double load[3] = {};
    ::getloadavg(load, 3);
    fmt::print("{} rounds of {}, interleaved; {} {}, {} cores, load {:.1f}, {}\n", rounds, program.front(),
               machine.sysname, machine.release, std::thread::hardware_concurrency(), load[0],
               ::geteuid() == 0 ? "as root" : "as a user");
    print("bare", stats(bare_times));
    print("sandbox, run()", stats(boxed_times));
    print("sandbox, open_sandbox() and run()", stats(opened_times));
    fmt::print("overhead of run(): {:.2f} ms; with open_sandbox(): {:.2f} ms (difference of medians)\n",
               stats(boxed_times).median - stats(bare_times).median,
               stats(opened_times).median - stats(bare_times).median);
    return 0;
}
