#include "http_router.hpp"

#include <gtest/gtest.h>

#include <ec/json/json.hpp>

namespace ec::net {
namespace {

Route route(std::string method, std::string path) {
    Route made;
    made.method = std::move(method);
    made.path = std::move(path);
    made.handle = [](const ServerRequest&) { return ServerResponse{}; };
    return made;
}

TEST(Routes, AreFoundByPathAndMethod) {
    const RouteTable table({route("GET", "/"), route("GET", "/reviews/{id}"), route("POST", "/reviews"),
                            route("POST", "/reviews/{id}/answer"), route("GET", "/reviews/newest")});
    EXPECT_EQ(table.match("GET", "/").route->path, "/");
    const Match found = table.match("GET", "/reviews/a-1_.~Z");
    EXPECT_EQ(found.route->path, "/reviews/{id}");
    EXPECT_EQ(found.params.at("id"), "a-1_.~Z");
    EXPECT_EQ(table.match("POST", "/reviews/7/answer").route->path, "/reviews/{id}/answer");
    EXPECT_EQ(table.match("GET", "/reviews/newest").route->path, "/reviews/{id}");  // the first that fits
    const Match other = table.match("DELETE", "/reviews");
    EXPECT_EQ(other.route, nullptr);
    EXPECT_EQ(other.methods, std::vector<std::string>{"POST"});
}

TEST(Routes, TakeNoSegmentThatIsNotPlain) {
    const RouteTable table({route("GET", "/reviews/{id}")});
    for (const std::string path : {"/reviews/", "/reviews", "/reviews/%2e%2e", "/reviews/a%00", "/reviews/a/b",
                                   "/reviews/a?b", "//reviews/a", "/reviews/\xc3\xa9", "", "reviews/a"}) {
        EXPECT_EQ(table.match("GET", path).route, nullptr) << path;
    }
    EXPECT_EQ(table.match("GET", "/reviews/" + std::string(201, 'a')).route, nullptr);
}

TEST(Routes, ThatAreNoneAreRefused) {
    EXPECT_TRUE(check_routes({route("GET", "/"), route("GET", "/a/{b}")}));
    EXPECT_FALSE(check_routes({route("GET", "a")}));
    EXPECT_FALSE(check_routes({route("GET", "/a/")}));
    EXPECT_FALSE(check_routes({route("GET", "/a b")}));
    EXPECT_FALSE(check_routes({route("", "/a")}));
    EXPECT_FALSE(check_routes({route("GET", "/a"), route("GET", "/a")}));
    Route silent = route("GET", "/a");
    silent.handle = nullptr;
    EXPECT_FALSE(check_routes({silent}));
    silent.take = [](const ServerRequest&, const std::shared_ptr<Responder>&) {};
    EXPECT_TRUE(check_routes({silent}));
    Route twofold = route("GET", "/a");
    twofold.take = silent.take;
    EXPECT_FALSE(check_routes({twofold}));
}

TEST(Hosts, AreOursOrAreNot) {
    for (const char* ours : {"localhost", "LOCALHOST:80", "127.0.0.1:4305", "[::1]", "[::1]:4305", "Review.Example:1"})
        EXPECT_TRUE(is_our_host(ours, {"review.example"})) << ours;
    for (const char* other :
         {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.2", "::1", "localhost@evil",
          "review.example.evil", "localhost:1@evil.example", "localhost:\"x"})
        EXPECT_FALSE(is_our_host(other, {"review.example"})) << other;
}

TEST(Rates, AreCountedByAddressAndRouteAndMinute) {
    using std::chrono::seconds;
    Route limited = route("GET", "/a");
    limited.per_minute = 2;
    const Route other = limited;
    RateLimiter rates;
    EXPECT_TRUE(rates.admit("1", limited, seconds(0)));
    EXPECT_TRUE(rates.admit("1", limited, seconds(1)));
    EXPECT_FALSE(rates.admit("1", limited, seconds(59)));
    EXPECT_TRUE(rates.admit("2", limited, seconds(59)));
    EXPECT_TRUE(rates.admit("1", other, seconds(59)));
    EXPECT_TRUE(rates.admit("1", limited, seconds(60)));
}

TEST(Rates, OfMoreAddressesThanAreCountedAreShared) {
    Route limited = route("GET", "/a");
    limited.per_minute = 1;
    RateLimiter rates;
    unsigned admitted = 0;
    for (int i = 0; i < 10'000; ++i) admitted += rates.admit(std::to_string(i), limited, {}) ? 1 : 0;
    EXPECT_EQ(admitted, 4097U);
}

TEST(Problems, SayWhatAnErrorCarries) {
    const ServerResponse response = problem(Error{ErrorCode::over_quota, "too much", "wait", {"jobs", "b"}, 10});
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.headers, (Headers{{"Retry-After", "10"}}));
    const auto body = json::parse(response.body);
    ASSERT_TRUE(body);
    EXPECT_EQ(body->at("code").as_string(), "over_quota");
    EXPECT_EQ(body->at("fields"), (json::Array{"jobs", "b"}));
    const ServerResponse plain = problem(Error{ErrorCode::not_found, "nothing", {}});
    EXPECT_TRUE(plain.headers.empty());
    EXPECT_FALSE(json::parse(plain.body)->as_object().contains("fields"));
}

TEST(OpenApi, SaysWhatTheRoutesSay) {
    Route post = route("POST", "/reviews/{id}/answer");
    post.summary = "Answer it";
    post.statuses = {200, 404};
    post.secured = true;
    post.request_type = "application/json";
    const auto document = json::parse(openapi_document("Review", "1.2", {post, route("GET", "/reviews/{id}/answer")}));
    ASSERT_TRUE(document);
    const json::Object& root = document->as_object();
    EXPECT_EQ(root.at("openapi").as_string(), "3.1.0");
    const json::Object& path = root.at("paths").as_object().at("/reviews/{id}/answer").as_object();
    EXPECT_TRUE(path.contains("get"));
    const json::Object& operation = path.at("post").as_object();
    EXPECT_EQ(operation.at("summary").as_string(), "Answer it");
    EXPECT_EQ(operation.at("parameters").as_array()[0].as_object().at("name").as_string(), "id");
    EXPECT_TRUE(operation.at("requestBody").as_object().at("content").as_object().contains("application/json"));
    for (const char* status : {"200", "404", "400", "413", "415", "429", "503"})
        EXPECT_TRUE(operation.at("responses").as_object().contains(status)) << status;
    EXPECT_EQ(operation.at("responses").at("404").at("content").at("application/problem+json").at("schema").at("$ref"),
              "#/components/schemas/Problem");
    EXPECT_TRUE(root.at("components").at("schemas").as_object().contains("Problem"));
}

}  // namespace
}  // namespace ec::net
