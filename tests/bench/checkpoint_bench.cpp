// What a step of a session costs: checkpoint_bench [FILES] [ROUNDS] prints milliseconds for the first record(), for one
// on an unchanged tree and for one after a single file was changed. The tree and the store lie in $TMPDIR.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <ec/agent/checkpoints.hpp>
#include <ec/core/fs.hpp>
#include <fstream>
#include <functional>
#include <thread>

namespace {

namespace fs = std::filesystem;
using namespace ec;

struct Cost {
    double wall = 0;
    double cpu = 0;
};

Cost milliseconds(const std::function<void()>& act) {
    const auto start = std::chrono::steady_clock::now();
    const std::clock_t cpu = std::clock();
    act();
    return {std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(),
            1000.0 * static_cast<double>(std::clock() - cpu) / CLOCKS_PER_SEC};
}

std::string summary(std::vector<Cost> costs) {
    std::ranges::sort(costs, {}, &Cost::cpu);
    const double cpu = costs[costs.size() / 2].cpu;
    std::ranges::sort(costs, {}, &Cost::wall);
    return fmt::format("least {:.1f} ms, median {:.1f} ms, worst {:.1f} ms; processor time, median {:.1f} ms",
                       costs.front().wall, costs[costs.size() / 2].wall, costs.back().wall, cpu);
}

void must(bool good, const char* what) {
    if (good) return;
    fmt::print(stderr, "failed: {}\n", what);
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    const int files = argc > 1 ? std::atoi(argv[1]) : 2000;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 30;
    const TempDir dir = std::move(*TempDir::create());
    const fs::path root = dir.path() / "project";
    for (int i = 0; i < files; ++i) {
        const fs::path file = root / fmt::format("d{}/e{}/f{}.py", i % 20, i % 5, i);
        fs::create_directories(file.parent_path());
        std::ofstream(file) << std::string(static_cast<std::size_t>(500 + i % 4000), 'x') << i;
    }
    auto checkpoints = agent::Checkpoints::open(root, {dir.path() / "checkpoints", dir.path() / "undo", {}, {}, {}});
    must(checkpoints.has_value(), "open");
    agent::StepRecord record;
    record.label = "step";
    for (int i = 0; i < 20; ++i) record.conversation.push_back({model::Role::user, std::string(2000, 'w'), {}, ""});
    std::string session;
    const Cost first = milliseconds([&] { session = checkpoints->begin("bench").value_or(""); });
    must(!session.empty(), "begin");
    // Files that were written just now are read again: let the file system's clock move on.
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    must(checkpoints->record(session, record).has_value(), "record");
    std::vector<Cost> unchanged;
    std::vector<Cost> changed;
    for (int i = 0; i < rounds; ++i) {
        record.conversation.push_back({model::Role::assistant, fmt::format("said {}", i), {}, ""});
        unchanged.push_back(milliseconds([&] { must(checkpoints->record(session, record).has_value(), "record"); }));
        std::ofstream(root / "d3/e3/f3.py") << "changed " << i;
        record.conversation.push_back({model::Role::assistant, fmt::format("did {}", i), {}, ""});
        changed.push_back(milliseconds([&] { must(checkpoints->record(session, record).has_value(), "record"); }));
    }
    fmt::print("{} files, {} rounds, {} cores\n", files, rounds, std::thread::hardware_concurrency());
    fmt::print("first:      {:.1f} ms\nunchanged:  {}\none file:   {}\n", first.wall, summary(unchanged),
               summary(changed));
}
