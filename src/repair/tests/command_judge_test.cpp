// CommandJudge through the real sandbox: real runners, real processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ec/repair/command_judge.hpp>

#include "judge/narrow.hpp"
#include "judge/process_coverage.hpp"
#include "tests/judge_project.hpp"

namespace ec::repair {
namespace {

using namespace std::chrono_literals;
using executor::TestOutcome;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::find;
using testing::has_program;
using ::testing::HasSubstr;
using testing::JudgeProject;

#define NEEDS(project, program)                                            \
    if (!(project).missing().empty()) GTEST_SKIP() << (project).missing(); \
    if (!has_program(program)) GTEST_SKIP() << "no " << (program) << " here"

constexpr const char* kSum = R"(def total(numbers):
    result = 0
    for i in range(len(numbers) - 1):
        result += numbers[i]
    return result


def sign(x):
    if x < 0:
        return -1
    return 1
)";

CommandJudge judge_for(JudgeProject& project, std::string_view command) {
    return CommandJudge(project.sandbox(), executor::recognise_test_command(command, project.path()),
                        {.limits = {}, .lanes = 2});
}

Judgement judge_one(CommandJudge& judge, const Candidate& candidate, std::vector<std::string> tests,
                    std::chrono::milliseconds limit = 10s) {
    auto judged = judge.judge(0, {&candidate, 1}, {.tests = std::move(tests), .time_limit = limit}, {});
    EXPECT_TRUE(judged.has_value()) << judged.error().message;
    return judged ? judged->at(0) : Judgement{};
}

// Entering a function counts its `def` line up to Python 3.11 and no longer from 3.12 on.
MATCHER_P2(BodyWithOrWithoutDef, def_line, last, "") {
    std::vector<int> lines;
    for (int line = def_line + 1; line <= last; ++line) lines.push_back(line);
    std::vector<int> seen(std::begin(arg), std::end(arg));
    std::erase(seen, def_line);
    return seen == lines;
}

TEST(CommandJudge, AddsWhatTheRunnerItselfTakesToTheTimeOfTheTests) {
    JudgeProject project(
        {{"calc.py", kSum}, {"test_calc.py", "from calc import sign\n\ndef test_sign():\n    assert sign(0) == 0\n"}});
    NEEDS(project, "pytest");
    CommandJudge judge = judge_for(project, "/usr/bin/pytest -q");
    ASSERT_TRUE(judge.observe_baseline(1, 60s, {}).has_value());
    const Candidate right = project.replacing("calc.py", "return 1", "return 0");
    EXPECT_EQ(judge_one(judge, right, {"test_calc.py::test_sign"}, 1ms).verdict, Verdict::pass);
}

TEST(CommandJudge, JudgesPytestWithCoverageOfEachTest) {
    JudgeProject project({{"calc.py", kSum},
                          {"test_calc.py",
                           "from calc import total, sign\n\ndef test_total():\n    assert total([1, 2, 3]) == 6\n\n"
                           "def test_sign():\n    assert sign(-4) == -1\n"}});
    NEEDS(project, "pytest");
    CommandJudge judge = judge_for(project, "/usr/bin/pytest -q");
    const auto baseline = judge.observe_baseline(3, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    const ObservedTest* red = find(*baseline, "test_calc.py::test_total");
    const ObservedTest* green = find(*baseline, "test_calc.py::test_sign");
    ASSERT_TRUE(red != nullptr && green != nullptr);
    EXPECT_EQ(red->test.outcome, TestOutcome::failed);
    EXPECT_FALSE(red->flaky);
    EXPECT_TRUE(judge.selects_tests());
    EXPECT_THAT(red->lines.at("calc.py"), BodyWithOrWithoutDef(1, 5));
    EXPECT_THAT(green->lines.at("calc.py"), BodyWithOrWithoutDef(8, 10));
    EXPECT_THAT(baseline->import_lines.at("calc.py"), ElementsAre(1, 8));
    EXPECT_THAT(baseline->constants, Contains("6"));

    const std::vector<std::string> tests = {"test_calc.py::test_total", "test_calc.py::test_sign"};
    const Judgement fixed = judge_one(judge, project.replacing("calc.py", "(numbers) - 1", "(numbers)"), tests);
    EXPECT_EQ(fixed.verdict, Verdict::pass) << fixed.message;
    EXPECT_EQ(fixed.passed, 2U);
    const Judgement wrong = judge_one(judge, project.replacing("calc.py", "+=", "-="), tests);
    EXPECT_EQ(wrong.verdict, Verdict::fail);
    EXPECT_EQ(wrong.stopped_at, tests[0]);
    EXPECT_THAT(wrong.message, HasSubstr("assert"));
    const Judgement hanging =
        judge_one(judge, project.replacing("calc.py", "return result", "while True: pass"), tests, 1500ms);
    EXPECT_EQ(hanging.verdict, Verdict::timeout);
    const Judgement leaving =
        judge_one(judge, project.replacing("calc.py", "return result", "import os; os._exit(0)"), tests);
    EXPECT_EQ(leaving.verdict, Verdict::fail);
    const Judgement broken = judge_one(judge, project.replacing("calc.py", "return result", "return ("), tests);
    EXPECT_EQ(broken.verdict, Verdict::invalid);
}

TEST(CommandJudge, JudgesNodeTestFilesOneProcessEach) {
    JudgeProject project(
        {{"math.js",
          "'use strict';\n// grüße\nfunction sum(list) {\n  let total = 0;\n  for (let i = 1; i < list.length; i++) "
          "{\n    total += list[i];\n  }\n  return total;\n}\n"
          "function twice(x) {\n  return 2 * x;\n}\nmodule.exports = { sum, twice };\n"},
         {"test/math.test.js",
          "const { test, describe } = require('node:test');\nconst assert = require('node:assert');\n"
          "const { sum, twice } = require('../math');\ntest('sums', () => assert.strictEqual(sum([5, 2]), 7));\n"
          "describe('more', () => { test('twice', () => assert.strictEqual(twice(4), 8)); });\n"},
         {"test/other.test.js", "require('node:test')('other', () => {});\n"}});
    NEEDS(project, "node");
    CommandJudge judge = judge_for(project, "node --test");
    const auto baseline = judge.observe_baseline(2, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    const ObservedTest* red = find(*baseline, "test/math.test.js > sums");
    const ObservedTest* green = find(*baseline, "test/math.test.js > more > twice");
    ASSERT_TRUE(red != nullptr && green != nullptr);
    EXPECT_TRUE(judge.selects_tests());
    EXPECT_THAT(red->lines.at("math.js"), ElementsAre(3, 4, 5, 6, 8));
    EXPECT_THAT(green->lines.at("math.js"), ElementsAre(10, 11));
    EXPECT_THAT(baseline->import_lines.at("math.js"), Contains(13));
    EXPECT_THAT(baseline->constants, Contains("7"));

    const std::vector<std::string> tests = {"test/math.test.js > sums", "test/math.test.js > more > twice"};
    // The offset lies behind text that takes more bytes than characters.
    const Judgement fixed = judge_one(judge, project.replacing("math.js", "i = 1", "i = 0"), tests);
    EXPECT_EQ(fixed.verdict, Verdict::pass) << fixed.message;
    EXPECT_EQ(judge_one(judge, project.replacing("math.js", "i = 1", "i = 2"), tests).verdict, Verdict::fail);
    EXPECT_EQ(judge_one(judge, project.replacing("math.js", "return total", "process.exit(0)"), tests).verdict,
              Verdict::fail);
    EXPECT_EQ(judge_one(judge, project.replacing("math.js", "i++", "i += 0"), tests, 1500ms).verdict, Verdict::timeout);
}

TEST(CommandJudge, StopsANodeCandidateAtItsFirstFailingTestAndFile) {
    JudgeProject project({{"math.js", "exports.twice = (x) => 3 * x;\nexports.wait = () => false;\n"},
                          {"a.test.js",
                           "const { test } = require('node:test');\nconst assert = require('node:assert');\n"
                           "const { twice, wait } = require('./math');\n"
                           "test('twice', () => assert.strictEqual(twice(2), 4));\n"
                           "test('ends', (t, done) => { if (wait()) setInterval(() => {}, 1000); else done(); });\n"},
                          {"b.test.js",
                           "const { test } = require('node:test');\nconst { wait } = require('./math');\n"
                           "test('ends too', () => { while (wait()); });\n"}});
    NEEDS(project, "node");
    CommandJudge judge = judge_for(project, "node --test");
    const auto baseline = judge.observe_baseline(1, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    const std::vector<std::string> tests = {"a.test.js > twice", "a.test.js > ends", "b.test.js > ends too"};
    const Judgement fixed = judge_one(judge, project.replacing("math.js", "3 *", "2 *"), tests);
    EXPECT_EQ(fixed.verdict, Verdict::pass) << fixed.message;
    EXPECT_EQ(fixed.passed, 3U);
    // What comes after the failing test would never end.
    const Judgement wrong = judge_one(judge, project.replacing("math.js", "false", "true"), tests);
    EXPECT_EQ(wrong.verdict, Verdict::fail) << wrong.message;
    EXPECT_EQ(wrong.stopped_at, "a.test.js > twice");
}

TEST(CommandJudge, JudgesTheRepairOfANodeTestFileThatDoesNotLoad) {
    JudgeProject project(
        {{"math.js", "exports.twice = (x) => 2 * x;\nexports.table = undefinedName;\n"},
         {"a.test.js",
          "const { test } = require('node:test');\nconst assert = require('node:assert');\n"
          "const { twice } = require('./math');\ntest('twice', () => assert.strictEqual(twice(2), 4));\n"},
         {"b.test.js", "require('node:test')('other', () => {});\n"}});
    NEEDS(project, "node");
    CommandJudge judge = judge_for(project, "node --test");
    const auto baseline = judge.observe_baseline(2, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    ASSERT_NE(find(*baseline, "a.test.js"), nullptr);
    const Judgement fixed = judge_one(judge, project.replacing("math.js", "undefinedName", "[]"), {"a.test.js"});
    EXPECT_EQ(fixed.verdict, Verdict::pass) << fixed.message;
    const Judgement loads =
        judge_one(judge, project.replacing("math.js", "2 * x;\nexports.table = undefinedName", "x"), {"a.test.js"});
    EXPECT_EQ(loads.verdict, Verdict::fail);
    const Judgement still = judge_one(judge, project.replacing("math.js", "undefinedName", "otherName"), {"a.test.js"});
    EXPECT_NE(still.verdict, Verdict::pass);
}

TEST(CommandJudge, JudgesTypeScriptThroughTheProjectsOwnCommand) {
    JudgeProject project(
        {{"sum.ts", "export function sum(list: number[]): number {\n  return list.length;\n}\n"},
         {"sum.test.ts",
          "import { test } from 'node:test';\nimport assert from 'node:assert';\nimport { sum } from './sum.ts';\n"
          "test('sums', () => { assert.strictEqual(sum([5, 2]), 7); });\n"},
         {"package.json", "{\"type\": \"module\"}\n"}});
    NEEDS(project, "node");
    CommandJudge judge = judge_for(project, "node --experimental-strip-types --test sum.test.ts");
    const auto baseline = judge.observe_baseline(1, 60s, {});
    if (!baseline) GTEST_SKIP() << "this node does not strip types (22.6 or newer does): " << baseline.error().message;
    const Judgement fixed = judge_one(
        judge, project.replacing("sum.ts", "list.length", "list.reduce((a, b) => a + b, 0)"), {"sum.test.ts > sums"});
    EXPECT_EQ(fixed.verdict, Verdict::pass) << fixed.message;
}

TEST(CommandJudge, JudgesAnyOtherCommandByItsExitCode) {
    JudgeProject project({{"answer.sh", "echo 41\n"}, {"check.sh", "test \"$(sh answer.sh)\" = 42\n"}});
    NEEDS(project, "sh");
    CommandJudge judge = judge_for(project, "sh check.sh");
    const auto baseline = judge.observe_baseline(2, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    ASSERT_EQ(baseline->tests.size(), 1U);
    EXPECT_FALSE(judge.selects_tests());
    const std::string id = baseline->tests[0].test.id;
    EXPECT_EQ(judge_one(judge, project.replacing("answer.sh", "41", "42"), {id}).verdict, Verdict::pass);
    EXPECT_EQ(judge_one(judge, project.replacing("answer.sh", "41", "43"), {id}).verdict, Verdict::fail);
}

TEST(CommandJudge, CoversPythonProcessesThatTheCommandStarts) {
    JudgeProject project(
        {{"calc.py", kSum},
         {"check.py", "import calc\nassert calc.total([1, 2]) == 3\n"},
         {"sitecustomize.py", "import builtins\nbuiltins.PROJECT_OWN = True\n"},
         {"check.sh", "PYTHONPATH=$PYTHONPATH:. python3 -c 'assert PROJECT_OWN' && python3 check.py\n"}});
    NEEDS(project, "python3");
    CommandJudge judge = judge_for(project, "sh check.sh");
    const auto baseline = judge.observe_baseline(1, 60s, {});
    ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
    ASSERT_EQ(baseline->tests.size(), 1U);
    EXPECT_THAT(baseline->tests[0].lines.at("calc.py"), BodyWithOrWithoutDef(1, 5));
}

TEST(CommandJudge, NamesATestThatDoesNotAlwaysEndTheSameWayAsFlaky) {
    JudgeProject project({{"test_flaky.py",
                           "import time\n\ndef test_sometimes():\n    assert time.monotonic_ns() // 1000 % 2\n\ndef "
                           "test_never():\n    assert False\n"}});
    NEEDS(project, "pytest");
    // Which of the runs pass is up to the clock; a baseline in which all ended alike tells nothing either way.
    CommandJudge judge = judge_for(project, "/usr/bin/pytest -q");
    for (int attempt = 0; attempt < 8; ++attempt) {
        const auto baseline = judge.observe_baseline(5, 60s, {});
        ASSERT_TRUE(baseline.has_value()) << baseline.error().message;
        EXPECT_FALSE(find(*baseline, "test_flaky.py::test_never")->flaky);
        if (find(*baseline, "test_flaky.py::test_sometimes")->flaky) return;
    }
    FAIL() << "eight baselines of five runs never saw the test change";
}

TEST(Narrow, NamesPytestNodesInsteadOfTheFoldersOfTheCommand) {
    JudgeProject project({{"tests/test_a.py", ""}});
    const auto command = executor::recognise_test_command("python3 -m pytest -q -k fast tests", project.path());
    const std::vector<std::string> ids = {"tests/test_a.py::test_x"};
    const auto narrowed = narrow(command, ids, project.path());
    ASSERT_TRUE(narrowed.has_value());
    EXPECT_THAT(narrowed->words, ElementsAre("python3", "-m", "pytest", "-q", "-k", "fast", "tests/test_a.py::test_x"));
}

TEST(Narrow, RunsASingleNodeTestFileWithoutTheWatchingProcess) {
    JudgeProject project({{"a.test.js", ""}});
    const auto command = executor::recognise_test_command("node --test", project.path());
    const std::vector<std::string> ids = {"a.test.js > adds (1+1)"};
    const auto narrowed = narrow(command, ids, project.path());
    ASSERT_TRUE(narrowed.has_value());
    EXPECT_THAT(narrowed->words, ElementsAre("node", R"(--test-name-pattern=^adds \(1\+1\)$)", "a.test.js"));
}

TEST(Narrow, RunsEachNodeTestFileByItselfInTheOrderOfTheTests) {
    JudgeProject project({{"a.test.js", ""}, {"b.test.js", ""}});
    const auto command = executor::recognise_test_command("node --test", project.path());
    const std::vector<std::string> ids = {"b.test.js > fails", "a.test.js > x", "b.test.js > y"};
    const auto runs = narrowed_runs(command, ids, project.path());
    ASSERT_EQ(runs.size(), 2U);
    EXPECT_THAT(runs[0].tests, ElementsAre("b.test.js > fails", "b.test.js > y"));
    EXPECT_THAT(runs[0].command.words,
                ElementsAre("node", "--test-name-pattern=^fails$", "--test-name-pattern=^y$", "b.test.js"));
    EXPECT_THAT(runs[1].tests, ElementsAre("a.test.js > x"));
}

TEST(Narrow, LetsVitestPutASpaceInFrontOfTheFullTitle) {
    JudgeProject project({{"a.test.ts", ""}});
    const auto command = executor::recognise_test_command("vitest run", project.path());
    const std::vector<std::string> ids = {"a.test.ts > sum > adds"};
    const auto narrowed = narrow(command, ids, project.path());
    ASSERT_TRUE(narrowed.has_value());
    EXPECT_THAT(narrowed->words, ElementsAre("vitest", "run", "-t", "^ ?(sum adds)$", "a.test.ts"));
}

TEST(Narrow, LeavesCommandsAloneThatCannotSelect) {
    JudgeProject project({{"check.sh", ""}});
    const std::vector<std::string> ids = {"x"};
    EXPECT_FALSE(
        narrow(executor::recognise_test_command("sh check.sh", project.path()), ids, project.path()).has_value());
    EXPECT_FALSE(narrow(executor::recognise_test_command("pytest -q | tee log", project.path()), ids, project.path())
                     .has_value());
}

TEST(ProcessCoverage, CountsOffsetsInUtf16Units) {
    // "𝒳" takes four bytes and two units; the function after it is the one that ran.
    const std::string source =
        "const a = '𝒳ü';\nfunction f() {\n  return 1;\n}\nfunction g() {\n  return 2;\n}\nf();\n";
    const std::string functions =
        R"([{"functionName":"","ranges":[{"startOffset":0,"endOffset":85,"count":1}],"isBlockCoverage":true},
            {"functionName":"f","ranges":[{"startOffset":17,"endOffset":45,"count":1}],"isBlockCoverage":true},
            {"functionName":"g","ranges":[{"startOffset":46,"endOffset":74,"count":0}],"isBlockCoverage":false}])";
    const ScriptLines lines = lines_of_v8(source, functions);
    EXPECT_THAT(lines.inside, ElementsAre(2, 3));
    EXPECT_THAT(lines.module, ElementsAre(1, 8));
}

// The file is not the text that V8 counted in: two type declarations are gone from it, and all stands on other lines.
constexpr const char* kTyped =
    "interface A {\n  x: number;\n}\n\nexport function f(a: A): number {\n  if (a.x > 0) {\n    return 1;\n  }\n"
    "  return 2;\n}\n";

executor::RunResult covered(std::string_view coverage, std::string_view scripts) {
    executor::RunResult result;
    result.artifacts["coverage-1-2-0.json"] = std::string(coverage);
    if (!scripts.empty()) result.artifacts["ec-scripts-1-0.jsonl"] = std::string(scripts);
    return result;
}

std::string coverage_of(const JudgeProject& project, std::string_view functions, std::string_view cache = "{}") {
    return R"({"result":[{"scriptId":"1","url":"file://)" + project.path().native() + R"(/f.ts","functions":)" +
           std::string(functions) + R"(}],"source-map-cache":)" + std::string(cache) + "}";
}

constexpr const char* kGenerated =  // "export function f(a) {\n  if (a.x > 0) {\n    return 1;\n  }\n  return 2;\n}\n"
    R"([{"functionName":"","ranges":[{"startOffset":0,"endOffset":72,"count":1}],"isBlockCoverage":true},
        {"functionName":"f","ranges":[{"startOffset":7,"endOffset":71,"count":1},
                                      {"startOffset":38,"endOffset":57,"count":0}],"isBlockCoverage":true}])";
constexpr const char* kMappings = "AAIO,SAAS;EACd,IAAI;IACF,OAAO;EACT;EACA,OAAO";

TEST(ProcessCoverage, MapsATranspiledTextBackToItsFileByTheMapThatNodeKept) {
    JudgeProject project({{"f.ts", kTyped}});
    const std::string cache = R"({"file://)" + project.path().native() +
                              R"(/f.ts":{"lineLengths":[22,16,13,3,11,1,0],"data":{"version":3,"sources":["f.ts"],)" +
                              R"("mappings":")" + kMappings + R"("},"url":null}})";
    auto result = covered(coverage_of(project, kGenerated, cache), "");
    const RunCoverage coverage = take_coverage(result, project.path());
    ASSERT_TRUE(coverage.lines.contains("f.ts"));
    EXPECT_THAT(coverage.lines.at("f.ts"), ElementsAre(5, 6, 9));
    EXPECT_TRUE(result.artifacts.empty());
}

TEST(ProcessCoverage, TakesTheWrapperOfARunnerForModuleLevelAndLooksBehindIt) {
    JudgeProject project({{"f.ts", kTyped}});
    const std::string wrapped =
        R"([{"functionName":"","ranges":[{"startOffset":0,"endOffset":85,"count":1}],"isBlockCoverage":true},
            {"functionName":"","ranges":[{"startOffset":1,"endOffset":84,"count":1}],"isBlockCoverage":true},
            {"functionName":"f","ranges":[{"startOffset":17,"endOffset":81,"count":1},
                                          {"startOffset":48,"endOffset":67,"count":0}],"isBlockCoverage":true}])";
    const std::string scripts =
        std::string(R"({"file":"f.ts","shift":10,"lineLengths":[32,16,13,3,11,1,3],"sources":["/p/f.ts"],)") +
        R"("mappings":")" + kMappings + "\"}\n";
    auto result = covered(coverage_of(project, wrapped), scripts);
    const RunCoverage coverage = take_coverage(result, project.path());
    ASSERT_TRUE(coverage.lines.contains("f.ts"));
    EXPECT_THAT(coverage.lines.at("f.ts"), ElementsAre(5, 6, 9));
    EXPECT_THAT(coverage.import_lines.at("f.ts"), ElementsAre(5));
    EXPECT_TRUE(result.artifacts.empty());
}

TEST(ProcessCoverage, CallsAFileOnlyLoadedWhenNobodyKeptTheTextThatRan) {
    JudgeProject project({{"f.ts", kTyped}});
    auto result = covered(coverage_of(project, kGenerated), "");
    const RunCoverage coverage = take_coverage(result, project.path());
    EXPECT_FALSE(coverage.lines.contains("f.ts"));
    EXPECT_THAT(coverage.import_lines.at("f.ts"), ElementsAre(1, 2, 5, 6, 7, 9));
}

TEST(ProcessCoverage, LeavesTheMapOfAFileCompiledBeforeAlone) {
    const std::string compiled = "function f(a) {\n  return a;\n}\nf(1);\n";
    JudgeProject project({{"f.ts", compiled}});
    const std::string functions =
        R"([{"functionName":"","ranges":[{"startOffset":0,"endOffset":36,"count":1}],"isBlockCoverage":true},
            {"functionName":"f","ranges":[{"startOffset":0,"endOffset":29,"count":1}],"isBlockCoverage":true}])";
    const std::string cache = R"({"file://)" + project.path().native() +
                              R"(/f.ts":{"lineLengths":[15,11,1,5,0],"data":{"sources":["../src/g.ts"],)" +
                              R"("mappings":"AAUA;AAAA"}}})";
    auto result = covered(coverage_of(project, functions, cache), "");
    EXPECT_THAT(take_coverage(result, project.path()).lines.at("f.ts"), ElementsAre(1, 2));
}

// The program under test may write these files itself: whatever the numbers, they are taken for nothing.
TEST(ProcessCoverage, TakesMonstrousNumbersForNothing) {
    JudgeProject project({{"f.ts", kTyped}});
    for (const char* number : {"9223372036854775807", "-9223372036854775808", "4611686018427387904", "1e300", "null"}) {
        const std::string n = number;
        const std::string ranges =
            R"([{"functionName":"","ranges":[{"startOffset":)" + n + R"(,"endOffset":)" + n + R"(,"count":)" + n +
            R"(},{"startOffset":0,"endOffset":9223372036854775807,"count":1}],"isBlockCoverage":true}])";
        const std::string lengths = R"("lineLengths":[)" + n + "," + n + "," + n + R"(],"shift":)" + n;
        for (const char* mappings : {"", "AAIO", "+/////////////////////D", ";;;gggggggggggggggggB"}) {
            const std::string scripts =
                R"({"file":"f.ts",)" + lengths + R"(,"sources":["f.ts","f.ts"],"mappings":")" + mappings + "\"}\n";
            const std::string cache =
                R"({"file:///f.ts":{)" + lengths + R"(,"data":{"mappings":")" + mappings + R"("}}})";
            auto result = covered(coverage_of(project, ranges, cache), scripts);
            EXPECT_FALSE(take_coverage(result, project.path()).lines.contains("f.ts")) << number << ' ' << mappings;
        }
    }
}

TEST(ProcessCoverage, NotesTheTextOfAModuleThatARunnerCompilesItself) {
    JudgeProject project({{"src/f.ts", kTyped}, {"runner.cjs", R"js(
const vm = require('node:vm');
const path = require('node:path');
const map = { version: 3, sources: ['f.ts'], mappings: 'AAIO,SAAS;EACd,IAAI;IACF,OAAO;EACT;EACA,OAAO' };
const code = 'return function f(a) {\n  if (a.x > 0) {\n    return 1;\n  }\n  return 2;\n}\n' +
  '//# sourceMappingURL=data:application/json;base64,' + Buffer.from(JSON.stringify(map)).toString('base64');
const before = '(function () {';
const make = vm.runInThisContext(`${before}${code}\n})`,
  { filename: path.resolve('src/f.ts'), columnOffset: -before.length });
console.log(make()({ x: -1 }));
)js"}});
    NEEDS(project, "node");
    executor::RunSpec spec;
    spec.argv = {"node", "runner.cjs"};
    ask_for_coverage(spec, project.path());
    auto result = project.sandbox().run(spec, {});
    ASSERT_TRUE(result.has_value()) << result.error().message;
    ASSERT_EQ(result->out, "2\n") << result->err;
    const RunCoverage coverage = take_coverage(*result, project.path());
    ASSERT_TRUE(coverage.lines.contains("src/f.ts"));
    EXPECT_THAT(coverage.lines.at("src/f.ts"), ElementsAre(5, 6, 9));
}

}  // namespace
}  // namespace ec::repair
