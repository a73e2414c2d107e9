// The fuzz entry over answers of models' servers, and some thousand fixed mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

constexpr const char* kAnswers[] = {
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"<think>a</think>b\xC3\xA9\"}}]}\n\n: ping\n\n"
    "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"c\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
    R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"call_1","function":{"name":"f","arguments":"{\"a\":"}}]}}]})"
    "\n\n"
    R"(data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"1}"}},{"function":{"name":"g"}}]}}]})"
    "\n\n",
    R"({"choices":[{"message":{"content":[{"text":"a"}],"function_call":{"name":"f","arguments":"{"}}}],"usage":{"prompt_tokens":5}})",
    R"({"version":"0.1","message":{"content":"a","thinking":"b","tool_calls":[{"function":{"name":"f","arguments":{"x":[]}}}]},"done":false})"
    "\n"
    R"({"done":true,"done_reason":"length","prompt_eval_count":1e3})"
    "\n",
    R"(data: {"choices":[{"index":0,"text":"<think>a","finish_reason":"stop"}]})"
    "\n\n",
    R"(data: {"content":"a","stop":false})"
    "\n\n"
    R"(data: {"content":"","stop":true,"stop_type":"limit","tokens_evaluated":3,"timings":{"cache_n":2}})"
    "\n\n",
    R"({"version":"0.1","response":"a","done":true,"done_reason":"stop"})"
    "\n",
    R"({"error":{"message":"does not support tools","code":400}})",
    R"({"detail":[{"msg":"Unsupported parameter: 'seed'"}]})",
    "data: {\"error\":\"busy\"}\n\n",
};

TEST(ModelStreams, KeepTheirPromises) {
    std::vector<std::string> seeds;
    for (const char* answer : kAnswers) {
        for (char way = 0; way < 8; ++way) seeds.push_back(std::string{way, static_cast<char>(2 * way)} + answer);
    }
    ec::fuzzing::feed_mutations(seeds, 5'000, 20261127);
}

}  // namespace
