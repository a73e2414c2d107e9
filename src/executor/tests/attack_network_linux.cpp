// Ways out over any kind of socket. The host listens on every one of them, and must hear nothing.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "attack_fixture.hpp"

namespace ec::executor {
namespace {

namespace fs = std::filesystem;

// A socket of the host that counts as reached when anything waits at it.
struct Ear {
    std::string name;
    int fd = -1;
    unsigned port = 0;
};

class AttackNetwork : public testing::AttackTest {
protected:
    void TearDown() override {
        std::vector<pollfd> arrived;
        for (const Ear& ear : ears_) arrived.push_back({ear.fd, POLLIN, 0});
        ::poll(arrived.data(), arrived.size(), 0);
        for (std::size_t i = 0; i < ears_.size(); ++i) {
            EXPECT_EQ(arrived[i].revents, 0) << "something reached the host's " << ears_[i].name;
            ::close(ears_[i].fd);
        }
        AttackTest::TearDown();
    }

    unsigned listen_inet(const std::string& name, int family, int type) {
        sockaddr_storage address{};
        socklen_t size = sizeof(sockaddr_in6);
        address.ss_family = static_cast<sa_family_t>(family);
        if (family == AF_INET) {
            reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            size = sizeof(sockaddr_in);
        } else {
            reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
        }
        const int fd = ::socket(family, type | SOCK_CLOEXEC, 0);
        if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0) {
            if (fd >= 0) ::close(fd);
            return 0;  // a machine without IPv6
        }
        EXPECT_TRUE(type != SOCK_STREAM || ::listen(fd, 4) == 0);
        EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
        const unsigned port = ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                                      : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
        ears_.push_back({name, fd, port});
        return port;
    }

    // `path` starting with @: an abstract name. Everybody may connect to it.
    void listen_unix(const std::string& path, int type) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(path.size(), sizeof address.sun_path);
        std::memcpy(address.sun_path, path.data(), path.size());
        if (path.front() == '@') address.sun_path[0] = '\0';
        const int fd = ::socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
        ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address),
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size())),
                  0);
        ASSERT_TRUE(type == SOCK_DGRAM || ::listen(fd, 4) == 0);
        ASSERT_TRUE(path.front() == '@' || ::chmod(path.c_str(), 0777) == 0);
        ears_.push_back({path, fd, 0});
    }

    unsigned listen_vsock() {
        const int fd = ::socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_vm address{};
        address.svm_family = AF_VSOCK;
        address.svm_port = VMADDR_PORT_ANY;
        address.svm_cid = VMADDR_CID_ANY;
        socklen_t size = sizeof address;
        if (fd < 0 || ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd, 4) != 0 ||
            ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
            if (fd >= 0) ::close(fd);
            return 0;  // a kernel without it
        }
        ears_.push_back({"vsock", fd, address.svm_port});
        return address.svm_port;
    }

    std::vector<Ear> ears_;
};

TEST_F(AttackNetwork, TheHostsLoopbackIsNotTheirs) {
    const unsigned ports[] = {listen_inet("tcp", AF_INET, SOCK_STREAM), listen_inet("tcp6", AF_INET6, SOCK_STREAM),
                              listen_inet("udp", AF_INET, SOCK_DGRAM), listen_inet("udp6", AF_INET6, SOCK_DGRAM)};
    std::string list;
    for (const unsigned port : ports) list += std::to_string(port) + ",";
    const RunResult result = python("ports = [" + list + R"py(]
import socket
hosts = {socket.AF_INET: ['127.0.0.1', '127.0.0.2', '0.0.0.0', '127.255.255.254'], socket.AF_INET6: ['::1', '::', '::ffff:127.0.0.1']}
for port in ports:
    if port == 0: continue
    for family in hosts:
        for host in hosts[family]:
            s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2)
            try: s.connect((host, port)); print('connected', host, port)
            except OSError: pass
            u = socket.socket(family, socket.SOCK_DGRAM)
            try: u.sendto(b'x', (host, port))
            except OSError: pass
            try: s2 = socket.socket(family, socket.SOCK_STREAM); s2.sendto(b'x', socket.MSG_FASTOPEN, (host, port))
            except OSError: pass
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1)
socket.create_connection(s.getsockname()); print('inside works')
)py");
    EXPECT_EQ(result.out, "inside works\n") << result.err;
}

TEST_F(AttackNetwork, NoAddressOutsideAndNoNameAnswers) {
    const RunResult result = python(R"py(
import socket
print([name for _, name in socket.if_nameindex()], open('/proc/net/route').read().count('\n'))
for family, address in [(2, ('192.0.2.1', 80)), (2, ('169.254.169.254', 80)), (2, ('10.0.0.1', 22)), (2, ('8.8.8.8', 53)),
                        (2, ('255.255.255.255', 67)), (2, ('224.0.0.1', 5353)), (10, ('2001:db8::1', 80)), (10, ('fe80::1', 80, 0, 1)), (10, ('ff02::fb', 5353, 0, 1))]:
    s = socket.socket(family, socket.SOCK_STREAM); s.settimeout(2)
    try: s.connect(address); print('connected', address)
    except OSError: pass
    u = socket.socket(family, socket.SOCK_DGRAM)
    try: u.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1); u.sendto(b'x', address); print('sent', address)
    except OSError: pass
for name in ['example.com', 'metadata.google.internal', 'host.docker.internal', 'gateway.local']:
    try: print(socket.getaddrinfo(name, 80))
    except OSError: pass
)py");
    EXPECT_EQ(result.out, "['lo'] 1\n") << result.err;
}

TEST_F(AttackNetwork, ShellsAndNodeHaveNoWayEither) {
    const unsigned port = listen_inet("tcp", AF_INET, SOCK_STREAM);
    const std::string at = std::to_string(port);
    const RunResult bash = attack([&] {
        RunSpec spec;
        spec.argv = {"bash", "-c",
                     "(echo x >/dev/tcp/127.0.0.1/" + at + ") 2>/dev/null && echo tcp; (echo x >/dev/udp/127.0.0.1/" +
                         at +
                         ") 2>/dev/null; (exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && echo far; getent hosts "
                         "example.com && echo name; true"};
        return spec;
    }());
    EXPECT_EQ(bash.out, "") << bash.err;
    const RunResult result = node("const port=" + at + R"js(;
const net = require('net'), dgram = require('dgram'), dns = require('dns');
const tell = (name) => (e) => console.log(name, (e && e.code) || 'DONE');
net.connect(port, '127.0.0.1', tell('tcp')).on('error', tell('tcp'));
dns.lookup('example.com', tell('lookup'));
dns.resolve4('example.com', tell('resolve'));
fetch('http://127.0.0.1:' + port).then(() => console.log('fetch DONE'), () => console.log('fetch refused'));
const u = dgram.createSocket('udp4'); u.send('x', port, '192.0.2.1', (e) => { tell('udp')(e); u.close(); });
)js");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_NE(result.out.find("tcp ECONNREFUSED"), std::string::npos) << result.out << result.err;
}

TEST_F(AttackNetwork, UnixSocketsOfTheHostAreNotReached) {
    listen_unix((outside() / "docker.sock").string(), SOCK_STREAM);
    listen_unix((outside() / "log").string(), SOCK_DGRAM);
    listen_unix("@" + mark() + "-stream", SOCK_STREAM);
    listen_unix("@" + mark() + "-datagram", SOCK_DGRAM);
    listen_unix("@" + mark() + "-packet", SOCK_SEQPACKET);
    const RunResult result = python("outside='" + outside().string() + "'" + R"py(
import glob, socket
for path in [outside + '/docker.sock', '/proc/1/root' + outside + '/docker.sock', '/proc/self/root' + outside + '/docker.sock', outside + '/log',
             '/var/run/docker.sock', '/run/docker.sock', '/run/dbus/system_bus_socket', '/dev/log', '/run/systemd/private', '\0' + M + '-stream',
             '\0' + M + '-datagram', '\0' + M + '-packet']:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        s = socket.socket(socket.AF_UNIX, kind)
        try: s.connect(path); print('connected', path)
        except OSError: pass
        if kind == socket.SOCK_DGRAM:
            try: s.sendto(b'x', path); print('sent', path)
            except OSError: pass
)py");
    EXPECT_EQ(result.out, "") << result.err;
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

// The project may hold the socket of a server that the user runs, and so may a folder that is shown beside it.
TEST_F(AttackNetwork, ASocketOrPipeThatLiesInTheWorkspaceIsOnlyAName) {
    listen_unix((root() / "server.sock").string(), SOCK_STREAM);
    listen_unix((root() / "log.sock").string(), SOCK_DGRAM);
    ASSERT_EQ(::mkfifo((root() / "fifo").c_str(), 0666), 0);
    ASSERT_EQ(::chmod((root() / "fifo").c_str(), 0666), 0);
    const int fifo = ::open((root() / "fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    ears_.push_back({"fifo", fifo, 0});
    const RunResult result = python(R"py(
import socket
for path, kind in [('server.sock', socket.SOCK_STREAM), ('log.sock', socket.SOCK_DGRAM)]:
    attempt(path, lambda: socket.socket(socket.AF_UNIX, kind).connect(path))
attempt('fifo', lambda: os.write(os.open('fifo', os.O_WRONLY | os.O_NONBLOCK), b'x'))
)py");
    EXPECT_EQ(result.out, "server.sock ECONNREFUSED\nlog.sock ECONNREFUSED\nfifo ENXIO\n") << result.err;
}

TEST_F(AttackNetwork, ASocketBelowAFurtherReadOnlyFolderIsOnlyAName) {
    const fs::path shown = outside() / "shown";
    fs::create_directories(shown);
    ASSERT_EQ(::chmod(shown.c_str(), 0755), 0);
    listen_unix((shown / "server.sock").string(), SOCK_STREAM);
    ASSERT_EQ(::mkfifo((shown / "fifo").c_str(), 0666), 0);
    ASSERT_EQ(::chmod((shown / "fifo").c_str(), 0666), 0);
    ears_.push_back({"fifo", ::open((shown / "fifo").c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC), 0});
    SandboxOptions options;
    options.workspace = root();
    options.box = testing::box_program();
    options.read_only = {shown};
    auto opened = open_sandbox(options);
    ASSERT_TRUE(opened) << opened.error().message;
    sandbox_ = std::move(*opened);
    const RunResult result = python("shown='" + shown.string() + "'" + R"py(
import socket
attempt('socket', lambda: socket.socket(socket.AF_UNIX).connect(shown + '/server.sock'))
attempt('fifo', lambda: os.write(os.open(shown + '/fifo', os.O_WRONLY | os.O_NONBLOCK), b'x'))
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out << result.err;
}

TEST_F(AttackNetwork, EveryOtherFamilyTypeAndProtocolIsRefused) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const unsigned port = listen_vsock();
    const RunResult result = python("port = " + std::to_string(port) + R"py(
made = set()
for family in list(range(0, 64)) + [255, 4096, 2**31]:
    for kind in (1, 2, 3, 4, 5, 6, 10):
        for protocol in (0, 1, 3, 6, 8, 16, 17, 33, 58, 115, 132, 136, 255, 262, 768):
            for variant in (kind, kind | 0o2000000):
                fd = syscall(41, family, variant, protocol)
                if fd >= 0: made.add((family, kind, protocol)); os.close(fd)
print(sorted(made))
pair = (ctypes.c_int * 2)()
for family in range(0, 64):
    for kind in (1, 2, 5):
        if syscall(53, family, kind, 0, pair) >= 0: print('pair', family, kind); os.close(pair[0]); os.close(pair[1])
        elif family != 1 and error() != 'EAFNOSUPPORT': print('pair', family, error())
for name, family in [('vsock', 40), ('alg', 38), ('xdp', 44), ('packet', 17), ('bluetooth', 31), ('can', 29), ('tipc', 30), ('smc', 43),
                     ('qipcrtr', 42), ('kcm', 41), ('nfc', 39), ('rds', 21), ('x25', 9), ('vsock high bits', (1 << 32) | 40)]:
    call(name, 41, family, 1, 0)
)py");
    // What may be made: UNIX of its types, TCP and UDP of both versions, and the route netlink.
    EXPECT_TRUE(result.out.starts_with(
        "[(1, 1, 0), (1, 1, 1), (1, 2, 0), (1, 2, 1), (1, 3, 0), (1, 3, 1), (1, 5, 0), (1, 5, 1), (2, 1, 0), (2, 1, "
        "6), "
        "(2, 2, 0), (2, 2, 17), (10, 1, 0), (10, 1, 6), (10, 2, 0), (10, 2, 17), (16, 2, 0), (16, 3, 0)]\n"
        "pair 1 1\npair 1 2\npair 1 5\nvsock EAFNOSUPPORT\n"))
        << result.out << result.err;
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
}

TEST_F(AttackNetwork, RawPacketsAndPingsAreRefused) {
    const RunResult result = python(R"py(
import socket
for name, arguments in [('raw icmp', (2, 3, 1)), ('raw tcp', (2, 3, 6)), ('raw any', (2, 3, 255)), ('raw6', (10, 3, 58)), ('ping', (2, 2, 1)),
                        ('ping6', (10, 2, 58)), ('packet', (17, 3, 768)), ('old packet', (2, 10, 768))]:
    attempt(name, lambda: socket.socket(*arguments))
s = socket.socket(2, 2)
for name, option in [('mark', 36), ('bind to device', 25), ('priority', 12)]:
    attempt(name, lambda: s.setsockopt(socket.SOL_SOCKET, option, b'lo\0\0' if option == 25 else 7))
)py");
    for (const char* name :
         {"raw icmp", "raw tcp", "raw any", "raw6", "ping", "ping6", "packet", "old packet", "mark"}) {
        EXPECT_EQ(result.out.find(std::string(name) + " DONE"), std::string::npos) << result.out;
    }
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
}

TEST_F(AttackNetwork, NoInterfaceRouteOrRuleCanBeMade) {
    const RunResult result = python(R"py(
import fcntl, socket, struct
route = socket.socket(16, 3, 0)
RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE, RTM_SETLINK, RTM_DELLINK = 16, 20, 24, 32, 19, 17
for kind in (RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE, RTM_SETLINK, RTM_DELLINK):
    body = struct.pack('BxHiII', 0, 0, 1, 1, 1) + b'\0' * 16
    route.send(struct.pack('IHHII', 16 + len(body), kind, 0x605, 1, 0) + body)
    answer = route.recv(4096)
    print(kind, errno.errorcode.get(-struct.unpack('i', answer[16:20])[0], 'DONE'))
for protocol in range(1, 24): attempt('netlink %d' % protocol, lambda: socket.socket(16, 3, protocol))
plain = socket.socket(2, 2)
for name, request in [('SIOCSIFADDR', 0x8916), ('SIOCSIFFLAGS', 0x8914), ('SIOCADDRT', 0x890b), ('SIOCSIFHWADDR', 0x8924),
                      ('SIOCBRADDBR', 0x89a0), ('SIOCETHTOOL', 0x8946)]:
    attempt(name, lambda: fcntl.ioctl(plain, request, b'lo'.ljust(64, b'\0')))
for option in (64, 80, 96): attempt('iptables %d' % option, lambda: plain.setsockopt(0, option, b'\0' * 64))
attempt('tun', lambda: os.open('/dev/net/tun', os.O_RDWR))
)py");
    std::string rest;
    for (const std::string_view line : split_lines(result.out)) {
        // Asking the loopback device for its properties is no change.
        if (line.find("DONE") != std::string_view::npos && !line.starts_with("SIOCETHTOOL"))
            rest += std::string(line) + "\n";
    }
    EXPECT_EQ(rest, "") << result.out;
    EXPECT_EQ(result.status, RunStatus::ok) << result.out << result.err;
}

TEST_F(AttackNetwork, TheRingsOfIoUringAreNotThere) {
#ifndef __x86_64__
    GTEST_SKIP() << "the system call numbers are x86-64's";
#endif
    const RunResult result = python(R"py(
parameters = ctypes.create_string_buffer(120)
for entries in (1, 8, 4096): call('setup', 425, entries, parameters)
for flags in (1 << 1, 1 << 14, 0x1000): # SQPOLL, NO_MMAP, others
    parameters = ctypes.create_string_buffer(flags.to_bytes(12, 'little')[:12] + b'\0' * 108)
    call('setup flags', 425, 8, parameters)
for fd in (-1, 0, 1, 2): call('enter', 426, fd, 1, 1, 1, None, 0)
for operation in list(range(0, 36)) + [1 << 31]: # registering buffers, files, rings without a ring (17 and up), the high bit
    if syscall(427, -1, operation, None, 0) >= 0 or error() != 'ENOSYS': print('register', operation, error())
call('setup high bits', 425 | (1 << 32), 8, parameters)
)py");
    EXPECT_EQ(
        result.out,
        "setup ENOSYS\nsetup ENOSYS\nsetup ENOSYS\nsetup flags ENOSYS\nsetup flags ENOSYS\nsetup flags ENOSYS\nenter "
        "ENOSYS\nenter ENOSYS\nenter ENOSYS\nenter ENOSYS\nsetup high bits ENOSYS\n")
        << result.err;
}

TEST_F(AttackNetwork, CredentialsAndDescriptorsPassedInsideNameNobodyOutside) {
    const RunResult result = python(R"py(
import array, socket, struct
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
b.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
print(struct.unpack('3i', a.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1:])
for pid, uid in [(1, 1000), (os.getpid(), 0), (os.getpid(), 65534), (1, 0)]:
    attempt('forged', lambda: a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, struct.pack('3i', pid, uid, 1000))]))
a.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array('i', [os.open('/', os.O_PATH)]))])
message = b.recvmsg(10, 100)
fd = [array.array('i', data)[0] for level, kind, data in message[1] if kind == socket.SCM_RIGHTS][0]
attempt('above the root', lambda: os.stat('../../..' + C, dir_fd=fd))
)py");
    EXPECT_EQ(result.out.find("DONE"), std::string::npos) << result.out;
    EXPECT_TRUE(result.out.starts_with("(1000, 1000)\nforged")) << result.out << result.err;
    EXPECT_TRUE(result.out.ends_with("above the root ENOENT\n")) << result.out << result.err;
}

}  // namespace
}  // namespace ec::executor
