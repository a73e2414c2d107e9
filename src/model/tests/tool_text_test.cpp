// The parts of the repair: lenient JSON, thinking, names and arguments.
#include <gtest/gtest.h>

#include <ec/model/tool_repair.hpp>

namespace ec::model {
namespace {

using End = LenientJson::End;

std::optional<LenientJson> lenient(std::string_view text) {
    std::size_t budget = 1 << 20;
    return parse_lenient(text, budget);
}

struct JsonCase {
    std::string_view text;
    std::string_view strict;  // the same as JSON
};

TEST(LenientJson, ReadsWhatModelsWrite) {
    constexpr JsonCase kCases[] = {
        {R"({"a": 1})", R"({"a":1})"},
        {R"({'a': 'b'})", R"({"a":"b"})"},
        {R"({"a": [1, 2,], })", R"({"a":[1,2]})"},
        {R"({a: True, b: None, c: False})", R"({"a":true,"b":null,"c":false})"},
        {"{\"a\": \"one\ntwo\"}", R"({"a":"one\ntwo"})"},
        {R"_({"a": "print("x")"})_", R"_({"a":"print(\"x\")"})_"},
        {R"({"a": "\d+\.\\"})", R"({"a":"\\d+\\.\\"})"},
        {R"({"a": "it\'s"})", R"({"a":"it's"})"},
        {R"({"a": "\u00e9\ud83d\ude00\ud83d"})", "{\"a\":\"\u00e9\U0001f600\ufffd\"}"},
        {"{\"a\": \"\"\"x = \"1\"\n\"\"\"}", R"({"a":"x = \"1\"\n"})"},
        {R"([-1.5e3, 9223372036854775807])", R"([-1500,9223372036854775807])"},
    };
    for (const JsonCase& one : kCases) {
        const auto value = lenient(one.text);
        ASSERT_TRUE(value) << one.text;
        EXPECT_EQ(json::write(value->value), one.strict) << one.text;
        EXPECT_EQ(value->end, End::complete) << one.text;
        EXPECT_EQ(value->length, one.text.size()) << one.text;
    }
}

TEST(LenientJson, SaysWhereATextWasCut) {
    EXPECT_EQ(lenient(R"({"a": 1)")->end, End::inside_value);
    EXPECT_EQ(lenient(R"({"a": 1, )")->end, End::between_values);
    EXPECT_EQ(lenient(R"({"a": {"b": "x"})")->end, End::between_values);
    EXPECT_EQ(lenient(R"({"a": {"b": "x)")->end, End::inside_value);
    EXPECT_EQ(lenient(R"({"a": {"b": "x)")->cut_key, "b");
}

TEST(LenientJson, RefusesWhatIsNone) {
    for (const char* text : {"", "   ", "}", "hello", "{]", "{\"a\": 1 2}", "[1 2]"})
        EXPECT_FALSE(lenient(text)) << text;
    EXPECT_FALSE(lenient(std::string(100000, '[')));
    EXPECT_FALSE(lenient(std::string(100000, '{')));
}

TEST(LenientJson, StopsWhenItsBudgetIsSpent) {
    std::size_t budget = 10;
    EXPECT_FALSE(parse_lenient("{\"a\": \"0123456789012345678901234567890\"}", budget));
    EXPECT_EQ(budget, 0U);
}

TEST(SplitThinking, KnowsTheDialects) {
    EXPECT_EQ(split_thinking("<think>\nhm\n</think>\n\nyes"), (Thinking{"hm", "yes", false}));
    EXPECT_EQ(split_thinking("<thinking>hm</thinking>yes"), (Thinking{"hm", "yes", false}));
    EXPECT_EQ(split_thinking("hm\n</think>\nyes"), (Thinking{"hm", "yes", false}));
    EXPECT_EQ(split_thinking("<think>\nhm, so"), (Thinking{"hm, so", "", true}));
    EXPECT_EQ(split_thinking(
                  "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>yes<|return|>"),
              (Thinking{"hm", "yes", false}));
    EXPECT_EQ(split_thinking("<think>a</think>x\n<think>b</think>y"), (Thinking{"a\nb", "x\ny", false}));
}

TEST(SplitThinking, LeavesTalkAboutTheTagsAlone) {
    for (const char* text : {"", "yes", "The tag <think> begins thinking.", "Use `</think>` to end it.", "a\n  b\n"})
        EXPECT_EQ(split_thinking(text), (Thinking{"", text, false})) << text;
}

const std::vector<ToolSpec> kTools = {
    {"read", "",
     R"({"type":"object","properties":{"path":{"type":"string"},"start":{"type":"integer"},"end":{"type":"integer"}},"required":["path"]})"},
    {"search", "",
     R"({"type":"object","properties":{"pattern":{"type":"string"},"path":{"type":"string"}},"required":["pattern"]})"},
    {"edit", "",
     R"({"type":"object","properties":{"path":{"type":"string"},"old":{"type":"string"},"new":{"type":"string"},"all":{"type":"boolean"}},"required":["path","old","new"]})"},
    {"run", "",
     R"({"type":"object","properties":{"command":{"type":"string"},"args":{"type":"array"}},"required":["command"]})"},
};

TEST(ToolNamed, KnowsAliasesSpellingsAndSlips) {
    const std::pair<const char*, const char*> kNames[] = {{"read", "read"},
                                                          {"Read", "read"},
                                                          {"read_file", "read"},
                                                          {"ReadFile", "read"},
                                                          {"functions.read", "read"},
                                                          {"default_api.read_file", "read"},
                                                          {"cat", "read"},
                                                          {"grep", "search"},
                                                          {"serch", "search"},
                                                          {"bash", "run"},
                                                          {"str_replace_editor", "edit"},
                                                          {"tools:edit", "edit"}};
    for (const auto& [written, wanted] : kNames) {
        const ToolSpec* tool = tool_named(written, kTools);
        ASSERT_NE(tool, nullptr) << written;
        EXPECT_EQ(tool->name, wanted) << written;
    }
    for (const char* name : {"", "x", "weather", "re", "deploy", ".", "functions."})
        EXPECT_EQ(tool_named(name, kTools), nullptr) << name;
    EXPECT_EQ(tool_named(std::string(100000, 'a'), kTools), nullptr);
}

TEST(Fitted, RenamesAndConvertsArguments) {
    const auto fit = [](std::string_view text, std::size_t tool) {
        return json::write(fitted(json::parse(text)->get_object(), kTools[tool]));
    };
    EXPECT_EQ(fit(R"({"file_path":"a","start_line":"10","end":12.0})", 0), R"({"path":"a","start":10,"end":12})");
    EXPECT_EQ(fit(R"({"filename":"a"})", 0), R"({"path":"a"})");
    EXPECT_EQ(fit(R"({"target":"a"})", 0), R"({"path":"a"})");
    EXPECT_EQ(fit(R"({"file":"a","old_string":"b","new_str":"c","all":"true"})", 2),
              R"({"path":"a","old":"b","new":"c","all":true})");
    EXPECT_EQ(fit(R"({"cmd":["ls"],"args":"-l"})", 3), R"({"command":"ls","args":["-l"]})");
    EXPECT_EQ(fit(R"({"command":3,"args":"['a', 'b']"})", 3), R"({"command":"3","args":["a","b"]})");
    EXPECT_EQ(fit(R"({"path":"a","file":"b"})", 0), R"({"path":"a","file":"b"})");
}

}  // namespace
}  // namespace ec::model
