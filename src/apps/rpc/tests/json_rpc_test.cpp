#include "rpc/json_rpc.hpp"

#include <gtest/gtest.h>

namespace ec::apps::rpc {
namespace {

TEST(JsonRpc, ReadsARequestANotificationAndBothKindsOfAnswer) {
    const auto request = decode(R"({"jsonrpc":"2.0","id":7,"method":"m","params":{"a":1}})");
    ASSERT_TRUE(request);
    EXPECT_EQ(std::get<Request>(*request).method, "m");
    EXPECT_FALSE(std::get<Request>(*request).notification());
    const auto notification = decode(R"({"jsonrpc":"2.0","method":"m"})");
    ASSERT_TRUE(notification);
    EXPECT_TRUE(std::get<Request>(*notification).notification());
    const auto good = decode(R"({"jsonrpc":"2.0","id":"x","result":[1]})");
    ASSERT_TRUE(good);
    EXPECT_EQ(std::get<Response>(*good).answer->as_array().size(), 1U);
    const auto bad = decode(R"({"jsonrpc":"2.0","id":"x","error":{"code":-5,"message":"no"}})");
    ASSERT_TRUE(bad);
    EXPECT_EQ(std::get<Response>(*bad).answer.error().code, -5);
}

TEST(JsonRpc, WhatItWritesItReadsBack) {
    const Request request{"id", "method", {{"text", "line\nfeed"}}};
    const std::string line = encode(request);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(std::get<Request>(*decode(line)).params, request.params);
}

struct Bad {
    const char* text;
    int code;
    json::Value id;
};
class JsonRpcRefuses : public testing::TestWithParam<Bad> {};
TEST_P(JsonRpcRefuses, WithTheCodeOfTheStandardAndTheIdWhereThereIsOne) {
    const auto message = decode(GetParam().text);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().error.code, GetParam().code);
    EXPECT_EQ(message.error().id, GetParam().id);
}
INSTANTIATE_TEST_SUITE_P(
    Malformed, JsonRpcRefuses,
    testing::Values(Bad{"", kParseError, nullptr}, Bad{"{", kParseError, nullptr}, Bad{"[]", kInvalidRequest, nullptr},
                    Bad{R"([{"jsonrpc":"2.0","id":1,"method":"m"}])", kInvalidRequest, nullptr},
                    Bad{R"({"id":1,"method":"m"})", kInvalidRequest, 1},
                    Bad{R"({"jsonrpc":"1.0","id":1,"method":"m"})", kInvalidRequest, 1},
                    Bad{R"({"jsonrpc":"2.0","id":1,"method":5})", kInvalidRequest, 1},
                    Bad{R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", kInvalidRequest, nullptr},
                    Bad{R"({"jsonrpc":"2.0","id":null,"method":"m"})", kInvalidRequest, nullptr},
                    Bad{R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1]})", kInvalidRequest, 1},
                    Bad{R"({"jsonrpc":"2.0","id":1})", kInvalidRequest, 1},
                    Bad{R"({"jsonrpc":"2.0","result":1})", kInvalidRequest, nullptr}));

}  // namespace
}  // namespace ec::apps::rpc
