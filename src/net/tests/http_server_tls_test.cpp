// The HTTP server behind TLS: towards our own client, towards whoever speaks TLS, and towards those who do not.
#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <ec/core/fs.hpp>
#include <ec/net/http_client.hpp>
#include <ec/net/http_server.hpp>
#include <ec/net/server_tls.hpp>
#include <fstream>
#include <mutex>
#include <thread>

#include "certificates.hpp"
#include "proxy_fakes.hpp"
#include "tls_client.hpp"

namespace ec::net {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kHello = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n";
constexpr std::string_view kLate = "GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n";

class ServerTlsTest : public ::testing::Test {
protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);
        authority_.write(path("ca"));
        authority_.issue(path("certificate"), path("key"));
        Route hello;
        hello.method = "GET";
        hello.path = "/hello";
        hello.per_minute = 0;
        hello.handle = [](const ServerRequest&) { return ServerResponse{.body = "{}", .headers = {}}; };
        Route echo = hello;
        echo.method = "POST";
        echo.path = "/echo";
        echo.request_type = "application/octet-stream";
        echo.body_limit = 8U << 20;
        echo.handle = [](const ServerRequest& request) { return ServerResponse{.body = request.body, .headers = {}}; };
        Route late = hello;
        late.path = "/late";
        late.handle = nullptr;
        late.take = [this](const ServerRequest&, std::shared_ptr<Responder> responder) {
            const std::scoped_lock lock(mutex_);
            responder_ = std::move(responder);
            changed_.notify_all();
        };
        routes_ = {hello, echo, late};
    }
    void start() {
        if (!options_.tls) {
            auto tls = load_server_tls({path("certificate"), path("key")});
            ASSERT_TRUE(tls) << tls.error().message;
            options_.tls = *std::move(tls);
        }
        auto server = start_http_server(routes_, options_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    std::string path(const char* name) const { return (folder_.path() / name).string(); }
    Result<HttpResponse> send(const std::string& target, std::string body = {}, const char* ca = "ca") {
        HttpRequest request;
        request.method = body.empty() ? "GET" : "POST";
        request.url = "https://127.0.0.1:" + std::to_string(server_->port()) + target;
        request.headers = {{"Content-Type", "application/octet-stream"}};
        request.body = std::move(body);
        request.ca_file = path(ca);
        request.connect_timeout = std::chrono::seconds(60);
        return client_->send(request, {}, {});
    }
    /// Somebody is served, whatever others do.
    void expect_service() {
        TlsClient client(server_->port());
        client.send(kHello);
        EXPECT_EQ(status_of(client.receive_to("{}")), 200);
    }
    std::shared_ptr<Responder> taken() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, std::chrono::seconds(60), [this] { return responder_ != nullptr; });
        return std::exchange(responder_, nullptr);
    }

    TempDir folder_ = *TempDir::create();
    TestAuthority authority_;
    testing::MemorySink sink_;
    std::unique_ptr<HttpClient> client_ = make_http_client(sink_, "tester");
    std::vector<Route> routes_;
    ServerOptions options_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<Responder> responder_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(ServerTlsTest, ServesThoseWhoTrustItsAuthority) {
    start();
    EXPECT_EQ(server_->url(), "https://127.0.0.1:" + std::to_string(server_->port()));
    for (int i = 0; i < 3; ++i) {
        const auto hello = send("/hello");
        ASSERT_TRUE(hello) << hello.error().message;
        EXPECT_EQ(hello->body, "{}");
    }
    std::string large(5U << 20, 'x');
    for (std::size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i % 23);
    const auto echo = send("/echo", large);
    ASSERT_TRUE(echo) << echo.error().message;
    EXPECT_TRUE(echo->body == large);
    EXPECT_EQ(send("/nothing")->status, 404);
}

TEST_F(ServerTlsTest, IsNotTrustedWithAnotherAuthorityOrWhenItsTimeIsOver) {
    start();
    TestAuthority().write(path("other"));
    const auto other = send("/hello", {}, "other");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::denied) << other.error().message;
    authority_.issue(path("certificate"), path("key"), -60);
    ASSERT_TRUE(options_.tls->reload());
    client_ = make_http_client(sink_, "tester");  // without a connection that was kept
    const auto expired = send("/hello");
    ASSERT_FALSE(expired);
    EXPECT_EQ(expired.error().code, ErrorCode::denied) << expired.error().message;
    expect_service();  // to those who do not mind
}

TEST_F(ServerTlsTest, TakesUpANewCertificateAndKeepsTheOldOneWhenTheNewIsNone) {
    start();
    TlsClient before(server_->port());
    authority_.issue(path("certificate"), path("key"));
    ASSERT_TRUE(options_.tls->reload());
    TlsClient after(server_->port());
    EXPECT_NE(before.serial(), after.serial());
    std::ofstream(path("key")) << "no key";
    EXPECT_EQ(options_.tls->reload().error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(TlsClient(server_->port()).serial(), after.serial());
    before.send(kHello);
    EXPECT_EQ(status_of(before.receive_to("{}")), 200);
}

TEST_F(ServerTlsTest, RefusesFilesThatHoldNoCertificateOrAnotherKey) {
    authority_.issue(path("other"), path("other-key"));
    std::ofstream(path("text")) << "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const auto code = [&](const char* certificate, const char* key) {
        return load_server_tls({path(certificate), path(key)}).error().code;
    };
    EXPECT_EQ(code("missing", "key"), ErrorCode::not_found);
    EXPECT_EQ(code("certificate", "missing"), ErrorCode::not_found);
    EXPECT_EQ(code("text", "key"), ErrorCode::invalid_argument);
    EXPECT_EQ(code("certificate", "certificate"), ErrorCode::invalid_argument);
    EXPECT_EQ(code("certificate", "other-key"), ErrorCode::invalid_argument);
}

TEST_F(ServerTlsTest, MayListenBeyondLoopback) {
    options_.address = "0.0.0.0";
    start();
    EXPECT_TRUE(TlsClient(server_->port()).connected());
}

TEST_F(ServerTlsTest, SpeaksOnlyVersionsAndProtocolsThatAreSafe) {
    start();
    EXPECT_FALSE(TlsClient(server_->port(), {.newest = TLS1_1_VERSION}).connected());
    TlsClient older(server_->port(), {.newest = TLS1_2_VERSION});
    older.send(kHello);
    EXPECT_EQ(status_of(older.receive_to("{}")), 200);
    EXPECT_EQ(TlsClient(server_->port()).version(), "TLSv1.3");
    EXPECT_FALSE(TlsClient(server_->port(), {.protocols = std::string("\x02h2", 3)}).connected());
    EXPECT_TRUE(TlsClient(server_->port(), {.protocols = std::string("\x02h2\x08http/1.1", 12)}).connected());
    EXPECT_TRUE(TlsClient(server_->port(), {.protocols = {}}).connected());
}

TEST_F(ServerTlsTest, TellsTheHolderOfAnAnswerThatTheOtherEndLeft) {
    start();
    for (const bool streaming : {false, true}) {
        TlsClient client(server_->port());
        client.send(kLate);
        const auto responder = taken();
        ASSERT_TRUE(responder);
        if (streaming) {
            responder->begin({.status = 200, .type = "text/event-stream", .body = "a", .headers = {}});
            EXPECT_TRUE(client.receive_to("a\r\n").ends_with("1\r\na\r\n"));
            EXPECT_TRUE(responder->write("b"));
            EXPECT_EQ(client.receive_to("b\r\n"), "1\r\nb\r\n");
        }
        EXPECT_FALSE(responder->gone().stop_requested());
        std::condition_variable_any gone;
        std::unique_lock lock(mutex_);
        client.close();
        gone.wait_for(lock, responder->gone(), std::chrono::seconds(60), [] { return false; });
        EXPECT_TRUE(responder->gone().stop_requested()) << streaming;
    }
}

TEST_F(ServerTlsTest, AnswersLateAndWhatCameMeanwhile) {
    start();
    TlsClient client(server_->port());
    client.send(kLate);
    client.send(std::string(kHello) + std::string(kHello));
    taken()->answer({.status = 202, .body = "late", .headers = {}});
    EXPECT_EQ(status_of(client.receive_to("late")), 202);
    EXPECT_EQ(status_of(client.receive_to("{}")), 200);
    EXPECT_EQ(status_of(client.receive_to("{}")), 200);
}

TEST_F(ServerTlsTest, CutsAStreamThatIsNotRead) {
    options_.stream_bytes = 100'000;
    start();
    TlsClient client(server_->port());
    client.send(kLate);
    const auto responder = taken();
    responder->begin({.status = 200, .type = "text/event-stream", .body = {}, .headers = {}});
    std::size_t written = 0;
    while (written < (64U << 20) && responder->write(std::string(10'000, 'x'))) written += 10'000;
    EXPECT_LT(written, 64U << 20);
}

TEST_F(ServerTlsTest, RefusesWhatComesTooLate) {
    options_.head_timeout = milliseconds(3'000);  // in which a busy machine shakes hands, too
    start();
    RawClient silent(server_->port());
    TlsClient head(server_->port());
    head.send("GET /hello HT");
    EXPECT_EQ(status_of(head.receive_to("\r\n\r\n")), 408);
    EXPECT_TRUE(silent.ended());
}

TEST_F(ServerTlsTest, RefusesWhatIsTooLong) {
    start();
    TlsClient large(server_->port());
    large.send(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: 99999999\r\n\r\n");
    EXPECT_EQ(status_of(large.receive_to("\r\n\r\n")), 413);
}

TEST_F(ServerTlsTest, ClosesCleanlyOnWhoDoesNotSpeakTls) {
    start();
    for (const std::string& said : {std::string(kHello), std::string(200, '\0'), std::string("\x16\x03\x01\x40\x00", 5),
                                    std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", 10) + std::string(500, 'x'),
                                    std::string(3'000, '\xff')}) {
        RawClient client(server_->port());
        client.send(said);
        client.close_sending();
        EXPECT_LT(client.receive_all().size(), 10U);  // an alert at most
        EXPECT_TRUE(client.ended());                  // and no reset
    }
    expect_service();
}

TEST_F(ServerTlsTest, TenThousandHalfHandshakesKeepNobodyOut) {
    const unsigned many = connections_to_be_had(10'000);
    ASSERT_GT(many, 0U);
    options_.grace = milliseconds(20);
    start();
    std::vector<std::unique_ptr<RawClient>> crowd;
    for (unsigned i = 0; i < many; ++i) {
        crowd.push_back(std::make_unique<RawClient>(server_->port(), address_number(1 + i % 250)));
        crowd.back()->send(i % 2 == 0 ? std::string_view() : std::string_view("\x16\x03\x01\x02\x00\x01", 6));
    }
    expect_service();
    crowd.clear();
    expect_service();
}

TEST_F(ServerTlsTest, AnswersWhatIsInHandWhenItStops) {
    start();
    TlsClient client(server_->port());
    client.send(kLate);
    const auto responder = taken();
    std::jthread stopping([&] { server_->stop(); });
    responder->answer({.body = "last", .headers = {}});
    EXPECT_EQ(status_of(client.receive_to("last")), 200);
    EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace ec::net
