#include <thread>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

using testing::SandboxTest;
using Names = std::vector<std::string>;

TEST_F(SandboxTest, RunsAProgramAndKeepsBothStreamsApart) {
    const RunResult result = sh("echo out; echo err >&2");
    EXPECT_EQ(result.status, RunStatus::ok);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, "out\n");
    EXPECT_EQ(result.err, "err\n");
    EXPECT_TRUE(result.changes.empty());
}

TEST_F(SandboxTest, RunsPythonAndNode) {
    EXPECT_EQ(python("print(6*7)").out, "42\n");
    EXPECT_EQ(run({"node", "-e", "console.log(6*7)"}).out, "42\n");
}

TEST_F(SandboxTest, ReportsTheExitCodeOfAFailingProgram) {
    const RunResult result = sh("exit 3");
    EXPECT_EQ(result.status, RunStatus::failed);
    EXPECT_EQ(result.exit_code, 3);
}

TEST_F(SandboxTest, ReportsTheSignalThatEndedAProgram) {
    const RunResult result = sh("kill -SEGV $$");
    EXPECT_EQ(result.status, RunStatus::signal);
    EXPECT_EQ(result.signal, SIGSEGV);
    EXPECT_EQ(result.exit_code, -1);
}

TEST_F(SandboxTest, AMissingProgramIsExit127AsInAShell) {
    const RunResult result = run({"no-such-program-here"});
    EXPECT_EQ(result.status, RunStatus::failed);
    EXPECT_EQ(result.exit_code, 127);
    EXPECT_EQ(result.err, "no-such-program-here: not found in the sandbox\n");
}

TEST_F(SandboxTest, ListsExactlyWhatChangedAndLeavesTheWorkspaceAlone) {
    write("keep.txt", "keep");
    write("edit.txt", "before");
    write("touched.txt", "same");
    write("gone.txt", "gone");
    write("sub/deep/a.txt", "a");
    write("sub/deep/b.txt", "b");
    write("tree/x", "x");
    write("tree/y", "y");
    const RunResult result =
        sh("echo after > edit.txt; rm gone.txt; cat touched.txt > /tmp/t; cat /tmp/t > touched.txt; echo n > new.txt;"
           "rm -r sub/deep; rm -r tree; mkdir tree; echo z > tree/z; mkdir empty; ln -s keep.txt link; ln -s "
           "/etc/passwd out");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(paths(result), (Names{"*edit.txt", "-gone.txt", "+link", "+new.txt", "+out", "-sub/deep/a.txt",
                                    "-sub/deep/b.txt", "-tree/x", "-tree/y", "+tree/z"}));
    for (const Change& change : result.changes) {
        EXPECT_EQ(change.symlink_target, change.path == "link" ? "keep.txt" : "") << change.path;
        EXPECT_EQ(change.symlink, change.path == "link" || change.path == "out");
    }
    EXPECT_EQ(*read_file(root() / "edit.txt"), "before");
    EXPECT_EQ(*read_file(root() / "gone.txt"), "gone");
    EXPECT_EQ(*read_file(root() / "tree/x"), "x");
    EXPECT_FALSE(std::filesystem::exists(root() / "new.txt"));
}

TEST_F(SandboxTest, EditsLieOverTheWorkspaceAndAreNotChanges) {
    write("src/a.py", "print('old')");
    RunSpec spec;
    spec.argv = {"sh", "-c", "python3 src/a.py; cat src/new/b.txt; echo changed > src/c.txt; echo v2 > src/a.py"};
    spec.edits = {{"src/a.py", "print('new')"}, {"src/new/b.txt", "fresh\n"}};
    spec.collect_change_contents = true;
    const RunResult result = run(spec);
    EXPECT_EQ(result.out, "new\nfresh\n") << result.err;
    EXPECT_EQ(paths(result), (Names{"*src/a.py", "+src/c.txt"}));
    EXPECT_EQ(result.changes.at(1).content, "changed\n");
    EXPECT_EQ(*read_file(root() / "src/a.py"), "print('old')");
}

TEST_F(SandboxTest, SupportFilesAreReadOnlyAndArtifactsComeBack) {
    RunSpec spec;
    spec.support_files = {{"helper.py", "print('help')"}};
    spec.artifact_dir = artifact_dir();
    spec.argv = {"sh", "-c",
                 "python3 /run/edgecoder/lib/helper.py; echo no 2>/dev/null > /run/edgecoder/lib/helper.py; echo "
                 "report > $OUT/r.xml; mkfifo $OUT/fifo; ln -s /etc/passwd $OUT/link"};
    spec.environment = {{"OUT", spec.artifact_dir}};
    const RunResult result = run(spec);
    EXPECT_EQ(result.out, "help\n") << result.err;
    EXPECT_EQ(result.artifacts, (std::map<std::string, std::string>{{"r.xml", "report\n"}}));
}

TEST_F(SandboxTest, StandardInputIsTheGivenTextOrEmpty) {
    RunSpec spec;
    spec.argv = {"cat"};
    EXPECT_EQ(run(spec).out, "");
    spec.stdin_text = "hello";
    EXPECT_EQ(run(spec).out, "hello");
}

TEST_F(SandboxTest, KeepsHeadAndTailOfLongOutput) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "print('a'*1000 + 'b'*100000 + 'c'*1000)"};
    spec.limits.kept_output_bytes = 1000;
    const RunResult result = run(spec);
    EXPECT_EQ(result.stdout_bytes, 102001U);
    EXPECT_TRUE(result.truncated);
    EXPECT_EQ(result.out, std::string(500, 'a') + "\n[... 101001 bytes left out ...]\n" + std::string(499, 'c') + "\n");
}

TEST_F(SandboxTest, ASessionAnswersFramesUntilItIsFinished) {
    RunSpec spec;
    spec.argv = {"python3", "-c",
                 "import os,struct\n"
                 "def get(n):\n"
                 "    b=bytearray()\n"
                 "    while len(b)<n:\n"
                 "        c=os.read(3,n-len(b))\n"
                 "        if not c: raise SystemExit(7)\n"
                 "        b+=c\n"
                 "    return b\n"
                 "while True:\n"
                 "    n=struct.unpack('<I',get(4))[0]\n"
                 "    d=get(n)[::-1]\n"
                 "    print(n, flush=True)\n"
                 "    m=memoryview(struct.pack('<I',len(d))+d)\n"
                 "    while m: m=m[os.write(4,m):]\n"};
    spec.limits.wall = std::chrono::seconds(60);
    auto opened = sandbox_->open(spec);
    ASSERT_TRUE(opened);
    Session& session = **opened;
    ASSERT_TRUE(session.send("abc"));
    EXPECT_EQ(session.receive(std::chrono::seconds(60)).value_or("?"), "cba");
    const std::string big = std::string(20U << 20, 'x') + "y";
    ASSERT_TRUE(session.send(big));
    const auto answer = session.receive(std::chrono::seconds(60));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->size(), big.size());
    EXPECT_EQ(answer->front(), 'y');
    EXPECT_EQ(session.receive(std::chrono::milliseconds(10)).error().code, ErrorCode::timeout);
    const RunResult result = session.finish(std::chrono::seconds(60));
    EXPECT_EQ(result.exit_code, 7) << result.reason << result.err;
    EXPECT_EQ(result.out, "3\n20971521\n");
}

}  // namespace
}  // namespace ec::executor
