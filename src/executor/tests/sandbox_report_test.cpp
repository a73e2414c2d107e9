// The report that comes out of a sandbox: bounded whatever the program left behind, and void when it cannot be read.
#include <gmock/gmock.h>

#include <numeric>

#include "box_stream.hpp"
#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

using ::testing::HasSubstr;

class SandboxReport : public testing::SandboxTest {
protected:
    // A box that says these bytes and ends.
    Result<RunResult> run_with_box_that_says(const std::string& bytes) {
        std::string octal;
        for (const char byte : bytes) {
            const auto value = static_cast<unsigned char>(byte);
            octal += {'\\', '0', static_cast<char>('0' + value / 64), static_cast<char>('0' + value / 8 % 8),
                      static_cast<char>('0' + value % 8)};
        }
        write("box", "#!/bin/sh\nprintf '%b' '" + octal + "' >&4\n");
        std::filesystem::permissions(root() / "box", std::filesystem::perms::all);
        SandboxOptions options;
        options.workspace = root();
        options.box = root() / "box";
        EC_ASSIGN(const auto sandbox, open_sandbox(options));
        RunSpec spec;
        spec.argv = {"true"};
        return sandbox->run(spec);
    }
};

TEST_F(SandboxReport, OneThatCannotBeReadIsAnErrorOfTheSandbox) {
    const std::string start = testing::ready() + testing::summary() + testing::change({.path = "kept"});
    for (const std::string& bytes :
         {std::string("hello, I am not a box"), start + testing::change({.path = "../escaped"}) + testing::end(),
          start + testing::end() + testing::end()}) {
        const auto result = run_with_box_that_says(bytes);
        ASSERT_TRUE(result) << result.error().message;
        EXPECT_EQ(result->status, RunStatus::sandbox_error);
        EXPECT_THAT(result->reason, HasSubstr("the sandbox's report cannot be read"));
        EXPECT_TRUE(result->changes.empty());
    }
}

TEST_F(SandboxReport, OneInOrderIsTaken) {
    const auto result = run_with_box_that_says(testing::ready() + testing::summary() +
                                               testing::change({.path = "kept", .kind = 0}) + testing::end());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->status, RunStatus::ok) << result->reason;
    EXPECT_EQ(paths(*result), std::vector<std::string>{"+kept"});
}

TEST_F(SandboxReport, ALinkThatClimbsOutThroughAnotherLinkComesWithoutItsTarget) {
    const RunResult result = sh("ln -s . here; ln -s here/here/here/../../../etc/passwd out; ln -s here in");
    ASSERT_EQ(paths(result), (std::vector<std::string>{"+here", "+in", "+out"}));
    EXPECT_EQ(result.changes[0].symlink_target, ".");
    EXPECT_EQ(result.changes[1].symlink_target, "here");
    EXPECT_TRUE(result.changes[2].symlink && result.changes[2].symlink_target.empty());
}

TEST_F(SandboxReport, SparseArtifactsDoNotFillTheMemoryOfTheHost) {
    RunSpec spec;
    spec.artifact_dir = artifact_dir();
    spec.argv = {"sh", "-c", "cd \"$1\" && for i in $(seq 100 300); do truncate -s 16M f$i; done", "sh",
                 spec.artifact_dir};
    const RunResult result = run(std::move(spec));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    const auto bytes =
        std::accumulate(result.artifacts.begin(), result.artifacts.end(), std::size_t{0},
                        [](std::size_t sum, const auto& artifact) { return sum + artifact.second.size(); });
    EXPECT_EQ(bytes, std::size_t{64} << 20);
}

// 2,000 files at the end of a path of 50,000 bytes: 100 MB of names, of which the report holds 64 MiB.
TEST_F(SandboxReport, LongNamesDoNotFillTheMemoryOfTheHostEither) {
    RunSpec spec;
    spec.argv = {"python3", "-c",
                 "import os\n"
                 "for depth in range(195):\n"
                 "    os.mkdir('d' * 255); os.chdir('d' * 255)\n"
                 "for i in range(2000): open(str(i), 'w').close()\n"};
    const RunResult result = run(std::move(spec));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_TRUE(result.changes_cut);
    const auto bytes = std::accumulate(result.changes.begin(), result.changes.end(), std::size_t{0},
                                       [](std::size_t sum, const Change& change) { return sum + change.path.size(); });
    EXPECT_LE(bytes, std::size_t{64} << 20);
    EXPECT_GT(bytes, std::size_t{63} << 20);
}

TEST_F(SandboxReport, TellsWhenAFolderIsDeeperThanItLooks) {
    const std::string script = "import os\nfor i in range(%d):\n    os.mkdir('d'); os.chdir('d')\nopen('f', 'w')\n";
    const auto at_depth = [&](const char* depth) {
        std::string text = script;
        return python(text.replace(text.find("%d"), 2, depth));
    };
    EXPECT_FALSE(at_depth("150").changes_cut);
    const RunResult deep = at_depth("250");
    EXPECT_TRUE(deep.changes_cut);
    EXPECT_TRUE(deep.changes.empty());
}

TEST_F(SandboxReport, NothingIsCalledDeletedBecauseItsPathIsTooLongToAskFor) {
    const std::string name(250, 'd');
    const std::string make =
        "import os\nfor i in range(20):\n    os.makedirs('" + name + "', exist_ok=True); os.chdir('" + name + "')\n";
    std::filesystem::current_path(root());
    ASSERT_EQ(std::system(("python3 -c \"" + make + "open('kept', 'w').close()\"").c_str()), 0);
    std::filesystem::current_path("/");
    const RunResult result = python(make + "open('new', 'w').close()");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    for (const Change& change : result.changes) EXPECT_NE(change.kind, Change::Kind::deleted);
    EXPECT_TRUE(result.changes_cut);
}

TEST_F(SandboxReport, ASessionThatAnswersUnaskedDoesNotFillTheMemoryOfTheHost) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "import os\nwhile True: os.write(4, bytes(65536))\n"};
    spec.limits.wall = std::chrono::seconds(60);
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    const Status sent = (*session)->send(std::string(std::size_t{8} << 20, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::corrupt) << sent.error().message;
}

// Upper case for every line, with a note on its standard error.
const std::string kShouts =
    "import sys\nfor line in sys.stdin:\n    print('heard', file=sys.stderr)\n    print(line.strip().upper(), "
    "flush=True)\n";

TEST_F(SandboxReport, ASessionInLinesTalksToStandardInputAndOutput) {
    RunSpec spec;
    spec.argv = {"python3", "-c", kShouts};
    spec.line_bytes = 1000;
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    for (const char* word : {"one", "two"}) {
        ASSERT_TRUE((*session)->send(word));
        const auto answer = (*session)->receive(std::chrono::seconds(60));
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(*answer, word == std::string("one") ? "ONE" : "TWO");
    }
    EXPECT_EQ((*session)->send("two\nlines").error().code, ErrorCode::invalid_argument);
    EXPECT_EQ((*session)->send(std::string(1001, 'x')).error().code, ErrorCode::too_large);
    const RunResult result = (*session)->finish(std::chrono::seconds(60));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(result.err, "heard\nheard\n");
    EXPECT_EQ(result.out, "");
}

TEST_F(SandboxReport, ASessionInLinesLeavesItsProgramNoOtherDescriptors) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "import os\nprint([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 2])"};
    spec.line_bytes = 1000;
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ((*session)->receive(std::chrono::seconds(60)).value(), "['3']");  // the listing's own
}

TEST_F(SandboxReport, AProgramThatReadsALineDropByDropHoldsNobodyForLong) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "import os, time\nwhile os.read(0, 4096): time.sleep(2)\n"};
    spec.line_bytes = 4U << 20;
    spec.limits.wall = std::chrono::minutes(60);  // it would read for half an hour
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    const auto began = std::chrono::steady_clock::now();
    const Status sent = (*session)->send(std::string(spec.line_bytes, 'x'));
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, ErrorCode::timeout) << sent.error().message;
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes(2));
}

TEST_F(SandboxReport, ALineWithoutAnEndDoesNotFillTheMemoryOfTheHost) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "tr '\\0' x </dev/zero"};
    spec.line_bytes = 100'000;
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    const auto answer = (*session)->receive(std::chrono::seconds(60));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::corrupt) << answer.error().message;
}

}  // namespace
}  // namespace ec::executor
