// The fuzz entry over a request of each API and over mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

using namespace std::string_literals;

const std::vector<std::string> kSeeds = {
    "\0{\"model\":\"m\",\"messages\":[{\"role\":\"developer\",\"content\":\"a\"},{\"role\":\"user\",\"content\":[{"
    "\"type\":"
    "\"text\",\"text\":\"b\"}]},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"c\",\"type\":"
    "\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"x\\\":1}\"}}]},{\"role\":\"tool\",\"tool_call_id\":"
    "\"c\",\"content\":\"d\"}],\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],"
    "\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"f\"}},\"temperature\":0.5,\"stop\":[\"x\"],"
    "\"seed\":"
    "-1,\"max_tokens\":9,\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"schema\":{}}},\"metadata\":{"
    "\"a\":\"b\"},\"stream_options\":{\"include_usage\":true}}"s,
    "\1{\"instructions\":\"i\",\"input\":[{\"role\":\"user\",\"content\":\"a\"},{\"type\":\"reasoning\",\"summary\":[]}"
    ",{"
    "\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{}\"},{\"type\":\"function_call_"
    "output\","
    "\"call_id\":\"c\",\"output\":[{\"type\":\"input_text\",\"text\":\"o\"}]},{\"type\":\"custom_tool_call\",\"call_"
    "id\":"
    "\"e\",\"name\":\"g\",\"input\":\"x\"},{\"type\":\"custom_tool_call_output\",\"call_id\":\"e\",\"output\":\"y\"}],"
    "\"tools\":[{\"type\":\"function\",\"name\":\"f\"},{\"type\":\"web_search\"}],\"text\":{\"format\":{\"type\":"
    "\"json_object\"}},\"tool_choice\":\"required\"}",
    "\2{\"prompt\":\"a\",\"suffix\":\"b\",\"echo\":true,\"max_tokens\":5,\"n\":1}",
    "\3{\"input_prefix\":\"a\",\"input_suffix\":\"b\",\"prompt\":\"c\",\"input_extra\":[{\"filename\":\"f\",\"text\":"
    "\"t\"}]"
    ",\"n_predict\":0,\"n_indent\":4,\"t_max_predict_ms\":250,\"response_fields\":[\"timings/prompt_n\"]}",
    "\4{\"input\":[\"a\",\"b\"],\"encoding_format\":\"base64\"}"};

TEST(OpenAiApiFuzz, RequestsAreValuesOrErrors) { ec::fuzzing::feed_mutations(kSeeds, 20000, 20261127); }

}  // namespace
