// Calls that came as text, in every dialect, and text that only looks like one.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <ec/model/tool_repair.hpp>

namespace ec::model {
namespace {

const std::vector<ToolSpec> kTools = {
    {"read", "",
     R"({"type":"object","properties":{"path":{"type":"string"},"start":{"type":"integer"}},"required":["path"]})"},
    {"write", "",
     R"({"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]})"},
    {"search", "", R"({"type":"object","properties":{"pattern":{"type":"string"}},"required":["pattern"]})"},
};

ChatReply repaired(std::string text, Finish finish = Finish::stop) {
    ChatReply reply;
    reply.text = std::move(text);
    reply.finish = finish;
    return repair_tool_calls(std::move(reply), kTools);
}

std::string shown(const ChatReply& reply) {
    std::string out;
    for (const ToolCall& call : reply.calls) out += call.name + json::write(json::Value(call.arguments)) + ";";
    return out;
}

struct Dialect {
    const char* what;
    std::string text;
    std::string rest;  // of the text
};
class CallDialects : public testing::TestWithParam<Dialect> {};

TEST_P(CallDialects, AreCalls) {
    const ChatReply reply = repaired(GetParam().text);
    EXPECT_EQ(shown(reply), R"(read{"path":"a.py"};)");
    EXPECT_EQ(reply.text, GetParam().rest);
    EXPECT_EQ(reply.finish, Finish::tool_calls);
    EXPECT_TRUE(reply.warnings.empty());
}

const std::string kJson = R"({"name": "read", "arguments": {"path": "a.py"}})";

INSTANTIATE_TEST_SUITE_P(
    Table, CallDialects,
    testing::Values(
        Dialect{"bare", kJson, ""}, Dialect{"bare after a sentence", "I'll look.\n\n" + kJson, "I'll look."},
        Dialect{"parameters", R"({"name": "read", "parameters": {"path": "a.py"}})", ""},
        Dialect{"input", R"({"name": "read", "input": {"path": "a.py"}})", ""},
        Dialect{"openai",
                R"({"id":"x","type":"function","function":{"name":"read","arguments":"{\"path\":\"a.py\"}"}})", ""},
        Dialect{"tool calls", R"({"tool_calls":[{"function":{"name":"read","arguments":{"path":"a.py"}}}]})", ""},
        Dialect{"array", "[" + kJson + "]", ""}, Dialect{"hermes", "<tool_call>\n" + kJson + "\n</tool_call>", ""},
        Dialect{"hermes after text", "Let me see.<tool_call>" + kJson + "</tool_call>", "Let me see."},
        Dialect{"hermes unclosed", "<tool_call>\n" + kJson, ""},
        Dialect{"hermes in a fence", "```xml\n<tool_call>\n" + kJson + "\n</tool_call>\n```", ""},
        Dialect{"fence in hermes", "<tool_call>\n```json\n" + kJson + "\n```\n</tool_call>", ""},
        Dialect{"qwen coder",
                "<tool_call>\n<function=read>\n<parameter=path>\na.py\n</parameter>\n</function>\n</tool_call>", ""},
        Dialect{"function alone", "<function=read>\n<parameter=path>a.py</parameter>\n</function>", ""},
        Dialect{"function with json", "<function=read>{\"path\": \"a.py\"}</function>", ""},
        Dialect{"parameter without end", "<function=read>\n<parameter=path>\na.py\n</function>", ""},
        Dialect{"invoke",
                "<function_calls>\n<invoke name=\"read\">\n<parameter "
                "name=\"path\">a.py</parameter>\n</invoke>\n</function_calls>",
                ""},
        Dialect{"glm", "<tool_call>read\n<arg_key>path</arg_key>\n<arg_value>a.py</arg_value>\n</tool_call>", ""},
        Dialect{"mistral", "[TOOL_CALLS] [" + kJson + "]", ""},
        Dialect{"mistral new", "[TOOL_CALLS]read[ARGS]{\"path\": \"a.py\"}", ""},
        Dialect{"llama", "<|python_tag|>" + kJson, ""},
        Dialect{"harmony",
                "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>commentary to=functions.read "
                "<|constrain|>json<|message|>{\"path\": \"a.py\"}<|call|>",
                ""},
        Dialect{"deepseek",
                "<\uff5ctool\u2581calls\u2581begin\uff5c><\uff5ctool\u2581call\u2581begin\uff5c>function<"
                "\uff5ctool\u2581sep\uff5c>read\n```json\n{\"path\": "
                "\"a.py\"}\n```<\uff5ctool\u2581call\u2581end\uff5c><\uff5ctool\u2581calls\u2581end\uff5c>",
                ""},
        Dialect{"json fence", "I'll read it:\n```json\n" + kJson + "\n```", "I'll read it:"},
        Dialect{"fence and what comes then", "Let me read it.\n```json\n" + kJson + "\n```\nThen I will fix it.",
                "Let me read it.\n\nThen I will fix it."},
        Dialect{"tool fence", "```tool_call\n" + kJson + "\n```", ""},
        Dialect{"tool code", "```tool_code\nread(path=\"a.py\")\n```", ""},
        Dialect{"tool code printed", "```tool_code\nprint(default_api.read_file('a.py'))\n```", ""},
        Dialect{"single quotes", "<tool_call>{'name': 'read', 'arguments': {'path': 'a.py',},}</tool_call>", ""},
        Dialect{"alias", "<tool_call>{\"name\": \"read_file\", \"arguments\": {\"file_path\": \"a.py\"}}</tool_call>",
                ""},
        Dialect{"arguments as text", R"(<tool_call>{"name": "read", "arguments": "{\"path\": \"a.py\"}"}</tool_call>)",
                ""},
        Dialect{"flat", R"(<tool_call>{"name": "read", "path": "a.py"}</tool_call>)", ""},
        Dialect{"closed by hand", R"(<tool_call>{"name": "read", "arguments": {"path": "a.py"</tool_call>)", ""},
        Dialect{"open at the end", R"({"name": "read", "arguments": {"path": "a.py"})", ""},
        Dialect{"without the last quote", R"(<tool_call>{"name": "read", "arguments": {"path": "a.py)", ""}),
    [](const auto& test) {
        std::string out = test.param.what;
        std::replace_if(out.begin(), out.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
        return out;
    });

TEST(ToolRepair, TakesSeveralCallsInOrder) {
    const std::string two =
        "<tool_call>\n" + kJson +
        "\n</tool_call>\n<tool_call>\n{\"name\": \"search\", \"arguments\": {\"pattern\": \"x\"}}\n</tool_call>";
    const ChatReply reply = repaired(two);
    EXPECT_EQ(shown(reply), R"(read{"path":"a.py"};search{"pattern":"x"};)");
    EXPECT_NE(reply.calls[0].id, reply.calls[1].id);
    EXPECT_EQ(shown(repaired(kJson + "\n" + kJson)), R"(read{"path":"a.py"};read{"path":"a.py"};)");
    EXPECT_EQ(shown(repaired("```tool_code\nread(path='a')\nread(path='b', start=3)\n```")),
              R"(read{"path":"a"};read{"path":"b","start":3};)");
}

TEST(ToolRepair, KeepsCodeInParametersAsItIs) {
    const ChatReply reply = repaired(
        "<function=write>\n<parameter=path>\na.html\n</parameter>\n<parameter=content>\n<p>1 < 2 && \"x\"</p>\n  "
        "<parameter>y</parameter>\n\n</parameter>\n</function>");
    ASSERT_EQ(reply.calls.size(), 1U);
    EXPECT_EQ(reply.calls[0].arguments.at("content").as_string(),
              "<p>1 < 2 && \"x\"</p>\n  <parameter>y</parameter>\n");
}

TEST(ToolRepair, ReadsCallsAfterThinkingAndInsideWhenThereIsNothingElse) {
    const ChatReply after = repaired("<think>I could read b.py</think>\n" + kJson);
    EXPECT_EQ(shown(after), R"(read{"path":"a.py"};)");
    EXPECT_EQ(after.thinking, "I could read b.py");
    EXPECT_EQ(shown(repaired("<think>So:\n<tool_call>\n" + kJson + "\n</tool_call>")), R"(read{"path":"a.py"};)");
    EXPECT_EQ(shown(repaired("<think>Maybe\n<tool_call>\n" + kJson + "\n</tool_call>\n</think>\nThe answer is 4.")),
              "");
}

TEST(ToolRepair, RepairsCallsThatTheServerParsed) {
    ChatReply reply;
    reply.calls = {{"1", "functions.ReadFile", {{"file", "a.py"}, {"start", "3"}}}, {"2", "unknown", {{"x", 1}}}};
    reply = repair_tool_calls(std::move(reply), kTools);
    EXPECT_EQ(shown(reply), R"(read{"path":"a.py","start":3};unknown{"x":1};)");
    EXPECT_EQ(reply.calls[0].id, "1");
}

TEST(ToolRepair, NeverMakesACallOfAHalfWrittenFile) {
    for (const Finish finish : {Finish::stop, Finish::length})
        for (const char* text :
             {R"(<tool_call>{"name": "write", "arguments": {"path": "a.py", "content": "def f():\n    ret)",
              R"({"name": "write", "arguments": {"path": "a.py", "content": "def f())",
              "<function=write>\n<parameter=path>\na.py\n</parameter>\n<parameter=content>\ndef f"}) {
            const ChatReply reply = repaired(text, finish);
            EXPECT_TRUE(reply.calls.empty()) << text;
            EXPECT_EQ(reply.warnings.size(), 1U) << text;
            EXPECT_EQ(reply.text, text);
        }
    EXPECT_TRUE(repaired(R"(<tool_call>{"name": "read", "arguments": {"path": "src/a)", Finish::length).calls.empty());
    EXPECT_TRUE(
        repaired(R"(<tool_call>{"name": "read", "arguments": {"path": "a", "start": 1)", Finish::length).calls.empty());
}

TEST(ToolRepair, MakesNoCallOfTalkAboutTools) {
    const std::string texts[] = {
        "",
        "I would use the read tool with the path a.py.",
        "You can call `read(path=\"a.py\")` to see it.",
        "read(path=\"a.py\")",
        "```python\nread(path=\"a.py\")\n```",
        "The server expects JSON, for example:\n```json\n" + kJson + "\n```",
        "The format looks like this:\n\n" + kJson + "\n\nwhere path is the file.",
        "Tools are described as follows.\n```json\n" + kJson + "\n```\nEach has a name and arguments.",
        "Put this in package.json:\n```json\n{\"name\": \"read\", \"version\": \"1.0.0\"}\n```",
        "```json\n{\"name\": \"search\", \"input\": {\"pattern\": \"x\"}, \"output\": {}}\n```",
        "```json\n{\"name\": \"deploy\", \"arguments\": {\"path\": \"a.py\"}}\n```",
        "```json\n{\"name\": \"read\", \"arguments\": {\"start\": 1}}\n```",
        "{\"name\": \"Alice\", \"input\": {\"path\": \"x\"}}",
        "Use `<tool_call>" + kJson + "</tool_call>` for that.",
        "The tag <tool_call>" + kJson + "</tool_call> starts a call in Hermes.",
        "config = {\"name\": \"read\", \"arguments\": {\"path\": \"a.py\"}}",
        "<function=unknown>{\"path\": \"a.py\"}</function>",
        "<tool_call>not json</tool_call>",
    };
    for (const std::string& text : texts) {
        const ChatReply reply = repaired(text);
        EXPECT_TRUE(reply.calls.empty()) << text << "\n" << shown(reply);
        EXPECT_EQ(reply.text, text);
        EXPECT_EQ(reply.finish, Finish::stop);
    }
}

// Each of these takes milliseconds while the readers are linear, and minutes when one is not.
TEST(ToolRepair, StaysLinearOnHostileText) {
    for (const char* piece : {"<tool_call>", "<tool_call>{\"name\":\"read\",\"arguments\":{\"a\":\"", "{\"a\":'\n",
                              "<function=read><parameter=path>", "[TOOL_CALLS][", "<think>", "```json\n{",
                              "```\n{\"name\":", "<function=read><parameter=path>x</parameter>", "<|channel|>",
                              "<invoke name=\"read\"><parameter name=\"p\">", "{\n", "[\n", "\"\n{\"a\":\""}) {
        std::string text;
        while (text.size() < 300'000) text += piece;
        (void)repaired(text);
    }
}

}  // namespace
}  // namespace ec::model
