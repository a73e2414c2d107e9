// Rights that the program does not have, and ways to get some.
#include <csignal>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

class AttackPrivileges : public testing::AttackTest {};

TEST_F(AttackPrivileges, NoNamespaceCanBeMadeOrEntered) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
import struct
flags = {'user': 0x10000000, 'mnt': 0x20000, 'pid': 0x20000000, 'net': 0x40000000, 'ipc': 0x08000000, 'uts': 0x04000000,
         'cgroup': 0x02000000, 'time': 0x80}
for name, flag in flags.items():
    call('unshare ' + name, 272, flag)
    call('unshare high bits ' + name, 272, flag | 1 << 40)
    if name != 'time':  # in clone() the low byte is the signal
        if call('clone ' + name, 56, flag | 17, 0, 0, 0, 0) == 0: os._exit(0)
        if call('clone with user ' + name, 56, flag | 0x10000000 | 17, 0, 0, 0, 0) == 0: os._exit(0)
    arguments = ctypes.create_string_buffer(struct.pack('11Q', flag, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0))
    if call('clone3 ' + name, 435, arguments, 88) == 0: os._exit(0)
pidfd = syscall(434, os.getpid(), 0)
one = syscall(434, 1, 0)
for name, flag in flags.items():
    for fd in (pidfd, one): call('setns by pidfd ' + name, 308, fd, flag)
for name in os.listdir('/proc/self/ns'):
    try: call('setns ' + name, 308, os.open('/proc/self/ns/' + name, os.O_RDONLY), 0)
    except OSError: pass
    attempt('namespace of pid 1', lambda: os.open('/proc/1/ns/' + name, os.O_RDONLY))
    attempt('name of it', lambda: os.readlink('/proc/1/ns/' + name))
import fcntl
for request in (0xb701, 0xb702, 0xb703, 0xb704): # user namespace, parent, type, owner
    for name in ('user', 'mnt', 'net'):
        fd = os.open('/proc/self/ns/' + name, os.O_RDONLY)
        try:
            other = fcntl.ioctl(fd, request)
            if request in (0xb701, 0xb702) and call('setns by ioctl', 308, other, 0) >= 0: print('DONE')
        except OSError: pass
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out << result.err;
    for (const char* line :
         {"unshare user EPERM", "clone user EPERM", "clone3 user ENOSYS", "setns by pidfd mnt EPERM"}) {
        EXPECT_NE(result.out.find(std::string(line) + "\n"), std::string::npos) << line << "\n"
                                                                                << result.out << result.err;
    }
}

TEST_F(AttackPrivileges, TheToolsForNamespacesAndMountsFail) {
    const RunResult result = shell(
        "for c in 'unshare -Ur id' 'unshare -m true' 'mount -t tmpfs x /tmp' 'mount --bind / /tmp' 'umount /proc' "
        "'umount -l /tmp' 'chroot /tmp /bin/true' 'nsenter -t 1 -m true' 'pivot_root . .' 'su -c id' 'sudo -n id' "
        "'ping -c1 127.0.0.1' 'insmod x.ko' 'modprobe dummy' 'dmesg' 'hostname hacked' 'date -s 2001-01-01' "
        "'swapon /tmp/x' 'reboot -f' 'chattr +i /tmp' 'newuidmap $$ 0 0 1' 'ip link add x type dummy' 'bwrap --bind / "
        "/ true'; "
        "do $c >/dev/null 2>&1 && echo \"$c worked\"; done; id -u");
    EXPECT_EQ(result.out, "1000\n") << result.err;
}

TEST_F(AttackPrivileges, MountsOfEveryKindAreRefused) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
MS_BIND, MS_REC, MS_REMOUNT, MS_MOVE, MS_SHARED = 4096, 16384, 32, 8192, 1 << 20
call('tmpfs', 165, b'none', b'/tmp', b'tmpfs', 0, 0)
call('bind', 165, b'/', b'/tmp', 0, MS_BIND | MS_REC, 0)
call('remount', 165, 0, b'/', 0, MS_REMOUNT | MS_BIND, 0)
call('move', 165, b'/tmp', b'/dev/shm', 0, MS_MOVE, 0)
call('shared', 165, 0, b'/', 0, MS_SHARED | MS_REC, 0)
call('umount', 166, b'/proc', 2)
call('pivot_root', 155, b'.', b'.')
call('chroot', 161, b'/tmp')
call('open_tree', 428, -100, b'/', 1)
call('open_tree_attr', 467, -100, b'/', 1, 0, 0)
call('move_mount', 429, -100, b'/tmp', -100, b'/dev/shm', 0)
call('fsopen', 430, b'tmpfs', 0)
call('fspick', 433, -100, b'/', 0)
call('fsmount', 432, 0, 0, 0)
call('mount_setattr', 442, -100, b'/', 0, ctypes.create_string_buffer(32), 32)
call('swapon', 167, b'/tmp/x', 0)
call('quotactl', 179, 0x800001, 0, 0, 0)
call('quotactl_fd', 443, 1, 0, 0, 0)
call('fanotify', 300, 0, 0)
)py");
    EXPECT_EQ(
        result.out,
        "tmpfs EPERM\nbind EPERM\nremount EPERM\nmove EPERM\nshared EPERM\numount EPERM\npivot_root EPERM\nchroot "
        "EPERM\nopen_tree EPERM\nopen_tree_attr ENOSYS\nmove_mount EPERM\nfsopen EPERM\nfspick EPERM\nfsmount "
        "EPERM\nmount_setattr EPERM\nswapon EPERM\nquotactl EPERM\nquotactl_fd EPERM\nfanotify EPERM\n")
        << result.err;
}

TEST_F(AttackPrivileges, RiskyPartsOfTheKernelAreClosed) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
zero = ctypes.create_string_buffer(256)
for command in range(0, 40): 
    if syscall(321, command, zero, 128) >= 0 or error() != 'EPERM': print('bpf', command, error())
call('perf', 298, zero, 0, -1, -1, 0)
for flags in (0, 1, 0x80000): call('userfaultfd', 323, flags)
for operation in range(0, 33):
    if syscall(250, operation, -3 & 0xffffffff, 0, 0, 0) >= 0 or error() != 'EPERM': print('keyctl', operation, error())
call('add_key', 248, b'user', b'x', b'y', 1, -3)
call('request_key', 249, b'user', b'x', 0, 0)
call('init_module', 175, zero, 10, b'')
call('finit_module', 313, 0, b'', 0)
call('delete_module', 176, b'dummy', 0)
call('kexec', 246, 0, 0, 0, 0)
call('kexec_file', 320, 0, 0, 0, b'', 0)
call('reboot', 169, 0xfee1dead, 672274793, 0, 0)
call('iopl', 172, 3)
call('ioperm', 173, 0, 1024, 1)
call('modify_ldt', 154, 1, zero, 16)
call('settimeofday', 164, zero, 0)
call('clock_settime', 227, 0, zero)
call('adjtimex', 159, zero)
call('sethostname', 170, b'x', 1)
call('setdomainname', 171, b'x', 1)
call('acct', 163, b'/tmp/x')
call('vhangup', 153)
call('syslog', 103, 3, zero, 100)
call('uselib', 134, b'/bin/true')
call('lookup_dcookie', 212, 0, zero, 100)
call('cachestat', 451, 0, zero, zero, 0)
for number in (463, 464, 465, 466, 467, 468, 469, 470, 480, 511, 1000, 0x3fffffff):
    if syscall(number, 0, 0, 0, 0, 0) >= 0 or error() != 'ENOSYS': print('unknown', number, error())
)py");
    EXPECT_EQ(
        result.out,
        "perf EPERM\nuserfaultfd EPERM\nuserfaultfd EPERM\nuserfaultfd EPERM\nadd_key EPERM\nrequest_key "
        "EPERM\ninit_module EPERM\nfinit_module EPERM\ndelete_module EPERM\nkexec EPERM\nkexec_file EPERM\nreboot "
        "EPERM\niopl EPERM\nioperm EPERM\nmodify_ldt EPERM\nsettimeofday EPERM\nclock_settime EPERM\nadjtimex "
        "EPERM\nsethostname EPERM\nsetdomainname EPERM\nacct EPERM\nvhangup EPERM\nsyslog EPERM\nuselib "
        "EPERM\nlookup_dcookie EPERM\ncachestat ENOSYS\n")
        << result.err;
}

TEST_F(AttackPrivileges, SystemCallsOfAnotherAbiEndTheProgram) {
#ifndef __x86_64__
    GTEST_SKIP() << "x86-64 has the other two";
#endif
    // x32: the native entry with bit 30 set.
    for (const char* number : {"0x40000000+39", "0x40000000+272", "0x40000000+520", "0x7fffffff"}) {
        const RunResult result = python("print(syscall(" + std::string(number) + ", 0x10000000), flush=True)");
        EXPECT_EQ(result.status, RunStatus::signal) << number << result.out;
        EXPECT_EQ(result.signal, SIGSYS) << number;
    }
    // i386: mov eax, number; int 0x80; ret in a page of our own. 20 is getpid there, 310 unshare, 21 mount.
    for (const char* number : {"20", "310", "21", "120"}) {
        const RunResult result = python("number=" + std::string(number) + R"py(
import mmap
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(b'\xb8' + number.to_bytes(4, 'little') + b'\xbb\x00\x00\x00\x10\xcd\x80\xc3')
print(ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))(), flush=True)
)py");
        EXPECT_EQ(result.out, "") << number;
        EXPECT_EQ(result.status, RunStatus::signal) << number;
        // A kernel without the other ABI ends it with a fault.
        EXPECT_TRUE(result.signal == SIGSYS || result.signal == SIGSEGV) << number << " " << result.signal;
    }
}

TEST_F(AttackPrivileges, NoCapabilityIsLeftAndNoneCanBeHad) {
    const RunResult result = python(R"py(
import subprocess
for line in open('/proc/self/status'):
    if line.startswith(('Cap', 'NoNewPrivs', 'Seccomp:', 'Groups')): print(' '.join(line.split()))
print(os.getresuid() == (1000,) * 3, os.getresgid() == (1000,) * 3)
for name, action in [('setuid', lambda: os.setuid(0)), ('setgid', lambda: os.setgid(0)), ('setgroups', lambda: os.setgroups([0])),
                     ('setresuid', lambda: os.setresuid(0, 0, 0)), ('seteuid of nobody', lambda: os.seteuid(65534)), ('nice', lambda: os.nice(-5)),
                     ('fifo', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))),
                     ('rr', lambda: os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1)))]: attempt(name, action)
PR_CAPBSET_READ, PR_CAP_AMBIENT, PR_SET_NO_NEW_PRIVS, PR_SET_SECUREBITS, PR_SET_MM = 23, 47, 38, 28, 35
print([c for c in range(64) if libc.prctl(PR_CAPBSET_READ, c, 0, 0, 0) == 1], [c for c in range(41) if libc.prctl(PR_CAP_AMBIENT, 2, c, 0, 0) == 0])
print(libc.prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), libc.prctl(PR_SET_SECUREBITS, 0, 0, 0, 0))
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
data = (ctypes.c_uint32 * 6)(*[0xffffffff] * 6)
print(libc.capset(header, data), error())
import resource
for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CPU, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
    attempt('raise', lambda: resource.setrlimit(limit, (resource.getrlimit(limit)[1] * 2 + 1,) * 2))
)py");
    const std::string none = " 0000000000000000\n";
    // An ordinary user cannot drop his groups: his own is the payload's, the others are nobody's there.
    EXPECT_TRUE(result.out.starts_with("Groups:\nCapInh:" + none + "CapPrm:" + none + "CapEff:" + none + "CapBnd:" +
                                       none + "CapAmb:" + none + "NoNewPrivs: 1\nSeccomp: 2\nTrue True\n") ||
                result.out.starts_with("Groups: 65534") || result.out.starts_with("Groups: 1000"))
        << result.out << result.err;
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("\n[] []\n-1 -1\n-1 EPERM\n"), std::string::npos) << result.out << result.err;
}

TEST_F(AttackPrivileges, FiltersOfTheirOwnOnlyTighten) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
import struct
# A filter that allows everything, with and without a listener and the other flags.
allow = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxQ', 1, ctypes.addressof(allow)))
for name, flags in [('listener', 8), ('listener and more', 8 | 16), ('listener high bits', 8 | 1 << 32), ('plain', 0), ('log', 2)]:
    call(name, 317, 1, flags, program)
call('still refused', 272, 0x10000000)
call('still unknown', 435, 0, 0)
PR_SET_SECCOMP, PR_SET_SYSCALL_USER_DISPATCH = 22, 59
print(libc.prctl(PR_SET_SECCOMP, 0, 0, 0, 0))
allow_byte = ctypes.create_string_buffer(1)
libc.prctl(PR_SET_SYSCALL_USER_DISPATCH, 1, 0, ctypes.c_long(2**47 - 1), allow_byte)
call('dispatched', 272, 0x10000000)
)py");
    EXPECT_EQ(result.out,
              "listener EPERM\nlistener and more EPERM\nlistener high bits EPERM\nplain DONE\nlog DONE\nstill refused "
              "EPERM\nstill unknown ENOSYS\n-1\ndispatched EPERM\n")
        << result.err;
}

TEST_F(AttackPrivileges, ACrashLeavesNoCoreAndStartsNoHandler) {
    const RunResult result = python(R"py(
import resource, subprocess
print(resource.getrlimit(resource.RLIMIT_CORE))
for value in (0, 1, resource.RLIM_INFINITY):
    try: resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError): pass
    # The other way in, and another one around the comparison.
    pair = (ctypes.c_uint64 * 2)(value & 2**64 - 1, 2**64 - 1)
    syscall(160, 4, pair); syscall(302, 0, 4, pair, None); syscall(302, os.getpid(), 4 | 1 << 32, pair, None)
print(subprocess.run(['sh', '-c', 'ulimit -c; ulimit -c 0; ulimit -c unlimited 2>/dev/null; kill -SEGV $$']).returncode)
print(resource.getrlimit(resource.RLIMIT_CORE), [f for f in os.listdir('.') + os.listdir('/tmp') if 'core' in f], flush=True)
os.abort()
)py");
    EXPECT_EQ(result.out, "0\n(1, 1)\n-11\n(1, 1) []\n") << result.err;
    EXPECT_EQ(result.signal, SIGABRT);
    EXPECT_EQ(paths(result), std::vector<std::string>{});
}

TEST_F(AttackPrivileges, CharactersCannotBePushedIntoATerminal) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
TIOCSTI, TIOCLINUX, TIOCSCTTY, TIOCCONS = 0x5412, 0x541c, 0x540e, 0x541d
for name, request in [('TIOCSTI', TIOCSTI), ('TIOCLINUX', TIOCLINUX)]:
    for bits in (0, 1 << 32, 0xffffffff << 32, 5 << 40):
        for fd in (0, 1, 2): call(name, 16, fd, request | bits, b'x')
for name, request in [('TIOCSCTTY', TIOCSCTTY), ('TIOCCONS', TIOCCONS)]:
    for fd in (0, 1, 2):
        if syscall(16, fd, request, 0) >= 0: print(name, 'DONE')
print(os.getsid(0) == os.getpid())
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_EQ(result.out.find("ENOTTY"), std::string::npos) << "it is the filter that must answer";
    EXPECT_TRUE(result.out.ends_with("True\n")) << result.out << result.err;
}

TEST_F(AttackPrivileges, AnotherPersonalityGainsNothing) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, MMAP_PAGE_ZERO, PER_LINUX32 = 0x400000, 0x40000, 0x100000, 8
syscall(135, READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE | MMAP_PAGE_ZERO | PER_LINUX32)
import subprocess
print(subprocess.run(['sh', '-c', 'id -u; grep -c " 00:00 0 *$" /proc/self/maps >/dev/null; unshare -U true 2>/dev/null && echo DONE; cat "$C" 2>/dev/null; true'],
                     capture_output=True, text=True).stdout.strip())
attempt('page zero', lambda: open('/proc/self/mem', 'rb').read(1))
)py");
    EXPECT_TRUE(result.out.starts_with("1000\n")) << result.out << result.err;
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace ec::executor
