// The proxy with a resolver, a dialer and a sink of the test's: the sandbox's side is real sockets on loopback, the
// outside is the other end of a socket pair.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <ec/net/allow_list_proxy.hpp>

#include "proxy_fakes.hpp"

namespace ec::net {
namespace {

using namespace testing;

class ProxyTest : public ::testing::Test {
protected:
    void begin(std::vector<std::string> rules, ProxyLimits limits = {}) {
        resolver_.lead("example.com", {"93.184.216.34"});
        ProxyPorts ports{resolver_, dialer_, sink_, [] { return std::chrono::system_clock::time_point{}; }};
        auto proxy = AllowListProxy::start(std::move(ports), limits);
        ASSERT_TRUE(proxy);
        proxy_ = *std::move(proxy);
        Admission admission{"test", "because", "t", {}};
        for (const std::string& rule : rules) admission.rules.push_back(*AllowRule::parse(rule));
        auto pass = proxy_->admit(std::move(admission));
        ASSERT_TRUE(pass);
        pass_ = *std::move(pass);
        control_ = pass_->take_end();
        offer_listener();
    }

    // As pid 1 of a sandbox does.
    void offer_listener() {
        UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ASSERT_EQ(::listen(listener.get(), 64), 0);
        ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
        inside_ = address;
        send_descriptor(listener.get());
    }

    void send_descriptor(int fd) {
        char byte = 0;
        iovec data{&byte, 1};
        alignas(cmsghdr) char ancillary[CMSG_SPACE(sizeof fd)] = {};
        msghdr message{};
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        message.msg_control = ancillary;
        message.msg_controllen = sizeof ancillary;
        cmsghdr* head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof fd);
        std::memcpy(CMSG_DATA(head), &fd, sizeof fd);
        ASSERT_EQ(::sendmsg(control_.get(), &message, 0), 1);
    }

    UniqueFd connect() {
        UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&inside_), sizeof inside_) != 0) return {};
        return fd;
    }

    std::string ask(std::string_view request) {
        const UniqueFd client = connect();
        send_all(client, request);
        return receive(client);
    }

    UniqueFd tunnel(std::string_view target = "example.com:443") {
        UniqueFd client = connect();
        send_all(client, "CONNECT " + std::string(target) + " HTTP/1.1\r\nHost: " + std::string(target) + "\r\n\r\n");
        EXPECT_EQ(receive(client, "\r\n\r\n"), "HTTP/1.1 200 Connection established\r\n\r\n");
        return client;
    }

    // The end of the pass is when the totals are there.
    std::vector<EgressEntry> ledger() {
        pass_.reset();
        return sink_.entries();
    }

    FakeResolver resolver_;
    FakeDialer dialer_;
    MemorySink sink_;
    std::unique_ptr<AllowListProxy> proxy_;
    std::unique_ptr<ProxyPass> pass_;
    UniqueFd control_;
    sockaddr_in inside_{};
};

constexpr const char* kConnect = "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n";

TEST_F(ProxyTest, ATunnelCarriesBytesBothWaysAndTheLedgerCountsThem) {
    begin({"example.com"});
    const UniqueFd client = tunnel();
    const UniqueFd server = dialer_.server();
    send_all(client, "hello");
    EXPECT_EQ(receive(server, "hello"), "hello");
    send_all(server, "and back");
    EXPECT_EQ(receive(client, "and back"), "and back");
    const auto before = sink_.entries();
    ASSERT_EQ(before.size(), 1U);
    EXPECT_EQ(before[0].event, EgressEvent::opened);
    const auto entries = ledger();
    ASSERT_EQ(entries.size(), 2U);
    EgressEntry expected;
    expected.time = "1970-01-01T00:00:00.000Z";
    expected.event = EgressEvent::closed;
    expected.connection = "t.1";
    expected.who = "test";
    expected.why = "because";
    expected.host = "example.com";
    expected.port = 443;
    expected.address = "93.184.216.34";
    expected.bytes_in = 8;
    expected.bytes_out = 5;
    expected.reason = "the run ended";
    EXPECT_EQ(entries[1], expected);
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(receive(server), "");
    EXPECT_EQ(dialer_.dialled(), std::vector<std::string>{"93.184.216.34:443"});
}

TEST_F(ProxyTest, WhatComesRightBehindTheTunnelsHeadIsPassedOnAndHalvesCloseOneByOne) {
    begin({"example.com"});
    const UniqueFd client = connect();
    send_all(client, std::string(kConnect) + "early");
    const UniqueFd server = dialer_.server();
    EXPECT_EQ(receive(server, "early"), "early");
    ::shutdown(client.get(), SHUT_WR);
    EXPECT_EQ(receive(server), "");
    send_all(server, "late");
    ::shutdown(server.get(), SHUT_WR);
    EXPECT_TRUE(receive(client).ends_with("\r\n\r\nlate"));
    EXPECT_EQ(ledger().back().reason, "both sides closed it");
}

TEST_F(ProxyTest, APlainRequestGoesOutInOriginFormAndItsAnswerComesBack) {
    begin({"example.com:80"});
    const UniqueFd client = connect();
    send_all(client, "POST http://example.com/x HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\n\r\nab");
    const UniqueFd server = dialer_.server();
    const std::string sent = receive(server, "ab");
    EXPECT_EQ(sent, "POST /x HTTP/1.1\r\nHost: example.com\r\nContent-Length: 4\r\nConnection: close\r\n\r\nab");
    send_all(client, "cd");
    EXPECT_EQ(receive(server, "cd"), "cd");
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok";
    send_all(server, answer);
    EXPECT_EQ(receive(client, "ok"), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    ::shutdown(server.get(), SHUT_WR);
    EXPECT_EQ(receive(client), "");
    const auto entries = ledger();
    EXPECT_EQ(entries.back().bytes_in, answer.size());
    EXPECT_EQ(entries.back().bytes_out, sent.size() + 2);
}

TEST_F(ProxyTest, ASecondRequestOnTheSameConnectionReachesNobody) {
    begin({"example.com:80"});
    const UniqueFd client = connect();
    const std::string one = "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n";
    send_all(client, one + "GET http://inner.example.com/ HTTP/1.1\r\nHost: inner.example.com\r\n\r\n");
    const UniqueFd server = dialer_.server();
    const std::string sent = receive(server, "\r\n\r\n");
    send_all(client, "GET / HTTP/1.1\r\nHost: inner.example.com\r\n\r\n");
    send_all(server, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(receive(client, "\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
    pass_.reset();
    EXPECT_EQ(sent + receive(server), "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(dialer_.dialled().size(), 1U);
}

TEST_F(ProxyTest, AnUnlistedHostIsRefusedWithAReasonAndNeverLookedUp) {
    begin({"example.com"});
    const std::string answer = ask("CONNECT other.example.com:443 HTTP/1.1\r\nHost: other.example.com\r\n\r\n");
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 not on the allow-list\r\n")) << answer;
    EXPECT_NE(answer.find("\"code\":\"egress_refused\""), std::string::npos);
    EXPECT_TRUE(ask("CONNECT example.com:22 HTTP/1.1\r\nHost: example.com:22\r\n\r\n").starts_with("HTTP/1.1 403 "));
    EXPECT_EQ(resolver_.asked, 0);
    const auto entries = ledger();
    ASSERT_EQ(entries.size(), 2U);
    EXPECT_EQ(entries[0].event, EgressEvent::refused);
    EXPECT_EQ(entries[0].host, "other.example.com");
    EXPECT_EQ(entries[1].port, 22);
    EXPECT_TRUE(dialer_.dialled().empty());
}

TEST_F(ProxyTest, ANameThatLeadsIntoTheMachineIsRefusedHoweverItHidesIt) {
    const std::pair<std::vector<std::string>, const char*> cases[] = {
        {{"127.0.0.1"}, "a loopback address"},
        {{"93.184.216.34", "10.0.0.1"}, "a private address"},
        {{"10.0.0.1", "93.184.216.34"}, "a private address"},
        {{"169.254.169.254"}, "a link-local address"},
        {{"::ffff:127.0.0.1"}, "a loopback address"},
        {{"::ffff:93.184.216.34"}, "an IPv4-mapped address"},
        {{"64:ff9b::a00:1"}, "a private address"},
        {{"2002:7f00:1::"}, "a loopback address"},
        {{"::1"}, "a loopback address"},
        {{"fe80::1"}, "a link-local address"},
        {{"0.0.0.0"}, "the unspecified address"},
    };
    begin({"example.com"});
    for (const auto& [addresses, what] : cases) {
        resolver_.lead("example.com", addresses);
        EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 403 leads to " + std::string(what) + "\r\n")) << what;
    }
    EXPECT_TRUE(dialer_.dialled().empty());
    const auto entries = ledger();
    ASSERT_EQ(entries.size(), std::size(cases));
    EXPECT_EQ(entries[1].address, "10.0.0.1");
    for (const EgressEntry& entry : entries) EXPECT_EQ(entry.event, EgressEvent::refused);
}

TEST_F(ProxyTest, ANameIsLookedUpOnceAndDialledWhereItWasJudged) {
    begin({"example.com"});
    const UniqueFd client = tunnel();
    EXPECT_EQ(resolver_.asked, 1);
    resolver_.lead("example.com", {"127.0.0.1"});  // the next answer is another one, and judged anew
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 403 "));
    EXPECT_EQ(dialer_.dialled(), std::vector<std::string>{"93.184.216.34:443"});
}

TEST_F(ProxyTest, NumbersInDisguiseAndUnlistedAddressesAreRefused) {
    begin({"example.com", "93.184.216.35"});
    for (const char* target : {"2130706433:443", "0x7f000001:443", "0177.0.0.1:443", "127.1:443"}) {
        const std::string text(target);
        EXPECT_TRUE(ask("CONNECT " + text + " HTTP/1.1\r\nHost: " + text + "\r\n\r\n").starts_with("HTTP/1.1 400 "));
    }
    for (const char* target : {"127.0.0.1:443", "93.184.216.34:443", "[::1]:443", "[::ffff:127.0.0.1]:443"}) {
        const std::string text(target);
        EXPECT_TRUE(ask("CONNECT " + text + " HTTP/1.1\r\nHost: " + text + "\r\n\r\n").starts_with("HTTP/1.1 403 "));
    }
    const UniqueFd listed = tunnel("93.184.216.35:443");
    EXPECT_EQ(resolver_.asked, 0);
    const auto entries = ledger();
    EXPECT_EQ(entries.size(), 10U);
    EXPECT_EQ(entries[0].host, "2130706433:443");
    EXPECT_EQ(dialer_.dialled(), std::vector<std::string>{"93.184.216.35:443"});
}

TEST_F(ProxyTest, WhatCannotBeRecordedDoesNotHappen) {
    begin({"example.com"});
    sink_.broken = true;
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 503 the egress ledger cannot be written\r\n"));
    EXPECT_TRUE(dialer_.dialled().empty());
}

TEST_F(ProxyTest, MalformedRequestsAreAnsweredAndRecorded) {
    begin({"example.com"});
    EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(ask("TRACE http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n").starts_with("HTTP/1.1 405 "));
    EXPECT_TRUE(ask("CONNECT example.com:443 HTTP/1.1\r\nHost: evil.com\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(
        ask("GET http://example.com/ HTTP/1.1\r\nX: " + std::string(200'000, 'a')).starts_with("HTTP/1.1 431 "));
    EXPECT_EQ(ledger().size(), 4U);
    EXPECT_TRUE(dialer_.dialled().empty());
}

TEST_F(ProxyTest, AHeadThatNeverEndsIsGivenUp) {
    ProxyLimits limits;
    limits.head = std::chrono::milliseconds(50);
    begin({"example.com"}, limits);
    EXPECT_TRUE(ask("CONNECT example.com:443 HTTP/1.1\r\nHost: ex").starts_with("HTTP/1.1 408 "));
    EXPECT_EQ(ledger().at(0).event, EgressEvent::refused);
}

TEST_F(ProxyTest, AnIdleTunnelIsClosed) {
    ProxyLimits limits;
    limits.idle = std::chrono::milliseconds(50);
    begin({"example.com"}, limits);
    const UniqueFd client = tunnel();
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(ledger().back().reason, "idle too long");
}

TEST_F(ProxyTest, ARunMovesOnlySoManyBytes) {
    ProxyLimits limits;
    limits.bytes = 10'000;
    begin({"example.com"}, limits);
    const UniqueFd client = tunnel();
    const UniqueFd server = dialer_.server();
    send_all(client, std::string(12'000, 'x'));
    EXPECT_EQ(receive(client), "");
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 403 the run has moved as many bytes as it may\r\n"));
    const auto entries = ledger();
    EXPECT_EQ(entries.at(1).reason, "the run has moved as many bytes as it may");
    EXPECT_GE(entries.at(1).bytes_out, 10'000U);
}

TEST_F(ProxyTest, TheNextAddressIsTriedAndEachTryIsRecorded) {
    begin({"example.com"});
    resolver_.lead("example.com", {"2606:2800:220:1::1", "93.184.216.34"});
    dialer_.fail_at("2606:2800:220:1::1", ENETUNREACH);
    const UniqueFd client = tunnel();
    const auto entries = ledger();
    ASSERT_EQ(entries.size(), 4U);
    EXPECT_EQ(entries[0].address, "2606:2800:220:1::1");
    EXPECT_TRUE(entries[1].reason.starts_with("cannot connect")) << entries[1].reason;
    EXPECT_EQ(entries[2].address, "93.184.216.34");
}

TEST_F(ProxyTest, AHostThatCannotBeReachedOrResolvedIsABadGateway) {
    begin({"example.com", "missing.example.com"});
    dialer_.fail_at("93.184.216.34", ECONNREFUSED);
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 502 the host cannot be reached\r\n"));
    EXPECT_TRUE(ask("CONNECT missing.example.com:443 HTTP/1.1\r\nHost: missing.example.com\r\n\r\n")
                    .starts_with("HTTP/1.1 502 the name cannot be resolved\r\n"));
}

TEST_F(ProxyTest, AServerThatDoesNotSpeakHttpIsABadGateway) {
    begin({"example.com:80"});
    const UniqueFd client = connect();
    send_all(client, "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n");
    const UniqueFd server = dialer_.server();
    send_all(server, "SSH-2.0-OpenSSH_9.2\r\n");
    EXPECT_TRUE(receive(client).starts_with("HTTP/1.1 502 "));
    EXPECT_EQ(ledger().back().reason, "the server's answer is not HTTP");
}

TEST_F(ProxyTest, FurtherConnectionsWaitUntilOneEnds) {
    ProxyLimits limits;
    limits.connections = 1;
    begin({"example.com"}, limits);
    UniqueFd first = tunnel();
    const UniqueFd second = connect();
    send_all(second, kConnect);
    pollfd nothing{second.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&nothing, 1, 0), 0);
    first.reset();
    dialer_.server().reset();
    EXPECT_TRUE(receive(second, "\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST_F(ProxyTest, ARunOpensOnlySoManyConnections) {
    ProxyLimits limits;
    limits.openings = 2;
    begin({"example.com"}, limits);
    const UniqueFd first = tunnel();
    const UniqueFd second = tunnel();
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 403 the run has opened as many connections as it may\r\n"));
}

TEST_F(ProxyTest, AFloodOfRefusalsEndsTheRunsNetwork) {
    ProxyLimits limits;
    limits.refusals = 5;
    begin({"example.com"}, limits);
    for (int i = 0; i < 20; ++i) static_cast<void>(ask("GET / HTTP/1.1\r\n\r\n"));
    const auto entries = ledger();
    ASSERT_EQ(entries.size(), 5U);
    EXPECT_NE(entries.back().reason.find("too many refusals"), std::string::npos);
}

TEST_F(ProxyTest, TheEndOfTheSandboxEndsItsConnections) {
    begin({"example.com"});
    const UniqueFd client = tunnel();
    control_.reset();
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(ledger().back().reason, "the sandbox is gone");
}

TEST_F(ProxyTest, OnlyOneListeningTcpSocketIsTaken) {
    begin({"example.com"});
    const UniqueFd client = tunnel();
    send_descriptor(client.get());
    EXPECT_EQ(receive(client), "");
    EXPECT_EQ(ledger().back().reason, "the sandbox broke the rules");
}

TEST_F(ProxyTest, ALookUpThatHangsKeepsNeitherTheEndOfTheRunNorOthersThatWaitBehindIt) {
    begin({"*.example.com"});
    resolver_.hold(true);
    std::vector<UniqueFd> clients;
    for (int i = 0; i < 12; ++i) {
        clients.push_back(connect());
        send_all(clients.back(), "CONNECT slow.example.com:443 HTTP/1.1\r\nHost: slow.example.com\r\n\r\n");
    }
    resolver_.await_asked(4);
    pass_.reset();
    resolver_.hold(false);
    proxy_.reset();
    EXPECT_EQ(resolver_.asked, 4);
    for (const UniqueFd& client : clients) EXPECT_EQ(receive(client), "");
}

TEST_F(ProxyTest, ANameThatIsNotResolvedInTimeIsGivenUp) {
    ProxyLimits limits;
    limits.lookup = std::chrono::milliseconds(50);
    begin({"example.com"}, limits);
    resolver_.hold(true);
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 504 the name could not be resolved in time\r\n"));
    resolver_.hold(false);
    EXPECT_TRUE(dialer_.dialled().empty());
}

TEST_F(ProxyTest, PassesAreBoundedAndComeBack) {
    ProxyLimits limits;
    limits.passes = 2;
    begin({"example.com"}, limits);
    auto second = proxy_->admit({"a", "b", "u", {}});
    ASSERT_TRUE(second);
    EXPECT_FALSE(proxy_->admit({"a", "b", "v", {}}));
    second->reset();
    EXPECT_TRUE(proxy_->admit({"a", "b", "w", {}}));
}

TEST_F(ProxyTest, RunsDoNotShareTheirRules) {
    begin({"example.com"});
    const auto first = std::move(pass_);
    const sockaddr_in first_inside = inside_;
    const UniqueFd first_control = std::move(control_);
    Admission other{"other", "because", "o", {*AllowRule::parse("example.org")}};
    pass_ = std::move(*proxy_->admit(std::move(other)));
    control_ = pass_->take_end();
    offer_listener();
    EXPECT_TRUE(ask(kConnect).starts_with("HTTP/1.1 403 "));
    inside_ = first_inside;
    const UniqueFd client = tunnel();
}

}  // namespace
}  // namespace ec::net
