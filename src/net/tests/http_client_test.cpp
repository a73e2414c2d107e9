// The client against a server on loopback that answers as the test says.
#include <gtest/gtest.h>

#include <ec/net/http_client.hpp>
#include <ec/net/testing/scripted_server.hpp>

#include "proxy_fakes.hpp"

namespace ec::net {
namespace {

using testing::Peer;
using testing::ScriptedServer;
using testing::SeenRequest;

class HttpClientTest : public ::testing::Test {
protected:
    void SetUp() override {
        for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "ALL_PROXY", "HTTPS_PROXY"}) {
            ::unsetenv(name);
        }
    }
    void TearDown() override { ::unsetenv("http_proxy"); }

    Result<HttpResponse> send(HttpRequest request, const ResponseSink& sink = {}) {
        request.why = "test";
        return client_->send(request, sink, {});
    }
    Result<HttpResponse> get(const std::string& url, unsigned redirects = 0) {
        HttpRequest request;
        request.url = url;
        request.redirects = redirects;
        return send(std::move(request));
    }

    testing::MemorySink sink_;
    std::unique_ptr<HttpClient> client_ = make_http_client(sink_, "tester");
};

bool hello(const SeenRequest&, const Peer& peer) { return peer.answer(200, "hello", "X-Word: a\r\nx-word: b\r\n"); }

TEST_F(HttpClientTest, SendsWhatIsAskedAndNothingItWasNotTold) {
    ScriptedServer server(hello);
    HttpRequest request;
    request.method = "POST";
    request.url = server.url("/v1/x?y=1");
    request.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}};
    request.body = "{\"a\":1}";
    const auto response = send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, "hello");
    EXPECT_EQ(response->header("x-word"), "a");
    EXPECT_EQ(response->url, request.url);
    const SeenRequest seen = server.requests().at(0);
    EXPECT_EQ(seen.head,
              "POST /v1/x?y=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                  "\r\nAccept: */*\r\nContent-Type: application/json\r\nX-Empty:\r\nUser-Agent: edgecoder/" EC_VERSION
                  "\r\nContent-Length: 7\r\n");
    EXPECT_EQ(seen.body, request.body);
    EXPECT_TRUE(sink_.entries().empty());  // loopback
}

TEST_F(HttpClientTest, KeepsConnectionsForLaterRequests) {
    ScriptedServer server(hello);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(get(server.url()));
    EXPECT_EQ(server.requests().size(), 5U);
    EXPECT_EQ(server.connections(), 1U);
}

TEST_F(HttpClientTest, GoesOnWhenAKeptConnectionIsGone) {
    ScriptedServer server([](const SeenRequest& request, const Peer& peer) {
        hello(request, peer);
        return false;  // closes without having said so
    });
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(get(server.url()));
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswer) {
    ScriptedServer server([](const SeenRequest&, const Peer& peer) { return peer.answer(503, "busy"); });
    const auto response = get(server.url());
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->body, "busy");
}

TEST_F(HttpClientTest, HandsTheAnswerOverWhileItComes) {
    std::string seen;
    int heads = 0;
    ScriptedServer server([](const SeenRequest&, const Peer& peer) {
        peer.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n");
        return peer.begin(200, "text/plain") && peer.chunk("one") && peer.chunk("two") && peer.chunk("");
    });
    ResponseSink sink;
    sink.on_head = [&](const HttpResponse& head) {
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.header("content-type"), "text/plain");
        EXPECT_EQ(seen, "");
        ++heads;
        return Status{};
    };
    sink.on_body = [&](std::string_view bytes) {
        seen += bytes;
        return Status{};
    };
    HttpRequest request;
    request.url = server.url();
    const auto response = send(request, sink);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "");
    EXPECT_EQ(seen, "onetwo");
    EXPECT_EQ(heads, 1);
}

TEST_F(HttpClientTest, EndsWithTheErrorOfWhoeverTakesTheAnswer) {
    ScriptedServer server(hello);
    HttpRequest request;
    request.url = server.url();
    ResponseSink sink;
    sink.on_body = [](std::string_view) { return fail(ErrorCode::conflict, "enough"); };
    const auto response = send(request, sink);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().message, "enough");
    sink = {};
    sink.on_head = [](const HttpResponse&) { return fail(ErrorCode::conflict, "no"); };
    EXPECT_EQ(send(request, sink).error().message, "no");
    sink = {};
    sink.on_body = [](std::string_view) -> Status { throw std::runtime_error("a bug"); };
    EXPECT_THROW(static_cast<void>(send(request, sink)), std::runtime_error);
    EXPECT_TRUE(get(server.url()));  // and the client is as before
}

TEST_F(HttpClientTest, RefusesWhatWouldBreakOutOfAHeader) {
    ScriptedServer server(hello);
    for (const Headers& headers :
         {Headers{{"X", "a\r\nY: b"}}, Headers{{"X", "a\nb"}}, Headers{{"X", std::string(1, 0)}}, Headers{{"X:", "a"}},
          Headers{{"", "a"}}, Headers{{"X Y", "a"}}, Headers{{"Content-Length", "5"}},
          Headers{{"transfer-encoding", "chunked"}}}) {
        HttpRequest request;
        request.url = server.url();
        request.headers = headers;
        const auto response = send(request);
        ASSERT_FALSE(response);
        EXPECT_EQ(response.error().code, ErrorCode::invalid_argument);
    }
    HttpRequest request;
    request.url = server.url();
    request.method = "GET / HTTP/1.1\r\nX: y";
    EXPECT_FALSE(send(request));
    EXPECT_EQ(server.requests().size(), 0U);
}

TEST_F(HttpClientTest, SaysWhereNothingAnswers) {
    std::uint16_t port = 0;
    {
        port = ScriptedServer(hello).port();
    }
    const auto response = get("http://127.0.0.1:" + std::to_string(port) + "/secret?key=hunter2");
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::unavailable);
    EXPECT_EQ(response.error().message, "nothing answers at http://127.0.0.1:" + std::to_string(port));
}

TEST_F(HttpClientTest, FollowsAsManyRedirectsAsAllowed) {
    ScriptedServer server([](const SeenRequest& request, const Peer& peer) {
        const int left = std::atoi(request.target.c_str() + 1);
        if (left == 0) return hello(request, peer);
        return peer.answer(302, std::string(200'000, 'x'), "Location: /" + std::to_string(left - 1) + "\r\n");
    });
    EXPECT_EQ(get(server.url("/3"), 3)->url, server.url("/0"));
    const auto response = get(server.url("/4"), 3);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::denied);
    EXPECT_EQ(get(server.url("/1"))->status, 302);  // none allowed: it is the answer
}

TEST_F(HttpClientTest, EndsARedirectLoop) {
    ScriptedServer server(
        [](const SeenRequest&, const Peer& peer) { return peer.answer(301, "", "Location: /again\r\n"); });
    EXPECT_EQ(get(server.url(), 10).error().code, ErrorCode::denied);
    EXPECT_EQ(server.requests().size(), 11U);
}

TEST_F(HttpClientTest, ARedirectMayChangeTheMethodAndLosesCredentialsElsewhere) {
    ScriptedServer other(hello);
    ScriptedServer server([&](const SeenRequest& request, const Peer& peer) {
        const char* code = request.target == "/see" ? "303" : "307";
        return peer.answer(std::atoi(code), "", "Location: " + other.url("/there") + "\r\n");
    });
    HttpRequest request;
    request.method = "POST";
    request.headers = {{"Authorization", "Bearer hunter2"}, {"X-Api-Key", "hunter2"}, {"Range", "bytes=5-"}};
    request.body = "text";
    request.redirects = 1;
    request.url = server.url("/see");
    ASSERT_TRUE(send(request));
    request.url = server.url("/repeat");
    ASSERT_TRUE(send(request));
    const auto seen = other.requests();
    EXPECT_EQ(seen.at(0).method, "GET");
    EXPECT_EQ(seen.at(0).body, "");
    EXPECT_EQ(seen.at(1).method, "POST");
    EXPECT_EQ(seen.at(1).body, "text");
    for (const SeenRequest& one : seen) {
        EXPECT_FALSE(one.has("hunter2"));
        EXPECT_TRUE(one.has("Range: bytes=5-"));
    }
    EXPECT_TRUE(server.requests().at(0).has("Authorization: Bearer hunter2"));
}

TEST_F(HttpClientTest, RefusesRedirectsOutOfThisMachineAndToNoAddress) {
    std::string location;
    ScriptedServer server(
        [&](const SeenRequest&, const Peer& peer) { return peer.answer(302, "", "Location: " + location + "\r\n"); });
    location = "http://example.invalid/";
    EXPECT_EQ(get(server.url(), 5).error().code, ErrorCode::denied);
    location = "file:///etc/passwd";
    EXPECT_EQ(get(server.url(), 5).error().code, ErrorCode::corrupt);
    EXPECT_TRUE(sink_.entries().empty());
}

// 0.0.0.0 is not a loopback address and still reaches a server on this machine: what leaves it, without leaving.
std::string outside(const ScriptedServer& server, std::string_view target) {
    return "http://0.0.0.0:" + std::to_string(server.port()) + std::string(target);
}

TEST_F(HttpClientTest, RecordsEveryExchangeWithOtherMachinesBeforeItHappens) {
    std::size_t recorded = 0;
    ScriptedServer server([&](const SeenRequest& request, const Peer& peer) {
        recorded = sink_.entries().size();
        if (request.target == "/moved?key=hunter2") return peer.answer(302, "", "Location: /x\r\n");
        return hello(request, peer);
    });
    HttpRequest request;
    request.url = outside(server, "/moved?key=hunter2");
    request.headers = {{"Authorization", "Bearer hunter2"}};
    request.redirects = 1;
    ASSERT_TRUE(send(request));
    EXPECT_EQ(recorded, 3U);
    const auto entries = sink_.entries();
    ASSERT_EQ(entries.size(), 4U);
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(entries[i].event, i % 2 == 0 ? EgressEvent::opened : EgressEvent::closed);
        EXPECT_EQ(entries[i].who, "tester");
        EXPECT_EQ(entries[i].why, "test");
        EXPECT_EQ(entries[i].host, "0.0.0.0");
        EXPECT_EQ(entries[i].port, server.port());
        EXPECT_EQ(entries[i].connection, entries[i - i % 2].connection);
        EXPECT_EQ(to_json_line(entries[i]).find("hunter2"), std::string::npos);
    }
    EXPECT_NE(entries[0].connection, entries[2].connection);
    EXPECT_EQ(entries[3].reason, "HTTP 200");
    EXPECT_EQ(entries[3].address, "127.0.0.1");
    EXPECT_EQ(entries[3].bytes_out, server.requests().at(1).head.size() + 2);
    EXPECT_GT(entries[3].bytes_in, 40U);
}

TEST_F(HttpClientTest, CountsTheBodyThatWentOut) {
    ScriptedServer server(hello);
    HttpRequest request;
    request.method = "POST";
    request.url = outside(server, "/");
    request.body = std::string(300'000, 'x');
    ASSERT_TRUE(send(request));
    EXPECT_EQ(sink_.entries().at(1).bytes_out, server.requests().at(0).head.size() + 2 + request.body.size());
}

TEST_F(HttpClientTest, DoesNotConnectWhatTheLedgerCannotHold) {
    ScriptedServer server(hello);
    sink_.broken = true;
    const auto response = get(outside(server, "/"));
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code, ErrorCode::denied);
    EXPECT_EQ(server.connections(), 0U);
    EXPECT_TRUE(get(server.url()));  // loopback needs no ledger
}

TEST_F(HttpClientTest, RecordsWhatFailed) {
    std::uint16_t port = 0;
    {
        port = ScriptedServer(hello).port();
    }
    EXPECT_FALSE(get("http://0.0.0.0:" + std::to_string(port) + "/"));
    ASSERT_EQ(sink_.entries().size(), 2U);
    EXPECT_EQ(sink_.entries().at(1).reason, "unavailable");
}

TEST_F(HttpClientTest, UsesTheProxyOfTheEnvironmentOnlyForOtherMachines) {
    ScriptedServer proxy([](const SeenRequest&, const Peer& peer) { return peer.answer(200, "by proxy"); });
    ScriptedServer server(hello);
    ::setenv("http_proxy", proxy.url().c_str(), 1);
    EXPECT_EQ(get(server.url())->body, "hello");
    EXPECT_EQ(get("http://localhost:" + std::to_string(server.port()) + "/")->body, "hello");
    const auto response = get("http://example.invalid/");
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, "by proxy");
    EXPECT_EQ(sink_.entries().at(0).host, "example.invalid");
}

}  // namespace
}  // namespace ec::net
