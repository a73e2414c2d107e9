// Web pages and crowds in front of the HTTP server.
#include <gtest/gtest.h>

#include <algorithm>
#include <ec/net/http_server.hpp>
#include <memory>
#include <string>
#include <vector>

#include "raw_client.hpp"

namespace ec::net {
namespace {

class Siege : public ::testing::Test {
protected:
    void start() {
        Route hello;
        hello.method = "GET";
        hello.path = "/hello";
        hello.per_minute = 100'000;
        hello.handle = [](const ServerRequest&) { return ServerResponse{.body = "{}", .headers = {}}; };
        Route late = hello;
        late.method = "POST";
        late.path = "/late";
        late.request_type = "application/json";
        late.handle = nullptr;
        late.take = [](const ServerRequest&, const std::shared_ptr<Responder>& responder) {
            responder->answer({.body = "{}", .headers = {}});
        };
        auto server = start_http_server({hello, late}, options_);
        ASSERT_TRUE(server) << server.error().message;
        server_ = *std::move(server);
    }
    std::string say(std::string_view bytes) {
        if (!server_) start();
        RawClient client(server_->port());
        client.send(bytes);
        return client.receive();
    }
    std::string get(std::string_view headers) {
        return say("GET /hello HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n");
    }

    ServerOptions options_;
    std::unique_ptr<HttpServer> server_;
};

TEST_F(Siege, OfWebPagesIsRefused) {
    options_.refuse_pages = true;
    options_.origins = {"https://ours.example", "http://localhost:4304"};
    struct {
        std::string headers;
        int status;
    } const table[] = {
        {"", 200},
        {"Origin: https://ours.example\r\n", 200},
        {"origin: http://localhost:4304\r\nSec-Fetch-Site: same-origin\r\n", 200},
        {"Sec-Fetch-Site: none\r\n", 200},
        {"Sec-Fetch-Site: same-origin\r\n", 200},
        {"Sec-Fetch-Site: same-site\r\n", 403},
        {"Sec-Fetch-Site: cross-site\r\n", 403},
        {"Sec-Fetch-Site: something-new\r\n", 403},
        {"Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", 403},
        {"Origin: https://ours.example\r\nSec-Fetch-Site: cross-site\r\n", 403},
        {"Origin: null\r\n", 403},
        {"Origin:\r\n", 403},
        {"Origin: https://evil.example\r\n", 403},
        {"ORIGIN: https://evil.example\r\n", 403},
        {"Origin: https://ours.example:443\r\n", 403},
        {"Origin: http://ours.example\r\n", 403},
        {"Origin: https://OURS.example\r\n", 403},
        {"Origin: https://ours.example.evil\r\n", 403},
        {"Origin: https://ours.example\r\nOrigin: https://evil.example\r\n", 403},
        {"Origin: https://ours.example, https://evil.example\r\n", 403},
    };
    for (const auto& row : table) {
        const std::string response = get(row.headers);
        EXPECT_EQ(status_of(response), row.status) << row.headers;
        EXPECT_EQ(response.find("page_refused") != std::string::npos, row.status == 403) << row.headers;
        EXPECT_EQ(response.find("Access-Control"), std::string::npos);
    }
}

TEST_F(Siege, OfWebPagesIsRefusedOnEveryPathBeforeABodyIsRead) {
    options_.refuse_pages = true;
    for (const std::string line : {"POST /late", "OPTIONS /late", "GET /nothing", "DELETE /hello"}) {
        const std::string response =
            say(line +
                " HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nContent-Type: "
                "application/json\r\nContent-Length: 1000\r\n\r\n");
        EXPECT_EQ(status_of(response), 403) << line;
        EXPECT_EQ(response.find("Access-Control"), std::string::npos) << line;
    }
}

TEST_F(Siege, OfWebPagesIsNoneWherePagesAreServed) {
    EXPECT_EQ(status_of(get("Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n")), 200);
}

TEST_F(Siege, OfCrowdsFromManyPlacesKeepsNobodyOut) {
    const unsigned many = connections_to_be_had(2'000);
    ASSERT_GT(many, 0U);
    start();
    std::vector<std::unique_ptr<RawClient>> crowd;
    for (unsigned i = 0; i < many; ++i) {
        crowd.push_back(std::make_unique<RawClient>(server_->port(), address_number(1 + i % 250)));
        crowd.back()->send(i % 2 == 0 ? "" : "GET /hello HTTP/1.1\r\nHost: loc");
    }
    EXPECT_EQ(status_of(get("")), 200);
    crowd.clear();
    EXPECT_EQ(status_of(get("")), 200);
}

TEST_F(Siege, OfTenThousandConnectionsOfOneAddressKeepsNobodyOut) {
    const unsigned many = connections_to_be_had(10'000);
    ASSERT_GT(many, 0U);
    start();
    std::vector<std::unique_ptr<RawClient>> crowd;
    for (unsigned i = 0; i < many; ++i) {
        crowd.push_back(std::make_unique<RawClient>(server_->port()));
        crowd.back()->send(i % 2 == 0 ? ""
                                      : "POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        "Content-Length: 9\r\n\r\n{");
    }
    EXPECT_EQ(status_of(get("")), 200);
    EXPECT_EQ(status_of(say("POST /late HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            "Content-Length: 2\r\n\r\n{}")),
              200);
}

}  // namespace
}  // namespace ec::net
