#include <gtest/gtest.h>

#include <atomic>
#include <ec/core/clock.hpp>
#include <ec/json/json.hpp>
#include <ec/net/http_server.hpp>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "raw_client.hpp"

namespace ec::net {
namespace {

constexpr std::string_view kHost = "Host: localhost\r\n";
// A time to run out, in which a client on a busy machine still says what it wants to.
constexpr std::chrono::milliseconds kSoon{3'000};

class Server : public ::testing::Test {
protected:
    void SetUp() override {
        Route echo;
        echo.method = "POST";
        echo.path = "/echo/{name}";
        echo.request_type = "application/json";
        echo.body_limit = 100;
        echo.handle = [](const ServerRequest& request) {
            return ServerResponse{
                .status = 201, .type = "text/plain", .body = request.params.at("name") + request.body, .headers = {}};
        };
        add(echo);
        add(get("/hello", [](const ServerRequest&) { return ServerResponse{.body = "{}", .headers = {}}; }));
        add(get("/bug", [](const ServerRequest&) -> ServerResponse { throw std::runtime_error("secret words"); }));
        add(get("/blocked", [this](const ServerRequest&) {
            entered_.count_down();
            released_.wait();
            return ServerResponse{.body = "done", .headers = {}};
        }));
        options_.now = [this] { return clock_.now(); };
    }
    void TearDown() override {
        if (!let_go_) released_.count_down();
        server_.reset();
    }
    static Route get(std::string path, std::function<ServerResponse(const ServerRequest&)> handle) {
        Route route;
        route.method = "GET";
        route.path = std::move(path);
        route.handle = std::move(handle);
        return route;
    }
    void add(Route route) { routes_.push_back(std::move(route)); }
    void start() {
        auto server = start_http_server(routes_, options_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    /// What the server says to these bytes on a connection of their own.
    std::string say(std::string_view bytes) {
        if (!server_) start();
        RawClient client(server_->port());
        client.send(bytes);
        return client.receive();
    }
    std::string say_get(std::string_view path) { return say(fmt_get(path)); }
    static std::string fmt_get(std::string_view path) {
        return "GET " + std::string(path) + " HTTP/1.1\r\n" + std::string(kHost) + "\r\n";
    }
    static std::string fmt_post(std::string_view body, std::string_view type = "application/json") {
        return "POST /echo/x HTTP/1.1\r\n" + std::string(kHost) + "Content-Type: " + std::string(type) +
               "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    }
    void let_go() {
        released_.count_down();
        let_go_ = true;
    }

    ManualClock clock_;
    std::vector<Route> routes_;
    ServerOptions options_;
    std::latch entered_{1};
    std::latch released_{1};
    bool let_go_ = false;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(Server, AnswersOnKeptConnections) {
    start();
    RawClient client(server_->port());
    client.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(client.receive()), 200);
    client.send(fmt_post("{\"a\":1}"));
    const std::string second = client.receive();
    EXPECT_EQ(status_of(second), 201);
    EXPECT_TRUE(second.ends_with("x{\"a\":1}"));
    client.send(fmt_get("/hello") + fmt_get("/nothing"));  // two at once
    EXPECT_EQ(status_of(client.receive()), 200);
    EXPECT_EQ(status_of(client.receive()), 404);
    EXPECT_EQ(server_->url(), "http://127.0.0.1:" + std::to_string(server_->port()));
}

TEST_F(Server, TellsProblemsAsProblemJson) {
    const std::string response = say_get("/nothing");
    EXPECT_EQ(status_of(response), 404);
    EXPECT_NE(response.find("Content-Type: application/problem+json\r\n"), std::string::npos);
    EXPECT_NE(response.find("X-Content-Type-Options: nosniff"), std::string::npos);
    const auto body = json::parse(response.substr(response.find("\r\n\r\n") + 4));
    ASSERT_TRUE(body);
    EXPECT_EQ(body->as_object().at("code").as_string(), "not_found");
    EXPECT_EQ(body->as_object().at("status").as_int64(), 404);
}

TEST_F(Server, NamesTheMethodsThatAPathTakes) {
    const std::string response = say("DELETE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(status_of(response), 405);
    EXPECT_NE(response.find("Allow: GET\r\n"), std::string::npos);
}

TEST_F(Server, RefusesBodiesThatAreTooLongOrOfAnotherType) {
    EXPECT_EQ(status_of(say(fmt_post(std::string(100, 'x')))), 201);
    EXPECT_EQ(status_of(say(fmt_post(std::string(101, 'x')))), 413);
    EXPECT_EQ(status_of(say("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n40\r\n" +
                            std::string(64, 'x') + "\r\n40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n")),
              413);
    EXPECT_EQ(status_of(say(fmt_post("{}", "text/plain"))), 415);
    EXPECT_EQ(status_of(say("GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")), 413);
}

TEST_F(Server, ASaidLengthThatIsTooLargeIsRefusedBeforeTheBodyComes) {
    EXPECT_EQ(status_of(say("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n")),
              413);
}

TEST_F(Server, ProceedsWhenAskedTo) {
    start();
    RawClient client(server_->port());
    client.send(
        "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"
        "Content-Length: 2\r\n\r\n");
    EXPECT_EQ(status_of(client.receive()), 100);
    client.send("{}");
    EXPECT_EQ(status_of(client.receive()), 201);
}

TEST_F(Server, RefusesWhatIsNoProperRequest) {
    for (const std::string bad :
         {"\x16\x03\x01\x02\r\n\r\n", "GET /hello\r\n\r\n", "GET /hello HTTP/1.1\r\n\r\n",
          "GET /hello HTTP/1.0\r\nHost: localhost\r\n\r\n",
          "GET /hello HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
          "GET http://localhost/hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
          "GET /hello HTTP/1.1\r\nHost: localhost\r\nBad Header\r\n\r\n",
          "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
          "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
          "Content-Length: 4\r\n\r\nabcd",
          "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 3\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
          "chunked\r\n\r\nzz\r\n"}) {
        EXPECT_EQ(status_of(say(bad)), 400) << bad;
    }
}

TEST_F(Server, RefusesALongHeader) {
    EXPECT_EQ(status_of(say("GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n")),
              431);
}

TEST_F(Server, DoesNotAnswerToForeignHostNames) {
    EXPECT_EQ(status_of(say("GET /hello HTTP/1.1\r\nHost: evil.example\r\n\r\n")), 421);
    EXPECT_EQ(status_of(say("GET /hello HTTP/1.1\r\nHost: [::1]:1\r\n\r\n")), 200);
}

TEST_F(Server, GivesUpOnAHeadThatDoesNotCome) {
    options_.head_timeout = kSoon;
    EXPECT_EQ(status_of(say("GET /hello HT")), 408);
}

TEST_F(Server, GivesUpOnABodyThatDoesNotCome) {
    options_.body_timeout = std::chrono::milliseconds(30);
    EXPECT_EQ(status_of(say("POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                            "application/json\r\nContent-Length: 9\r\n\r\n{")),
              408);
}

TEST_F(Server, EndsAConnectionThatSaysNothing) {
    options_.head_timeout = kSoon;
    start();
    RawClient client(server_->port());
    EXPECT_TRUE(client.ended());
}

TEST_F(Server, ABugInAHandlerIsNoWordToTheOutside) {
    const std::string response = say_get("/bug");
    EXPECT_EQ(status_of(response), 500);
    EXPECT_EQ(response.find("secret"), std::string::npos);
}

TEST_F(Server, LimitsHowOftenOneAddressAsks) {
    routes_[1].per_minute = 2;
    EXPECT_EQ(status_of(say_get("/hello")), 200);
    EXPECT_EQ(status_of(say_get("/hello")), 200);
    EXPECT_EQ(status_of(say_get("/hello")), 429);
    clock_.advance(std::chrono::minutes(1));
    EXPECT_EQ(status_of(say_get("/hello")), 200);
}

TEST_F(Server, TurnsStrangersAwayByTheirHeadAndTheyUseUpNobodysTurn) {
    routes_[0].per_minute = 1;
    routes_[0].turn_away = [](const ServerRequest& head) {
        return head.header("authorization") == "mine" ? std::nullopt
                                                      : std::optional(problem(401, "unauthorized", "who is there?"));
    };
    start();
    for (int i = 0; i < 3; ++i) {
        RawClient stranger(server_->port());  // never sends its body
        stranger.send("POST /echo/x HTTP/1.1\r\n" + std::string(kHost) +
                      "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n");
        EXPECT_EQ(status_of(stranger.receive()), 401);
        EXPECT_TRUE(stranger.ended());
    }
    EXPECT_EQ(status_of(say("POST /echo/x HTTP/1.1\r\n" + std::string(kHost) +
                            "Authorization: mine\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")),
              201);
}

TEST_F(Server, NothingFollowsTheAnswerToAHead) {
    start();
    RawClient client(server_->port());
    client.send("HEAD /hello HTTP/1.1\r\n" + std::string(kHost) + "\r\n");
    const std::string answer = client.receive();
    EXPECT_EQ(status_of(answer), 405);
    EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(client.ended());
}

TEST_F(Server, SaysWhenTooManyWait) {
    options_.threads = 1;
    options_.waiting = 0;
    start();
    RawClient first(server_->port());
    first.send(fmt_get("/blocked"));
    entered_.wait();
    EXPECT_EQ(status_of(say_get("/hello")), 503);
    let_go();
    EXPECT_EQ(status_of(first.receive()), 200);
}

TEST_F(Server, AnswersWhatIsInHandWhenItStops) {
    start();
    RawClient busy(server_->port());
    RawClient idle(server_->port());
    busy.send(fmt_get("/blocked"));
    entered_.wait();
    std::thread stopping([&] { server_->stop(); });
    EXPECT_TRUE(idle.ended());
    EXPECT_FALSE(RawClient(server_->port()).connected());
    let_go();
    const std::string response = busy.receive();
    EXPECT_TRUE(response.ends_with("done"));
    EXPECT_NE(response.find("Connection: close"), std::string::npos);
    stopping.join();
    server_->stop();  // twice is once
}

TEST_F(Server, DoesNotWaitForEverWhenItStops) {
    options_.drain = std::chrono::milliseconds(10);
    start();
    RawClient half(server_->port());
    half.send("GET /hello HTTP/1.1\r\n");
    server_->stop();
    EXPECT_TRUE(half.receive().empty());
}

TEST_F(Server, ListensOnlyWhereItMay) {
    options_.address = "0.0.0.0";
    EXPECT_EQ(start_http_server(routes_, options_).error().code, ErrorCode::invalid_argument);
    options_.address = "localhost";
    EXPECT_EQ(start_http_server(routes_, options_).error().code, ErrorCode::invalid_argument);
    options_.address = "127.0.0.1";
    start();
    options_.port = server_->port();
    EXPECT_EQ(start_http_server(routes_, options_).error().code, ErrorCode::unavailable);
}

TEST_F(Server, AnAddressWithTooManyConnectionsLosesItsOldestIdleOne) {
    options_.per_peer = 2;
    start();
    RawClient stranger(server_->port(), address_number(9));
    stranger.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(stranger.receive()), 200);
    RawClient first(server_->port());
    first.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(first.receive()), 200);
    RawClient second(server_->port());
    second.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(second.receive()), 200);
    RawClient third(server_->port());
    third.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(third.receive()), 200);
    EXPECT_TRUE(first.ended());
    for (RawClient* client : {&stranger, &second, &third}) {
        client->send(fmt_get("/hello"));
        EXPECT_EQ(status_of(client->receive()), 200);
    }
}

TEST_F(Server, WhatIsBeingAnsweredGivesWayToNobody) {
    options_.per_peer = 1;
    start();
    RawClient busy(server_->port());
    busy.send(fmt_get("/blocked"));
    entered_.wait();
    EXPECT_TRUE(RawClient(server_->port()).ended());
    let_go();
    EXPECT_EQ(status_of(busy.receive()), 200);
}

TEST_F(Server, HalfOpenConnectionsOfManyAddressesKeepNobodyOut) {
    options_.connections = 8;
    options_.per_peer = 4;
    start();
    std::vector<std::unique_ptr<RawClient>> half_open;
    for (unsigned i = 0; i < 40; ++i) {
        half_open.push_back(std::make_unique<RawClient>(server_->port(), address_number(10 + i % 20)));
        half_open.back()->send(i % 2 == 0 ? "" : "GET /hello HTTP/1.1\r\nHost: loc");
    }
    EXPECT_EQ(status_of(say_get("/hello")), 200);
}

TEST_F(Server, UnfinishedBodiesGiveWayToo) {
    options_.connections = 8;
    options_.proxies = {"127.0.0.1"};
    start();
    std::vector<std::unique_ptr<RawClient>> half_said;
    for (unsigned i = 0; i < 24; ++i) {
        half_said.push_back(std::make_unique<RawClient>(server_->port()));
        half_said.back()->send(
            "POST /echo/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
    }
    EXPECT_EQ(status_of(say_get("/hello")), 200);
}

TEST_F(Server, ASecondHeadMustComeAsQuicklyAsTheFirst) {
    options_.head_timeout = kSoon;
    options_.idle_timeout = std::chrono::minutes(10);
    start();
    RawClient client(server_->port());
    client.send(fmt_get("/hello"));
    EXPECT_EQ(status_of(client.receive()), 200);
    client.send("GET /hello HT");
    EXPECT_EQ(status_of(client.receive()), 408);
}

TEST_F(Server, KnowsWhatAProxysAddressIs) {
    options_.proxies = {"localhost"};
    EXPECT_EQ(start_http_server(routes_, options_).error().code, ErrorCode::invalid_argument);
}

TEST_F(Server, ServesManyAtOnce) {
    options_.connections = 8;
    options_.proxies = {"127.0.0.1"};
    options_.grace = std::chrono::minutes(1);
    start();
    std::atomic<int> good = 0;
    std::vector<std::jthread> clients;
    for (int i = 0; i < 32; ++i) {
        clients.emplace_back([&] {
            RawClient client(server_->port());
            for (int k = 0; k < 5; ++k) {
                client.send(fmt_get("/hello"));
                good += status_of(client.receive()) == 200 ? 1 : 0;
            }
        });
    }
    clients.clear();
    EXPECT_EQ(good, 160);
}

}  // namespace
}  // namespace ec::net
