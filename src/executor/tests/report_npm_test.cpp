// mocha, jest, vitest and tape themselves, where EC_NPM_CACHE names a folder that holds them or may be filled:
//   EC_NPM_CACHE=$HOME/.cache/edgecoder-npm build/dev/tests/ec_executor_report_test --gtest_filter='NpmRunner*'
// The captured reports of the same versions in data/reports are read without it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>

#include "tests/sandbox_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using Verdict = TestReport::Verdict;

class NpmRunnerTest : public testing::SandboxTest {
protected:
    void SetUp() override {
        const char* cache = std::getenv("EC_NPM_CACHE");
        if (cache == nullptr) GTEST_SKIP() << "EC_NPM_CACHE is not set";
        const fs::path modules = fs::absolute(cache) / "node_modules";
        if (!fs::exists(modules / ".bin/vitest")) {
            const std::string install = "npm install --no-audit --no-fund --prefix " +
                                        shell_quote(fs::absolute(cache).native()) +
                                        " mocha@12.0.3 jest@30.5.2 vitest@4.1.12 tape@5.10.2 >&2";
            ASSERT_EQ(std::system(install.c_str()), 0) << install;
        }
        fs::create_directory_symlink(modules, root() / "node_modules");
        SandboxOptions options;
        options.workspace = root();
        options.box = testing::box_program();
        options.read_only = {fs::canonical(modules)};
        auto opened = open_sandbox(options);
        ASSERT_TRUE(opened) << opened.error().message;
        sandbox_ = std::move(*opened);
        write("sum.js", "exports.sum = (a, b) => a - b;\n");
    }

    TestReport run(std::string_view text) {
        const TestCommand command = recognise_test_command(text, root());
        RunSpec spec = test_run(command);
        spec.limits.wall = spec.limits.cpu = std::chrono::seconds(60);
        spec.limits.memory_bytes = 4ULL << 30;
        const RunResult result = SandboxTest::run(spec);
        TestReport report = read_test_report(command, result, root());
        if (::testing::Test::HasFailure() || report.tests.empty()) std::cerr << result.out << result.err;
        return report;
    }
    static std::vector<std::string> lines(const TestReport& report) {
        std::vector<std::string> out;
        for (const TestCase& test : report.tests) out.push_back(std::string(name(test.outcome)) + " " + test.id);
        return out;
    }
};

constexpr std::string_view kAssertTests = R"(
const assert = require('assert'); const {sum} = require('../sum');
describe('sum', () => {
  it('adds', () => { assert.strictEqual(sum(1, 2), 3); });
  it('zero', () => { assert.strictEqual(sum(0, 0), 0); });
  it.skip('later', () => {});
});
)";

TEST_F(NpmRunnerTest, MochaThroughAScriptOfPackageJson) {
    write("package.json", R"({"scripts": {"test": "mocha spec/*.js"}})");
    write("spec/sum.spec.js", kAssertTests);
    const TestReport report = run("npm test");
    EXPECT_EQ(report.runner, "mocha");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report),
                ElementsAre("failed spec/sum.spec.js > sum > adds", "passed spec/sum.spec.js > sum > zero",
                            "skipped spec/sum.spec.js > sum > later"));
    EXPECT_THAT(report.tests[0].frames, ElementsAre(TraceFrame{"spec/sum.spec.js", 4, "Context.<anonymous>"}));
}

TEST_F(NpmRunnerTest, Jest) {
    write("package.json", R"({"jest": {"watchman": false}})");
    write("src/sum.test.js", kAssertTests);
    const TestReport report = run("npx jest");
    EXPECT_EQ(report.runner, "jest");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), ElementsAre("failed src/sum.test.js > sum > adds", "passed src/sum.test.js > sum > zero",
                                           "skipped src/sum.test.js > sum > later"));
}

TEST_F(NpmRunnerTest, AJestRunThatDiesNamesTheTestAndKeepsTheFinishedOnes) {
    write("package.json", R"({"jest": {"watchman": false}})");
    write("a.test.js",
          "test('quick', () => {}); test('dies', () => { process.kill(process.pid, 'SIGKILL'); for (;;); });\n");
    const TestReport report = run("jest");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(lines(report), ElementsAre("passed a.test.js > quick", "error a.test.js > dies"));
}

TEST_F(NpmRunnerTest, Vitest) {
    write("package.json", R"({"scripts": {"test": "vitest"}})");
    write("src/sum.test.js",
          "import {it, expect} from 'vitest'; import {sum} from '../sum.js';\n"
          "it('adds', () => { expect(sum(1, 2)).toBe(3); }); it('zero', () => { expect(sum(0, 0)).toBe(0); });\n");
    write("src/broken.test.js", "import './missing.js';\n");
    const TestReport report = run("npm test");
    EXPECT_EQ(report.runner, "vitest");
    EXPECT_EQ(report.verdict, Verdict::failed) << report.reason;
    EXPECT_THAT(lines(report), UnorderedElementsAre("failed src/sum.test.js > adds", "passed src/sum.test.js > zero",
                                                    "error src/broken.test.js"));
}

TEST_F(NpmRunnerTest, AVitestRunThatIsCutOffNamesTheFile) {
    write("package.json", "{}");
    write("a.test.js",
          "import {it} from 'vitest';\n"
          "it('dies', () => { process.kill(process.ppid, 'SIGKILL'); for (;;); });\n");
    const TestReport report = run("npx vitest --pool=forks");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_THAT(lines(report), ElementsAre("error a.test.js"));
}

TEST_F(NpmRunnerTest, TapeThroughNode) {
    write("test.js",
          "const test = require('tape'); const {sum} = require('./sum');\n"
          "test('sum', (t) => { t.equal(sum(1, 2), 3, 'adds'); t.equal(sum(0, 0), 0, 'zero'); t.end(); });\n");
    const TestReport report = run("node test.js");
    EXPECT_EQ(report.runner, "tap");
    EXPECT_THAT(lines(report), ElementsAre("failed sum > adds", "passed sum > zero"));
    EXPECT_EQ(report.tests[0].message, "expected 3, got -1");
}

}  // namespace
}  // namespace ec::executor
