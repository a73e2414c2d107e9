// Tier C, attacked from inside as the others are: nothing may be read or written outside, nobody reached, nothing left.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <ec/executor/apply.hpp>

#include "reduced_fixture.hpp"
#include "self_test.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

constexpr const char* kCanary = testing::kReducedCanary;
using testing::inside_uid;
using testing::SandboxReduced;

TEST_F(SandboxReduced, AProgramRunsAndSaysWhatItChanged) {
    write("a.txt", "one\n");
    write("b.txt", "two\n");
    write("keep.txt", "same\n");
    const RunResult result =
        sh("echo more >> a.txt; rm b.txt; mkdir -p d; echo new > d/c.txt; cat keep.txt > k && mv k keep.txt; "
           "ln -s a.txt inside; ln -s /etc/passwd outside; mkfifo pipe; pwd");
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(result.out, root().string() + "\n");
    EXPECT_EQ(paths(result), (Names{"*a.txt", "-b.txt", "+d/c.txt", "+inside", "+outside"}));
    EXPECT_EQ(result.changes[3].symlink_target, "a.txt");
    EXPECT_TRUE(result.changes[4].symlink && result.changes[4].symlink_target.empty());
    EXPECT_EQ(*read_file(root() / "a.txt"), "one\n");
    EXPECT_EQ(*read_file(root() / "b.txt"), "two\n");
    EXPECT_EQ(result.tier, "C");
    EXPECT_EQ(result.isolation, "reduced");
    EXPECT_THAT(result.notes, ::testing::Contains(HasSubstr("reduced")));
}

TEST_F(SandboxReduced, ChangesCanBeAppliedAsFromAnyOtherTier) {
    write("a.txt", "one\n");
    write("b.txt", "two\n");
    RunSpec spec;
    spec.argv = {"sh", "-c", "echo more >> a.txt; rm b.txt; echo new > c.txt"};
    spec.collect_change_contents = true;
    const RunResult result = run(spec);
    const auto applied = apply(result);
    ASSERT_TRUE(applied) << applied.error().message;
    EXPECT_EQ(*read_file(root() / "a.txt"), "one\nmore\n");
    EXPECT_EQ(*read_file(root() / "c.txt"), "new\n");
    EXPECT_FALSE(fs::exists(root() / "b.txt"));
}

TEST_F(SandboxReduced, EditsHelperFilesAndArtifactsAreWhereTheCallerSaid) {
    write("a.txt", "old");
    RunSpec spec;
    spec.artifact_dir = artifact_dir();
    spec.edits = {{"a.txt", "edited"}, {"new/b.txt", "fresh"}};
    spec.support_files = {{"tool.sh", "cat a.txt new/b.txt"}};
    spec.environment = {{"HELP", std::string(kSupportDir) + "/tool.sh"}};
    spec.argv = {"sh", "-c",
                 "sh " + std::string(kSupportDir) + "/tool.sh; echo report > " + spec.artifact_dir +
                     "/report.xml; echo x >> \"$HELP\" || echo; echo \"$HELP\""};
    const RunResult result = run(spec);
    EXPECT_THAT(result.out, HasSubstr("editedfresh"));
    EXPECT_THAT(result.out, HasSubstr(std::string(kSupportDir) + "/tool.sh"));
    EXPECT_EQ(result.artifacts.at("report.xml"), "report\n");
    EXPECT_TRUE(result.changes.empty()) << "what we laid is no change of the program's";
    EXPECT_EQ(*read_file(root() / "a.txt"), "old");
}

TEST_F(SandboxReduced, AChangeOfTheSameLengthAtOnceIsSeen) {
    write("a.txt", "aaaa");
    const RunResult result = sh("printf bbbb > a.txt");
    EXPECT_EQ(paths(result), Names{"*a.txt"});
}

TEST_F(SandboxReduced, ASessionTalksInFrames) {
    RunSpec spec;
    spec.argv = {"python3", "-c",
                 "import os,struct\n"
                 "n=struct.unpack('<I',os.read(3,4))[0]\n"
                 "m=os.read(3,n)+b' '+os.getcwd().encode()\n"
                 "os.write(4,struct.pack('<I',len(m))+m)\n"
                 "open('made','w').write('x')\n"};
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    ASSERT_TRUE((*session)->send("hello"));
    const auto frame = (*session)->receive(seconds(60));
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(*frame, "hello " + root().string());
    const RunResult result = (*session)->finish(seconds(60));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(paths(result), Names{"+made"});
    EXPECT_EQ(result.isolation, "reduced");
}

TEST_F(SandboxReduced, ASessionInLinesTalksToStandardInputAndOutput) {
    RunSpec spec;
    spec.argv = {"sh", "-c", "while read -r line; do echo \"$line in $PWD\"; done"};
    spec.line_bytes = 1000;
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    ASSERT_TRUE((*session)->send("here"));
    EXPECT_EQ((*session)->receive(seconds(60)).value(), "here in " + root().string());
    EXPECT_EQ((*session)->finish(seconds(60)).status, RunStatus::ok);
}

TEST_F(SandboxReduced, NothingOutsideCanBeRead) {
    fs::create_symlink(canary(), root() / "link");
    fs::create_directory_symlink("/", root() / "rootlink");
    const RunResult result = attack(
        "import os\n"
        "c=os.environ['C']; b=os.environ['B']\n"
        "tries=[c,'link','rootlink'+c,'/proc/self/root'+c,'/proc/1/root'+c,'../'*20+c,'/etc/shadow','/etc/hostname',\n"
        " '/proc/self/environ','/proc/%s/environ'%b,'/proc/%s/cmdline'%b,'/proc/%d/environ'%os.getppid(),'/proc/"
        "cpuinfo',\n"
        " '/sys/kernel/notes','/dev/tty','/dev/kmsg','/dev/mem']\n"
        "got=[]\n"
        "for t in tries:\n"
        "    try: open(t,'rb').read(100); got.append(t)\n"
        "    except OSError: pass\n"
        "for t in ['/','/home','/tmp','/root','/proc','/var','/dev',os.environ['D']]:\n"
        "    try: os.listdir(t); got.append(t)\n"
        "    except OSError: pass\n"
        "print(got)");
    EXPECT_EQ(result.out, "[]\n") << result.err;
}

TEST_F(SandboxReduced, TheRealWorkspaceIsOutsideAsWell) {
    write("secret.txt", kCanary);
    RunSpec spec;
    const fs::path other = root().parent_path() / root().filename();
    spec.argv = {"python3", "-c",
                 "import os\n"
                 "p=bytes.fromhex(os.environ['P']).decode()\n"
                 "try: print(open(p+'/secret.txt').read())\n"
                 "except OSError: print('refused')\n"
                 "try: open(p+'/planted','w')\n"
                 "except OSError: print('refused')\n"};
    std::string hex;
    for (const char c : other.string()) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(c));
        hex += digits;
    }
    spec.environment = {{"P", hex}};
    EXPECT_EQ(run(spec).out, "refused\nrefused\n");
    EXPECT_FALSE(fs::exists(root() / "planted"));
}

TEST_F(SandboxReduced, NothingOutsideCanBeWrittenOrMarked) {
    // Of the same user as the program, so that only the sandbox is in the way.
    const std::string mine = (outside_.path() / "mine").string();
    ASSERT_TRUE(write_file_atomic(mine, "before", 0600));
    ASSERT_TRUE(::geteuid() != 0 || ::chown(mine.c_str(), inside_uid(), inside_uid()) == 0);
    const RunResult result = attack(
        "import os\n"
        "d=os.environ['D']; m=d+'/mine'; got=[]\n"
        "def t(name,f):\n"
        "    try: f(); got.append(name)\n"
        "    except OSError: pass\n"
        "t('create',lambda: open(d+'/new','w'))\n"
        "t('write',lambda: open(m,'a'))\n"
        "t('truncate',lambda: os.truncate(m,0))\n"
        "t('unlink',lambda: os.unlink(m))\n"
        "t('rename in',lambda: os.rename(m,'stolen'))\n"
        "t('link in',lambda: os.link(m,'linked'))\n"
        "open('x','w').write('x')\n"
        "t('rename out',lambda: os.rename('x',d+'/x'))\n"
        "t('link out',lambda: os.link('x',d+'/x'))\n"
        "t('mkdir',lambda: os.mkdir(d+'/dir'))\n"
        "t('symlink',lambda: os.symlink('/',d+'/sym'))\n"
        "t('fifo',lambda: os.mkfifo(d+'/fifo'))\n"
        "print(got)");
    EXPECT_EQ(result.out, "[]\n") << result.err;
    EXPECT_EQ(*read_file(mine), "before");
    Names names;
    for (const auto& entry : fs::directory_iterator(outside_.path())) names.push_back(entry.path().filename());
    EXPECT_THAT(names, ::testing::UnorderedElementsAre("canary.txt", "mine"));
}

TEST_F(SandboxReduced, ModesOwnersAndTimesOfTheUsersOtherFilesStay) {
    if (::geteuid() == 0) GTEST_SKIP() << "the uid that root's programs get has no other files";
    const std::string mine = (outside_.path() / "mine").string();
    ASSERT_TRUE(write_file_atomic(mine, "before", 0600));
    struct stat before{};
    ASSERT_EQ(::stat(mine.c_str(), &before), 0);
    const RunResult result = attack(
        "import os\n"
        "m=os.environ['D']+'/mine'; got=[]\n"
        "def t(name,f):\n"
        "    try: f(); got.append(name)\n"
        "    except OSError: pass\n"
        "t('chmod',lambda: os.chmod(m,0o777))\n"
        "t('chmod by descriptor',lambda: os.chmod(os.open(m,os.O_PATH),0o777))\n"
        "t('chown',lambda: os.chown(m,os.getuid(),os.getgid()))\n"
        "t('utime',lambda: os.utime(m,(1,1)))\n"
        "t('setxattr',lambda: os.setxattr(m,'user.x',b'1'))\n"
        "import ctypes\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "if l.syscall(452,-100,m.encode(),0o777,0)==0: got.append('fchmodat2')\n"
        "if l.syscall(463,-100,m.encode(),0,b'user.x',0,0)==0: got.append('setxattrat')\n"
        "print(got)");
    EXPECT_EQ(result.out, "[]\n") << result.err;
    struct stat after{};
    ASSERT_EQ(::stat(mine.c_str(), &after), 0);
    EXPECT_EQ(after.st_mode, before.st_mode);
    EXPECT_EQ(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
    EXPECT_EQ(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}

TEST_F(SandboxReduced, NoSocketOfAnyFamilyReachesAnybody) {
    const int tcp = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int udp = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int named = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const int abstract = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(tcp, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::listen(tcp, 5), 0);
    ASSERT_EQ(::getsockname(tcp, reinterpret_cast<sockaddr*>(&address), &size), 0);
    ASSERT_EQ(::bind(udp, reinterpret_cast<sockaddr*>(&address), size), 0);
    sockaddr_un local{};
    local.sun_family = AF_UNIX;
    const std::string path = (outside_.path() / "s").string();
    path.copy(local.sun_path, sizeof local.sun_path - 1);
    ASSERT_EQ(::bind(named, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0777), 0);
    sockaddr_un hidden{};
    hidden.sun_family = AF_UNIX;
    const std::string name = "ec-test-" + std::to_string(::getpid());
    name.copy(hidden.sun_path + 1, sizeof hidden.sun_path - 2);
    ASSERT_EQ(::bind(abstract, reinterpret_cast<sockaddr*>(&hidden),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())),
              0);
    ASSERT_EQ(::listen(abstract, 5), 0);
    const std::string port = std::to_string(ntohs(address.sin_port));
    const RunResult result = attack(
        "import socket,os\n"
        "got=[]\n"
        "def t(name,f):\n"
        "    try: f(); got.append(name)\n"
        "    except OSError: pass\n"
        "p=" +
        port + "; u=os.environ['D']+'/s'; a='\\0" + name +
        "'\n"
        "t('tcp',lambda: socket.create_connection(('127.0.0.1',p),2))\n"
        "t('udp',lambda: socket.socket(socket.AF_INET,socket.SOCK_DGRAM).sendto(b'x',('127.0.0.1',p)))\n"
        "for f in range(0,46):\n"
        "    for k in (1,2,3,5):\n"
        "        t('family %d %d'%(f,k),lambda: socket.socket(f,k))\n"
        "t('dgram pair',lambda: socket.socketpair(socket.AF_UNIX,socket.SOCK_DGRAM)[0].sendto(b'x',u))\n"
        "for k in (socket.SOCK_STREAM,socket.SOCK_SEQPACKET):\n"
        "    x,y=socket.socketpair(socket.AF_UNIX,k)\n"
        "    t('sendto',lambda: x.sendto(b'x',u)); t('connect',lambda: x.connect(a)); y.close()\n"
        "    t('connect after',lambda: x.connect(a)); t('bind',lambda: x.bind(a+'2'))\n"
        "x,y=socket.socketpair(); x.send(b'pair'); print(y.recv(9).decode())\n"
        "print([g for g in got if g!='sendto'])");
    EXPECT_EQ(result.out, "pair\n[]\n") << result.err;
    pollfd sockets[] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}, {named, POLLIN, 0}, {abstract, POLLIN, 0}};
    EXPECT_EQ(::poll(sockets, 4, 0), 0) << "something arrived";
    for (const pollfd& one : sockets) ::close(one.fd);
}

TEST_F(SandboxReduced, OtherProcessesOfTheUserCannotBeTouched) {
    const int priority = ::getpriority(PRIO_PROCESS, static_cast<id_t>(bystander_.pid()));
    const RunResult result = attack(
        "import os,signal,resource,ctypes\n"
        "b=int(os.environ['B']); got=[]\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "def t(name,f):\n"
        "    try: f(); got.append(name)\n"
        "    except (OSError,PermissionError,ValueError): pass\n"
        "for p in (b,os.getppid()):\n"
        "    t('kill',lambda: os.kill(p,signal.SIGKILL)); t('stop',lambda: os.kill(p,signal.SIGSTOP))\n"
        "    t('pidfd',lambda: signal.pidfd_send_signal(os.pidfd_open(p),signal.SIGKILL))\n"
        "    t('prlimit',lambda: resource.prlimit(p,resource.RLIMIT_CPU,(1,1)))\n"
        "    t('nice',lambda: os.setpriority(os.PRIO_PROCESS,p,19))\n"
        "    t('affinity',lambda: os.sched_setaffinity(p,{0}))\n"
        "    if l.ptrace(16,p,0,0)==0: got.append('ptrace')\n"
        "    if l.tgkill(p,p,9)==0: got.append('tgkill')\n"
        "t('nice user',lambda: os.setpriority(os.PRIO_USER,0,19))\n"
        "if l.shmget(0,4096,0o1600)>=0 or l.msgget(0,0o1600)>=0 or l.semget(0,1,0o1600)>=0: got.append('sysv')\n"
        "print(got)");
    EXPECT_EQ(result.out, "[]\n") << result.err;
    EXPECT_TRUE(bystander_.alive());
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(bystander_.pid())), priority);
}

TEST_F(SandboxReduced, RightsAreGivenUp) {
    const RunResult result = attack(
        "import os,ctypes\n"
        "l=ctypes.CDLL(None,use_errno=True)\n"
        "print(os.getuid()!=0, l.prctl(39,0,0,0,0), l.unshare(0x10000000), l.syscall(425,1,0))");
    EXPECT_EQ(result.out, "True 1 -1 -1\n");
}

TEST_F(SandboxReduced, DependenciesAreReadInPlaceAndCannotBeWritten) {
    ASSERT_EQ(::chmod(root().c_str(), 0755), 0);
    write("node_modules/m/index.js", "module.exports = 7\n");
    const RunResult result =
        sh("cat node_modules/m/index.js; echo x > node_modules/m/index.js; echo x > node_modules/new; "
           "ls node_modules");
    EXPECT_EQ(result.out, "module.exports = 7\nm\n") << result.err;
    EXPECT_TRUE(result.changes.empty());
    EXPECT_EQ(*read_file(root() / "node_modules/m/index.js"), "module.exports = 7\n");
}

TEST_F(SandboxReduced, ItsOwnSelfTestPasses) {
    Isolation isolation = sandbox_->isolation();
    const Status status = attack_from_inside(*sandbox_, isolation);
    EXPECT_TRUE(status) << status.error().message;
}

}  // namespace
}  // namespace ec::executor
