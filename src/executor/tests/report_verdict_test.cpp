// The verdict of a run: reports are held against the exit code, and hostile ones change nothing but themselves.
#include <gmock/gmock.h>

#include <ec/core/text.hpp>
#include <ec/executor/test_command.hpp>
#include <ec/executor/trace_text.hpp>

#include "parsers/parsed.hpp"

namespace ec::executor {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Verdict = TestReport::Verdict;

const std::filesystem::path kWorkspace = "/w";
constexpr std::string_view kBegin = "{\"e\":\"begin\",\"runner\":\"pytest\"}\n";

RunResult ended(int exit_code) {
    RunResult result;
    result.exit_code = exit_code;
    result.status = exit_code == 0 ? RunStatus::ok : RunStatus::failed;
    return result;
}

TestReport read_events(const std::string& text, int exit_code = 0) {
    RunResult result = ended(exit_code);
    result.artifacts["events-1-0.jsonl"] = text;
    return read_test_report({.framework = Framework::pytest, .text = "pytest", .words = {"pytest"}}, result,
                            kWorkspace);
}

std::string test_line(std::string_view id, std::string_view outcome) {
    return "{\"e\":\"test\",\"id\":\"" + std::string(id) + "\",\"outcome\":\"" + std::string(outcome) +
           "\",\"us\":5}\n";
}
std::string end_line(int tests) { return "{\"e\":\"end\",\"exit\":0,\"tests\":" + std::to_string(tests) + "}\n"; }
std::string report_of(std::string_view outcome) { return std::string(kBegin) + test_line("a", outcome) + end_line(1); }

TEST(Verdicts, PassedNeedsTheReportTheExitCodeAndATest) {
    EXPECT_EQ(read_events(report_of("passed"), 0).verdict, Verdict::passed);
    EXPECT_EQ(read_events(report_of("passed"), 1).verdict, Verdict::incomplete);
    EXPECT_EQ(read_events(report_of("failed"), 1).verdict, Verdict::failed);
    EXPECT_EQ(read_events(report_of("failed"), 0).verdict, Verdict::failed);
    EXPECT_EQ(read_events(report_of("skipped"), 0).verdict, Verdict::incomplete);
    EXPECT_EQ(read_events(std::string(kBegin) + end_line(0), 0).verdict, Verdict::incomplete);
    EXPECT_EQ(read_events("", 0).verdict, Verdict::incomplete);
}

TEST(Verdicts, EveryWayToBeStoppedIsIncompleteWhateverTheReportSays) {
    for (const RunStatus status : {RunStatus::timeout, RunStatus::cpu, RunStatus::memory, RunStatus::pids,
                                   RunStatus::output, RunStatus::disk, RunStatus::signal, RunStatus::sandbox_error}) {
        for (const Framework framework : {Framework::pytest, Framework::command}) {
            RunResult result;
            result.status = status;
            result.exit_code = 0;
            result.artifacts["events-1-0.jsonl"] = report_of("passed");
            const TestReport report =
                read_test_report({.framework = framework, .text = "x", .words = {"x"}}, result, kWorkspace);
            EXPECT_EQ(report.verdict, Verdict::incomplete);
            EXPECT_THAT(report.reason, HasSubstr("the run "));
            EXPECT_THAT(report.tests, SizeIs(1));
        }
    }
}

TEST(Verdicts, AMissingEndOrAWrongCountIsIncomplete) {
    const std::string begun = std::string(kBegin) + test_line("a", "passed");
    EXPECT_EQ(read_events(begun).reason, "the test runner stopped before its end");
    EXPECT_EQ(read_events(begun + end_line(2)).reason,
              "the report does not hold the number of tests that it announces");
    EXPECT_EQ(read_events(begun + "{broken\n" + end_line(1)).reason, "the report holds lines that cannot be read");
    EXPECT_EQ(read_events(test_line("a", "passed") + end_line(1)).verdict, Verdict::incomplete);
}

TEST(Verdicts, AProblemThatTheRunnerNamesIsTheReason) {
    const std::string text =
        std::string(kBegin) + test_line("a", "passed") + "{\"e\":\"problem\",\"text\":\"it broke\"}\n" + end_line(1);
    EXPECT_EQ(read_events(text).reason, "it broke");
}

TEST(Verdicts, SeveralReportsOfOneRunAreOneAndAsGoodAsTheWorst) {
    RunResult result = ended(0);
    result.artifacts["events-1-0.jsonl"] = std::string(kBegin) + test_line("a", "passed") + end_line(1);
    result.artifacts["events-2-0.jsonl"] = std::string(kBegin) + test_line("b", "passed") + end_line(1);
    const TestCommand command{.framework = Framework::command, .text = "make test", .words = {"make", "test"}};
    TestReport report = read_test_report(command, result, kWorkspace);
    EXPECT_EQ(report.verdict, Verdict::passed);
    EXPECT_EQ(report.tests.size(), 2U);
    result.artifacts["events-2-0.jsonl"] = std::string(kBegin) + test_line("b", "passed");
    report = read_test_report(command, result, kWorkspace);
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_EQ(report.tests.size(), 2U);
}

TEST(Verdicts, ATestReportedBothWaysHasFailed) {
    for (const auto& [first, second] : {std::pair("passed", "failed"), std::pair("failed", "passed")}) {
        const TestReport report =
            read_events(std::string(kBegin) + test_line("a", first) + test_line("a", second) + end_line(2));
        ASSERT_THAT(report.tests, SizeIs(1));
        EXPECT_EQ(report.tests[0].outcome, TestOutcome::failed);
        EXPECT_EQ(report.verdict, Verdict::failed);
    }
}

TEST(Verdicts, AnUnknownOutcomeIsAnError) { EXPECT_EQ(read_events(report_of("splendid")).verdict, Verdict::failed); }

TEST(Verdicts, ACommandIsJudgedByItsExitCodeWithTheTailOfItsOutput) {
    RunResult result = ended(2);
    result.out = std::string(100'000, 'x') + "\nlast words";
    result.err = "Traceback (most recent call last):\n  File \"/w/a.py\", line 3, in f\nKeyError: 'k'\n";
    const TestReport report = read_test_report({.text = "./check.sh", .words = {"./check.sh"}}, result, kWorkspace);
    EXPECT_EQ(report.verdict, Verdict::failed);
    ASSERT_THAT(report.tests, SizeIs(1));
    EXPECT_EQ(report.tests[0].id, "./check.sh");
    EXPECT_EQ(report.tests[0].message, "KeyError: 'k'");
    EXPECT_THAT(report.tests[0].details, HasSubstr("last words"));
    EXPECT_LE(report.tests[0].details.size(), kMaxDetails + 8);
    EXPECT_THAT(report.tests[0].frames, ElementsAre(TraceFrame{"a.py", 3, "f"}));
}

TEST(Verdicts, CutTapOutputIsIncomplete) {
    RunResult result = ended(0);
    result.out = "TAP version 13\n1..1\nok 1 - a\n";
    const TestCommand command{.framework = Framework::tap, .text = "tape t.js", .words = {"tape", "t.js"}};
    EXPECT_EQ(read_test_report(command, result, kWorkspace).verdict, Verdict::passed);
    result.truncated = true;
    EXPECT_EQ(read_test_report(command, result, kWorkspace).verdict, Verdict::incomplete);
}

TEST(HostileReports, TextsAreCappedAndCleaned) {
    std::string escapes = "\\u001b[31mred\\u001b]0;title\\u0007\\u0000" + std::string(50'000, 'y');
    const TestReport report = read_events(
        std::string(kBegin) + "{\"e\":\"test\",\"id\":\"a\\u001b[2J\",\"outcome\":\"failed\",\"message\":\"" + escapes +
            "\",\"details\":\"" + escapes + "\"}\n" + end_line(1),
        1);
    ASSERT_THAT(report.tests, SizeIs(1));
    EXPECT_EQ(report.tests[0].id, "a");
    EXPECT_THAT(report.tests[0].message, ::testing::StartsWith("red\xef\xbf\xbdy"));
    EXPECT_LE(report.tests[0].message.size(), kMaxMessage + 3);
    EXPECT_LE(report.tests[0].details.size(), kMaxDetails + 8);
    EXPECT_EQ(report.tests[0].details.find('\x1b'), std::string::npos);
}

TEST(HostileReports, BytesThatAreNotUtf8BecomeReplacementCharacters) {
    const TestReport report = read_events(std::string(kBegin) + test_line("a\xff\xfe", "passed") + end_line(1));
    ASSERT_THAT(report.tests, SizeIs(1));
    EXPECT_EQ(report.tests[0].id, "a\xef\xbf\xbd\xef\xbf\xbd");
    EXPECT_TRUE(parse_junit("<testsuite><testcase name=\"\xff\x01\"/></testsuite>", kWorkspace).complete);
}

TEST(HostileReports, ATooLargeReportIsIncomplete) {
    RunResult result = ended(0);
    result.artifacts["events-1-0.jsonl"] = report_of("passed") + std::string(kMaxReportBytes, '\n');
    EXPECT_EQ(read_test_report({.framework = Framework::pytest, .words = {"pytest"}}, result, kWorkspace).verdict,
              Verdict::incomplete);
}

TEST(HostileReports, TooManyTestsAreIncomplete) {
    std::string text(kBegin);
    for (std::size_t i = 0; i <= kMaxTests; ++i) text += test_line(std::to_string(i), "passed");
    const TestReport report = read_events(text + end_line(static_cast<int>(kMaxTests) + 1));
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    EXPECT_EQ(report.reason, "the report holds more than 100000 tests");
    EXPECT_THAT(report.tests, SizeIs(kMaxTests));
}

TEST(HostileReports, EntitiesAreNeverExpanded) {
    std::string bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\">";
    for (char c = 'b'; c < 'p'; ++c) {
        bomb += std::string("<!ENTITY ") + c + " \"";
        for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
        bomb += "\">";
    }
    bomb += "<!ENTITY file SYSTEM \"file:///etc/passwd\">]><testsuite><testcase name=\"&o;&file;\"/></testsuite>";
    const Parsed parsed = parse_junit(bomb, kWorkspace);
    ASSERT_THAT(parsed.tests, SizeIs(1));
    EXPECT_EQ(parsed.tests[0].id, "&o;&file;");
}

TEST(HostileReports, DeepNestingIsSurvived) {
    std::string xml, json, tap;
    for (int i = 0; i < 200'000; ++i) xml += "<testsuite>";
    EXPECT_FALSE(parse_junit(xml, kWorkspace).complete);
    for (int i = 0; i < 200'000; ++i) json += "[";
    EXPECT_FALSE(parse_jest_json("{\"testResults\":" + json, kWorkspace).found);
    EXPECT_FALSE(read_events(std::string(kBegin) + json + "\n" + end_line(0)).verdict == Verdict::passed);
    for (int i = 0; i < 1000; ++i) tap += std::string(static_cast<std::size_t>(4 * i), ' ') + "ok 1 - a\n";
    EXPECT_FALSE(parse_tap("TAP version 14\n" + tap, kWorkspace).complete);
}

TEST(HostileReports, AbsurdNumbersAreNotBelieved) {
    const TestReport report =
        read_events(std::string(kBegin) +
                    "{\"e\":\"test\",\"id\":\"a\",\"outcome\":\"passed\",\"us\":9223372036854775807}\n"
                    "{\"e\":\"test\",\"id\":\"a\",\"outcome\":\"passed\",\"us\":9223372036854775807}\n"
                    "{\"e\":\"end\",\"exit\":0,\"tests\":9223372036854775807}\n");
    EXPECT_EQ(report.verdict, Verdict::incomplete);
    const Parsed parsed = parse_junit(
        "<testsuite><testcase name='a' time='1e999'/><testcase name='b' time='-5'/></testsuite>", kWorkspace);
    ASSERT_THAT(parsed.tests, SizeIs(2));
    EXPECT_EQ(parsed.tests[0].duration.count(), 0);
    EXPECT_EQ(parsed.tests[1].duration.count(), 0);
}

struct TapRow {
    const char* text;
    bool complete;
    const char* outcomes;
};

TEST(Tap, PlansDirectivesAndSubtests) {
    const TapRow rows[] = {
        {"1..2\nok 1\nok 2\n", true, "passed test 1, passed test 2"},
        {"ok 1 - a\nnot ok 2 - b\n1..2\n", true, "passed a, failed b"},
        {"TAP version 14\n1..2\nok 1 - a\n", false, "passed a"},
        {"TAP version 14\nok 1 - a\n", false, "passed a"},
        {"1..1\nok 1 - a\nok 2 - b\n", false, "passed a, passed b"},
        {"1..1\n1..1\nok 1 - a\n", false, "passed a"},
        {"1..3\nok 1 - a # SKIP no db\nnot ok 2 - b # TODO later\nok 3 - c \\# skip this\n", true,
         "skipped a, skipped b, passed c \\# skip this"},
        {"1..2\nok 1 - a\nBail out! no disk\n", false, "passed a"},
        {"TAP version 14\n    ok 1 - x\n    not ok 2 - y\n    1..2\nnot ok 1 - p\nok 2 - q\n1..2\n", true,
         "passed p > x, failed p > y, passed q"},
        {"TAP version 14\n    ok 1 - x\n    1..2\nok 1 - p\n1..1\n", false, "passed p > x"},
        {"TAP version 14\n    ok 1 - x\n    1..1\nnot ok 1 - p\n1..1\n", true, "passed p > x, failed p"},
        {"TAP version 13\nok 1 - p {\n    ok 1 - x\n    1..1\n}\nok 2 - q\n1..2\n", true, "passed p > x, passed q"},
        {"TAP version 13\n# first\nok 1 should be equal\nok 2 should be equal\n# second\nok 3 should be equal\n1..3\n",
         true, "passed first > should be equal, passed first > should be equal (2), passed second > should be equal"},
        {"1..0 # SKIP no database\n", false, ""},
        {"okay then\nnot okay\n", false, ""},
    };
    for (const TapRow& row : rows) {
        SCOPED_TRACE(row.text);
        const Parsed parsed = parse_tap(row.text, kWorkspace);
        std::vector<std::string> got;
        for (const TestCase& test : parsed.tests) got.push_back(std::string(name(test.outcome)) + " " + test.id);
        EXPECT_EQ(join(got, ", "), row.outcomes);
        EXPECT_EQ(parsed.complete, row.complete) << parsed.problem;
    }
}

TEST(Traces, FramesOfEveryLanguageAreFound) {
    EXPECT_THAT(
        frames_from_text("Traceback (most recent call last):\n  File \"/w/a.py\", line 3, in <module>\n    f()\n"
                         "  File \"/usr/lib/x.py\", line 9, in g\n  File \"<string>\", line 1, in h\n",
                         kWorkspace),
        ElementsAre(TraceFrame{"a.py", 3, "<module>"}, TraceFrame{"/usr/lib/x.py", 9, "g"}));
    EXPECT_THAT(
        frames_from_text(
            "Error: x\n    at inner (/w/a.js:3:9)\n    at async Promise.all (index 0)\n    at file:///w/b.mjs:1:2\n"
            "    at node:internal/x:1:1\n",
            kWorkspace),
        ElementsAre(TraceFrame{"b.mjs", 1, ""}, TraceFrame{"a.js", 3, "inner"}));
    EXPECT_THAT(
        frames_from_text("tests/test_a.py:5: in test_a\n    f()\nE   ValueError\nlib.py:2: ValueError\n", kWorkspace),
        ElementsAre(TraceFrame{"tests/test_a.py", 5, "test_a"}, TraceFrame{"lib.py", 2, ""}));
    EXPECT_THAT(frames_from_text("thread 'main' panicked at 'boom', src/main.rs:4:5\n", kWorkspace),
                ElementsAre(TraceFrame{"src/main.rs", 4, ""}));
    EXPECT_THAT(frames_from_text("goroutine 1:\n\t/w/x.go:12 +0x1d\n", kWorkspace),
                ElementsAre(TraceFrame{"x.go", 12, ""}));
    EXPECT_THAT(
        frames_from_text("at the end: 5\nFile \"x\", line 99999999999999999999\nat a:b:c\nfoo.py:x: y\n", kWorkspace),
        IsEmpty());
}

TEST(Traces, ADeepRecursionIsCappedAndRepeatsAreFolded) {
    std::string text;
    for (int i = 0; i < 5000; ++i) text += "  File \"a.py\", line 2, in f\n";
    EXPECT_THAT(frames_from_text(text, kWorkspace), SizeIs(1));
    text.clear();
    for (int i = 0; i < 5000; ++i) text += "  File \"a.py\", line " + std::to_string(i + 1) + ", in f\n";
    EXPECT_THAT(frames_from_text(text, kWorkspace), SizeIs(200));
}

}  // namespace
}  // namespace ec::executor
