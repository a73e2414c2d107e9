// Tier C: what a program leaves behind goes with it, and every limit ends the run with its own word.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reduced_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::any_process_with;
using testing::gone;
using testing::SandboxReduced;
using Names = std::vector<std::string>;

TEST_F(SandboxReduced, ADaemonIsFoundAndEnded) {
    const std::string word = "4242" + std::to_string(::getpid());
    const RunResult result =
        sh("(setsid sh -c '(setsid sleep " + word + " </dev/null >/dev/null 2>&1 &) &' &); sleep 0.2; exit 0");
    EXPECT_EQ(result.status, RunStatus::ok);
    EXPECT_FALSE(any_process_with(word)) << "it outlived the run";
}

TEST_F(SandboxReduced, ADaemonWithItsOwnSubreaperIsEndedAsWell) {
    const std::string word = "4343" + std::to_string(::getpid());
    const RunResult result = attack(
        "import os,ctypes,time\n"
        "r,w=os.pipe()\n"
        "if os.fork()==0:\n"
        "    os.setsid(); ctypes.CDLL(None).prctl(36,1,0,0,0)\n"
        "    if os.fork()==0:\n"
        "        if os.fork()==0:\n"
        "            os.setsid(); os.write(w,b'x'); os.close(1); os.close(2); os.execvp('sleep',['sleep','" +
        word +
        "'])\n"
        "        os._exit(0)\n"
        "    time.sleep(600)\n"
        "os.read(r,1)");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_FALSE(any_process_with(word)) << "it outlived the run";
}

TEST_F(SandboxReduced, WhenTheExecutorIsKilledTheProgramGoesToo) {
    const std::string word = "4444" + std::to_string(::getpid());
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        RunSpec spec;
        spec.argv = {"sh", "-c", "(setsid sleep " + word + " &); printf '\\001\\000\\000\\000x' >&4; sleep " + word};
        spec.limits.wall = milliseconds(0);
        auto session = sandbox_->open(spec);
        if (session && (*session)->receive(seconds(60)) && ::write(ready[1], "x", 1) == 1) ::pause();
        ::_exit(1);
    }
    ::close(ready[1]);
    char byte = 0;
    ASSERT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
    EXPECT_TRUE(any_process_with(word));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_TRUE(gone(word));
}

TEST_F(SandboxReduced, AForkBombEndsByTheLimitOnProcesses) {
    RunSpec spec;
    const std::string word = "bomb" + std::to_string(::getpid());
    spec.argv = {"python3", "-c",
                 "import os,time\n"
                 "while True:\n"
                 "    try: os.fork()\n"
                 "    except OSError: time.sleep(0.01)\n",
                 word};
    spec.limits.processes = 32;
    spec.limits.wall = seconds(60);
    const RunResult result = run(spec);
    EXPECT_EQ(result.status, RunStatus::pids);
    EXPECT_FALSE(any_process_with(word));
}

TEST_F(SandboxReduced, MemoryIsLimitedOverTheSumOfForks) {
    RunSpec spec;
    spec.argv = {"python3", "-c",
                 "import os,time\n"
                 "for i in range(8):\n"
                 "    if os.fork()==0:\n"
                 "        x=bytearray(40<<20)\n"
                 "        for i in range(0,len(x),4096): x[i]=1\n"
                 "        time.sleep(60)\n"
                 "time.sleep(60)"};
    spec.limits.memory_bytes = 128ULL << 20;
    spec.limits.wall = seconds(60);
    EXPECT_EQ(run(spec).status, RunStatus::memory);
}

TEST_F(SandboxReduced, WithAControlGroupMemoryIsCapped) {
    open(MemoryGroups::Kind::v1);
    if (sandbox_->isolation().memory_limit == "soft") GTEST_SKIP() << "no control group is ours to use here";
    RunSpec spec;
    spec.argv = {"python3", "-c", "x=bytearray(400<<20)\nfor i in range(0,len(x),4096): x[i]=1\nprint(len(x))"};
    spec.limits.memory_bytes = 128ULL << 20;
    EXPECT_EQ(run(spec).status, RunStatus::memory);
}

TEST_F(SandboxReduced, FillingTheDiskEndsTheRun) {
    RunSpec spec;
    spec.argv = {"python3", "-c",
                 "import os\n"
                 "b=b'x'*(1<<20)\n"
                 "for i in range(100000):\n"
                 "    open(os.environ['TMPDIR']+'/f%d'%i,'wb').write(b)"};
    spec.limits.new_file_bytes = 4ULL << 20;
    spec.limits.wall = seconds(60);
    EXPECT_EQ(run(spec).status, RunStatus::disk);
    spec.argv = {"sh", "-c", "head -c 8388608 /dev/zero > big"};
    EXPECT_EQ(run(spec).status, RunStatus::disk);
}

TEST_F(SandboxReduced, TimeIsLimited) {
    RunSpec spec;
    spec.argv = {"sleep", "600"};
    spec.limits.wall = milliseconds(300);
    EXPECT_EQ(run(spec).status, RunStatus::timeout);
}

TEST_F(SandboxReduced, NothingIsLeftOnDiskHoweverDeepAndClosed) {
    const TempDir place = std::move(*TempDir::create());
    ASSERT_EQ(::chmod(place.path().c_str(), 0755), 0);
    const char* before = std::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    ::setenv("TMPDIR", place.path().c_str(), 1);
    const RunResult result = attack(
        "import os\n"
        "here=os.getcwd()\n"
        "os.makedirs('closed/in'); open('closed/in/f','w').write('x')\n"
        "for i in range(3000):\n"
        "    os.mkdir('d'); os.chdir('d')\n"
        "open('deep','w')\n"
        "os.chdir(here)\n"
        "try: os.chmod('closed',0)\n"
        "except OSError: pass\n");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(paths(result), Names{"+closed/in/f"});
    EXPECT_TRUE(fs::is_empty(place.path()));
    if (before == nullptr)
        ::unsetenv("TMPDIR");
    else
        ::setenv("TMPDIR", kept.c_str(), 1);
}

}  // namespace
}  // namespace ec::executor
