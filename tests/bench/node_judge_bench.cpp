// Candidates a second that two lanes of the Node judges go through, in the real sandbox:
//   node_judge_bench [rounds] [NODE]     (default: 3 rounds, the node of the PATH; under two minutes)
// In turn: fresh contexts inside a warm process, and a process for each candidate. Three projects of two test files
// and 48 tests each: CommonJS under node:test, ES modules under node:test, mocha (where EC_NPM_CACHE names a folder
// whose node_modules holds it). No candidate hangs, so that no figure is one of the time limit.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <ec/repair/command_judge.hpp>
#include <ec/repair/driver_judge.hpp>
#include <optional>

#include "judge_bench_support.hpp"

namespace {

using namespace ec::repair;
using namespace std::chrono_literals;
using ec::bench::kLanes;
namespace fs = std::filesystem;

constexpr int kFunctions = 12;
constexpr int kFaulty = 3;

struct Case {
    const char* title;
    std::string command;
    ec::bench::Files files;
    fs::path modules;
};

enum class Syntax { commonjs, modules };

std::string module_text(Syntax syntax) {
    std::string text = "// Steps over lists of numbers.\n\n";
    std::string names;
    for (int k = 0; k < kFunctions; ++k) {
        names += fmt::format("{}step{}", k == 0 ? "" : ", ", k);
        text += fmt::format(
            "{2}function step{0}(numbers, limit) {{\n"
            "  const result = [];\n"
            "  for (let i = 0; i < numbers.length; i++) {{\n"
            "    if (numbers[i] {1} limit) {{\n"
            "      result.push(numbers[i] + {0});\n"
            "    }} else if (numbers[i] === limit) {{\n"
            "      result.push(0);\n"
            "    }} else {{\n"
            "      result.push(numbers[i] - {0});\n"
            "    }}\n"
            "  }}\n"
            "  return result;\n"
            "}}\n\n",
            k, k == kFaulty ? "<=" : "<", syntax == Syntax::modules ? "export " : "");
    }
    if (syntax == Syntax::commonjs) text += "module.exports = { " + names + " };\n";
    return text;
}

/// Tests of the functions [from, to), which begin with what `head` brings in.
std::string test_text(const std::string& head, int from, int to) {
    std::string text = head;
    for (int k = from; k < to; ++k)
        text += fmt::format(
            "describe('step{0}', () => {{\n"
            "  it('equal', () => assert.deepStrictEqual(step{0}([2], 2), [0]));\n"
            "  it('below', () => assert.deepStrictEqual(step{0}([1, 0], 2), [1 + {0}, {0}]));\n"
            "  it('above', () => assert.deepStrictEqual(step{0}([3], 2), [3 - {0}]));\n"
            "  it('empty', () => assert.deepStrictEqual(step{0}([], 2), []));\n"
            "}});\n",
            k);
    return text;
}

ec::bench::Files project_files(Syntax syntax, const std::string& head) {
    constexpr int kHalf = kFunctions / 2;
    const std::string steps = syntax == Syntax::modules ? "steps.mjs" : "steps.js";
    const std::string tests = syntax == Syntax::modules ? ".test.mjs" : ".test.js";
    return {{steps, module_text(syntax)},
            {"package.json", "{\"name\": \"steps\"}\n"},
            {"test/first" + tests, test_text(head, 0, kHalf)},
            {"test/second" + tests, test_text(head, kHalf, kFunctions)}};
}

std::vector<Case> cases(const std::string& node) {
    std::string names;
    for (int k = 0; k < kFunctions; ++k) names += fmt::format("{}step{}", k == 0 ? "" : ", ", k);
    const std::string require_steps =
        "const assert = require('node:assert');\nconst { " + names + " } = require('../steps');\n";
    std::vector<Case> result = {
        {"node:test, CommonJS",
         node + " --test",
         project_files(Syntax::commonjs, "const { describe, it } = require('node:test');\n" + require_steps),
         {}},
        {"node:test, ES modules",
         node + " --test",
         project_files(Syntax::modules,
                       "import { describe, it } from 'node:test';\nimport assert from 'node:assert';\nimport { " +
                           names + " } from '../steps.mjs';\n"),
         {}}};
    const char* cache = std::getenv("EC_NPM_CACHE");
    const fs::path modules = cache == nullptr ? fs::path() : fs::absolute(cache) / "node_modules";
    if (cache != nullptr && fs::exists(modules / ".bin/mocha"))
        result.push_back({"mocha", "npx mocha", project_files(Syntax::commonjs, require_steps), modules});
    else
        fmt::print("mocha: skipped, EC_NPM_CACHE names no folder that holds it\n");
    return result;
}

/// Swaps of operators and numbers in the faulty function; the fix is among them.
std::vector<Candidate> candidates_for(const Case& subject) {
    const std::string file = subject.files.contains("steps.js") ? "steps.js" : "steps.mjs";
    return ec::bench::swaps_in(
        file, subject.files.at(file), fmt::format("function step{}(", kFaulty),
        fmt::format("function step{}(", kFaulty + 1),
        {{" <= ", {" > ", " >= ", " === ", " !== ", " < "}},
         {" === ", {" !== ", " < ", " >= ", " <= "}},
         {" + 3", {" - 3", " + 2", " * 3", ""}},
         {" - 3", {" + 3", " - 4", " / 3", ""}},
         {"limit", {"i", "0", "limit + 1", "limit - 1", "numbers[0]"}},
         {"numbers[i]", {"numbers[-i]", "i", "numbers[0]"}},
         {"let i = 0", {"let i = 1"}},
         {"push(0)", {"push(1)", "unshift(0)"}},
         {"return result", {"return result.reverse()", "return result.slice(1)", "return null", "return numbers"}}});
}

/// A judge that has seen the baseline, what it is asked, and what it reached so far.
struct Contestant {
    std::unique_ptr<Judge> judge;
    JudgePlan plan;
    int repeats = 1;
    std::vector<double> rates;
    ec::bench::Count count;
    double processor_ms = 0;  ///< of processes that have ended: those of a warm lane are not among them
};

/// Processor time of all processes that ended so far, in milliseconds.
double ended_processes_ms() {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    const auto ms = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) * 1000 + static_cast<double>(time.tv_usec) / 1000;
    };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
}

ec::Result<Contestant> contestant(std::unique_ptr<Judge> judge, int repeats) {
    Contestant result{
        .judge = std::move(judge), .plan = {}, .repeats = repeats, .rates = {}, .count = {}, .processor_ms = 0};
    EC_ASSIGN(const BaselineRun baseline, result.judge->observe_baseline(2, 60s, {}));
    result.plan = ec::bench::whole_plan(baseline, 5000ms);
    return result;
}

ec::Result<Contestant> fresh_contexts(ec::executor::Sandbox& sandbox, const ec::executor::TestCommand& command) {
    constexpr int kRepeats = 4;
    EC_ASSIGN(DriverSpec spec, node_driver(command, sandbox.workspace()));
    EC_ASSIGN(auto judge, DriverJudge::start(sandbox, std::move(spec), kLanes, 1));
    return contestant(std::move(judge), kRepeats);
}

ec::Result<Contestant> process_each(ec::executor::Sandbox& sandbox, const ec::executor::TestCommand& command) {
    CommandJudgeOptions options;
    options.lanes = kLanes;
    return contestant(std::make_unique<CommandJudge>(sandbox, command, options), 1);
}

void print(const Case& subject, const Contestant& one) {
    const std::string processor = one.processor_ms < 1
                                      ? ""
                                      : fmt::format("   {:.0f} ms of processor time each",
                                                    one.processor_ms / static_cast<double>(one.count.judged));
    fmt::print("{:<22} {:<14} median {:6.1f} a second   min {:6.1f}   max {:6.1f}{}   [{} tests; {}]  load {}\n",
               subject.title, one.judge->name(), ec::bench::median(one.rates), *std::ranges::min_element(one.rates),
               *std::ranges::max_element(one.rates), processor, one.plan.tests.size(), ec::bench::in_words(one.count),
               ec::bench::load());
}

ec::Status measure(const Case& subject, int rounds) {
    EC_ASSIGN(ec::bench::Project project, ec::bench::Project::create(subject.files, subject.modules));
    const auto command = ec::executor::recognise_test_command(subject.command, project.root());
    EC_ASSIGN(Contestant contexts, fresh_contexts(project.sandbox(), command));
    EC_ASSIGN(Contestant processes, process_each(project.sandbox(), command));
    const std::vector<Candidate> candidates = candidates_for(subject);
    for (int i = 0; i < rounds; ++i)
        for (Contestant* one : {&contexts, &processes}) {
            const double before = ended_processes_ms();
            one->rates.push_back(ec::bench::judge_round(*one->judge, candidates, one->plan, one->repeats, one->count));
            one->processor_ms += ended_processes_ms() - before;
        }
    print(subject, contexts);
    print(subject, processes);
    return {};
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
    const std::string node = argc > 2 ? argv[2] : "node";
    fmt::print("{}, {} lanes, {} rounds\n", ec::bench::machine(), kLanes, rounds);
    for (const Case& subject : cases(node))
        if (const ec::Status status = measure(subject, rounds); !status) {
            fmt::print(stderr, "{}: {}\n", subject.title, status.error().message);
            return 3;
        }
    return 0;
}
