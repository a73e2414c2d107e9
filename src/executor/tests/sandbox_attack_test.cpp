// What hostile programs try (docs/sandbox.md has the list), each tried for real against a canary of ours outside.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

using testing::SandboxTest;

constexpr const char* kCanary = "canary-7f3a91";

class SandboxAttack : public SandboxTest {
protected:
    void SetUp() override {
        ASSERT_TRUE(write_file_atomic(outside_.path() / "canary.txt", kCanary, 0644));
        ASSERT_EQ(::chmod(outside_.path().c_str(), 0755), 0);
        ASSERT_EQ(::setenv("EC_TEST_SECRET_TOKEN", kCanary, 1), 0);
        ASSERT_EQ(::setenv("EC_TEST_PLAIN", kCanary, 1), 0);
        open();
    }
    std::string canary() const { return std::filesystem::canonical(outside_.path() / "canary.txt").string(); }

    // Runs a Python program with `C` set to the canary's path; whatever it prints must not hold the canary.
    RunResult attack(const std::string& program) {
        RunSpec spec;
        spec.argv = {"python3", "-c", program};
        spec.environment = {{"C", canary()}};
        RunResult result = run(std::move(spec));
        EXPECT_EQ(result.out.find(kCanary), std::string::npos) << result.out;
        EXPECT_EQ(result.err.find(kCanary), std::string::npos) << result.err;
        return result;
    }

    TempDir outside_ = std::move(*TempDir::create());
};

TEST_F(SandboxAttack, ReadingOutsideByPathLinkAndProcFails) {
    std::filesystem::create_symlink(canary(), root() / "link");
    std::filesystem::create_directory_symlink("/", root() / "rootlink");
    const RunResult result = attack(
        "import os,glob\n"
        "c=os.environ['C']\n"
        "tries=[c,'link','rootlink'+c,'/proc/1/root'+c,'/proc/self/root'+c,'/proc/1/cwd/'+c,'../'*20+c]\n"
        "tries+=[p+c for p in glob.glob('/proc/*/root')]\n"
        "n=0\n"
        "for t in tries:\n"
        "    try: print(open(t).read())\n"
        "    except OSError: n+=1\n"
        "print(n==len(tries), os.path.exists(c))");
    EXPECT_EQ(result.out, "True False\n") << result.err;
}

TEST_F(SandboxAttack, NoPrivateFilesOfTheHostAreThere) {
    const RunResult result = attack(
        "import os\n"
        "for p in "
        "['/etc/shadow','/home','/var','/sys','/boot','/opt','/run/user','/var/run/docker.sock','/etc/ssh','/root/"
        ".ssh',\n"
        "          '/dev/tty','/dev/mem','/dev/kmsg','/dev/sda','/dev/vda','/dev/kvm','/dev/fuse','/dev/net/tun']:\n"
        "    if os.path.exists(p): print(p)");
    EXPECT_EQ(result.out, "");
}

TEST_F(SandboxAttack, TheEnvironmentHoldsOnlyWhatIsAllowed) {
    const RunResult result = attack(
        "import os,glob\n"
        "print(sorted(os.environ))\n"
        "for p in glob.glob('/proc/*/environ'):\n"
        "    try: print(open(p,'rb').read())\n"
        "    except OSError as e: pass\n"
        "try: print(len(open('/proc/1/environ','rb').read()))\n"
        "except PermissionError: print('denied')");
    EXPECT_EQ(result.out.find("EC_TEST"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("denied"), std::string::npos) << result.out;
}

TEST_F(SandboxAttack, ANamedVariableIsPassedOnUnlessItLooksLikeASecret) {
    open({"EC_TEST_PLAIN", "EC_TEST_SECRET_TOKEN"});
    EXPECT_EQ(sh("echo $EC_TEST_PLAIN:$EC_TEST_SECRET_TOKEN").out, std::string(kCanary) + ":\n");
}

TEST_F(SandboxAttack, InheritedDescriptorsDoNotArrive) {
    // Deliberately without close-on-exec, as a careless program that links the executor would leave it.
    const int leaked = ::open(canary().c_str(), O_RDONLY);
    ASSERT_GE(leaked, 0);
    ASSERT_EQ(::dup2(leaked, 100), 100);
    const RunResult result = attack(
        "import os\n"
        "for n in range(3,1024):\n"
        "    try: print(n, os.pread(n,100,0))\n"
        "    except OSError: pass\n"
        "print(sorted(os.listdir('/proc/self/fd'))[:3])");
    ::close(100);
    ::close(leaked);
    EXPECT_EQ(result.out.find("b'"), std::string::npos) << result.out;
}

TEST_F(SandboxAttack, AServerOfTheHostCannotBeReached) {
    const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int abstract = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(tcp, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(tcp, 4), 0);
    socklen_t size = sizeof address;
    ASSERT_EQ(::getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_EQ(::bind(udp, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const std::string name = "ec-sandbox-test-" + std::to_string(::getpid());
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::copy(name.begin(), name.end(), local.sun_path + 1);
    ASSERT_EQ(::bind(abstract, reinterpret_cast<sockaddr*>(&local),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
              0);
    ASSERT_EQ(::listen(abstract, 4), 0);

    const std::string port = std::to_string(ntohs(address.sin_port));
    const RunResult result = attack(
        "import socket\n"
        "def t(n,f):\n"
        "    try: print(n, f())\n"
        "    except OSError as e: print(n, 'refused')\n"
        "t('tcp', lambda: socket.create_connection(('127.0.0.1'," +
        port +
        "),1))\n"
        "u=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); u.sendto(b'x',('127.0.0.1'," +
        port +
        "))\n"
        "t('far', lambda: socket.create_connection(('192.0.2.1',80),1))\n"
        "t('dns', lambda: socket.getaddrinfo('example.com',80))\n"
        "t('abstract', lambda: socket.socket(socket.AF_UNIX).connect('\\0" +
        name +
        "'))\n"
        "s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(1)\n"
        "c=socket.create_connection(s.getsockname()); print('inside works')");
    EXPECT_EQ(result.out, "tcp refused\nfar refused\ndns refused\nabstract refused\ninside works\n") << result.err;
    pollfd arrived[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}, {abstract, POLLIN, 0}};
    EXPECT_EQ(::poll(arrived, 3, 0), 0) << "something reached a socket of the host";
    for (const int fd : {tcp, udp, abstract}) ::close(fd);
}

TEST_F(SandboxAttack, UnusualSocketFamiliesAreRefused) {
    const RunResult result = attack(
        "import ctypes\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "print([f for f in range(0,48) if l.socket(f,2 if f!=1 else 1,0)>=0 or l.socket(f,3,0)>=0])\n"
        "print(l.socket(16,3,12), l.socket(16,3,16), l.syscall(41, ctypes.c_long(40), 1, 0))");
    EXPECT_EQ(result.out, "[1, 2, 10, 16]\n-1 -1 -1\n") << result.err;
}

TEST_F(SandboxAttack, PrivilegedSystemCallsAreRefused) {
    // Raw numbers (x86-64), so that no library stands between the attempt and the kernel.
    const RunResult result = attack(
        "import ctypes,os,errno\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "def c(name,*a):\n"
        "    ctypes.set_errno(0); r=l.syscall(*[ctypes.c_long(x) if isinstance(x,int) else x for x in a])\n"
        "    print(name, errno.errorcode.get(ctypes.get_errno(),'ok') if r<0 else 'DONE')\n"
        "c('unshare user',272,0x10000000)\n"
        "c('unshare mount',272,0x20000)\n"
        "c('clone user',56,0x10000000|17,0,0,0,0)\n"
        "c('clone3',435,0,0)\n"
        "c('setns',308,0,0)\n"
        "c('mount',165,b'none',b'/tmp',b'tmpfs',0,0)\n"
        "c('umount',166,b'/proc',2)\n"
        "c('pivot_root',155,b'.',b'.')\n"
        "c('chroot',161,b'/tmp')\n"
        "c('fsopen',430,b'tmpfs',0)\n"
        "c('ptrace',101,16,1,0,0)\n"
        "c('process_vm_readv',310,1,0,0,0,0,0)\n"
        "c('pidfd_getfd',438,0,0,0)\n"
        "c('io_uring',425,8,0)\n"
        "c('bpf',321,0,0,0)\n"
        "c('perf',298,0,0,-1,-1,0)\n"
        "c('userfaultfd',323,0)\n"
        "c('keyctl',250,0,0)\n"
        "c('name_to_handle_at',303,-100,b'/',0,0,0)\n"
        "c('open_by_handle_at',304,0,0,0)\n"
        "c('init_module',175,0,0,0)\n"
        "c('kexec',246,0,0,0,0)\n"
        "c('TIOCSTI',16,0,0x5412,b'x')\n"
        "c('TIOCSTI high bits',16,0,0x500005412,b'x')\n"
        "c('mknod device',133,b'dev',0o20666,0x103)\n"
        "c('setuid',105,0)");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    for (const char* line : {"unshare user EPERM", "clone user EPERM", "clone3 ENOSYS", "mount EPERM", "ptrace EPERM",
                             "io_uring ENOSYS", "TIOCSTI EPERM", "TIOCSTI high bits EPERM", "bpf EPERM"}) {
        EXPECT_NE(result.out.find(std::string(line) + "\n"), std::string::npos) << line << "\n" << result.out;
    }
}

TEST_F(SandboxAttack, ForeignSystemCallNumbersKill) {
    // x32 numbers have bit 30 set; a filter that looks at native numbers alone would let them by.
    const RunResult result =
        attack("import ctypes\nctypes.CDLL(None).syscall(ctypes.c_long(0x40000000+39))\nprint('alive')");
    EXPECT_NE(result.out, "alive\n");
    EXPECT_EQ(result.status, RunStatus::signal);
    EXPECT_EQ(result.signal, SIGSYS);
}

TEST_F(SandboxAttack, NoRightsAreLeft) {
    const RunResult result = sh("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status; cat /proc/self/uid_map");
    EXPECT_NE(result.out.find("CapEff:\t0000000000000000"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("CapBnd:\t0000000000000000"), std::string::npos);
    EXPECT_NE(result.out.find("CapPrm:\t0000000000000000"), std::string::npos);
    EXPECT_NE(result.out.find("NoNewPrivs:\t1"), std::string::npos);
    EXPECT_NE(result.out.find("Seccomp:\t2"), std::string::npos);
    EXPECT_EQ(result.out.find(" 0 "), std::string::npos) << "uid 0 must be mapped nowhere";
}

TEST_F(SandboxAttack, SystemFoldersCannotBeWritten) {
    const RunResult result = attack(
        "import os\n"
        "for p in "
        "['/x','/usr/x','/etc/passwd','/dev/x','/run/x','/usr/bin/python3','/proc/sys/kernel/hostname','/proc/"
        "sysrq-trigger']:\n"
        "    try: open(p,'w'); print('wrote',p)\n"
        "    except OSError: pass\n"
        "for p in ['/','/usr','/etc','/run']:\n"
        "    try: os.chmod(p,0o777); print('changed',p)\n"
        "    except OSError: pass");
    EXPECT_EQ(result.out, "") << result.err;
}

TEST_F(SandboxAttack, PidOneCannotBeTouched) {
    const RunResult result = attack(
        "import os,signal\n"
        "for f in ['mem','maps','environ','fd','fdinfo','cwd','root','exe','stack','syscall']:\n"
        "    p='/proc/1/'+f\n"
        "    try:\n"
        "        (os.listdir if f.startswith('fd') else os.readlink if f in('cwd','root','exe') else lambda q: "
        "open(q,'rb').read(1))(p)\n"
        "        print('read',p)\n"
        "    except OSError: pass\n"
        "for s in (9,19,15,11):\n"
        "    try: os.kill(1,s)\n"
        "    except PermissionError: pass\n"
        "print('pid1 lives', os.path.exists('/proc/1'))");
    EXPECT_EQ(result.out, "pid1 lives True\n") << result.err;
}

TEST_F(SandboxAttack, SignalsReachNobodyOutside) {
    const pid_t bystander = ::fork();
    if (bystander == 0) {
        ::pause();
        ::_exit(0);
    }
    const RunResult result = attack(
        "import os,signal\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "try: os.kill(" +
        std::to_string(bystander) +
        ",9)\nexcept ProcessLookupError: print('no such process')\n"
        "try: os.kill(" +
        std::to_string(::getpid()) +
        ",15)\nexcept ProcessLookupError: print('no such process')\n"
        "try: os.kill(-1,15)\nexcept OSError: pass\n");
    EXPECT_EQ(result.out, "no such process\nno such process\n") << result.err;
    int status = 0;
    EXPECT_EQ(::waitpid(bystander, &status, WNOHANG), 0) << "the bystander was killed";
    ::kill(bystander, SIGKILL);
    ::waitpid(bystander, &status, 0);
}

TEST_F(SandboxAttack, ADaemonDoesNotSurviveItsRun) {
    const std::string mark = "ec-daemon-" + std::to_string(::getpid());
    const RunResult result = attack(
        "import os,time\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "os.execvp('sleep',['" +
        mark + "','1000'])");
    EXPECT_EQ(result.status, RunStatus::ok);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const auto text = read_file(entry.path() / "cmdline", 1 << 20);
        EXPECT_FALSE(text && text->find(mark + '\0' + "1000") != std::string::npos) << entry.path();
    }
}

TEST_F(SandboxAttack, NothingIsLeftForTheNextRun) {
    EXPECT_EQ(sh("echo a > planted; echo b > /tmp/planted; echo c > /dev/shm/planted; echo d > $HOME/.profile").status,
              RunStatus::ok);
    EXPECT_EQ(sh("ls planted /tmp/planted /dev/shm/planted $HOME/.profile 2>/dev/null").out, "");
}

TEST_F(SandboxAttack, OddFilesAreReportedAsNothingOrWithoutTheirTeeth) {
    write("tool.sh", "#!/bin/sh\n");
    const RunResult result = attack(
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

TEST_F(SandboxAttack, UnreadableFilesAndFoldersStillComeBack) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "mkdir locked; echo secret > locked/f; echo x > g; chmod 000 locked/f g locked"};
    spec.collect_change_contents = true;
    const RunResult result = run(spec);
    EXPECT_EQ(paths(result), (std::vector<std::string>{"+g", "+locked/f"}));
    EXPECT_EQ(result.changes.at(1).content, "secret\n");
}

TEST_F(SandboxAttack, TheProgramCannotForgeItsReport) {
    // Descriptors 3 and up are where the records would go; nothing is open there.
    const RunResult result = attack(
        "import os\n"
        "for n in range(3,64):\n"
        "    try: os.write(n,b'Z\\0\\0\\0\\0')\n"
        "    except OSError: pass\n"
        "os._exit(5)");
    EXPECT_EQ(result.exit_code, 5);
    EXPECT_EQ(result.status, RunStatus::failed);
}

}  // namespace
}  // namespace ec::executor
