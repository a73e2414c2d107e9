// Taking more than is given: time, memory in all its shapes, and output. Each is ended with the word of its limit.
#include <csignal>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AttackResources : public testing::AttackTest {
protected:
    static Limits memory(std::uint64_t mebibytes) {
        Limits limits;
        limits.memory_bytes = mebibytes << 20;
        limits.wall = limits.cpu = seconds(120);  // longer than any of the programs waits to be ended
        return limits;
    }
    static Limits one_second_of_cpu() {
        Limits limits;
        limits.cpu = seconds(1);
        limits.wall = seconds(60);
        return limits;
    }
    // A hard cap counts everything; without one some kinds of memory are refused instead of counted.
    [[nodiscard]] bool hard() {
        const auto isolation = probe_isolation(testing::box_program());
        EXPECT_TRUE(isolation);
        return isolation && isolation->memory_limit != "soft";
    }
    // Ended by the limit, or refused by the system call.
    void expect_capped(const RunResult& result, std::uint64_t mebibytes) {
        EXPECT_NE(result.status, RunStatus::ok) << result.out << result.err;
        EXPECT_NE(result.status, RunStatus::timeout) << result.out << result.err;
        EXPECT_EQ(result.out.find("got it all"), std::string::npos) << result.out;
        if (!hard()) return;
        EXPECT_EQ(result.status, RunStatus::memory) << name(result.status) << result.out << result.err;
        EXPECT_LE(result.peak_memory_bytes, (mebibytes + mebibytes / 2) << 20);
    }
    // What a program takes between two looks of a watcher is a matter of the machine's load: only a cap has a peak.
    void expect_peak(const RunResult& result, std::uint64_t mebibytes) {
        if (hard()) {
            EXPECT_LE(result.peak_memory_bytes, mebibytes << 20);
        }
    }
};

TEST_F(AttackResources, SpinningInEveryLanguageIsEndedByProcessorTime) {
    EXPECT_EQ(shell("while :; do :; done", one_second_of_cpu()).status, RunStatus::cpu);
    EXPECT_EQ(node("for (;;) {}", one_second_of_cpu()).status, RunStatus::cpu);
    EXPECT_EQ(python(R"py(
import signal
signal.signal(signal.SIGXCPU, signal.SIG_IGN)
while True: pass
)py",
                     one_second_of_cpu())
                  .status,
              RunStatus::cpu);
}

TEST_F(AttackResources, ARegularExpressionThatBlowsUpIsEndedByProcessorTime) {
    EXPECT_EQ(python("import re\nre.match(r'(a+)+$', 'a' * 60 + 'b')", one_second_of_cpu()).status, RunStatus::cpu);
    EXPECT_EQ(node("/^(a+)+$/.test('a'.repeat(60) + 'b')", one_second_of_cpu()).status, RunStatus::cpu);
}

TEST_F(AttackResources, WaitingInEveryWayIsTimedOut) {
    Limits limits;
    limits.wall = milliseconds(700);
    for (const char* program :
         {"import time; time.sleep(1000)", "import signal; signal.pause()", "import select; select.select([], [], [])",
          "import os; r, w = os.pipe(); os.read(r, 1)", "import threading; threading.Event().wait()",
          "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.accept()",
          "import fcntl, os; fd = os.open('l', os.O_CREAT | os.O_RDWR); fcntl.flock(fd, 2); fcntl.flock(os.open('l', "
          "2), 2)"}) {
        EXPECT_EQ(python(program, limits).status, RunStatus::timeout) << program;
    }
}

TEST_F(AttackResources, WaitingForInputEndsAtOnce) {
    for (const char* script : {"cat", "read x; true", "cat /dev/stdin", "python3 -c 'import sys; sys.stdin.read()'",
                               "node -e \"process.stdin.on('data', () => {}).on('end', () => {})\""}) {
        EXPECT_EQ(shell(script).status, RunStatus::ok) << script;
    }
    EXPECT_EQ(shell("cat /dev/tty").status, RunStatus::failed);
}

TEST_F(AttackResources, MemoryInOneProcessIsCapped) {
    expect_capped(python("a = bytearray(1)\nwhile True: a += bytes(8 << 20)", memory(128)), 128);
}

TEST_F(AttackResources, BuffersOfNodeAreCapped) {
    const RunResult result = node("const kept = []; for (;;) kept.push(Buffer.alloc(4 << 20, 1));", memory(256));
    // Where memory is watched, an allocation may be refused before the watcher has looked.
    EXPECT_TRUE(result.status == RunStatus::memory || (!hard() && result.status != RunStatus::ok))
        << name(result.status) << result.err;
}

TEST_F(AttackResources, ArraysOfNodeAreCapped) {
    const RunResult result =
        node("const kept = []; for (;;) kept.push(new Array(100000).fill(kept.length));", memory(256));
    EXPECT_TRUE(result.status == RunStatus::memory || result.status == RunStatus::signal) << name(result.status);
    expect_peak(result, 400);
}

TEST_F(AttackResources, TheSumOverForksIsCapped) {
    expect_capped(python(R"py(
import time
for i in range(8):
    if os.fork() == 0:
        a = b'x' * (48 << 20); time.sleep(60); os._exit(0)
for i in range(8): os.wait()
print('got it all')
)py",
                         memory(160)),
                  160);
}

TEST_F(AttackResources, SharedAnonymousMemoryIsCapped) {
    expect_capped(python(R"py(
import mmap
m = mmap.mmap(-1, 512 << 20)
for i in range(512): m[i << 20:(i << 20) + (1 << 20)] = b'x' * (1 << 20)
import time; time.sleep(60)  # a watcher may come late
print('got it all')
)py",
                         memory(128)),
                  128);
}

TEST_F(AttackResources, FilesInMemoryAreCapped) {
    expect_capped(python(R"py(
files = []
for i in range(64):
    fd = os.memfd_create('m%d' % i); files.append(fd)
    for j in range(8): os.write(fd, b'x' * (1 << 20))
print('got it all')
)py",
                         memory(128)),
                  128);
}

TEST_F(AttackResources, SystemVAndPosixMemoryIsCapped) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    expect_capped(python(R"py(
libc.shmat.restype = ctypes.c_void_p
for i in range(64):
    key = syscall(29, 0, 8 << 20, 0o1600)
    if key < 0: print('shmget', error()); sys.exit(1)
    at = libc.shmat(key, None, 0)
    ctypes.memset(at, 1, 8 << 20); libc.shmdt(ctypes.c_void_p(at))  # detached: no process shows it any more
print('got it all')
)py",
                         memory(128)),
                  128);
    const RunResult queues = python(R"py(
for i in range(100):
    if syscall(240, b'q%d' % i, os.O_CREAT | os.O_RDWR, 0o600, None) < 0: print(error()); sys.exit(1)
)py");
    EXPECT_TRUE(queues.out == "EMFILE\n" || queues.out == "ENOSYS\n") << queues.out << queues.err;
}

TEST_F(AttackResources, SystemVMessagesAndSemaphoresAreCapped) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    for (const char* program : {R"py(
total = 0
block = ctypes.create_string_buffer((1).to_bytes(8, 'little') + b'x' * 8000)
for i in range(32000):
    queue = syscall(68, 0, 0o1600)
    if queue < 0: print('msgget', error()); sys.exit(1)
    while syscall(69, queue, block, 8000, 0o4000) >= 0: total += 8000
    if total > 400 << 20: print('got it all'); break
)py",
                                R"py(
for i in range(1000):
    if syscall(64, 0, 32000, 0o1600) < 0: print('semget', error()); sys.exit(1)
print('got it all')
)py"}) {
        const RunResult result = python(program, memory(96));
        EXPECT_EQ(result.out.find("got it all"), std::string::npos) << result.out;
        EXPECT_NE(result.status, RunStatus::ok) << result.out << result.err;
    }
}

TEST_F(AttackResources, BuffersOfPipesAreCapped) {
    const RunResult result = python(R"py(
import fcntl
pipes, total = [], 0
try:
    while len(pipes) < 480:
        r, w = os.pipe(); pipes.append((r, w))
        try: fcntl.fcntl(w, 1031, 1 << 20)  # F_SETPIPE_SZ
        except OSError: pass
        os.set_blocking(w, False)
        try:
            while True: total += os.write(w, b'x' * 65536)
        except BlockingIOError: pass
except OSError as e: print(errno.errorcode[e.errno])
print(total >> 20, total > 110 << 20)
sys.exit(total > 110 << 20)
)py",
                                    memory(96));
    // Without a control group the kernel's own allowance of 64 MiB a user is what ends it.
    EXPECT_EQ(result.out.find("True"), std::string::npos) << result.out;
}

TEST_F(AttackResources, DeepStacksAreCapped) {
    const RunResult result = python(R"py(
import resource, threading
resource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sys.setrecursionlimit(10**9)
threading.stack_size(1 << 30)
def deep(n): return max(deep(n + 1), n, key=lambda x: x)
thread = threading.Thread(target=deep, args=(0,)); thread.start(); thread.join()
print('got it all')
)py",
                                    memory(128));
    EXPECT_NE(result.status, RunStatus::ok);
    expect_peak(result, 192);
    const RunResult in_node = shell(
        "ulimit -s unlimited; exec node --stack-size=4000000 -e 'const f = (n) => f(n + 1) + 1; f(0)'", memory(256));
    EXPECT_NE(in_node.status, RunStatus::ok);
    expect_peak(in_node, 400);
}

TEST_F(AttackResources, FloodsOnBothStreamsEndTheRun) {
    Limits limits;
    limits.output_flood_bytes = 4U << 20;
    limits.kept_output_bytes = 2000;
    limits.wall = seconds(60);
    const RunResult result = shell("cat /dev/zero >&2 & exec cat /dev/zero", limits);
    EXPECT_EQ(result.status, RunStatus::output);
    EXPECT_LT(result.out.size(), 3000U);
    EXPECT_LT(result.err.size(), 3000U);
    EXPECT_TRUE(result.truncated);
    EXPECT_EQ(node("const s = 'x'.repeat(1 << 20); for (;;) require('fs').writeSync(1, s)", limits).status,
              RunStatus::output);
}

TEST_F(AttackResources, OutputOfEveryByteComesBackAsItWas) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(python("sys.stdout.buffer.write(bytes(range(256)))").out, all);
    EXPECT_EQ(python("sys.stderr.buffer.write(bytes(range(256)))").err, all);
    EXPECT_EQ(shell("printf '\\033]0;title\\007\\033[2J'").out, "\033]0;title\007\033[2J");
}

TEST_F(AttackResources, FillingEveryFileSystemInMemoryIsCalledDisk) {
    Limits limits;
    limits.new_file_bytes = 8U << 20;
    limits.wall = seconds(60);
    for (const char* place : {".", "/tmp", "/dev/shm", "$HOME"}) {
        const std::string script =
            std::string("cd ") + place + "; i=0; while head -c 4000000 /dev/zero > f$i; do i=$((i+1)); done; exit 1";
        EXPECT_EQ(shell(script, limits).status, RunStatus::disk) << place;
    }
}

TEST_F(AttackResources, OpenFilesHaveAnEndInEveryProcess) {
    Limits limits;
    limits.open_files = 64;
    const RunResult result = python(R"py(
import resource
held = []
try:
    while True: held.append(os.open('/dev/null', os.O_RDONLY))
except OSError as e: print(errno.errorcode[e.errno], len(held) < 64)
attempt('more', lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096)))
)py",
                                    limits);
    EXPECT_EQ(result.out, "EMFILE True\nmore ValueError\n") << result.err;
}

TEST_F(AttackResources, WatchesTimersAndLocksHaveAnEnd) {
    const RunResult result = python(R"py(
made = 0
timer = ctypes.c_int()
while made < 2000000 and syscall(222, 1, None, ctypes.byref(timer)) == 0: made += 1
print('timers', made < 2000000)
)py",
                                    memory(256));
    EXPECT_TRUE(result.out == "timers True\n" || result.status == RunStatus::memory) << result.out << result.err;
}

// A killed program's memory is freed a moment later, and the supervisor needs some itself meanwhile.
TEST_F(AttackResources, ManyMemoryBombsInARowAreEachCalledMemory) {
    if (!hard()) GTEST_SKIP() << "without a control group it is pid 1 that ends the run";
    for (int i = 0; i < 30; ++i) {
        const RunResult result = python(
            "import mmap\nm = mmap.mmap(-1, 1 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
            "for i in range(1 << 18): m[i << 12] = 1",
            memory(64));
        ASSERT_EQ(result.status, RunStatus::memory) << "run " << i << ": " << name(result.status);
    }
}

TEST_F(AttackResources, BuffersOfSocketsAreCapped) {
    const RunResult result = python(R"py(
import socket
total, held = 0, []
for i in range(480):
    a, b = socket.socketpair(); held.append((a, b))
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22); a.setblocking(False)
    try:
        while True: total += a.send(b'x' * 65536)
    except BlockingIOError: pass
import time; time.sleep(60)  # a watcher may come late
print('got it all', total >> 20)
)py",
                                    memory(64));
    EXPECT_EQ(result.status, RunStatus::memory) << result.out;
}

TEST_F(AttackResources, PageTablesAreCapped) {
    const RunResult result = python(R"py(
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
step, tables = 2 << 20, 400 << 8
at = libc.mmap(None, tables * step, 1, 0x4022, -1, 0)  # PROT_READ, PRIVATE|ANONYMOUS|NORESERVE
libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(tables * step), 15)  # no huge pages
for i in range(tables): ctypes.c_char.from_address(at + i * step).value
import time; time.sleep(60)  # a watcher may come late
print('got it all', [l for l in open('/proc/self/status') if l.startswith(('VmPTE', 'VmRSS'))])
)py",
                                    memory(128));
    EXPECT_EQ(result.status, RunStatus::memory) << result.out;
}

}  // namespace
}  // namespace ec::executor
