// Every limit ends the run with its own word, in bounded time, and takes everything with it.
#include <csignal>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::SandboxTest;

class SandboxLimits : public SandboxTest {
protected:
    RunResult limited(std::vector<std::string> argv, const Limits& limits) {
        RunSpec spec;
        spec.argv = std::move(argv);
        spec.limits = limits;
        return run(std::move(spec));
    }
    static Limits quick(milliseconds wall) {
        Limits limits;
        limits.wall = wall;
        return limits;
    }
};

TEST_F(SandboxLimits, ASleeperIsTimedOut) {
    const RunResult result = limited({"sleep", "60"}, quick(milliseconds(200)));
    EXPECT_EQ(result.status, RunStatus::timeout);
    EXPECT_EQ(result.exit_code, -1);
    EXPECT_GE(result.wall, milliseconds(200));
    EXPECT_LT(result.wall, seconds(50));  // before the program would have ended
}

TEST_F(SandboxLimits, IgnoringEverySignalDoesNotHelp) {
    const RunResult result = limited({"python3", "-c",
                                      "import signal,time\n"
                                      "for s in range(1,32):\n"
                                      "    try: signal.signal(s, signal.SIG_IGN)\n"
                                      "    except OSError: pass\n"
                                      "time.sleep(60)"},
                                     quick(milliseconds(500)));
    EXPECT_EQ(result.status, RunStatus::timeout);
}

TEST_F(SandboxLimits, AStoppedProgramIsTimedOut) {
    EXPECT_EQ(limited({"sh", "-c", "kill -STOP $$"}, quick(milliseconds(300))).status, RunStatus::timeout);
}

TEST_F(SandboxLimits, ASpinnerIsEndedByProcessorTime) {
    Limits limits = quick(seconds(60));
    limits.cpu = seconds(1);
    const RunResult result = limited({"sh", "-c", "while :; do :; done"}, limits);
    EXPECT_EQ(result.status, RunStatus::cpu);
    EXPECT_GE(result.cpu, milliseconds(500));
}

TEST_F(SandboxLimits, AMemoryBombIsEndedByMemory) {
    Limits limits = quick(seconds(60));
    limits.memory_bytes = 128U << 20;
    const RunResult result = limited({"python3", "-c", "a=[]\nwhile True: a.append(b'x'*1000000)"}, limits);
    EXPECT_EQ(result.status, RunStatus::memory) << result.err;
    EXPECT_GT(result.peak_memory_bytes, 64U << 20);
}

TEST_F(SandboxLimits, MemoryCountsOverAllProcesses) {
    Limits limits = quick(seconds(60));
    limits.memory_bytes = 200U << 20;
    const RunResult result = limited({"python3", "-c",
                                      "import os,time\n"
                                      "for i in range(6):\n"
                                      "    if os.fork()==0:\n"
                                      "        a=b'x'*60000000\n"
                                      "        time.sleep(60)\n"
                                      "for i in range(6): os.wait()"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::memory) << result.err;
}

TEST_F(SandboxLimits, SharedAnonymousMemoryCounts) {
    Limits limits = quick(seconds(60));
    limits.memory_bytes = 128U << 20;
    const RunResult result = limited({"python3", "-c",
                                      "import mmap,time\n"
                                      "m=mmap.mmap(-1,400<<20)\n"
                                      "for i in range(400): m.seek(i<<20); m.write(b'x'*(1<<20))\n"
                                      "time.sleep(60)"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::memory) << result.err;
}

// Each of its own: no one of them is large, and nothing is private.
TEST_F(SandboxLimits, SharedMemoryOfManyProcessesCountsInSum) {
    Limits limits = quick(seconds(60));
    limits.memory_bytes = 128U << 20;
    const RunResult result = limited({"python3", "-c",
                                      "import mmap,os,time\n"
                                      "for n in range(8):\n"
                                      "    if os.fork(): continue\n"
                                      "    m=mmap.mmap(-1,40<<20)\n"
                                      "    for i in range(40): m.seek(i<<20); m.write(b'x'*(1<<20))\n"
                                      "    time.sleep(60)\n"
                                      "time.sleep(60)"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::memory) << result.err;
}

TEST_F(SandboxLimits, PagesThatForksShareCountOnce) {
    Limits limits = quick(seconds(60));
    limits.memory_bytes = 256U << 20;
    const RunResult result = limited({"python3", "-c",
                                      "import os,time\n"
                                      "x=bytes(b'x')*(120<<20)\n"
                                      "children=[]\n"
                                      "for n in range(6):\n"
                                      "    pid=os.fork()\n"
                                      "    if pid==0: time.sleep(0.3); os._exit(0)\n"
                                      "    children.append(pid)\n"
                                      "for c in children: os.waitpid(c,0)\n"
                                      "print(len(x))"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_LE(result.peak_memory_bytes, limits.memory_bytes);
}

TEST_F(SandboxLimits, AForkBombIsEndedByProcesses) {
    Limits limits = quick(seconds(60));
    limits.processes = 32;
    const RunResult result = limited({"python3", "-c",
                                      "import os,time\n"
                                      "while True:\n"
                                      "    try: os.fork()\n"
                                      "    except OSError: time.sleep(0.01)"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::pids) << result.err;
}

TEST_F(SandboxLimits, FailingAtTheProcessLimitSaysSo) {
    Limits limits = quick(seconds(60));
    limits.processes = 16;
    const RunResult result = limited({"python3", "-c",
                                      "import subprocess\n"
                                      "a=[subprocess.Popen(['sleep','60']) for i in range(40)]"},
                                     limits);
    EXPECT_EQ(result.status, RunStatus::pids) << result.err;
    EXPECT_EQ(result.exit_code, 1);
}

TEST_F(SandboxLimits, AnOutputFloodIsEndedByOutput) {
    Limits limits = quick(seconds(60));
    limits.output_flood_bytes = 4U << 20;
    limits.kept_output_bytes = 1000;
    const RunResult result = limited({"sh", "-c", "exec cat /dev/zero"}, limits);
    EXPECT_EQ(result.status, RunStatus::output);
    EXPECT_GT(result.stdout_bytes, 4U << 20);
    EXPECT_LT(result.out.size(), 2000U);
    EXPECT_EQ(limited({"sh", "-c", "exec cat /dev/zero >&2"}, limits).status, RunStatus::output);
}

TEST_F(SandboxLimits, FillingTheDiskIsEndedByDisk) {
    Limits limits = quick(seconds(60));
    limits.new_file_bytes = 4U << 20;
    EXPECT_EQ(limited({"sh", "-c", "cat /dev/zero > big"}, limits).status, RunStatus::disk);
    EXPECT_EQ(
        limited({"sh", "-c", "for i in 1 2 3 4 5 6 7 8; do head -c 1000000 /dev/zero > f$i || exit 1; done"}, limits)
            .status,
        RunStatus::disk);
    EXPECT_EQ(
        limited({"python3", "-c", "import os\nf=open('s','wb')\nos.posix_fallocate(f.fileno(),0,100<<30)"}, limits)
            .exit_code,
        1);
}

TEST_F(SandboxLimits, ASparseGiantIsNotCarriedOut) {
    RunSpec spec;
    spec.argv = {"python3", "-c", "for i in range(20): open('s%d'%i,'wb').truncate(60<<20)"};
    spec.collect_change_contents = true;
    const RunResult result = run(spec);
    ASSERT_EQ(result.status, RunStatus::ok) << result.err;
    ASSERT_EQ(result.changes.size(), 20U);
    std::uint64_t total = 0;
    for (const Change& change : result.changes) total += change.content.size();
    EXPECT_LE(total, 64U << 20);
    EXPECT_TRUE(result.changes.back().content_missing);
}

TEST_F(SandboxLimits, CoreFilesAndOpenFilesAreBounded) {
    Limits limits;
    limits.open_files = 32;
    EXPECT_EQ(limited({"sh", "-c", "ulimit -c; ulimit -n"}, limits).out, "0\n32\n");
}

TEST_F(SandboxLimits, APipeHolderThatOutlivesTheMainProgramDoesNotHoldTheRun) {
    const RunResult result = limited({"sh", "-c", "sleep 60 & echo done"}, quick(seconds(60)));
    EXPECT_EQ(result.status, RunStatus::ok);
    EXPECT_EQ(result.out, "done\n");
    EXPECT_LT(result.wall, seconds(50));
}

TEST_F(SandboxLimits, ClosingItsOwnStreamsDoesNotHideAProgram) {
    EXPECT_EQ(limited({"sh", "-c", "exec >&- 2>&- <&-; sleep 60"}, quick(milliseconds(300))).status,
              RunStatus::timeout);
}

}  // namespace
}  // namespace ec::executor
