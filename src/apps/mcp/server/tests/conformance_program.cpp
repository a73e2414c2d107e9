// A server for @modelcontextprotocol/conformance: the things that its scenarios name (test_simple_text and the like),
// on the same library as `edgecoder mcp`, open to everybody on this machine. It shows that the library speaks the
// protocol.
#include <fmt/format.h>

#include <csignal>
#include <ec/core/waiter.hpp>
#include <iostream>

#include "interrupt.hpp"
#include "mcp/server/http_server.hpp"

namespace ec::apps::mcp {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kPatience{10};
/// A picture of one pixel, and a sound of no sample.
constexpr const char* kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
constexpr const char* kWav = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

class EverybodyMay final : public Gate {
public:
    std::expected<Bearer, net::ServerResponse> admit(const net::ServerRequest&) override { return Bearer{"all", {}}; }
    net::ServerResponse forbid(const net::ServerRequest&, std::string_view) override {
        return net::problem(403, "no", "no");
    }
};

using Outcome = std::expected<ToolResult, rpc::RpcError>;
using Work = std::function<Outcome(const json::Object&, Call&)>;

Tool tool(std::string name, Work run) {
    Tool made;
    made.description = {
        .name = name, .description = "For the scenario of that name", .input_schema = {{"type", "object"}}};
    made.run = std::move(run);
    return made;
}

Tool gives(std::string name, std::vector<ContentBlock> content) {
    return tool(std::move(name),
                [content = std::move(content)](const json::Object&, Call&) { return ToolResult{.content = content}; });
}

void pause(Call& call) {
    SystemWaiter waiter;
    waiter.wait(milliseconds(50), call.stop());
}

Outcome logs(const json::Object&, Call& call) {
    for (const char* text : {"Tool execution started", "Tool processing data", "Tool execution completed"}) {
        call.log(LogLevel::info, "test", json::Value(text));
        pause(call);
    }
    return text_result("logged three times");
}

Outcome progresses(const json::Object&, Call& call) {
    for (const double done : {0., 50., 100.}) {
        call.progress(done, 100, "");
        pause(call);
    }
    return text_result("done");
}

Outcome comes_back(const json::Object&, Call& call) {
    call.hang_up();
    pause(call);
    return text_result("after the stream was closed");
}

Outcome asks(Call& call, std::string capability, std::string method, json::Object params, std::string_view words) {
    if (!call.client_can(capability)) return error_result("the client cannot do " + capability);
    const auto answer = call.ask(std::move(method), std::move(params), kPatience);
    if (!answer) return error_result(answer.error().message);
    return text_result(fmt::format("{}: {}", words, json::write(*answer)));
}

Outcome samples(const json::Object& arguments, Call& call) {
    json::Reader reader(arguments);
    const json::Object content{{"type", "text"}, {"text", reader.require("prompt").string("prompt")}};
    if (!reader.status()) return error_result(reader.status().error().message);
    return asks(call, "sampling", "sampling/createMessage",
                {{"messages", json::Array{json::Object{{"role", "user"}, {"content", content}}}}, {"maxTokens", 100}},
                "LLM response");
}

json::Object parsed(const char* text) { return json::parse(text)->as_object(); }

Outcome elicits(Call& call, std::string message, const char* properties) {
    json::Object schema{{"type", "object"}, {"properties", parsed(properties)}, {"required", json::Array()}};
    return asks(call, "elicitation", "elicitation/create",
                {{"message", std::move(message)}, {"requestedSchema", std::move(schema)}}, "Elicitation completed");
}

Outcome elicits_words(const json::Object& arguments, Call& call) {
    json::Reader reader(arguments);
    const std::string message = reader.require("message").string("message");
    if (!reader.status()) return error_result(reader.status().error().message);
    return elicits(call, message, R"({"username":{"type":"string"},"email":{"type":"string"}})");
}

Outcome elicits_defaults(const json::Object&, Call& call) {
    return elicits(call, "Are these right?",
                   R"({"name":{"type":"string","default":"John Doe"},"age":{"type":"integer","default":30},
"score":{"type":"number","default":95.5},
"status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},
"verified":{"type":"boolean","default":true}})");
}

Outcome elicits_choices(const json::Object&, Call& call) {
    return elicits(call, "Choose", R"({"untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
"titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First"},{"const":"value2","title":"Second"}]},
"legacyEnum":{"type":"string","enum":["opt1","opt2"],"enumNames":["Option One","Option Two"]},
"untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
"titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First"},{"const":"value2","title":"Second"}]}}})");
}

std::vector<Tool> tools() {
    const ResourceContents embedded{
        "test://embedded-resource", "text/plain", "This is an embedded resource content.", {}};
    const ResourceContents mixed{"test://mixed-content-resource", "application/json", R"({"test":"data"})", {}};
    std::vector<Tool> made = {gives("test_simple_text", {TextContent{"This is a simple text response for testing."}}),
                              gives("test_image_content", {MediaContent{kPng, "image/png"}}),
                              gives("test_audio_content", {MediaContent{kWav, "audio/wav"}}),
                              gives("test_embedded_resource", {embedded}),
                              gives("test_multiple_content_types", {TextContent{"Multiple content types test:"},
                                                                    MediaContent{kPng, "image/png"}, mixed}),
                              tool("test_error_handling",
                                   [](const json::Object&, Call&) {
                                       return error_result("This tool intentionally returns an error for testing");
                                   }),
                              tool("test_tool_with_logging", logs),
                              tool("test_tool_with_progress", progresses),
                              tool("test_reconnection", comes_back),
                              tool("test_sampling", samples),
                              tool("test_elicitation", elicits_words),
                              tool("test_elicitation_sep1034_defaults", elicits_defaults),
                              tool("test_elicitation_sep1330_enums", elicits_choices),
                              gives("json_schema_2020_12_tool", {TextContent{"ok"}})};
    made.back().description.input_schema = parsed(
        R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","$defs":{"address":{"type":"object",
"properties":{"street":{"type":"string"},"city":{"type":"string"}}}},"properties":{"name":{"type":"string"},
"address":{"$ref":"#/$defs/address"}},"additionalProperties":false})");
    return made;
}

Prompt prompt(std::string name, std::vector<PromptArgument> arguments,
              std::function<std::vector<PromptMessage>(const std::map<std::string, std::string>&)> render) {
    return {std::move(name), "For the scenario of that name", std::move(arguments), std::move(render)};
}

PromptMessage says(ContentBlock content) { return {.content = std::move(content)}; }

std::vector<Prompt> prompts() {
    using Arguments = std::map<std::string, std::string>;
    return {
        prompt("test_simple_prompt", {},
               [](const Arguments&) { return std::vector{says(TextContent{"This is a simple prompt for testing."})}; }),
        prompt("test_prompt_with_arguments", {{"arg1", "First", true}, {"arg2", "Second", true}},
               [](const Arguments& given) {
                   return std::vector{says(TextContent{fmt::format("Prompt with arguments: arg1='{}', arg2='{}'",
                                                                   given.at("arg1"), given.at("arg2"))})};
               }),
        prompt("test_prompt_with_embedded_resource", {{"resourceUri", "To embed", true}},
               [](const Arguments& given) {
                   return std::vector{
                       says(ResourceContents{
                           given.at("resourceUri"), "text/plain", "Embedded resource content for testing.", {}}),
                       says(TextContent{"Please process the embedded resource above."})};
               }),
        prompt("test_prompt_with_image", {}, [](const Arguments&) {
            return std::vector{says(MediaContent{kPng, "image/png"}),
                               says(TextContent{"Please analyze the image above."})};
        })};
}

Registry registry() {
    Registry made;
    made.self = {.name = "conformance", .title = {}, .version = "1"};
    made.tools = tools();
    made.prompts = prompts();
    made.resources = {
        {"test://static-text", "text", "A text", "text/plain",
         [] {
             return ResourceContents{
                 "test://static-text", "text/plain", "This is the content of the static text resource.", {}};
         }},
        {"test://static-binary", "picture", "A picture", "image/png",
         [] { return ResourceContents{"test://static-binary", "image/png", {}, kPng}; }}};
    made.templates = {
        {"test://template/{id}/data", "data", "Of an id", "application/json", [](const std::string& id) {
             return ResourceContents{
                 "test://template/" + id + "/data", "application/json", json::write(json::Object{{"id", id}}), {}};
         }}};
    made.subscriptions = true;
    made.complete = [](const std::string&, const std::string&, const std::string& value) {
        return std::vector<std::string>{value + "1", value + "2"};
    };
    return made;
}

}  // namespace
}  // namespace ec::apps::mcp

int main() {
    using namespace ec::apps;
    const Interrupt interrupt;
    const mcp::Registry registry = mcp::registry();
    mcp::EverybodyMay gate;
    const auto served = mcp::serve_http(registry, gate, {}, {"127.0.0.1", 0}, interrupt.token(),
                                        [](const std::string& url) { std::cout << "ready mcp " << url << std::endl; });
    if (!served) std::cerr << served.error().message << '\n';
    return served ? 0 : 1;
}
