#include "select/agreement_run.hpp"

#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/executor/sandbox.hpp>

namespace ec::agent {
namespace {

using executor::FileEdit;
using std::chrono::milliseconds;
using Passes = std::vector<bool>;

class AgreementRun : public ::testing::Test {
protected:
    void SetUp() override {
        executor::SandboxOptions options;
        options.workspace = dir_.path();
        sandbox_ = executor::open_sandbox(options).value();
        job_.files = {"calc.py"};
        job_.names = {"add"};
        job_.tests = {"assert add(2, 3) == 5", "assert add(0, 0) == 0", "assert add('a', 'b') == 'ab'"};
        job_.limit = milliseconds(100);
        job_.wall = milliseconds(10'000);
    }
    std::vector<Behaviour> run(const std::vector<std::string>& texts) {
        std::vector<std::vector<FileEdit>> candidates;
        for (const std::string& text : texts) candidates.push_back({FileEdit{job_.files.front(), text}});
        return run_agreement(*sandbox_, job_, candidates, {}).value();
    }

    TempDir dir_ = TempDir::create().value();
    std::unique_ptr<executor::Sandbox> sandbox_;
    AgreementJob job_;
    const std::string good_ = "def add(a, b):\n    return a + b\n";
};

TEST_F(AgreementRun, SaysWhichAssertionsHoldAndWhatWasAnswered) {
    const auto behaviours = run({good_, "def add(a, b):\n    return a * b\n", "def add(x, y):\n    return x + y\n"});
    EXPECT_EQ(behaviours[0].passes, (Passes{true, true, true}));
    EXPECT_EQ(behaviours[1].passes, (Passes{false, true, false}));
    ASSERT_EQ(behaviours[0].answers.size(), 3U);
    EXPECT_EQ(behaviours[0].answers, behaviours[2].answers);
    EXPECT_NE(behaviours[0].answers[0], behaviours[1].answers[0]);
    EXPECT_EQ(behaviours[0].answers[1], behaviours[1].answers[1]);
    EXPECT_FALSE(behaviours[1].answers[2]);
}

TEST_F(AgreementRun, GivesNothingForACandidateThatDoesNotLoad) {
    const auto behaviours = run({"def add(a, b:\n", good_, "raise SystemExit\n", ""});
    for (const std::size_t bad : {0U, 2U, 3U}) {
        EXPECT_EQ(behaviours[bad].passes, (Passes{false, false, false}));
        EXPECT_EQ(behaviours[bad].answers.size(), 3U);
    }
    EXPECT_EQ(behaviours[1].passes, (Passes{true, true, true}));
}

TEST_F(AgreementRun, SurvivesCandidatesThatNeverEnd) {
    job_.load_limit = milliseconds(200);
    job_.wall = milliseconds(8000);
    const auto behaviours = run({"def add(a, b):\n    while a == 2: pass\n    return a + b\n",
                                 "def add(a, b):\n    while a == 2:\n        try:\n            while True: pass\n"
                                 "        except: pass\n    return a + b\n",
                                 "while True: pass\n", good_});
    EXPECT_EQ(behaviours[0].passes, (Passes{false, true, true}));
    EXPECT_FALSE(behaviours[1].passes[0]);
    EXPECT_EQ(behaviours[2].passes, (Passes{false, false, false}));
    EXPECT_EQ(behaviours[3].passes, (Passes{true, true, true}));
}

TEST_F(AgreementRun, KeepsWhatWasKnownBeforeACandidateEndedTheProcess) {
    const auto behaviours = run({"import os\ndef add(a, b):\n    if a == 0: os._exit(0)\n    return a + b\n", good_});
    EXPECT_EQ(behaviours[0].passes, (Passes{true, false, false}));
    EXPECT_EQ(behaviours[1].passes, (Passes{true, true, true}));
}

TEST_F(AgreementRun, BelievesNothingThatACandidatePrints) {
    const std::string liar =
        "import sys\nprint('t 0 1\\nt 1 1\\nt 2 1', flush=True)\n"
        "print('t 0 1' * 4000000, file=sys.stderr)\ndef add(a, b):\n    return 'x' * (1 << 24)\n";
    const auto behaviours = run({liar, good_});
    EXPECT_EQ(behaviours[0].passes, (Passes{false, false, false}));
    EXPECT_EQ(behaviours[1].passes, (Passes{true, true, true}));
}

TEST_F(AgreementRun, LetsNoForkOfACandidateSpeak) {
    const auto behaviours = run({"import os\ndef add(a, b):\n    if os.fork(): raise ValueError\n    return a + b\n"});
    EXPECT_EQ(behaviours[0].passes, (Passes{false, false, false}));
}

TEST_F(AgreementRun, TakesAssertionsThatAreNoPythonAsFailed) {
    job_.tests = {"assert add(2, 3) ==", "assert add(2, 3) == 5", std::string("assert add\0", 11),
                  "import os; os._exit(1)"};
    EXPECT_EQ(run({good_})[0].passes, (Passes{false, true, false, false}));
}

TEST_F(AgreementRun, RunsNoCandidateOnceStopped) {
    std::stop_source source;
    source.request_stop();
    const std::vector<std::vector<FileEdit>> one = {{FileEdit{"calc.py", good_}}};
    const auto result = run_agreement(*sandbox_, job_, one, source.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(run_agreement(*sandbox_, job_, {}, {}).value().empty());
}

TEST_F(AgreementRun, LoadsAModuleOfAPackage) {
    ASSERT_TRUE(write_file_atomic(dir_.path() / "helper.py", "ONE = 1\n"));
    std::filesystem::create_directories(dir_.path() / "pkg");
    ASSERT_TRUE(write_file_atomic(dir_.path() / "pkg/__init__.py", ""));
    ASSERT_TRUE(write_file_atomic(dir_.path() / "pkg/base.py", "ZERO = 0\n"));
    job_.files = {"pkg/calc.py"};
    const auto behaviours =
        run({"from .base import ZERO\nfrom helper import ONE\ndef add(a, b):\n    return a + b + (ZERO if ONE == 1 "
             "else 1)\n"});
    EXPECT_EQ(behaviours[0].passes, (Passes{true, true, false}));
}

TEST_F(AgreementRun, RunsJavaScriptInItsOwnWay) {
    job_.language = AssertionLanguage::javascript;
    job_.tests = {"assert.strictEqual(add(2, 3), 5)", "assert.deepEqual(add([1], []), [1])", "assert(add(0, 0) === 0)"};
    const std::string common = "function add(a, b) { return a + b; }\nmodule.exports = {add};\n";
    job_.files = {"calc.js"};
    const auto behaviours = run({common, "exports.add = (a, b) => { while (a === 2); return a - b; };\n",
                                 "process.exit(0)\n", "syntax error(\n"});
    EXPECT_EQ(behaviours[0].passes, (Passes{true, false, true}));
    EXPECT_EQ(behaviours[1].passes, (Passes{false, false, true}));
    EXPECT_EQ(behaviours[2].passes, (Passes{false, false, false}));
    EXPECT_EQ(behaviours[3].passes, (Passes{false, false, false}));
    EXPECT_TRUE(behaviours[0].answers[0]);
    EXPECT_FALSE(behaviours[1].answers[0]);
    job_.files = {"calc.mjs"};
    EXPECT_EQ(run({"export const add = (a, b) => a + b;\n"})[0].passes, (Passes{true, false, true}));
}

TEST(AgreementRecord, TakesOnlyFactsAboutKnownTestsAndTheFirstOfTwo) {
    const Behaviour read = read_agreement_record(
        "t 0 1\nt 0 0\nt 1 0\nt 1 1\nt 2 1\nt -1 1\nt x 1\nt 99999999999999999999999 1\no 0 aa\no 0 bb\no 5 cc\n"
        "\xff\xfe\nt 1\n",
        2, 2);
    EXPECT_EQ(read.passes, (Passes{true, false}));
    ASSERT_EQ(read.answers.size(), 2U);
    EXPECT_EQ(read.answers[0], "aa");
    EXPECT_FALSE(read.answers[1]);
    EXPECT_EQ(read_agreement_record("", 3, 4).passes.size(), 3U);
    EXPECT_EQ(read_agreement_record("", 3, 4).answers.size(), 4U);
}

}  // namespace
}  // namespace ec::agent
