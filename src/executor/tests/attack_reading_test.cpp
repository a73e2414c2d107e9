// Reading what is not the program's: docs/security/attack-classes.md has the list.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using testing::kCanary;

class AttackReading : public testing::AttackTest {};

TEST_F(AttackReading, PasswordAndKeyFilesAreNotThere) {
    const RunResult result = python(R"py(
for p in ['/etc/shadow', '/etc/gshadow', '/etc/sudoers', '/etc/ssh', '/etc/ssl/private', '/root/.ssh', '/home',
          '/var/lib', '/var/run/docker.sock', '/run/docker.sock', '/run/user', '/etc/machine-id', '/etc/krb5.keytab',
          '/proc/1/root/etc/shadow', '/mnt', '/media', '/srv', '/opt', '/boot', '/lost+found']:
    if os.path.lexists(p): print('there:', p)
for name in ['passwd', 'group']:
    if len(open('/etc/' + name).read().splitlines()) > 3: print('the host\'s', name)
)py");
    EXPECT_EQ(result.out, "") << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

TEST_F(AttackReading, DotFilesOfTheCallersHomeAreNotThere) {
    const fs::path home = outside() / "home";
    const std::vector<std::string> names = {".ssh/id_ed25519",
                                            ".netrc",
                                            ".npmrc",
                                            ".pypirc",
                                            ".aws/credentials",
                                            ".gnupg/secring.gpg",
                                            ".docker/config.json",
                                            ".bash_history",
                                            ".config/gh/hosts.yml",
                                            ".git-credentials",
                                            ".kube/config"};
    std::string list;
    for (const std::string& name : names) {
        fs::create_directories((home / name).parent_path());
        ASSERT_TRUE(write_file_atomic(home / name, kCanary, 0644));
        list += (list.empty() ? "'" : ",'") + name + "'";
    }
    const char* old = std::getenv("HOME");
    const std::string kept = old == nullptr ? "" : old;
    ASSERT_EQ(::setenv("HOME", home.c_str(), 1), 0);
    open();
    const RunResult result = python("real='" + home.string() + "'\nnames=[" + list + R"py(]
import pwd
for base in [real, os.environ['HOME'], os.path.expanduser('~'), pwd.getpwuid(os.getuid()).pw_dir]:
    for n in names:
        if os.path.lexists(os.path.join(base, n)): print('there:', base, n)
print(os.environ['HOME'], os.listdir(os.environ['HOME']))
)py");
    ASSERT_EQ(::setenv("HOME", kept.c_str(), 1), 0);
    EXPECT_EQ(result.out, "/tmp/home []\n") << result.err;
}

TEST_F(AttackReading, TheCanaryIsReachedByNoPathNoLinkAndNoRootOfAnyProcess) {
    fs::create_symlink(canary(), root() / "link");
    fs::create_symlink(fs::relative(canary(), root()), root() / "relative");
    fs::create_directory_symlink("/", root() / "rootlink");
    fs::create_symlink("/proc/self/root" + canary(), root() / "magic");
    const RunResult result = python(R"py(
import glob
tries = [C, 'link', 'relative', 'magic', 'rootlink' + C, '../' * 30 + C, '//' + C, '/./..' + C, '/dev/fd/../../..' + C,
         '/proc/thread-self/root' + C]
for pattern in ['/proc/[0-9]*/root', '/proc/[0-9]*/cwd', '/proc/[0-9]*/task/*/root', '/proc/[0-9]*/task/*/cwd',
                '/proc/[0-9]*/fd/*', '/proc/[0-9]*/map_files/*']:
    tries += [p + '/' + '../' * 30 + C for p in glob.glob(pattern)] + [p + C for p in glob.glob(pattern)]
inside = [p for p in ['/proc/1/root', '/proc/1/cwd', '/proc/1/exe', '/proc/1/fd']]
for t in tries:
    try: print('read', t, open(t).read())
    except OSError: pass
for p in inside:
    try: print('followed', p, os.readlink(p))
    except OSError: pass
    try: print('listed', p, os.listdir(p))
    except OSError: pass
# Out of the root by a directory that is held open, the way a broken chroot is left.
fd = os.open('/', os.O_RDONLY)
for i in range(50):
    try: os.chdir('..')
    except OSError: pass
print(os.path.samestat(os.fstat(fd), os.stat('.')), os.path.exists(C), len(tries) > 20)
)py");
    EXPECT_EQ(result.out, "True False True\n") << result.err;
}

TEST_F(AttackReading, NoHardLinkPullsAFileIn) {
    const RunResult result = python(R"py(
attempt('canary', lambda: os.link(C, 'stolen'))
attempt('system', lambda: os.link('/etc/passwd', 'stolen'))
attempt('program', lambda: os.link(os.path.realpath('/usr/bin/env'), 'stolen'))
attempt('fd', lambda: os.link('/proc/self/fd/%d' % os.open('/etc/hosts', os.O_RDONLY), 'stolen', follow_symlinks=True))
AT_EMPTY_PATH = 0x1000
fd = os.open('/etc/hosts', os.O_PATH)
call('linkat', 265, fd, b'', -100, b'stolen', AT_EMPTY_PATH)
attempt('rename', lambda: os.rename('/etc/hosts', 'stolen'))
print(os.path.lexists('stolen'))
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_TRUE(result.out.ends_with("False\n")) << result.out << result.err;
    EXPECT_EQ(paths(result), std::vector<std::string>{});
}

TEST_F(AttackReading, NoDescriptorOfAnyKindIsInherited) {
    // All without close-on-exec, as a careless program that links the executor would leave them.
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const int fds[] = {::open(canary().c_str(), O_RDWR),
                       ::open(outside().c_str(), O_RDONLY | O_DIRECTORY),
                       ::open("/", O_PATH),
                       ::dup(2),
                       pair[0],
                       pair[1]};
    ASSERT_EQ(::dup2(fds[0], 100), 100);
    ASSERT_EQ(::dup2(fds[1], 900), 900);
    const RunResult result = python(R"py(
import stat
own = set(os.listdir('/proc/self/fd'))
for n in range(3, 4096):
    try: print('open', n, os.readlink('/proc/self/fd/%d' % n), stat.S_IFMT(os.fstat(n).st_mode))
    except OSError: pass
    try:
        os.fchdir(n)
        print('walked through', n)
    except OSError: pass
print(sorted(n for n in own if int(n) < 3))
)py");
    for (const int fd : fds) ::close(fd);
    ::close(100);
    ::close(900);
    EXPECT_EQ(result.out, "['0', '1', '2']\n") << result.err;
}

TEST_F(AttackReading, FileHandlesCannotBeMadeOrOpened) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    // What shocker.c did to Docker: handles are small numbers, so root's are guessed and no path is needed.
    const RunResult result = python(R"py(
import struct
for where in ['/', '.', '/tmp', '/usr', '/proc/self/ns']:
    fd = os.open(where, os.O_RDONLY)
    for inode in [2, 64, 128, 256]:
        for kind in (1, 2, 0x81, 0x4d):
            handle = ctypes.create_string_buffer(struct.pack('IiIIII', 8, kind, inode, 0, 0, 0))
            if syscall(304, fd, handle, os.O_RDONLY) >= 0: print('opened', where, inode, kind)
            if error() != 'EPERM': print(error())
    name = ctypes.create_string_buffer(struct.pack('Ii', 128, 0) + b'\0' * 128)
    mount = ctypes.c_int()
    if syscall(303, -100, where.encode(), name, ctypes.byref(mount), 0) >= 0: print('handle of', where)
)py");
    EXPECT_EQ(result.out, "") << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

TEST_F(AttackReading, NoEnvironmentHoldsWhatTheCallerHas) {
    const RunResult result = python(R"py(
import glob
for p in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/task/*/environ'):
    try: sys.stdout.write(open(p, 'rb').read().decode('latin-1'))
    except OSError as e: print(p, errno.errorcode[e.errno])
# The kernel puts the environment on top of the stack; what the box was started with would still be there.
for line in open('/proc/self/maps'):
    if '[stack]' in line:
        a, b = (int(x, 16) for x in line.split()[0].split('-'))
        with open('/proc/self/mem', 'rb') as memory:
            memory.seek(a)
            print('EC_TEST_' + 'SECRET_TOKEN' in memory.read(b - a).decode('latin-1'))
print('/proc/1/mem', os.access('/proc/1/mem', os.R_OK))
)py");
    EXPECT_EQ(result.out.find("EC_TEST"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("/proc/1/environ EACCES\n"), std::string::npos) << result.out << result.err;
    EXPECT_NE(result.out.find("False\n/proc/1/mem False\n"), std::string::npos) << result.out << result.err;
    const RunResult inNode = node("console.log(Object.keys(process.env).filter(k => /^EC_TEST|TOKEN|SECRET/.test(k)))");
    EXPECT_EQ(inNode.out, "[]\n") << inNode.err;
}

TEST_F(AttackReading, FilesOfTheKernelTellNothing) {
    const RunResult result = python(R"py(
for p in ['/proc/kcore', '/proc/kmsg', '/dev/kmsg', '/dev/mem', '/dev/port', '/proc/kpagecount', '/proc/kpageflags',
          '/proc/vmallocinfo', '/proc/slabinfo', '/proc/keys', '/sys/kernel/debug', '/sys/kernel/tracing',
          '/sys/kernel/security', '/sys', '/proc/1/mem', '/proc/1/maps', '/proc/1/stack', '/proc/1/syscall',
          '/proc/1/pagemap', '/proc/1/io', '/proc/1/auxv', '/proc/1/wchan', '/proc/1/personality']:
    try:
        with open(p, 'rb') as file: text = file.read(64)
        if text and text.strip(b'0'): print('read', p, text)
    except OSError: pass
def addresses(path, column):
    try: return {line.split()[column] for line in open(path)}
    except OSError: return set()
print([a for a in addresses('/proc/kallsyms', 0) if a.strip('0')][:1])
print([a for a in addresses('/proc/modules', 5) if a.strip('0x')][:1])
call('syslog', 103, 3, ctypes.create_string_buffer(4096), 4096)
)py");
    EXPECT_EQ(result.out, "[]\n[]\nsyslog EPERM\n") << result.err;
}

TEST_F(AttackReading, NeitherMountsNorProcNameFoldersOfTheHost) {
    const RunResult result = python(R"py(
for p in ['mountinfo', 'mounts', 'mountstats', 'cgroup', 'cpuset', 'maps', 'smaps', 'limits', 'status', 'loginuid']:
    try: sys.stdout.write(open('/proc/self/' + p).read())
    except OSError: pass
buffer = ctypes.create_string_buffer(1 << 16)
class Request(ctypes.Structure):
    _fields_ = [('size', ctypes.c_uint32), ('spare', ctypes.c_uint32), ('mount', ctypes.c_uint64),
                ('param', ctypes.c_uint64), ('ns', ctypes.c_uint64)]
call('listmount', 458, ctypes.byref(Request(24, 0, 2**64 - 1, 0, 0)), buffer, 100, 0)
call('statmount', 457, ctypes.byref(Request(24, 0, 1, 0x3f, 0)), buffer, 1 << 16, 0)
)py");
    EXPECT_EQ(result.out.find(outside().filename().string()), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("listmount ENOSYS\nstatmount ENOSYS\n"), std::string::npos) << result.out << result.err;
    EXPECT_EQ(result.out.find("edgecoder-" + std::to_string(::getpid())), std::string::npos)
        << "the control group's path outside:\n"
        << result.out;
    EXPECT_EQ(result.out.find("/old"), std::string::npos) << result.out;
}

TEST_F(AttackReading, NothingShowsWhetherAFileExists) {
    const RunResult result = python("outside='" + outside().string() + "'" + R"py(
libc.inotify_init1.restype = ctypes.c_int
watch = libc.inotify_init1(0)
for p in [C, outside, os.path.dirname(outside) + '/.', '/root', '/home', '/etc/shadow', '/var']:
    there = os.path.exists(p) and p in (C, outside, '/etc/shadow', '/home', '/var')
    if there: print('exists', p)
for p in [C, outside, '/etc/shadow']:
    for name, action in [('stat', os.stat), ('lstat', os.lstat), ('readlink', os.readlink), ('statvfs', os.statvfs),
                         ('listdir', os.listdir), ('chdir', os.chdir), ('getxattr', os.listxattr),
                         ('path fd', lambda q: os.open(q, os.O_PATH)), ('unlink', os.unlink), ('rmdir', os.rmdir),
                         ('chmod', lambda q: os.chmod(q, 0o777)), ('execute', lambda q: os.execv(q, ['x'])),
                         ('truncate', lambda q: os.truncate(q, 0)), ('utime', os.utime)]:
        def answer(path):
            try: return action(path)
            except OSError as e: return errno.errorcode[e.errno]
        # The same words as for what is nowhere.
        if answer(p) not in ('ENOENT', 'EROFS') or answer(p) != answer(p + '-nowhere'): print(name, p, answer(p))
    if libc.inotify_add_watch(watch, p.encode(), 2) >= 0: print('watched', p)
    if error() != 'ENOENT': print('watch', p, error())
    if os.access(p, os.F_OK): print('access', p)
# The folders above the workspace hold the way to it and nothing else.
here = os.getcwd()
while here not in ('/', '/tmp'):
    parent, name = os.path.split(here)
    if parent not in ('/', '/tmp') and os.listdir(parent) != [name]: print(parent, os.listdir(parent))
    here = parent
)py");
    EXPECT_EQ(result.out, "") << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

TEST_F(AttackReading, ProcShowsOnlyTheSandbox) {
    const RunResult result = python(R"py(
print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit()) == [1, os.getpid()])
print(open('/proc/net/unix').read().count('\n'), open('/proc/net/tcp').read().count('\n'))
print([l.split(':')[0].strip() for l in open('/proc/net/dev') if ':' in l])
print(open('/proc/sysvipc/shm').read().count('\n'), open('/proc/sys/kernel/hostname').read().strip())
)py");
    EXPECT_EQ(result.out, "True\n1 1\n['lo']\n1 sandbox\n") << result.err;
}

TEST_F(AttackReading, NoTerminalIsThere) {
    const RunResult result = python(R"py(
for p in ['/dev/tty', '/dev/ptmx', '/dev/pts', '/dev/pts/0', '/dev/console', '/dev/tty0', '/dev/vcs', '/dev/input']:
    try: print('opened', p, os.open(p, os.O_RDWR | os.O_NOCTTY))
    except OSError: pass
import pty
try: print('pty', pty.openpty())
except OSError: pass
print([os.isatty(n) for n in (0, 1, 2)], open('/proc/self/stat').read().rsplit(')', 1)[1].split()[4])
)py");
    EXPECT_EQ(result.out, "[False, False, False] 0\n") << result.err;
}

TEST_F(AttackReading, ANamedVariableIsPassedOnUnlessItLooksLikeASecret) {
    open({"EC_TEST_PLAIN", "EC_TEST_SECRET_TOKEN"});
    EXPECT_EQ(sh("echo $EC_TEST_PLAIN:$EC_TEST_SECRET_TOKEN").out, std::string(kCanary) + ":\n");
}

}  // namespace
}  // namespace ec::executor
