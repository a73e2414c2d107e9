// Candidates a second that two lanes of the forked Python judge go through, in the real sandbox:
//   judge_bench [rounds] [PYTHON]     (default: 9 rounds, /usr/bin/python3, which must have pytest)
// Three projects: pytest tests with fixtures, plain test functions, plain test functions of a long module. The peer is
// what a tool without warm interpreters does: one sandboxed `pytest` process for each candidate.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ec/repair/driver_judge.hpp>

#include "judge_bench_support.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using namespace ec::repair;
using namespace std::chrono_literals;
using ec::bench::kLanes;

struct Case {
    const char* title;
    ec::bench::Files files;
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

Case plain(const char* title, int functions) {
    std::string tests = "from steps import *\n";
    for (int k = 0; k < std::min(functions, 12); ++k)
        tests += fmt::format(
            "def test_equal_{0}():\n    assert step{0}([2], 2) == [0]\n"
            "def test_below_{0}():\n    assert step{0}([1, 0], 2) == [1 + {0}, {0}]\n"
            "def test_above_{0}():\n    assert step{0}([3], 2) == [3 - {0}]\n",
            k);
    return {title, {{"steps.py", module_text(functions, 3)}, {"test_steps.py", tests}}};
}

Case with_fixtures() {
    Case project{"pytest with fixtures", {{"steps.py", module_text(12, 3)}}};
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
    return ec::bench::swaps_in(
        "steps.py", module, "def step3", "def step4",
        {{" <= ", {" > ", " >= ", " == ", " != ", " < "}},
         {" == ", {" != ", " < ", " >= ", " <= "}},
         {" + 3", {" - 3", " + 2", " * 3", ""}},
         {" - 3", {" + 3", " - 4", " // 3", ""}},
         {"limit", {"i", "0", "limit + 1", "limit - 1", "numbers[0]"}},
         {"numbers[i]", {"numbers[-i]", "i", "numbers[0]"}},
         {"range(len(numbers))", {"range(1, len(numbers))", "range(len(numbers) - 1)", "range(2)"}},
         {"append(0)", {"append(1)", "insert(0, 0)"}},
         {"return result", {"return result[::-1]", "return result[1:]", "return None", "return numbers"}}});
}

int measure(const Case& subject, int rounds, const std::string& python) {
    auto project = ec::bench::Project::create(subject.files);
    if (!project) {
        fmt::print(stderr, "{}\n", project.error().message);
        return 3;
    }
    const auto command = ec::executor::recognise_test_command(python + " -m pytest -q", project->root());
    const auto spec = python_driver(command, project->root());
    auto judge = spec ? DriverJudge::start(project->sandbox(), *spec, kLanes, 1) : std::unexpected(spec.error());
    if (!judge) {
        fmt::print(stderr, "{}\n", judge.error().message);
        return 3;
    }
    const auto baseline = (*judge)->observe_baseline(2, 60s, {});
    if (!baseline) return 1;
    const JudgePlan plan = ec::bench::whole_plan(*baseline, 1000ms);
    const std::vector<Candidate> candidates = candidates_for(subject.files.at("steps.py"));
    ec::bench::Count count;
    std::vector<double> rates;
    std::vector<double> peer;
    for (int i = 0; i < rounds; ++i) {
        rates.push_back(ec::bench::judge_round(**judge, candidates, plan, 4, count));
        ec::executor::RunSpec run;
        run.argv = {python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"};
        const auto start = Clock::now();
        static_cast<void>(project->sandbox().run(run));
        peer.push_back(static_cast<double>(kLanes) / std::chrono::duration<double>(Clock::now() - start).count());
    }
    fmt::print(
        "{:<34} median {:7.0f} a second   min {:7.0f}   max {:7.0f}   a process each (x{} lanes): {:.1f}   [{} tests; "
        "{}]  load {}\n",
        subject.title, ec::bench::median(rates), *std::ranges::min_element(rates), *std::ranges::max_element(rates),
        kLanes, ec::bench::median(peer), plan.tests.size(), ec::bench::in_words(count), ec::bench::load());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 9;
    const std::string python = argc > 2 ? argv[2] : "/usr/bin/python3";
    fmt::print("{}, {} lanes, {} rounds\n", ec::bench::machine(), kLanes, rounds);
    for (const Case& subject :
         {with_fixtures(), plain("plain test functions", 12), plain("plain test functions, 400 in a file", 400)})
        if (const int status = measure(subject, rounds, python); status != 0) return status;
    return 0;
}
