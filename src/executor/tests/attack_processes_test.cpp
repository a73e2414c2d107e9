// Processes that multiply, hide, stay, or reach for others.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class AttackProcesses : public testing::AttackTest {
protected:
    static Limits tight(unsigned processes, milliseconds wall = seconds(120)) {
        Limits limits;
        limits.processes = processes;
        limits.wall = wall;
        return limits;
    }
};

TEST_F(AttackProcesses, ABombOfForksIsEndedByProcesses) {
    const RunResult result = shell("f() { f | f & }; f; while :; do sleep 0.01; f; done", tight(32));
    // The first shell may be the one that cannot fork, and then gives up by itself.
    EXPECT_TRUE(result.status == RunStatus::pids || result.err.find("Cannot fork") != std::string::npos)
        << name(result.status) << result.err;
}

TEST_F(AttackProcesses, ATreeThatLeavesEverySessionIsEndedWithItsRoot) {
    const RunResult result = python(R"py(
import time
# Every one becomes an orphan in a session of its own and goes on to the next level.
for level in range(20):
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
        os.setpgid(0, 0)
        if level % 5 == 4: time.sleep(1000)
        continue
    if level: os._exit(0)
    os.wait()
    break
)py",
                                    tight(64));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, ABombOfThreadsIsEndedByProcesses) {
    const RunResult result = python(R"py(
import threading, time
threading.stack_size(65536)
while True:
    try: threading.Thread(target=time.sleep, args=(1000,)).start()
    except RuntimeError: time.sleep(0.01)
)py",
                                    tight(48));
    EXPECT_EQ(result.status, RunStatus::pids) << result.err;
}

TEST_F(AttackProcesses, ABombOfNodeWorkersIsEnded) {
    Limits limits = tight(64);
    limits.memory_bytes = 1U << 30;
    const RunResult result = node(R"js(
const { Worker } = require('worker_threads');
const start = () => {
  try {
    new Worker('setInterval(() => {}, 1000)', { eval: true }).on('error', () => {});
  } catch (e) {}
  setTimeout(start, 1);
};
process.on('uncaughtException', () => {});
start();
)js",
                                  limits);
    // At its limit Node aborts or waits, whichever thread it is that cannot be had.
    EXPECT_TRUE(result.status == RunStatus::pids || result.status == RunStatus::memory) << name(result.status);
}

TEST_F(AttackProcesses, ADaemonOfEveryMakeDoesNotSurviveItsRun) {
    const RunResult result = shell(
        "(setsid sleep 1000 >/dev/null 2>&1 </dev/null &) ; nohup sleep 1000 >/dev/null 2>&1 & "
        "python3 -c \"import os,time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): "
        "os._exit(0)\nos.chdir('/')\n"
        "os.closerange(0,64)\ntime.sleep(1000)\"; exit 0");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, IgnoringBlockingAndHandlingSignalsDelaysNothing) {
    const RunResult result = python(R"py(
import signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for s in range(1, 65):
    try: signal.signal(s, (lambda *_: None) if s % 2 else signal.SIG_IGN)
    except (OSError, ValueError): pass
for i in range(8):
    if os.fork() == 0: break
while True: time.sleep(1000)
)py",
                                    tight(64, milliseconds(500)));
    EXPECT_EQ(result.status, RunStatus::timeout);
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, ZombiesCountAndAreReaped) {
    const RunResult result = python(R"py(
import time
while True:
    try:
        if os.fork() == 0: os._exit(0)
    except OSError: time.sleep(0.01)
)py",
                                    tight(48));
    EXPECT_EQ(result.status, RunStatus::pids) << result.err;
}

TEST_F(AttackProcesses, ClosedStreamsHideNothing) {
    EXPECT_EQ(shell("exec >&- 2>&- <&-; sleep 60", tight(64, milliseconds(300))).status, RunStatus::timeout);
    const RunResult result = python("os.closerange(0, 64)\nos._exit(7)");
    EXPECT_EQ(result.exit_code, 7);
}

TEST_F(AttackProcesses, AHolderOfThePipesThatOutlivesTheProgramDoesNotHoldTheRun) {
    const RunResult result = python(R"py(
import signal, time
if os.fork() == 0:
    os.setsid(); signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    if os.fork(): os._exit(0)
    # Copies under many numbers, and more of them in flight in a socket that nobody reads.
    import socket, array
    a, b = socket.socketpair()
    for i in range(20): a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [0, 1, 2]))])
    while True:
        os.write(1, b'more\n'); time.sleep(0.001)
print('done', flush=True)
)py");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_NE(result.out.find("done\n"), std::string::npos);
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, ProcessesThatComeAndGoFasterThanAnyoneLooksAreEnded) {
    const RunResult result = python(R"py(
import time
# Each lives for a moment and starts the next in time: there is never one process to end.
while True:
    if os.fork() == 0:
        time.sleep(0.0005)
        if os.fork(): os._exit(0)
    else:
        while True: time.sleep(1)
)py",
                                    tight(32, milliseconds(1500)));
    EXPECT_TRUE(result.status == RunStatus::timeout || result.status == RunStatus::pids) << name(result.status);
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, SignalsOfEveryKindReachNobodyOutside) {
    const RunResult result = python("B = " + std::to_string(bystander()) + "\nT = " + std::to_string(::getpid()) + R"py(
import signal
for s in (9, 15, 19, 34): signal.signal(s, signal.SIG_IGN) if s not in (9, 19) else None
for pid in (B, T, -B, -T):
    for name, action in [('kill', lambda: os.kill(pid, 9)), ('killpg', lambda: os.killpg(abs(pid), 9)),
                         ('tgkill', lambda: os.kill(pid, 9) if syscall(234, pid, pid, 9) < 0 else print('sent')),
                         ('queue', lambda: os.kill(pid, 9) if syscall(129, pid, 9, ctypes.create_string_buffer(128)) < 0 else print('sent'))]:
        try: action(); print(name, pid)
        except ProcessLookupError: pass
for pid in (B, T):
    if syscall(434, pid, 0) >= 0: print('a pidfd of', pid)
    if os.path.exists('/proc/%d' % pid): print('seen', pid)
    for call_number in (302, 141, 144, 203, 251):  # prlimit64, setpriority, sched_setscheduler, sched_setaffinity, ioprio_set
        arguments = (0, pid, 19) if call_number == 141 else (1, pid, 0) if call_number == 251 else (pid, 7, None, None)
        if syscall(call_number, *arguments) >= 0: print('reached', pid, call_number)
try: os.kill(-1, 15)
except OSError: pass
print('alive')
)py");
    EXPECT_EQ(result.out, "alive\n") << result.err;
}

TEST_F(AttackProcesses, TheSupervisorCannotBeSignalledOrWeakened) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
import signal, resource
for s in range(1, 65):
    try: os.kill(1, s)
    except OSError: pass
fd = syscall(434, 1, 0)
for s in (9, 19, 15): syscall(424, fd, s, None, 0)
# Pid 1 has our uid: without a filter the kernel would let us take away what it needs.
pair = (ctypes.c_uint64 * 2)(0, 0)
for limit in range(16):
    if limit != 4: call('prlimit %d' % limit, 302, 1, limit, ctypes.byref(pair), None)
call('prlimit high bits', 302, (5 << 32) | 1, 7, ctypes.byref(pair), None)
zero = ctypes.create_string_buffer(64)
call('setaffinity', 203, 1, 8, ctypes.byref(ctypes.c_uint64(1)))
call('setscheduler idle', 144, 1, 5, zero)
call('setparam', 142, 1, zero)
call('setattr', 314, 1, zero, 0)
call('priority of pid 1', 141, 0, 1, 19)
call('priority of the uid', 141, 2, 0, 19)
call('priority of the uid by number', 141, 2, 1000, 19)
call('ioprio of pid 1', 251, 1, 1, 3 << 13)
call('ioprio of the uid', 251, 3, 1000, 3 << 13)
call('ptrace', 101, 16, 1, 0, 0)
call('seize', 101, 0x4206, 1, 0, 0)
call('readv', 310, 1, zero, 1, zero, 1, 0)
call('writev', 311, 1, zero, 1, zero, 1, 0)
call('getfd', 438, fd, 5, 0)
call('kcmp', 312, os.getpid(), 1, 0, 0, 0)
call('madvise', 440, fd, zero, 1, 4, 0)
call('mrelease', 448, fd, 0)
call('setns', 308, fd, 0x20000000)
call('move pages', 279, 1, 0, 0, 0, 0, 0)
call('migrate pages', 256, 1, 0, 0, 0)
call('robust list', 274, 1, ctypes.byref(pair), ctypes.byref(ctypes.c_uint64()))
for name in ['mem', 'fd/6', 'environ', 'maps', 'ns/mnt', 'timerslack_ns']:
    try: print('read DONE', name, os.read(os.open('/proc/1/' + name, os.O_RDONLY), 1))
    except OSError: pass
for name in ['mem', 'oom_score_adj', 'timerslack_ns', 'comm', 'clear_refs', 'attr/exec', 'coredump_filter', 'autogroup', 'sched']:
    try: os.write(os.open('/proc/1/' + name, os.O_WRONLY), b'0'); print('wrote DONE', name)
    except OSError: pass
open('written', 'w').write('still listed')
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(paths(result), std::vector<std::string>{"+written"});
}

TEST_F(AttackProcesses, NobodyIsTraced) {
    const RunResult result = python(R"py(
import signal
PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE = 0, 16, 0x4206
child = os.fork()
if child == 0:
    call('traceme', 101, PTRACE_TRACEME, 0, 0, 0)
    sys.stdout.flush(); os._exit(0)
os.waitpid(child, 0)
child = os.fork()
if child == 0:
    signal.pause()
call('attach', 101, PTRACE_ATTACH, child, 0, 0)
call('seize', 101, PTRACE_SEIZE, child, 0, 0)
zero = ctypes.create_string_buffer(64)
call('readv', 310, child, zero, 1, zero, 1, 0)
call('writev', 311, child, zero, 1, zero, 1, 0)
call('getfd', 438, syscall(434, child, 0), 0, 0)
call('kcmp', 312, os.getpid(), child, 0, 0, 0)
os.kill(child, 9)
)py");
    EXPECT_EQ(result.out,
              "traceme EPERM\nattach EPERM\nseize EPERM\nreadv EPERM\nwritev EPERM\ngetfd EPERM\nkcmp EPERM\n")
        << result.err;
}

TEST_F(AttackProcesses, StoppingItselfAndEverythingElseIsTimedOut) {
    EXPECT_EQ(shell("kill -STOP $$", tight(64, milliseconds(300))).status, RunStatus::timeout);
    const RunResult result = python(R"py(
import signal
for i in range(5):
    if os.fork() == 0:
        while True: signal.pause()
try: os.kill(1, signal.SIGSTOP)
except OSError: pass
os.kill(-1, signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
)py",
                                    tight(64, milliseconds(500)));
    EXPECT_EQ(result.status, RunStatus::timeout);
}

TEST_F(AttackProcesses, ASubreaperOrAWaitingParentKeepsNothingAlive) {
    const RunResult result = python(R"py(
import signal, time
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE = 1, 36, 4
libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
r, w = os.pipe()
if os.fork() == 0:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGCONT, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if os.fork() == 0:
        # Orphans of this one come to it and not to pid 1.
        os.setsid()
        for i in range(4):
            if os.fork() == 0: time.sleep(1000)
        os.write(w, b'x'); time.sleep(1000)
    os.wait()
os.read(r, 1)
)py");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_LT(result.wall, seconds(60));
}

TEST_F(AttackProcesses, ABombOfVforksIsEnded) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    // CLONE_VFORK|SIGCHLD without CLONE_VM: the parent hangs until the child ends, which begets the next.
    const RunResult result = python(
        "import time\nwhile True:\n    if syscall(56, 0x4000 | 17, 0, 0, 0, 0) < 0: time.sleep(0.01)", tight(32));
    EXPECT_EQ(result.status, RunStatus::pids) << name(result.status) << result.err;
}

TEST_F(AttackProcesses, ProgramsMadeInMemoryRunInTheSameCage) {
    const RunResult result = python(R"py(
try:
    fd = os.memfd_create('hidden')
    os.write(fd, open(os.path.realpath('/bin/cat'), 'rb').read())
    os.execve(fd, ['cat', C], {})
except OSError as e:
    print(errno.errorcode[e.errno])
)py");
    // cat finds no canary; without a control group there is no memory to make a program in.
    EXPECT_TRUE(result.out == "ENOSYS\n" || result.err.find("No such file") != std::string::npos)
        << result.out << result.err;
}

TEST_F(AttackProcesses, DebuggersOfNodeReachOnlyNodeItself) {
    const RunResult result = node(R"js(
const tell = (name, action) => { try { action(); console.log(name, 'DONE'); } catch (e) { console.log(name, e.code || e.name); } };
const fs = require('fs'), cp = require('child_process');
tell('read', () => console.log(fs.readFileSync(process.env.C, 'utf8')));
tell('binding', () => process.binding('fs').open(process.env.C, 0, 0o666));
tell('dlopen', () => process.dlopen({ exports: {} }, process.env.C));
tell('signal', () => process._debugProcess(1));
tell('kill', () => process.kill(1, 'SIGKILL'));
tell('spawn', () => { const r = cp.spawnSync('cat', [process.env.C]); if (r.status !== 0) throw r.error || new Error(); });
process.report.directory = require('path').dirname(process.env.C);
tell('report', () => { if (!process.report.writeReport('canary.txt')) throw new Error(); });
require('inspector').open(0, '127.0.0.1', false);
console.log('inspector', require('inspector').url() !== undefined);
process.exit(0);
)js");
    EXPECT_EQ(result.out.find("read DONE"), std::string::npos) << result.out;
    EXPECT_EQ(result.out.find("spawn DONE"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("inspector true"), std::string::npos) << result.out << result.err;
}

}  // namespace
}  // namespace ec::executor
