#include "../connection.hpp"

#include "fake_server.hpp"

namespace ec::apps::mcp {
namespace {

using std::chrono::milliseconds;
using testing::FakeWire;
using testing::Script;

constexpr milliseconds kPatience{1000};

class ConnectionTest : public ::testing::Test {
protected:
    void SetUp() override {
        script_->greets();
        script_->has(testing::kEcho);
        script_->answers("tools/call", json::parse(R"({"content":[{"type":"text","text":"hello"}]})").value());
    }
    Result<std::unique_ptr<Connection>> open() {
        return Connection::open(testing::entry(), std::make_unique<FakeWire>(script_), kPatience, {});
    }
    std::unique_ptr<Connection> opened() {
        auto connection = open();
        EXPECT_TRUE(connection) << connection.error().message;
        return connection ? std::move(*connection) : nullptr;
    }
    std::shared_ptr<Script> script_ = std::make_shared<Script>();
};

TEST_F(ConnectionTest, GreetsListsAndCalls) {
    const auto connection = opened();
    EXPECT_EQ(connection->revision(), "2025-11-25");
    EXPECT_EQ(connection->title(), "fake");
    ASSERT_EQ(script_->posted.size(), 1U);
    EXPECT_NE(script_->posted[0].find("notifications/initialized"), std::string::npos);
    EXPECT_EQ(connection->tools(kPatience, {})->tools.at(0).offered_as, "mcp_fake_echo");
    EXPECT_EQ(connection->call("echo", {{"text", "hello"}}, {}, {})->text, "hello");
    EXPECT_EQ(script_->asked.back().params.at("name"), "echo");
    EXPECT_FALSE(script_->asked.front().params.at("capabilities").as_object().contains("sampling"));
    EXPECT_FALSE(script_->asked.front().params.at("capabilities").as_object().contains("roots"));
}

TEST_F(ConnectionTest, AServerWithoutToolsIsAskedForNone) {
    script_->answers("initialize", json::parse(R"({"protocolVersion":"2024-11-05","capabilities":{}})").value());
    EXPECT_TRUE(opened()->tools(kPatience, {})->tools.empty());
    EXPECT_EQ(script_->asked.size(), 1U);
}

TEST_F(ConnectionTest, AnUnknownRevisionOrNoGreetingIsAnErrorWithTheServersLastWords) {
    script_->last_words = "Cannot find module\x1b[0m";
    for (const char* answer : {R"({"protocolVersion":"1999-01-01","capabilities":{}})", "7", "{}"}) {
        script_->answers("initialize", json::parse(answer).value());
        const auto connection = open();
        ASSERT_FALSE(connection) << answer;
        EXPECT_NE(connection.error().message.find("(Cannot find module)"), std::string::npos);
    }
    script_->says.erase("initialize");
    EXPECT_EQ(open().error().code, ErrorCode::timeout);
}

TEST_F(ConnectionTest, OnlyTheAnswerToWhatWasAskedCounts) {
    const auto connection = opened();
    script_->says["tools/call"] = [](const rpc::Request& request) {
        const json::Value good = json::parse(R"({"content":[{"type":"text","text":"right"}]})").value();
        const json::Value bad = json::parse(R"({"content":[{"type":"text","text":"wrong"}]})").value();
        return std::vector<std::string>{"starting up…",
                                        rpc::encode(rpc::Response{999, bad}),
                                        rpc::encode(rpc::Response{"2", bad}),
                                        rpc::encode(rpc::Response{nullptr, bad}),
                                        Script::answer(request, good),
                                        Script::answer(request, bad)};
    };
    EXPECT_EQ(connection->call("echo", {}, {}, {})->text, "right");
    EXPECT_EQ(connection->call("echo", {}, {}, {})->text, "right");
}

TEST_F(ConnectionTest, AnswersPingsAndRefusesWhatItDoesNotOffer) {
    const auto connection = opened();
    script_->posted.clear();
    script_->says["tools/call"] = [](const rpc::Request& request) {
        return std::vector<std::string>{rpc::encode(rpc::Request{"p", "ping", {}}),
                                        rpc::encode(rpc::Request{7, "sampling/createMessage", {}}),
                                        rpc::encode(rpc::Request{8, "roots/list", {}}),
                                        Script::answer(request, json::Object{{"content", json::Array{}}})};
    };
    ASSERT_TRUE(connection->call("echo", {}, {}, {}));
    ASSERT_EQ(script_->posted.size(), 3U);
    EXPECT_EQ(script_->posted[0], R"({"jsonrpc":"2.0","id":"p","result":{}})");
    EXPECT_NE(script_->posted[1].find("-32601"), std::string::npos);
    EXPECT_NE(script_->posted[2].find("-32601"), std::string::npos);
}

TEST_F(ConnectionTest, QuestionsAreDeclinedUnlessSomebodyAnswers) {
    const auto connection = opened();
    script_->says["tools/call"] = [](const rpc::Request& request) {
        auto params =
            json::parse(R"({"message":"m","requestedSchema":{"properties":{"a":{"type":"string","default":"x"}}}})")
                .value();
        return std::vector<std::string>{rpc::encode(rpc::Request{1, "elicitation/create", params.as_object()}),
                                        Script::answer(request, json::Object{{"content", json::Array{}}})};
    };
    ASSERT_TRUE(connection->call("echo", {}, {}, {}));
    EXPECT_NE(script_->posted.back().find(R"("action":"decline")"), std::string::npos);
    CallHooks hooks;
    hooks.ask = [](const Elicitation& question) {
        return ElicitationAnswer{ElicitationAnswer::Action::accept, question.defaults};
    };
    ASSERT_TRUE(connection->call("echo", {}, hooks, {}));
    EXPECT_NE(script_->posted.back().find(R"("action":"accept","content":{"a":"x"})"), std::string::npos);
}

TEST_F(ConnectionTest, AFloodEndsTheCall) {
    for (const std::string& line : {rpc::encode(rpc::Request{nullptr, "notifications/message", {}}),
                                    rpc::encode(rpc::Request{1, "ping", {}}), std::string("noise")}) {
        const auto connection = opened();
        script_->says["tools/call"] = [line](const rpc::Request&) { return std::vector<std::string>(20'000, line); };
        EXPECT_EQ(connection->call("echo", {}, {}, {}).error().code, ErrorCode::corrupt);
        EXPECT_FALSE(connection->alive());
    }
}

TEST_F(ConnectionTest, AServerThatDoesNotAnswerIsToldAndGivenUpAfterTheSecondTime) {
    const auto connection = opened();
    script_->says.erase("tools/call");
    EXPECT_EQ(connection->call("echo", {}, {}, {}).error().code, ErrorCode::timeout);
    EXPECT_NE(script_->posted.back().find("notifications/cancelled"), std::string::npos);
    EXPECT_TRUE(connection->alive());
    EXPECT_EQ(connection->call("echo", {}, {}, {}).error().code, ErrorCode::timeout);
    EXPECT_FALSE(connection->alive());
    EXPECT_EQ(connection->call("echo", {}, {}, {}).error().code, ErrorCode::io);
}

TEST_F(ConnectionTest, AStopEndsACallAndTellsTheServer) {
    const auto connection = opened();
    script_->says.erase("tools/call");
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(connection->call("echo", {}, {}, stop.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_NE(script_->posted.back().find("notifications/cancelled"), std::string::npos);
}

TEST_F(ConnectionTest, PagesAreFollowedToTheirEndAndNoFurther) {
    const auto connection = opened();
    int page = 0;
    script_->says["tools/list"] = [&page](const rpc::Request& request) {
        const std::string name = "t" + std::to_string(page++);
        json::Object result{{"tools", json::Array{json::Object{{"name", name}, {"inputSchema", json::Object{}}}}}};
        if (page < 3) result["nextCursor"] = "after " + name;
        return std::vector<std::string>{Script::answer(request, result)};
    };
    EXPECT_EQ(connection->tools(kPatience, {})->tools.size(), 3U);
    EXPECT_EQ(script_->asked.back().params.at("cursor"), "after t1");
    script_->answers("tools/list", json::Object{{"tools", json::Array{}}, {"nextCursor", "again"}});
    EXPECT_EQ(connection->tools(kPatience, {}).error().code, ErrorCode::corrupt);
}

TEST_F(ConnectionTest, HearsOfOtherToolsAndOfProgress) {
    const auto connection = opened();
    script_->says["tools/call"] = [](const rpc::Request& request) {
        const json::Value token = request.params.at("_meta").as_object().at("progressToken");
        return std::vector<std::string>{
            rpc::encode(rpc::Request{nullptr, "notifications/tools/list_changed", {}}),
            rpc::encode(rpc::Request{
                nullptr, "notifications/progress", {{"progressToken", token}, {"progress", 1}, {"total", 2}}}),
            rpc::encode(rpc::Request{nullptr, "notifications/progress", {{"progressToken", "other"}, {"progress", 9}}}),
            rpc::encode(rpc::Request{
                nullptr, "notifications/progress", {{"progressToken", token}, {"message", "half\x1b[2J"}}}),
            Script::answer(request, json::Object{{"content", json::Array{}}})};
    };
    std::vector<std::string> lines;
    CallHooks hooks;
    hooks.progress = [&](const std::string& line) { lines.push_back(line); };
    ASSERT_TRUE(connection->call("echo", {}, hooks, {}));
    EXPECT_EQ(lines, (std::vector<std::string>{"1 of 2", "half"}));
    EXPECT_TRUE(connection->changed());
    ASSERT_TRUE(connection->tools(kPatience, {}));
    EXPECT_FALSE(connection->changed());
}

TEST_F(ConnectionTest, WhatTheServerRefusesComesInItsWordsMadePlain) {
    const auto connection = opened();
    script_->says["tools/call"] = [](const rpc::Request& request) {
        return std::vector<std::string>{
            rpc::encode(rpc::Response{request.id, rpc::refuse(rpc::kInvalidParams, "Unknown tool\x1b[31m")})};
    };
    const auto outcome = connection->call("echo", {}, {}, {});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(outcome.error().message, "the server says: Unknown tool");
    EXPECT_TRUE(connection->alive());
}

}  // namespace
}  // namespace ec::apps::mcp
