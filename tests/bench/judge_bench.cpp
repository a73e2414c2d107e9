// Candidates a second that two lanes of the forked Python judge go through, in the real sandbox:
//   judge_bench [rounds] [PYTHON]     (default: 9 rounds, /usr/bin/python3, which must have pytest)
// Three projects: pytest tests with fixtures, plain test functions, plain test functions of a long module. The peer is
// what a tool without warm interpreters does: one sandboxed `pytest` process for each candidate.
#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ec/core/fs.hpp>
#include <ec/repair/driver_judge.hpp>
#include <fstream>
#include <map>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using namespace ec::repair;
using namespace std::chrono_literals;

constexpr std::size_t kLanes = 2;

struct Project {
    const char* title;
    std::map<std::string, std::string> files;
};

std::string module_text(int functions, int faulty) {
    std::string text = "'''Steps over lists of numbers.'''\n\n";
    for (int k = 0; k < functions; ++k) {
        text += fmt::format(
            "def step{0}(numbers, limit):\n"
            "    result = []\n"
            "    for i in range(len(numbers)):\n"
            "        if numbers[i] {1} limit:\n"
            "            result.append(numbers[i] + {0})\n"
            "        elif numbers[i] == limit:\n"
            "            result.append(0)\n"
            "        else:\n"
            "            result.append(numbers[i] - {0})\n"
            "    return result\n\n",
            k, k == faulty ? "<=" : "<");
    }
    return text;
}

Project plain(const char* title, int functions) {
    std::string tests = "from steps import *\n";
    for (int k = 0; k < std::min(functions, 12); ++k)
        tests += fmt::format(
            "def test_equal_{0}():\n    assert step{0}([2], 2) == [0]\n"
            "def test_below_{0}():\n    assert step{0}([1, 0], 2) == [1 + {0}, {0}]\n"
            "def test_above_{0}():\n    assert step{0}([3], 2) == [3 - {0}]\n",
            k);
    return {title, {{"steps.py", module_text(functions, 3)}, {"test_steps.py", tests}}};
}

Project with_fixtures() {
    Project project{"pytest with fixtures", {{"steps.py", module_text(12, 3)}}};
    project.files["conftest.py"] =
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def table():\n    return {n: n * n for n in range(50)}\n"
        "@pytest.fixture(autouse=True)\n"
        "def clean(monkeypatch):\n    monkeypatch.setenv('STEP_MODE', 'test')\n"
        "@pytest.fixture\n"
        "def numbers(tmp_path):\n    (tmp_path / 'n.txt').write_text('1 2 3')\n"
        "    return [int(w) for w in (tmp_path / 'n.txt').read_text().split()]\n";
    std::string tests = "import pytest, steps\n";
    for (int k = 0; k < 6; ++k)
        tests += fmt::format(
            "def test_step{0}(numbers, table):\n"
            "    assert steps.step{0}(numbers, 2) == [1 + {0}, 0, 3 - {0}] and table[2] == 4\n"
            "@pytest.mark.parametrize('n', [0, 1])\n"
            "def test_below{0}(n, numbers):\n    assert steps.step{0}([n], 2) == [n + {0}]\n",
            k);
    project.files["tests/test_steps.py"] = tests;
    return project;
}

/// Swaps of operators and numbers in the faulty function; the fix is among them.
std::vector<Candidate> candidates_for(const std::string& module) {
    const std::size_t from = module.find("def step3");
    const std::size_t to = module.find("def step4");
    const std::map<std::string, std::vector<std::string>> swaps = {
        {" <= ", {" > ", " >= ", " == ", " != ", " < "}},
        {" == ", {" != ", " < ", " >= ", " <= "}},
        {" + 3", {" - 3", " + 2", " * 3", ""}},
        {" - 3", {" + 3", " - 4", " // 3", ""}},
        {"limit", {"i", "0", "limit + 1", "limit - 1", "numbers[0]"}},
        {"numbers[i]", {"numbers[-i]", "i", "numbers[0]"}},
        {"range(len(numbers))", {"range(1, len(numbers))", "range(len(numbers) - 1)", "range(2)"}},
        {"append(0)", {"append(1)", "insert(0, 0)"}},
        {"return result", {"return result[::-1]", "return result[1:]", "return None", "return numbers"}}};
    std::vector<Candidate> result;
    for (const auto& [old, news] : swaps)
        for (std::size_t at = module.find(old, from); at < to; at = module.find(old, at + 1))
            for (const std::string& text : news) {
                Candidate& candidate = result.emplace_back();
                candidate.edits.push_back(
                    {"steps.py", static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + old.size()), text});
            }
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

std::string processor() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
    return "unknown processor";
}

struct Count {
    std::size_t judged = 0;
    std::map<Verdict, std::size_t> verdicts;
};

/// All lanes judge all candidates, `repeat` times, in batches as the search sends them.
double round(DriverJudge& judge, const std::vector<Candidate>& candidates, const JudgePlan& plan, Count& count) {
    constexpr std::size_t kBatch = 32;
    std::vector<Count> counts(kLanes);
    const auto start = Clock::now();
    {
        std::vector<std::jthread> threads;
        for (std::size_t lane = 0; lane < kLanes; ++lane)
            threads.emplace_back([&, lane] {
                for (int repeat = 0; repeat < 4; ++repeat)
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
    const std::size_t judged = counts[0].judged + counts[1].judged;
    count.judged += judged;
    for (const Count& one : counts)
        for (const auto& [verdict, number] : one.verdicts) count.verdicts[verdict] += number;
    return static_cast<double>(judged) / seconds;
}

int measure(const Project& project, int rounds, const std::string& python) {
    auto folder = ec::TempDir::create("judge-bench-");
    if (!folder) return 3;
    std::filesystem::permissions(folder->path(), std::filesystem::perms(0755));
    const auto root = std::filesystem::canonical(folder->path()) / "project";
    for (const auto& [name, text] : project.files) {
        std::filesystem::create_directories((root / name).parent_path());
        std::ofstream(root / name) << text;
    }
    ec::executor::SandboxOptions options;
    options.workspace = root;
    auto sandbox = ec::executor::open_sandbox(options);
    if (!sandbox) {
        fmt::print(stderr, "{}\n", sandbox.error().message);
        return 3;
    }
    const auto command = ec::executor::recognise_test_command(python + " -m pytest -q", root);
    const auto spec = python_driver(command, root);
    auto judge = spec ? DriverJudge::start(**sandbox, *spec, kLanes, 1) : std::unexpected(spec.error());
    if (!judge) {
        fmt::print(stderr, "{}\n", judge.error().message);
        return 3;
    }
    const auto baseline = (*judge)->observe_baseline(2, 60s, {});
    if (!baseline) return 1;
    JudgePlan plan{{}, 1000ms};
    for (const bool failing : {true, false})
        for (const ObservedTest& observed : baseline->tests)
            if ((observed.test.outcome != ec::executor::TestOutcome::passed) == failing)
                plan.tests.push_back(observed.test.id);
    const std::vector<Candidate> candidates = candidates_for(project.files.at("steps.py"));
    Count count;
    std::vector<double> rates;
    std::vector<double> peer;
    for (int i = 0; i < rounds; ++i) {
        rates.push_back(round(**judge, candidates, plan, count));
        ec::executor::RunSpec run;
        run.argv = {python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"};
        const auto start = Clock::now();
        static_cast<void>((*sandbox)->run(run));
        peer.push_back(static_cast<double>(kLanes) / std::chrono::duration<double>(Clock::now() - start).count());
    }
    fmt::print(
        "{:<34} median {:7.0f} a second   min {:7.0f}   max {:7.0f}   a process each (x{} lanes): {:.1f}   [{} tests; "
        "{} pass, {} fail, {} timeout, {} invalid of {}]  load {}\n",
        project.title, median(rates), *std::ranges::min_element(rates), *std::ranges::max_element(rates), kLanes,
        median(peer), plan.tests.size(), count.verdicts[Verdict::pass], count.verdicts[Verdict::fail],
        count.verdicts[Verdict::timeout], count.verdicts[Verdict::invalid], count.judged, load());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
    const std::string python = argc > 2 ? argv[2] : "/usr/bin/python3";
    utsname system{};
    ::uname(&system);
    fmt::print("{}, {} cores, Linux {}, load {} before, {} lanes, {} rounds\n", processor(),
               std::thread::hardware_concurrency(), system.release, load(), kLanes, rounds);
    for (const Project& project :
         {with_fixtures(), plain("plain test functions", 12), plain("plain test functions, 400 in a file", 400)})
        if (const int status = measure(project, rounds, python); status != 0) return status;
    return 0;
}
