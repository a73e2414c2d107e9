#include "judge_bench_support.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <fstream>
#include <span>
#include <thread>

namespace ec::bench {

namespace fs = std::filesystem;
using repair::Candidate;
using repair::Judgement;
using repair::Verdict;
using Clock = std::chrono::steady_clock;

Result<Project> Project::create(const Files& files, const fs::path& modules) {
    EC_ASSIGN(TempDir folder, TempDir::create("judge-bench-"));
    fs::permissions(folder.path(), fs::perms(0755));
    const fs::path root = fs::canonical(folder.path()) / "project";
    Project project(std::move(folder), root);
    fs::create_directories(root);
    for (const auto& [name, text] : files) {
        fs::create_directories((root / name).parent_path());
        std::ofstream(root / name) << text;
    }
    executor::SandboxOptions options;
    options.workspace = root;
    if (!modules.empty()) {
        fs::create_directory_symlink(modules, root / "node_modules");
        options.read_only = {fs::canonical(modules)};
    }
    EC_ASSIGN(project.sandbox_, executor::open_sandbox(options));
    return project;
}

double judge_round(repair::Judge& judge, const std::vector<Candidate>& candidates, const repair::JudgePlan& plan,
                   int repeats, Count& count) {
    constexpr std::size_t kBatch = 32;
    std::vector<Count> counts(kLanes);
    const auto start = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            threads.emplace_back([&, lane] {
                for (int repeat = 0; repeat < repeats; ++repeat)
                    for (std::size_t at = 0; at < candidates.size(); at += kBatch) {
                        const auto batch = std::span(candidates).subspan(at, std::min(kBatch, candidates.size() - at));
                        const auto judged = judge.judge(lane, batch, plan, {});
                        if (!judged) return;
                        counts[lane].judged += judged->size();
                        for (const Judgement& one : *judged) ++counts[lane].verdicts[one.verdict];
                    }
            });
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::size_t judged = 0;
    for (const Count& one : counts) {
        judged += one.judged;
        for (const auto& [verdict, number] : one.verdicts) count.verdicts[verdict] += number;
    }
    count.judged += judged;
    return static_cast<double>(judged) / seconds;
}

repair::JudgePlan whole_plan(const repair::BaselineRun& baseline, std::chrono::milliseconds limit) {
    repair::JudgePlan plan{{}, limit};
    for (const bool failing : {true, false})
        for (const repair::ObservedTest& observed : baseline.tests)
            if ((observed.test.outcome != executor::TestOutcome::passed) == failing)
                plan.tests.push_back(observed.test.id);
    return plan;
}

std::vector<Candidate> swaps_in(const std::string& file, const std::string& text, std::string_view from,
                                std::string_view to, const std::map<std::string, std::vector<std::string>>& swaps) {
    const std::size_t begin = text.find(from);
    const std::size_t end = text.find(to);
    std::vector<Candidate> result;
    for (const auto& [old, news] : swaps)
        for (std::size_t at = text.find(old, begin); at < end; at = text.find(old, at + 1))
            for (const std::string& replacement : news)
                result.emplace_back().edits.push_back(
                    {file, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + old.size()), replacement});
    return result;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

std::string load() {
    std::string line;
    std::ifstream file("/proc/loadavg");
    std::getline(file, line);
    return line.substr(0, line.find(' '));
}

std::string machine() {
    std::string processor = "unknown processor";
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) processor = line.substr(line.find(':') + 2);
    utsname system{};
    ::uname(&system);
    return fmt::format("{}, {} cores, Linux {}, load {} before", processor, std::thread::hardware_concurrency(),
                       system.release, load());
}

std::string in_words(const Count& count) {
    const auto number = [&](Verdict verdict) {
        const auto found = count.verdicts.find(verdict);
        return found == count.verdicts.end() ? std::size_t{0} : found->second;
    };
    return fmt::format("{} pass, {} fail, {} timeout, {} invalid of {}", number(Verdict::pass), number(Verdict::fail),
                       number(Verdict::timeout), number(Verdict::invalid), count.judged);
}

}  // namespace ec::bench
