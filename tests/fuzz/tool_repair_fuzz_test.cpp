// The fuzz entry over a call in each dialect and over mutations of them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fuzzing.hpp"

namespace {

const std::vector<std::string> kSeeds = {
    "\4{\"name\": \"read\", \"arguments\": {\"path\": \"a.py\", \"start\": \"3\"}}",
    "\4<think>hm</think>\n<tool_call>\n{'name': 'read_file', 'arguments': '{\"file\": \"a\"}',}\n</tool_call>",
    "\5<tool_call>\n<function=write>\n<parameter=path>\na\n</parameter>\n<parameter=content>\nx\n</parameter>\n</"
    "function>\n</tool_call>",
    "\6<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a</arg_value>\n</tool_call>",
    "\4[TOOL_CALLS] [{\"name\": \"run\", \"arguments\": {\"command\": [\"ls\", \"\\u00e9\\ud83d\\ude00\"], \"wait\": "
    "True}}]",
    "\4[TOOL_CALLS]read[ARGS]{\"path\": \"a\"}",
    "\4I'll look:\n```json\n{\"function\": {\"name\": \"read\", \"arguments\": {\"path\": \"a\"}}}\n```\nThen more.",
    "\4```tool_code\nprint(default_api.read(path='a', start=3))\n```",
    "\4<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.read "
    "<|message|>{\"path\": \"a\"}<|call|>",
    "\4<function_calls><invoke name=\"read\"><parameter name=\"path\">a</parameter></invoke></function_calls>"};

TEST(ToolRepairFuzz, RepliesKeepThePromises) { ec::fuzzing::feed_mutations(kSeeds, 20000, 20261127); }

}  // namespace
