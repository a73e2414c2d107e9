// The fuzz entry over conversations, forms and addresses, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

TEST(McpServerReaders, KeepTheirPromises) {
    const std::string hello =
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"f","version":"1"}}})"
        "\n";
    std::vector<std::string> seeds;
    for (
        const char* next :
        {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"text":"x","word":"a","many":["b"],"number":1},"_meta":{"progressToken":"p"}}})",
         R"({"jsonrpc":"2.0","id":"2","method":"tools/list","params":{}})",
         R"({"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"t://1/x"}})",
         R"({"jsonrpc":"2.0","id":4,"method":"prompts/get","params":{"name":"p","arguments":{"x":"y"}}})",
         R"({"jsonrpc":"2.0","id":5,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"x","value":"y"}}})",
         R"({"jsonrpc":"2.0","id":6,"method":"resources/subscribe","params":{"uri":"t://1/x"}})",
         R"({"jsonrpc":"2.0","id":7,"method":"logging/setLevel","params":{"level":"debug"}})",
         R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})",
         R"({"jsonrpc":"2.0","id":1,"result":{}})"})
        seeds.push_back(std::string(1, '\0') + hello + next + "\n");
    for (const char* form : {"a=mcp:read+mcp:run&b=%41%zz&c", "a=%3Cscript%3E&a=2", "&=&&a=%00"})
        seeds.push_back(std::string("\1") + form);
    for (const char* address : {"http://127.0.0.1:1234/back?x=1", "https://app.example/back", "http://localhost",
                                "http://[::1]:9/", "https://a@b.example/", "http://127.0.0.1.evil.example/"})
        seeds.push_back(std::string("\2") + address);
    ec::fuzzing::feed_mutations(seeds, 20'000, 20261127);
}

}  // namespace
