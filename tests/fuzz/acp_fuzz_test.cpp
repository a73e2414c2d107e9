// The fuzz entry over a message of every kind, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

TEST(AcpReaders, KeepTheirPromises) {
    std::vector<std::string> seeds = {"file:///tmp/a%20b#L1-2", "file://localhost/tmp/../x?y#L3:4"};
    for (
        const char* params :
        {R"({"protocolVersion":1,"clientCapabilities":{"fs":{"readTextFile":true},"session":{"notices":{}}}})",
         R"({"cwd":"/tmp","mcpServers":[{"name":"a","command":"b","args":["c"],"env":[{"name":"d","value":"e"}]}]})",
         R"({"sessionId":"s","cwd":"/tmp","mcpServers":[{"type":"http","name":"a","url":"b","headers":[]}]})",
         R"({"sessionId":"s","prompt":[{"type":"text","text":"hi"},{"type":"resource","resource":{"uri":"u","text":"t"}}]})",
         R"({"sessionId":"s","modeId":"ask"})", R"({"sessionId":"s","configId":"model","value":"none"})",
         R"({"cwd":"/tmp","cursor":"50"})", R"({"requestId":7})"})
        seeds.push_back(std::string(R"({"jsonrpc":"2.0","id":1,"method":"m","params":)") + params + "}");
    for (const char* result : {R"({"outcome":{"outcome":"selected","optionId":"allow_once"}})",
                               R"({"outcome":{"outcome":"cancelled"}})", R"({"content":"text"})"})
        seeds.push_back(std::string(R"({"jsonrpc":"2.0","id":1,"result":)") + result + "}");
    ec::fuzzing::feed_mutations(seeds, 20'000, 20261127);
}

}  // namespace
