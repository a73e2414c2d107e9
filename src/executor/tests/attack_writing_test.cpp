// Writing where the program may not, and files that are meant to fool whoever looks at them afterwards.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ec/executor/apply.hpp>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using testing::kCanary;
using Names = std::vector<std::string>;

class AttackWriting : public testing::AttackTest {
protected:
    // A run whose program finds an artifact folder in `A`.
    RunResult with_artifacts(const std::string& program) {
        RunSpec spec;
        spec.artifact_dir = artifact_dir();
        spec.environment = {{"A", spec.artifact_dir}};
        spec.argv = {"python3", "-c", "import os,socket,stat\nA=os.environ['A'];C=os.environ['C']\n" + program};
        return attack(std::move(spec));
    }
};

TEST_F(AttackWriting, NothingOutsideTheWorkspaceCanBeWritten) {
    fs::create_symlink(canary(), root() / "link");
    fs::create_directory_symlink(outside(), root() / "dirlink");
    const RunResult result = python(R"py(
targets = [C, 'link', 'dirlink/new', '../' + M, '/' + M, '/usr/' + M, '/etc/' + M, '/etc/passwd', '/etc/hosts', '/dev/' + M,
           '/run/' + M, '/run/edgecoder/' + M, '/var/' + M, '/home/' + M, '/root/' + M, os.path.realpath('/usr/bin/env'),
           os.path.realpath(sys.executable), '/lib/' + M, '/bin/' + M, os.path.dirname(os.getcwd()) + '/' + M,
           '/proc/self/root/' + M, '/proc/' + M]
# What lies below /tmp is the sandbox's own, also the way to a workspace there; from outside nothing is to be seen of it.
for t in [t for t in targets if os.path.islink(t) or not os.path.realpath(t).startswith('/tmp/') or t.startswith('dirlink')]:
    for name, action in [('create', lambda: os.open(t, os.O_WRONLY | os.O_CREAT)), ('write', lambda: os.open(t, os.O_RDWR)),
                         ('truncate', lambda: os.truncate(t, 0)), ('unlink', lambda: os.unlink(t) if not os.path.islink(t) else open(t)),
                         ('rename', lambda: os.rename(t, 'x') if not os.path.islink(t) else open(t)),
                         ('mkdir', lambda: os.mkdir(t + '.d')) if not t.startswith(('link', 'dirlink')) else ('', lambda: open(C)),
                         ('chmod', lambda: os.chmod(t, 0o777)), ('chown', lambda: os.chown(t, 0, 0)),
                         ('xattr', lambda: os.setxattr(t, 'user.x', b'y')), ('utime', lambda: os.utime(t, (0, 0))),
                         ('symlink', lambda: os.symlink('x', t)), ('fifo', lambda: os.mkfifo(t))]:
        try:
            action()
            print(name, t)
        except OSError: pass
)py");
    EXPECT_EQ(result.out, "") << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

TEST_F(AttackWriting, SwitchesOfTheKernelCannotBeWritten) {
    const RunResult result = python(R"py(
import glob
switches = ['/proc/sys/kernel/core_pattern', '/proc/sys/kernel/modprobe', '/proc/sys/kernel/hostname',
            '/proc/sys/kernel/hotplug', '/sys/kernel/uevent_helper', '/proc/sysrq-trigger', '/proc/sys/vm/panic_on_oom',
            '/proc/sys/fs/binfmt_misc/register', '/proc/sys/fs/protected_symlinks', '/proc/sys/net/ipv4/ip_forward',
            '/proc/sys/user/max_user_namespaces', '/proc/1/oom_score_adj', '/proc/1/attr/current', '/proc/1/comm',
            '/proc/1/mem', '/proc/1/clear_refs', '/proc/1/coredump_filter', '/proc/1/timerslack_ns', '/proc/1/autogroup',
            '/proc/1/sched', '/proc/1/uid_map', '/proc/1/gid_map', '/proc/1/setgroups', '/proc/1/loginuid',
            '/proc/self/uid_map', '/proc/self/gid_map', '/proc/irq/0/smp_affinity', '/proc/mtrr', '/proc/bus/pci',
            '/proc/scsi/scsi', '/proc/acpi/wakeup', '/proc/timer_stats', '/proc/kcore', '/proc/fs/nfsd/exports']
for top in ['/proc/sys/kernel', '/proc/sys/vm', '/proc/sys/fs', '/proc/sys/net', '/proc/sys/user', '/proc/sys/dev']:
    for folder, _, files in os.walk(top): switches += [os.path.join(folder, f) for f in files]
for p in switches:
    try: fd = os.open(p, os.O_WRONLY)
    except OSError: continue
    try:
        old = open(p).read()
        os.write(fd, old.encode() or b'0')
        print('wrote', p)
    except OSError: pass
print(len(switches) > 300)
)py");
    EXPECT_EQ(result.out, "True\n") << result.err;
}

TEST_F(AttackWriting, ControlGroupsCannotBeReached) {
    const RunResult result = python(R"py(
import subprocess
for p in ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/release_agent', '/proc/self/cgroup_root']:
    if os.path.exists(p): print('there', p)
os.mkdir('/tmp/cg')
for kind, option in [(b'cgroup', b'memory'), (b'cgroup', b'rdma'), (b'cgroup2', None), (b'sysfs', None), (b'proc', None),
                     (b'tmpfs', None), (b'devtmpfs', None), (b'securityfs', None), (b'binfmt_misc', None), (b'overlay', b'lowerdir=/')]:
    call('mount ' + kind.decode(), 165, b'none', b'/tmp/cg', kind, 0, option or 0)
    call('fsopen ' + kind.decode(), 430, kind, 0)
print(open('/proc/self/cgroup').read().count('edgecoder-'))
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_EQ(result.out.find("there"), std::string::npos) << result.out;
    EXPECT_TRUE(result.out.ends_with("\n0\n")) << result.out << result.err;
}

TEST_F(AttackWriting, AFileWithASecondNameOutsideKeepsItsContentThere) {
    write("shared.txt", "as it was");
    fs::create_hard_link(root() / "shared.txt", outside() / "second-name");
    const RunResult result = python(R"py(
fd = os.open('shared.txt', os.O_RDONLY)
open('shared.txt', 'a').write('!')
os.chmod('shared.txt', 0o600)
os.utime('shared.txt', (0, 0))
os.link('shared.txt', 'third')
import mmap
with open('shared.txt', 'r+b') as f:
    with mmap.mmap(f.fileno(), 0) as m: m[0:2] = b'XX'
attempt('write through the old descriptor', lambda: os.write(fd, b'x'))
attempt('reopen it', lambda: os.write(os.open('/proc/self/fd/%d' % fd, os.O_RDWR | os.O_TRUNC), b'y'))
)py");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(*read_file(outside() / "second-name"), "as it was");
    EXPECT_EQ(paths(result), (Names{"*shared.txt", "+third"}));
}

TEST_F(AttackWriting, ALinkThatIsSwappedAllTheTimeLeadsNobodyAstray) {
    write("sub/file.txt", "before");
    RunSpec spec;
    spec.collect_change_contents = true;
    spec.limits.wall = seconds(60);
    spec.argv = {"python3", "-c", R"py(
import os
C = os.environ['C']
# A child that swaps on while the main program ends: the list of changes is made of a world that stands still.
if os.fork() == 0:
    os.setsid()
    os.mkdir('real'); open('real/canary.txt', 'w').write('inside')
    os.symlink(os.path.dirname(C), 'trap'); os.symlink(C, 'leaf-trap'); open('leaf-real', 'w').write('inside')
    open('ready', 'w')
    while True:
        for real, trap, name in [('real', 'trap', 'swapped'), ('leaf-real', 'leaf-trap', 'leaf')]:
            os.rename(real, name); os.rename(name, real); os.rename(trap, name); os.rename(name, trap)
while not os.path.exists('ready'): pass
for i in range(2000): os.path.lexists('swapped')
)py"};
    const RunResult result = attack(std::move(spec));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    for (const Change& change : result.changes) EXPECT_EQ(change.symlink_target, "") << change.path;
    const auto applied = apply(result);
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(*read_file(canary()), kCanary);
}

TEST_F(AttackWriting, WhereTheReportShouldBeAreALinkAPipeASocketAFolderAndADevice) {
    const RunResult result = with_artifacts(
        "os.symlink(C,A+'/link'); os.symlink('/etc/passwd',A+'/passwd'); os.mkfifo(A+'/fifo'); os.mkdir(A+'/folder')\n"
        "s=socket.socket(socket.AF_UNIX); s.bind(A+'/socket')\n"
        "for kind in (stat.S_IFCHR, stat.S_IFBLK):\n"
        "    try: os.mknod(A+'/device',kind|0o666,os.makedev(1,5)); print('made a device')\n"
        "    except OSError: pass\n"
        "os.link(A+'/fifo',A+'/second')\n"
        "open(A+'/good','w').write('fine')\n"
        "os.chmod(A+'/good',0)\n"
        "print(s.getsockname()==A+'/socket')");
    EXPECT_EQ(result.out, "True\n") << result.err;
    EXPECT_EQ(result.artifacts, (std::map<std::string, std::string>{{"good", "fine"}}));
}

TEST_F(AttackWriting, AReportOfAGibibyteIsNotCarriedOut) {
    const RunResult result = with_artifacts(
        "def t(size):\n"
        "    try: open(A+'/sparse','wb').truncate(size); return True\n"
        "    except OSError: return False\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "print(t(1<<30), t(1<<62), t(17<<20))\n"
        "try:\n"
        "    with open(A+'/solid','wb') as f:\n"
        "        while True: f.write(b'x'*(1<<20))\n"
        "except OSError: print('full')\n"
        "os.symlink('sparse',A+'/alias')");
    EXPECT_EQ(result.out, "False False True\nfull\n") << result.err;
    EXPECT_TRUE(result.artifacts.empty());
}

TEST_F(AttackWriting, TheFolderOfTheReportCannotBeReplaced) {
    const RunResult result = with_artifacts(
        "for f in [lambda: os.rename(A,A+'x'), lambda: os.rmdir(A), lambda: os.symlink(os.path.dirname(C),A), \n"
        "          lambda: os.mkdir(os.path.dirname(A)+'/new')]:\n"
        "    try: f(); print('replaced')\n"
        "    except OSError: pass\n"
        "print(sorted(os.listdir('/run/edgecoder'))==[os.path.basename(A)])");
    EXPECT_EQ(result.out, "True\n") << result.err;
}

TEST_F(AttackWriting, PlantedHooksAndEditorAndCiFilesAreNotApplied) {
    const Names planted = {".git/hooks/pre-commit",
                           "vendor/deep/er/.git/hooks/post-checkout",
                           "vendor/deep/.git/config",
                           ".GIT/config",
                           ".github/workflows/ci.yml",
                           ".gitlab-ci.yml",
                           ".vscode/tasks.json",
                           "sub/.vscode/settings.json",
                           ".idea/workspace.xml",
                           ".husky/pre-commit",
                           ".envrc",
                           ".circleci/config.yml"};
    std::string script = "set -e; ";
    for (const std::string& path : planted) {
        script += "mkdir -p $(dirname " + path + "); echo evil > " + path + "; ";
    }
    script += "echo fine > fine.txt";
    RunSpec spec;
    spec.argv = {"sh", "-c", script};
    spec.collect_change_contents = true;
    const RunResult result = attack(std::move(spec));
    ASSERT_EQ(result.status, RunStatus::ok) << result.err;
    const auto applied = apply(result);
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(applied->written, Names{"fine.txt"});
    for (const std::string& path : planted) EXPECT_FALSE(fs::exists(root() / path)) << path;
}

TEST_F(AttackWriting, SetuidFilesAndDevicesHaveNoTeethInsideAndDoNotComeOut) {
    const RunResult result = python(R"py(
import shutil, stat, subprocess
for folder in ['.', '/tmp', '/dev/shm']:
    p = os.path.join(folder, 'id')
    shutil.copy('/usr/bin/id', p)
    os.chmod(p, 0o6755)
    print(subprocess.run([p, '-u'], capture_output=True, text=True).stdout.strip())
    for kind in (stat.S_IFCHR, stat.S_IFBLK):
        for device in (os.makedev(1, 1), os.makedev(8, 0), os.makedev(10, 200), os.makedev(0, 0)):
            attempt('device', lambda: os.mknod(os.path.join(folder, 'dev'), kind | 0o666, device))
    attempt('capability', lambda: os.setxattr(p, 'security.capability', b'\1\0\0\2' + b'\xff' * 16))
    attempt('owner', lambda: os.chown(p, 0, 0))
    attempt('trusted', lambda: os.setxattr(p, 'trusted.overlay.opaque', b'y'))
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_EQ(result.out.substr(0, 5), "1000\n") << result.out << result.err;
    EXPECT_EQ(paths(result), Names{"+id"});
}

TEST_F(AttackWriting, AFolderOfFiveThousandLevelsEndsInTimeAndLeavesNothing) {
    const RunResult result = python(R"py(
made = 0
try:
    for i in range(5000):
        os.mkdir('d'); os.chdir('d'); made += 1
except OSError as e: print(errno.errorcode[e.errno])
open('deepest', 'w').write('x')
print(made)
)py");
    EXPECT_EQ(result.out, "5000\n") << result.err;
    EXPECT_EQ(paths(result), Names{});
    EXPECT_LT(result.wall, seconds(30));
}

TEST_F(AttackWriting, AHundredThousandFilesEndInTimeWithTheirLimit) {
    Limits limits;
    limits.wall = limits.cpu = seconds(60);
    RunSpec spec;
    const RunResult result = python(R"py(
made = 0
try:
    while made < 200000:
        os.close(os.open('f%d' % made, os.O_CREAT | os.O_WRONLY)); made += 1
except OSError as e: print(errno.errorcode[e.errno])
sys.exit(1 if made < 200000 else 0)
)py",
                                    limits);
    EXPECT_EQ(result.out, "ENOSPC\n") << result.err;
    EXPECT_EQ(result.status, RunStatus::disk) << result.err;
    EXPECT_LE(result.changes.size(), 100'000U);
}

TEST_F(AttackWriting, NamesOfEveryKindAreListedAndEscapeNothing) {
    const RunResult result = python(R"py(
names = [b'new\nline', b'\x01', b'\xff\xfe', b'-rf', b'$(touch x)', b'a' * 255, b' ', b'..a', b'...', b'\\', b'\x1b[2J', b'*',
         b'\xe2\x80\xae', b'CON', b'a:b']
for n in names: open(n, 'w').write('x')
for n in [b'a' * 256, b'a/' * 2100]:
    try: open(n, 'w'); print('made')
    except OSError as e: print(errno.errorcode[e.errno])
)py");
    EXPECT_EQ(result.out, "ENAMETOOLONG\nENAMETOOLONG\n") << result.err;
    EXPECT_EQ(result.changes.size(), 15U);
    for (const Change& change : result.changes) {
        EXPECT_EQ(change.path.find('/'), std::string::npos) << change.path;
        EXPECT_EQ(change.kind, Change::Kind::created);
    }
}

TEST_F(AttackWriting, TreesMadeToStayAreGone) {
    const RunResult result = python(R"py(
import fcntl, struct
for top in ['.', '/tmp', '/dev/shm', os.environ['HOME']]:
    base = os.path.join(top, M)
    os.makedirs(base + '/a/b/c')
    open(base + '/a/b/c/f', 'w').write('x')
    for flags in (0x10, 0x20, 0x10 | 0x20):  # immutable, append-only
        fd = os.open(base + '/a', os.O_RDONLY)
        try: fcntl.ioctl(fd, 0x40086602, struct.pack('L', flags)); print('flag set', top, flags)
        except OSError: pass
    for p in ['/a/b/c/f', '/a/b/c', '/a/b', '/a', '']: os.chmod(base + p, 0)
os.chmod('.', 0)
)py");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(result.out, "") << result.err;
}

TEST_F(AttackWriting, EveryWritablePlaceHasAnEnd) {
    Limits limits;
    limits.new_file_bytes = 16U << 20;
    limits.wall = seconds(60);
    const RunResult result = python(R"py(
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for place in ['.', '/tmp', '/dev/shm', os.environ['HOME'], '/etc', '/']:
    total = 0
    try:
        for i in range(1000):
            fd = os.open(os.path.join(place, 'f%d' % i), os.O_CREAT | os.O_RDWR)
            # Unlinked and held open: no file is to be seen, and the room is gone all the same.
            os.unlink(os.path.join(place, 'f%d' % i))
            try:
                while True: total += os.write(fd, b'x' * (1 << 20))
            except OSError as e:
                if e.errno != errno.EFBIG: raise
    except OSError as e: print(place if place != os.environ['HOME'] else 'HOME', errno.errorcode[e.errno], total <= 64 << 20)
)py",
                                    limits);
    EXPECT_EQ(result.out,
              ". ENOSPC True\n/tmp ENOSPC True\n/dev/shm ENOSPC True\nHOME ENOSPC True\n/etc EROFS "
              "True\n/ EROFS True\n")
        << result.err;
}

TEST_F(AttackWriting, EveryWayToMakeAFileLargeMeetsTheLimit) {
    Limits limits;
    limits.new_file_bytes = 8U << 20;
    limits.wall = seconds(60);
    const RunResult result = python(R"py(
import signal, mmap
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
BIG = 1 << 30
def opened(name): return os.open(name, os.O_CREAT | os.O_RDWR | os.O_TRUNC)
attempt('truncate', lambda: os.truncate('a', BIG) if os.close(opened('a')) is None else 0)
attempt('fallocate', lambda: os.posix_fallocate(opened('b'), 0, BIG))
attempt('pwrite', lambda: os.pwrite(opened('c'), b'x', BIG))
attempt('sendfile', lambda: [os.sendfile(f, z, None, 1 << 20) for z in [os.open('/dev/zero', os.O_RDONLY)] for f in [opened('d')] for i in range(64)])
def spliced():
    r, w = os.pipe(); f = opened('e'); z = os.open('/dev/zero', os.O_RDONLY)
    for i in range(4096): os.write(w, b'x' * 65536); os.splice(r, f, 65536)
attempt('splice', spliced)
def vmspliced():
    r, w = os.pipe(); f = opened('g'); block = ctypes.create_string_buffer(65536)
    class Vector(ctypes.Structure): _fields_ = [('base', ctypes.c_void_p), ('length', ctypes.c_size_t)]
    vector = Vector(ctypes.addressof(block), 65536)
    for i in range(4096):
        if syscall(278, w, ctypes.byref(vector), 1, 0) < 0: raise OSError(ctypes.get_errno(), 'vmsplice')
        if syscall(275, r, 0, f, 0, 65536, 0) < 0: raise OSError(ctypes.get_errno(), 'splice')
attempt('vmsplice', vmspliced)
def copied():
    a = opened('h'); os.write(a, b'x' * (4 << 20)); f = opened('i')
    for i in range(64): os.copy_file_range(a, f, 4 << 20, 0, i * (4 << 20))
attempt('copy_file_range', copied)
print(max(os.stat(n).st_size for n in os.listdir('.')) <= 8 << 20)
for p in ['/dev/zero', '/dev/null']: print(os.write(os.open(p, os.O_WRONLY), b'x' * 100))
attempt('full', lambda: os.write(os.open('/dev/full', os.O_WRONLY), b'x'))
)py",
                                    limits);
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_TRUE(result.out.ends_with("True\n100\n100\nfull ENOSPC\n")) << result.out << result.err;
}

TEST_F(AttackWriting, AMappedFileThatOutgrowsTheDiskEndsTheProgramAndNotTheMachine) {
    Limits limits;
    limits.new_file_bytes = 16U << 20;
    limits.wall = seconds(60);
    const RunResult result = python(R"py(
import mmap
maps = []
for i in range(8):
    f = open('m%d' % i, 'w+b'); f.truncate(15 << 20)
    maps.append(mmap.mmap(f.fileno(), 0))
for m in maps:
    for at in range(0, 15 << 20, 4096): m[at] = 1
print('all of it')
)py",
                                    limits);
    EXPECT_EQ(result.out, "");
    EXPECT_TRUE(result.status == RunStatus::disk || result.status == RunStatus::memory) << name(result.status);
}

TEST_F(AttackWriting, NothingStaysForTheNextRun) {
    shell(
        "echo a > planted; echo b > /tmp/planted; echo c > /dev/shm/planted; echo d > $HOME/.profile; mkdir -p "
        "$HOME/.local/lib; ln -s /tmp/planted $HOME/link");
    python(R"py(
import socket
s = socket.socket(socket.AF_UNIX); s.bind('\0' + M); s.listen()
if syscall(29, 0x1234, 4096, 0o1777) < 0 and error() != 'ENOSYS': print(error())
)py");
    const RunResult result = python(R"py(
import glob, socket
print([p for p in ['planted', '/tmp/planted', '/dev/shm/planted'] if os.path.exists(p)], os.listdir(os.environ['HOME']))
try: socket.socket(socket.AF_UNIX).connect('\0' + M); print('connected')
except OSError as e: print(errno.errorcode[e.errno])
print([open(p).read().count('\n') for p in glob.glob('/proc/sysvipc/*')])
)py");
    EXPECT_EQ(result.out, "[] []\nECONNREFUSED\n[1, 1, 1]\n") << result.err;
}

TEST_F(AttackWriting, WhatTheOverlayReadsCannotBeForged) {
    write("lower/secret.txt", "project");
    write("lower/other.txt", "other");
    write("plain.txt", "plain");
    RunSpec spec;
    spec.collect_change_contents = true;
    spec.argv = {"python3", "-c", R"py(
import ctypes, os, stat
C = os.environ['C']
libc = ctypes.CDLL(None, use_errno=True)
def quiet(action):
    try: action()
    except OSError: pass
os.mkdir('forged'); open('forged/f', 'w').write('x'); open('meta', 'w').write('y')
for prefix in ['user.overlay.', 'trusted.overlay.', 'user.overlay.overlay.']:
    for name, value in [('opaque', b'y'), ('redirect', b'/lower'), ('redirect', os.path.dirname(C).encode()), ('redirect', b'../..'),
                        ('metacopy', b''), ('origin', b'\0' * 30), ('whiteout', b'y'), ('nlink', b'U+9'), ('impure', b'y'), ('protattr', b'i')]:
        for path in ['forged', 'forged/f', 'meta', 'lower', 'lower/secret.txt', '.']:
            quiet(lambda: os.setxattr(path, prefix + name, value))
            quiet(lambda: os.removexattr(path, prefix + name))
            quiet(lambda: os.setxattr(path, prefix + name, value))
# Whiteouts by hand: a device 0:0, and a rename that leaves one.
quiet(lambda: os.mknod('lower/other.txt.w', stat.S_IFCHR | 0o600, os.makedev(0, 0)))
RENAME_WHITEOUT = 4
libc.renameat2(-100, b'meta', -100, b'moved', RENAME_WHITEOUT)
os.unlink('plain.txt'); os.mkdir('plain.txt'); open('plain.txt/in', 'w').write('z')
)py"};
    const RunResult result = attack(std::move(spec));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    // The project's own files are where they were, whatever was said about their folder.
    EXPECT_EQ(paths(result), (Names{"+forged/f", "+meta", "-plain.txt", "+plain.txt/in"}));
    EXPECT_EQ(result.changes.at(0).content, "x");
    EXPECT_EQ(result.changes.at(1).content, "y");
}

TEST_F(AttackWriting, OddFilesAreReportedAsNothingOrWithoutTheirTeeth) {
    write("tool.sh", "#!/bin/sh\n");
    const RunResult result = python(
        "import os,socket\n"
        "os.mkfifo('fifo'); s=socket.socket(socket.AF_UNIX); s.bind('sock')\n"
        "open('suid','w').write('x'); os.chmod('suid',0o6755)\n"
        "open('un\\nlined name\\xff','w').write('y')\n"
        "os.symlink('../../../../../../etc/passwd','up'); os.symlink('suid','in'); os.symlink('sub/../../x','climbs')\n"
        "d='.'\n"
        "for i in range(300):\n"
        "    os.mkdir('d'); os.chdir('d')\n"
        "open('deep','w').write('z')");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(paths(result), (std::vector<std::string>{"+climbs", "+in", "+suid", "+un\nlined name\xc3\xbf", "+up"}));
    for (const Change& change : result.changes) {
        EXPECT_EQ(change.mode & ~0777U, 0U);
        EXPECT_EQ(change.symlink_target, change.path == "in" ? "suid" : "");
    }
}

TEST_F(AttackWriting, UnreadableFilesAndFoldersStillComeBack) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "mkdir locked; echo secret > locked/f; echo x > g; chmod 000 locked/f g locked"};
    spec.collect_change_contents = true;
    const RunResult result = run(spec);
    EXPECT_EQ(paths(result), (std::vector<std::string>{"+g", "+locked/f"}));
    EXPECT_EQ(result.changes.at(1).content, "secret\n");
}

}  // namespace
}  // namespace ec::executor
