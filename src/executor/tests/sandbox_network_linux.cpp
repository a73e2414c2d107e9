// The one way out of a sandbox, with a gate of the test's in the place of the proxy.
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "sandbox_fixture.hpp"

namespace ec::executor {
namespace {

constexpr int kPatience = 60'000;

UniqueFd take_descriptor(int control) {
    char byte = 0;
    iovec data{&byte, 1};
    alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = ancillary;
    message.msg_controllen = sizeof ancillary;
    if (::recvmsg(control, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == nullptr) return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
    return UniqueFd(fd);
}

/// Answers every connection of a run with one line.
class GreetingGate final : public NetworkGate {
public:
    class Pass final : public NetworkPass {
    public:
        explicit Pass(std::atomic<int>& gone) : gone_(gone) {
            int ends[2];
            if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
            ours_.reset(ends[0]);
            theirs_.reset(ends[1]);
            server_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
        }
        ~Pass() override {
            server_.request_stop();
            ::shutdown(ours_.get(), SHUT_RDWR);
        }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        UniqueFd take_end() override { return std::move(theirs_); }

    private:
        void serve(const std::stop_token& stop) {
            const UniqueFd listener = take_descriptor(ours_.get());
            while (!stop.stop_requested()) {
                pollfd fds[2] = {{listener.get(), POLLIN, 0}, {ours_.get(), POLLIN, 0}};
                ::poll(fds, 2, kPatience);
                if (fds[1].revents != 0) {
                    char byte = 0;
                    if (!stop.stop_requested() && ::read(ours_.get(), &byte, 1) == 0) ++gone_;
                    gone_.notify_all();
                    return;
                }
                const UniqueFd client(::accept(listener.get(), nullptr, nullptr));
                if (client.valid() && ::send(client.get(), "greetings\n", 10, MSG_NOSIGNAL) < 0) return;
            }
        }
        std::atomic<int>& gone_;
        UniqueFd ours_;
        UniqueFd theirs_;
        std::jthread server_;
    };

    Result<std::unique_ptr<NetworkPass>> admit(std::string who, std::string why) override {
        if (closed) return fail(ErrorCode::io, "the ledger is full");
        said.push_back(who + ": " + why);
        return std::make_unique<Pass>(gone);
    }
    bool closed = false;
    std::vector<std::string> said;
    std::atomic<int> gone{0};  ///< sandboxes whose end was seen at the socket
};

class SandboxNetwork : public testing::SandboxTest {
protected:
    void SetUp() override {
        SandboxOptions options;
        options.workspace = root();
        options.box = testing::box_program();
        options.network = &gate_;
        auto opened = open_sandbox(options);
        ASSERT_TRUE(opened) << opened.error().message;
        sandbox_ = std::move(*opened);
    }
    static RunSpec with_network(const std::string& program) {
        RunSpec spec;
        spec.argv = {"python3", "-c", program};
        spec.network = true;
        return spec;
    }
    GreetingGate gate_;
};

constexpr const char* kAsk = R"(
import os, socket
host, port = os.environ['HTTPS_PROXY'].removeprefix('http://').split(':')
print(socket.create_connection((host, int(port)), timeout=30).makefile().readline(), end='')
)";

TEST_F(SandboxNetwork, ARunWithANetworkReachesTheGateAndNothingElse) {
    const RunResult result = run(with_network(std::string(kAsk) + R"(
for name in ('HTTP_PROXY', 'http_proxy', 'https_proxy', 'NO_PROXY'): print(os.environ[name])
for target in (('93.184.216.34', 80), ('10.0.0.1', 80), ('127.0.0.1', 80)):
    try:
        socket.create_connection(target, timeout=5)
        print('connected', target)
    except OSError: pass
try:
    socket.getaddrinfo('example.com', 80)
    print('resolved')
except OSError: pass
)"));
    EXPECT_EQ(result.status, RunStatus::ok) << result.err;
    EXPECT_EQ(result.out,
              "greetings\nhttp://127.0.0.1:3128\nhttp://127.0.0.1:3128\nhttp://127.0.0.1:3128\nlocalhost,127.0.0.1\n");
    ASSERT_EQ(gate_.said.size(), 1U);
    EXPECT_TRUE(gate_.said[0].starts_with(root().string() + ": python3 -c ")) << gate_.said[0];
}

TEST_F(SandboxNetwork, WithoutANetworkNothingOfItExists) {
    const RunResult result = python(R"(
import os, socket
print([name for name in os.environ if 'proxy' in name.lower()], open('/proc/net/tcp').read().count('\n'))
try:
    socket.create_connection(('127.0.0.1', 3128), timeout=5)
    print('connected')
except OSError as error: print(type(error).__name__)
print(sorted(os.listdir('/etc/ssl')) if os.path.exists('/etc/ssl') else 'no certificates')
)");
    EXPECT_EQ(result.out, "[] 1\nConnectionRefusedError\nno certificates\n") << result.err;
    EXPECT_TRUE(gate_.said.empty());
}

TEST_F(SandboxNetwork, TheProgramHoldsNoDescriptorOfIt) {
    const RunResult result = run(with_network("import os; print(sorted(os.listdir('/proc/self/fd')))"));
    EXPECT_EQ(result.out, "['0', '1', '2', '3']\n");  // 3 is the listing itself
}

TEST_F(SandboxNetwork, TheGateSeesTheEndOfTheSandboxAtItsSocket) {
    auto session = sandbox_->open(with_network("pass"));
    ASSERT_TRUE(session) << session.error().message;
    gate_.gone.wait(0);  // the session is still there, its sandbox is not
    EXPECT_EQ(gate_.gone, 1);
}

TEST_F(SandboxNetwork, ARunThatIsKilledLeavesNothingWaiting) {
    RunSpec killed = with_network("import time; time.sleep(600)");
    killed.limits.wall = std::chrono::milliseconds(300);
    EXPECT_EQ(run(killed).status, RunStatus::timeout);
    EXPECT_EQ(run(with_network(kAsk)).out, "greetings\n");
}

TEST_F(SandboxNetwork, ASessionHasItForItsLife) {
    RunSpec spec = with_network(std::string(kAsk) + R"(
os.write(4, b'\x02\0\0\0ok')
os.read(3, 1)
)");
    auto session = sandbox_->open(spec);
    ASSERT_TRUE(session) << session.error().message;
    const auto frame = (*session)->receive(std::chrono::milliseconds(kPatience));
    ASSERT_TRUE(frame) << frame.error().message;
    const RunResult result = (*session)->finish(std::chrono::milliseconds(kPatience));
    EXPECT_EQ(result.out, "greetings\n") << result.err;
}

TEST_F(SandboxNetwork, ManyRunsAtOnceHaveEachTheirOwn) {
    std::vector<std::jthread> threads;
    std::atomic<int> good{0};
    const RunSpec plain = [] {
        RunSpec spec;
        spec.argv = {"true"};
        return spec;
    }();
    // The gate of this test takes one caller at a time, so the others run without a network.
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            const auto result = sandbox_->run(plain);
            if (result && result->ok()) ++good;
        });
    }
    EXPECT_EQ(run(with_network(kAsk)).out, "greetings\n");
    threads.clear();
    EXPECT_EQ(good, 3);
}

TEST_F(SandboxNetwork, AGateThatRefusesIsASandboxErrorAndNothingRuns) {
    gate_.closed = true;
    const auto result = sandbox_->run(with_network("print('ran')"));
    ASSERT_TRUE(result);
    EXPECT_EQ(result->status, RunStatus::sandbox_error);
    EXPECT_EQ(result->reason, "the ledger is full");
    EXPECT_EQ(result->out, "");
    EXPECT_FALSE(sandbox_->open(with_network("print('ran')")));
}

TEST_F(SandboxNetwork, WithoutAGateTheWishIsRefused) {
    SandboxOptions options;
    options.workspace = root();
    options.box = testing::box_program();
    const auto plain = open_sandbox(options);
    ASSERT_TRUE(plain);
    const auto result = (*plain)->run(with_network("print('ran')"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ec::executor
