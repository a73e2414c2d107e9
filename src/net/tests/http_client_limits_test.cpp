// Servers that are slow, broken or hostile, and callers that change their mind.
#include <gtest/gtest.h>

#include <chrono>
#include <ec/net/http_client.hpp>
#include <ec/net/testing/scripted_server.hpp>
#include <semaphore>

#include "proxy_fakes.hpp"

namespace ec::net {
namespace {

using namespace std::chrono_literals;
using testing::Peer;
using testing::ScriptedServer;
using testing::SeenRequest;
using Clock = std::chrono::steady_clock;

class HttpLimitsTest : public ::testing::Test {
protected:
    Result<HttpResponse> send(ScriptedServer& server, HttpRequest request = {}, std::stop_token stop = {}) {
        request.url = server.url("/secret");
        return client_->send(request, {}, std::move(stop));
    }
    /// What a server that says just this, and closes, comes to.
    ErrorCode of(std::string text) {
        ScriptedServer server([&](const SeenRequest&, const Peer& peer) {
            peer.send(text);
            return false;
        });
        const auto response = send(server);
        if (response) return ErrorCode::internal;
        EXPECT_EQ(response.error().message.find("secret"), std::string::npos);
        return response.error().code;
    }

    testing::MemorySink sink_;
    std::unique_ptr<HttpClient> client_ = make_http_client(sink_, "tester");
};

TEST_F(HttpLimitsTest, AnswersThatAreNoHttpAreCorrupt) {
    EXPECT_EQ(of("garbage\r\n\r\n"), ErrorCode::corrupt);
    EXPECT_EQ(of("SSH-2.0-OpenSSH_9.2\r\n"), ErrorCode::corrupt);
    EXPECT_EQ(of("HTTP/9.9 abc\r\n\r\n"), ErrorCode::corrupt);
    EXPECT_EQ(of("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"), ErrorCode::corrupt);
    EXPECT_EQ(of("HTTP/1.1 200 OK\r\n" + std::string(400'000, 'a')), ErrorCode::corrupt);
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 20'000; ++i) many += "X-Header: value value\r\n";
    EXPECT_EQ(of(many + "\r\n"), ErrorCode::corrupt);
}

TEST_F(HttpLimitsTest, AnswersThatEndTooEarlyAreBroken) {
    EXPECT_EQ(of(""), ErrorCode::io);
    EXPECT_EQ(of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour"), ErrorCode::io);
    EXPECT_EQ(of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"), ErrorCode::io);
    EXPECT_EQ(of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"), ErrorCode::io);
}

TEST_F(HttpLimitsTest, AConnectionThatIsResetIsBroken) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfour");
        peer.reset();
        return false;
    });
    EXPECT_EQ(send(server).error().code, ErrorCode::io);
}

TEST_F(HttpLimitsTest, AServerThatDoesNotAnswerIsGivenUp) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) {
        peer.wait_for_end();
        return false;
    });
    HttpRequest request;
    request.first_byte_timeout = 30ms;
    const auto response = send(server, request);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::timeout);
    EXPECT_EQ(response.error().message,
              "http://127.0.0.1:" + std::to_string(server.port()) + " took the request and does not answer");
}

TEST_F(HttpLimitsTest, AServerThatFallsSilentIsGivenUp) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/plain") && peer.chunk("so far");
        peer.wait_for_end();
        return false;
    });
    HttpRequest request;
    request.idle_timeout = 30ms;
    EXPECT_EQ(send(server, request).error().code, ErrorCode::timeout);
}

TEST_F(HttpLimitsTest, ACallerThatTakesItsTimeIsNotTheServersFault) {
    std::binary_semaphore taking(0);
    std::binary_semaphore sent(0);
    ScriptedServer server([&](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        taking.acquire();
        peer.send("1\r\nb\r\n0\r\n\r\n");
        sent.release();
        return true;
    });
    std::string seen;
    ResponseSink sink;
    sink.on_body = [&](std::string_view bytes) {
        seen += bytes;
        if (seen != "a") return Status{};
        taking.release();
        sent.acquire();
        const auto until = Clock::now() + 40ms;
        while (Clock::now() < until) continue;
        return Status{};
    };
    HttpRequest request;
    request.url = server.url();
    request.idle_timeout = 30ms;
    EXPECT_TRUE(client_->send(request, sink, {}));
    EXPECT_EQ(seen, "ab");
}

TEST_F(HttpLimitsTest, AnAnswerThatWasEnoughIsNotWaitedFor) {
    ScriptedServer server([](const SeenRequest& request, const Peer& peer) {
        peer.begin(200, "text/plain") && peer.chunk("all");
        if (request.target == "/ends") return peer.chunk("");
        peer.wait_for_end();
        return false;
    });
    ResponseSink sink;
    sink.on_body = [](std::string_view) { return Status{}; };
    sink.satisfied = [] { return true; };
    for (const char* target : {"/ends", "/ends", "/stays", "/ends"}) {
        HttpRequest request;
        request.url = server.url(target);
        EXPECT_TRUE(client_->send(request, sink, {}));
    }
    EXPECT_EQ(server.connections(), 2U);
}

TEST_F(HttpLimitsTest, AHostThatDropsPacketsIsUnavailableInTime) {
    // A listening queue that is full answers nothing on Linux.
    UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(::listen(listener.get(), 0), 0);
    ASSERT_EQ(::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    std::vector<UniqueFd> fill;
    for (int i = 0; i < 4; ++i) {
        fill.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
        ::fcntl(fill.back().get(), F_SETFL, O_NONBLOCK);
        ::connect(fill.back().get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
    }
    HttpRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/";
    request.connect_timeout = 50ms;
    request.first_byte_timeout = 100ms;
    const auto response = client_->send(request, {}, {});
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::unavailable) << response.error().message;
}

TEST_F(HttpLimitsTest, AStopEndsARequestAtOnceInEveryPhase) {
    for (const bool begun : {false, true}) {
        std::stop_source stop;
        ScriptedServer server([&](const SeenRequest&, const Peer& peer) {
            if (begun) peer.begin(200, "text/plain") && peer.chunk("so far");
            stop.request_stop();
            peer.wait_for_end();
            return false;
        });
        const auto before = Clock::now();
        const auto response = send(server, {}, stop.get_token());
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, ErrorCode::cancelled);
        EXPECT_LT(Clock::now() - before, 30s);  // generous to a busy machine; the deadlines are minutes
    }
    std::stop_source stopped;
    stopped.request_stop();
    ScriptedServer server([](const SeenRequest&, const Peer& peer) { return peer.answer(200, ""); });
    EXPECT_EQ(send(server, {}, stopped.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(server.requests().size(), 0U);
    EXPECT_TRUE(send(server));
}

TEST_F(HttpLimitsTest, AStopEndsAFloodToo) {
    std::stop_source stop;
    ScriptedServer server([&](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/plain");
        for (int i = 0; peer.chunk(std::string(10'000, 'x')); ++i) {
            if (i == 20) stop.request_stop();
        }
        return false;
    });
    EXPECT_EQ(send(server, {}, stop.get_token()).error().code, ErrorCode::cancelled);
}

TEST_F(HttpLimitsTest, ALargeAnswerStreamsAndOneBeyondTheLimitIsRefused) {
    constexpr std::size_t kSize = 100U << 20;
    const std::string piece(1U << 20, 'x');
    ScriptedServer server([&](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/announced") peer.send("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n");
        if (request.target == "/chunked") peer.begin(200, "text/plain");
        for (std::size_t sent = 0; sent < kSize; sent += piece.size()) {
            if (!(request.target == "/chunked" ? peer.chunk(piece) : peer.send(piece))) return false;
        }
        return request.target == "/announced" || peer.chunk("");
    });
    for (const char* target : {"/announced", "/chunked"}) {
        std::uint64_t received = 0;
        ResponseSink sink;
        sink.on_body = [&](std::string_view bytes) {
            received += bytes.size();
            return Status{};
        };
        HttpRequest request;
        request.url = server.url(target);
        request.body_limit = kSize;
        EXPECT_TRUE(client_->send(request, sink, {}));
        EXPECT_EQ(received, kSize);
        request.body_limit = kSize - 1;
        received = 0;
        EXPECT_EQ(client_->send(request, sink, {}).error().code, ErrorCode::too_large);
        EXPECT_EQ(received == 0, target == std::string("/announced"));
    }
}

TEST_F(HttpLimitsTest, AnAnswerToHeadHasALengthAndNoBody) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) {
        return peer.send("HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n");
    });
    HttpRequest request;
    request.method = "HEAD";
    const auto response = send(server, request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->header("content-length"), "999999999999");
}

TEST_F(HttpLimitsTest, ConnectionsAreNotInheritedByPrograms) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) { return peer.answer(200, ""); });
    ASSERT_TRUE(send(server));
    for (int fd = 3; fd < 64; ++fd) {
        sockaddr_in other{};
        socklen_t size = sizeof other;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &size) != 0) continue;
        if (other.sin_family != AF_INET || ntohs(other.sin_port) != server.port()) continue;
        EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
    }
}

}  // namespace
}  // namespace ec::net
