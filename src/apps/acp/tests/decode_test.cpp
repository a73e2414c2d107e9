// Parameters of an editor: what is taken, and which field is named of what is not.
#include "acp/decode.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace ec::apps::acp {
namespace {

json::Object parse(std::string_view text) { return json::parse(text).value().as_object(); }

TEST(AcpDecode, TakesTheHandshakeWithWhatTheEditorCan) {
    const auto request = decode_initialize(parse(
        R"({"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":true,"writeTextFile":true},"terminal":true,)"
        R"("session":{"notices":{}},"_meta":{"x":1}},"clientInfo":{"name":"zed","version":"1"},"future":[]})"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->version, 1);
    EXPECT_EQ(request->client, (ClientCapabilities{true, true, true}));
}

TEST(AcpDecode, WhatIsMalformedAmongCapabilitiesCountsAsNotThere) {
    for (const char* text :
         {R"({"protocolVersion":1})", R"({"protocolVersion":1,"clientCapabilities":null})",
          R"({"protocolVersion":1,"clientCapabilities":7})",
          R"({"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":"yes"},"session":[]}})"}) {
        const auto request = decode_initialize(parse(text));
        ASSERT_TRUE(request) << text;
        EXPECT_EQ(request->client, ClientCapabilities{}) << text;
    }
}

TEST(AcpDecode, TakesASessionWithServersOfEveryTransport) {
    const auto request =
        decode_new(parse(R"({"cwd":"/tmp","additionalDirectories":[],"mcpServers":[)"
                         R"({"name":"a","command":"/bin/a","args":["-x"],"env":[{"name":"K","value":""}]},)"
                         R"({"type":"http","name":"b","url":"https://b/","headers":[{"name":"H","value":"v"}]},)"
                         R"({"type":"sse","name":"c","url":"https://c/","headers":[]}]})"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->cwd, "/tmp");
    ASSERT_EQ(request->mcp_servers.size(), 3U);
    EXPECT_EQ(request->mcp_servers[0].arguments, std::vector<std::string>{"-x"});
    EXPECT_EQ(request->mcp_servers[0].environment[0].first, "K");
    EXPECT_EQ(request->mcp_servers[1].kind, McpServer::Kind::http);
    EXPECT_EQ(request->mcp_servers[1].headers[0].second, "v");
    EXPECT_EQ(request->mcp_servers[2].kind, McpServer::Kind::sse);
}

TEST(AcpDecode, TakesNullForNoServersAndNoFolders) {
    const auto request = decode_new(parse(R"({"cwd":"/tmp","additionalDirectories":null,"mcpServers":null})"));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_TRUE(request->mcp_servers.empty());
}

TEST(AcpDecode, TakesEveryKindOfContentThatWasOffered) {
    const auto request = decode_prompt(parse(
        R"({"sessionId":"s","prompt":[{"type":"text","text":""},{"type":"resource_link","uri":"file:///a","name":"a","size":1},)"
        R"({"type":"resource","resource":{"uri":"file:///b","text":"x","mimeType":null}},)"
        R"({"type":"resource","resource":{"uri":"file:///c","blob":"AA=="}}]})"));
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_EQ(request->blocks.size(), 4U);
    EXPECT_TRUE(std::holds_alternative<TextBlock>(request->blocks[0]));
    EXPECT_EQ(std::get<LinkBlock>(request->blocks[1]).uri, "file:///a");
    EXPECT_EQ(std::get<ResourceBlock>(request->blocks[2]).text, "x");
    EXPECT_EQ(std::get<BlobBlock>(request->blocks[3]).uri, "file:///c");
}

TEST(AcpDecode, TakesBothOutcomesOfAPermission) {
    EXPECT_TRUE(decode_permission(parse(R"({"outcome":{"outcome":"cancelled"}})"))->cancelled);
    EXPECT_EQ(decode_permission(parse(R"({"outcome":{"outcome":"selected","optionId":"allow_once"}})"))->option,
              "allow_once");
    for (const char* text : {"{}", R"({"outcome":"selected"})", R"({"outcome":{"outcome":"selected"}})",
                             R"({"outcome":{"outcome":"maybe"}})"})
        EXPECT_FALSE(decode_permission(parse(text))) << text;
    EXPECT_FALSE(decode_permission(nullptr));
}

using Decode = std::function<std::optional<rpc::RpcError>(const json::Object&)>;
template <class T>
Decode of(Decoded<T> (*decode)(const json::Object&)) {
    return [decode](const json::Object& params) -> std::optional<rpc::RpcError> {
        auto decoded = decode(params);
        return decoded ? std::nullopt : std::optional(decoded.error());
    };
}

struct Wrong {
    const char* name;
    Decode decode;
    std::string params;
    const char* field;
};
class AcpDecodeRefuses : public ::testing::TestWithParam<Wrong> {};
TEST_P(AcpDecodeRefuses, AndNamesTheField) {
    const auto error = GetParam().decode(parse(GetParam().params));
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code, rpc::kInvalidParams);
    EXPECT_EQ(error->data.at("field"), GetParam().field) << error->message;
}
std::string server(const std::string& fields) { return R"({"cwd":"/tmp","mcpServers":[{)" + fields + "}]}"; }
std::string content(const std::string& fields) {
    return R"({"sessionId":"s","prompt":[{"type":"text","text":"a"},{)" + fields + "}]}";
}
INSTANTIATE_TEST_SUITE_P(
    WhatIsWrong, AcpDecodeRefuses,
    ::testing::Values(
        Wrong{"NoVersion", of(decode_initialize), "{}", "protocolVersion"},
        Wrong{"AVersionBelowZero", of(decode_initialize), R"({"protocolVersion":-1})", "protocolVersion"},
        Wrong{"AVersionOutOfRange", of(decode_initialize), R"({"protocolVersion":65536})", "protocolVersion"},
        Wrong{"AFractionAsVersion", of(decode_initialize), R"({"protocolVersion":1.5})", "protocolVersion"},
        Wrong{"ARelativeFolder", of(decode_new), R"({"cwd":"tmp","mcpServers":[]})", "cwd"},
        Wrong{"AFileAsFolder", of(decode_new), R"({"cwd":"/proc/version","mcpServers":[]})", "cwd"},
        Wrong{"AFolderWithANul", of(decode_new), R"({"cwd":"/tmp\u0000/x","mcpServers":[]})", "cwd"},
        Wrong{"AnEndlessFolder", of(decode_new), R"({"cwd":"/)" + std::string(5000, 'x') + R"(","mcpServers":[]})",
              "cwd"},
        Wrong{"NoServers", of(decode_new), R"({"cwd":"/tmp"})", "mcpServers"},
        Wrong{"TooManyServers", of(decode_new),
              R"({"cwd":"/tmp","mcpServers":[0)" +
                  [] {
                      std::string s;
                      for (int i = 0; i < 64; ++i) s += ",0";
                      return s;
                  }() +
                  "]}",
              "mcpServers"},
        Wrong{"AServerThatIsNone", of(decode_new), R"({"cwd":"/tmp","mcpServers":["x"]})", "mcpServers[0]"},
        Wrong{"AServerWithoutAName", of(decode_new), server(R"("command":"x","args":[],"env":[])"),
              "mcpServers[0].name"},
        Wrong{"AServerWithoutArguments", of(decode_new), server(R"("name":"a","command":"x","env":[])"),
              "mcpServers[0].args"},
        Wrong{"AnArgumentThatIsNoText", of(decode_new), server(R"("name":"a","command":"x","args":["y",1],"env":[])"),
              "mcpServers[0].args[1]"},
        Wrong{"AVariableWithoutAValue", of(decode_new),
              server(R"("name":"a","command":"x","args":[],"env":[{"name":"K"}])"), "mcpServers[0].env[0].value"},
        Wrong{"AnUnknownTransport", of(decode_new), server(R"("type":"pigeon","name":"a")"), "mcpServers[0].type"},
        Wrong{"AnHttpServerWithoutAnAddress", of(decode_new), server(R"("type":"http","name":"a","headers":[])"),
              "mcpServers[0].url"},
        Wrong{"MoreFolders", of(decode_new), R"({"cwd":"/tmp","additionalDirectories":["/"],"mcpServers":[]})",
              "additionalDirectories"},
        Wrong{"LoadingNoSession", of(decode_load), R"({"cwd":"/tmp","mcpServers":[]})", "sessionId"},
        Wrong{"LoadingAnEmptyName", of(decode_load), R"({"sessionId":"","cwd":"/tmp","mcpServers":[]})", "sessionId"},
        Wrong{"ResumingANumber", of(decode_resume), R"({"sessionId":1,"cwd":"/tmp"})", "sessionId"},
        Wrong{"ACursorOfSomebodyElse", of(decode_list), R"({"cursor":"1x"})", "cursor"},
        Wrong{"AnEndlessCursor", of(decode_list), R"({"cursor":"99999999999999999999999"})", "cursor"},
        Wrong{"NoPrompt", of(decode_prompt), R"({"sessionId":"s"})", "prompt"},
        Wrong{"APromptThatIsText", of(decode_prompt), R"({"sessionId":"s","prompt":"hi"})", "prompt"},
        Wrong{"ContentWithoutAType", of(decode_prompt), content(R"("text":"x")"), "prompt[1].type"},
        Wrong{"ContentOfTheFuture", of(decode_prompt), content(R"("type":"smell")"), "prompt[1].type"},
        Wrong{"Sound", of(decode_prompt), content(R"("type":"audio","data":"","mimeType":"audio/wav")"),
              "prompt[1].type"},
        Wrong{"ALinkWithoutAnAddress", of(decode_prompt), content(R"("type":"resource_link","name":"a")"),
              "prompt[1].uri"},
        Wrong{"AResourceWithoutText", of(decode_prompt), content(R"("type":"resource","resource":{"uri":"file:///a"})"),
              "prompt[1].resource.text"},
        Wrong{"AResourceThatIsNone", of(decode_prompt), content(R"("type":"resource","resource":[])"),
              "prompt[1].resource"},
        Wrong{"NoMode", of(decode_mode), R"({"sessionId":"s"})", "modeId"},
        Wrong{"AFlagAsValue", of(decode_config), R"({"sessionId":"s","configId":"mode","type":"boolean","value":true})",
              "value"},
        Wrong{"CancellingNothing", of(decode_session), "{}", "sessionId"},
        Wrong{"CancellingARequestWithoutAnId", of(decode_cancelled_request), R"({"requestId":null})", "requestId"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace ec::apps::acp
