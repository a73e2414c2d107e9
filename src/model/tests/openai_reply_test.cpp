// Answers put together from pieces, in the many ways servers send them.
#include <gtest/gtest.h>

#include <ec/core/rng.hpp>

#include "openai/fields.hpp"
#include "openai/reply_reader.hpp"

namespace ec::model {
namespace {

const OnDelta kNobody;

Result<ChatReply> read(const std::vector<std::string>& pieces, std::vector<std::string> taken = {}) {
    ReplyReader reader(kNobody, std::move(taken), 1 << 20);
    for (const std::string& piece : pieces) reader.take_openai(*parse_object(piece));
    return reader.finish();
}

std::string delta(const std::string& inside) { return R"({"choices":[{"index":0,"delta":{)" + inside + "}}]}"; }
std::string end(const std::string& reason) {
    return R"({"choices":[{"index":0,"delta":{},"finish_reason":")" + reason + R"("}]})";
}

TEST(Replies, ArePutTogether) {
    const auto reply = read({delta(R"("role":"assistant","content":"")"), delta(R"("content":"Hel")"),
                             delta(R"("content":"lo")"), end("stop"),
                             R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,)"
                             R"("prompt_tokens_details":{"cached_tokens":8}}})"});
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "Hello");
    EXPECT_EQ(reply->finish, Finish::stop);
    EXPECT_EQ(reply->usage.prompt_tokens, 12);
    EXPECT_EQ(reply->usage.cached_tokens, 8);
    EXPECT_EQ(reply->usage.completion_tokens, 3);
    EXPECT_TRUE(reply->warnings.empty());
}

TEST(Replies, MayComeWholeAndWithContentInParts) {
    const auto reply =
        read({R"({"choices":[{"message":{"role":"assistant","content":[{"type":"text","text":"a"},)"
              R"({"type":"text","text":"b"}]},"finish_reason":"length"},{"index":1,"message":{"content":"c"}}]})"});
    EXPECT_EQ(reply->text, "ab");
    EXPECT_EQ(reply->finish, Finish::length);
}

TEST(Replies, SayTheirThinkingApart) {
    for (const char* key : {"reasoning_content", "reasoning", "thinking"}) {
        const auto reply =
            read({delta('"' + std::string(key) + R"(":"hm")"), delta(R"("content":"yes")"), end("stop")});
        EXPECT_EQ(reply->thinking, "hm");
        EXPECT_EQ(reply->text, "yes");
    }
    const auto tagged = read({delta(R"("content":"<thi")"), delta(R"("content":"nk>hm</th")"),
                              delta(R"("content":"ink>\n\nyes <think>")"), end("stop")});
    EXPECT_EQ(tagged->thinking, "hm");
    EXPECT_EQ(tagged->text, "yes <think>");
    const auto unopened = read({delta(R"("content":"hm</think>yes")"), end("stop")});
    EXPECT_EQ(unopened->thinking, "hm");
    EXPECT_EQ(unopened->text, "yes");
    const auto unclosed = read({delta(R"("content":"<think>hm")"), end("length")});
    EXPECT_EQ(unclosed->thinking, "hm");
    EXPECT_EQ(unclosed->text, "");
}

TEST(Thinking, IsSplitTheSameHoweverTheTextIsCut) {
    const std::string texts[] = {"<think>a</think>b", " \n<think></think>",      "<think", "<thinks>a",
                                 "a<think>b</think>", "<think>a</thin</think>b", ""};
    Rng rng(7);
    for (const std::string& text : texts) {
        ThinkSplitter whole;
        auto [thinking, said] = whole.put(text);
        const auto last = whole.finish();
        thinking += last.thinking;
        said += last.text;
        for (int round = 0; round < 200; ++round) {
            ThinkSplitter cut;
            ThinkSplitter::Pieces sum;
            const auto add = [&](const ThinkSplitter::Pieces& pieces) {
                sum.thinking += pieces.thinking;
                sum.text += pieces.text;
            };
            for (std::string_view rest = text; !rest.empty();) {
                const std::size_t size = 1 + rng.below(std::min<std::size_t>(rest.size(), 4));
                add(cut.put(rest.substr(0, size)));
                rest.remove_prefix(size);
            }
            add(cut.finish());
            ASSERT_EQ(sum.thinking, thinking) << text;
            ASSERT_EQ(sum.text, said) << text;
        }
    }
}

TEST(Calls, ArePutTogetherByIndex) {
    const auto reply = read(
        {delta(R"("tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"read","arguments":""}}])"),
         delta(R"("tool_calls":[{"index":1,"id":"b","function":{"name":"list","arguments":"{}"}}])"),
         delta(R"("tool_calls":[{"index":0,"function":{"arguments":"{\"path\":"}}])"),
         delta(R"("tool_calls":[{"index":0,"function":{"arguments":"\"x\"}"}}])"), end("tool_calls")});
    ASSERT_EQ(reply->calls.size(), 2U);
    EXPECT_EQ(reply->calls[0], (ToolCall{"a", "read", {{"path", "x"}}}));
    EXPECT_EQ(reply->calls[1], (ToolCall{"b", "list", {}}));
    EXPECT_EQ(reply->finish, Finish::tool_calls);
}

TEST(Calls, AreToldApartWithoutAUsefulIndex) {
    const auto same = read({delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}])"),
                            delta(R"("tool_calls":[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}])")});
    EXPECT_EQ(same->calls.size(), 2U);
    const auto none = read({delta(R"("tool_calls":[{"id":"a","function":{"name":"f","arguments":{"x":1}}},)"
                                  R"({"function":{"name":"g","arguments":"{"}},{"function":{"arguments":"}"}}])")});
    ASSERT_EQ(none->calls.size(), 2U);
    EXPECT_EQ(none->calls[0].arguments, (json::Object{{"x", 1}}));
    EXPECT_EQ(none->calls[1].name, "g");
    const auto repeated =
        read({delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}])"),
              delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}])")});
    ASSERT_EQ(repeated->calls.size(), 1U);
    EXPECT_EQ(repeated->calls[0].name, "f");
}

TEST(Calls, MayBeInTheOldForm) {
    const auto reply = read({delta(R"("function_call":{"name":"f","arguments":"{\"a\""})"),
                             delta(R"("function_call":{"arguments":":1}"})"), end("function_call")});
    ASSERT_EQ(reply->calls.size(), 1U);
    EXPECT_EQ(reply->calls[0].name, "f");
    EXPECT_EQ(reply->calls[0].arguments, (json::Object{{"a", 1}}));
}

TEST(Calls, HaveIdsThatNoOtherCallHas) {
    const std::string two = delta(R"("tool_calls":[{"index":0,"id":"0","function":{"name":"f","arguments":""}},)"
                                  R"({"index":1,"function":{"name":"g","arguments":"null"}}])");
    const auto reply = read({two}, {"0", "call_2"});
    ASSERT_EQ(reply->calls.size(), 2U);
    EXPECT_EQ(reply->calls[0].id, "call_3");
    EXPECT_EQ(reply->calls[1].id, "call_4");
}

TEST(Calls, ThatCannotBeReadStayInTheText) {
    const auto reply =
        read({delta(R"("content":"Now:")"),
              delta(R"("tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{'a': 1"}}])"),
              delta(R"("tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"\"{\\\"a\\\":1}\""}}])"),
              end("tool_calls")});
    EXPECT_EQ(reply->text, "Now:\n{\"name\": \"f\", \"arguments\": {'a': 1}");
    ASSERT_EQ(reply->calls.size(), 1U);  // the one that was encoded twice
    EXPECT_EQ(reply->calls[0].arguments, (json::Object{{"a", 1}}));
}

TEST(Replies, ThatMakeNoSenseDoNoHarm) {
    for (const char* piece :
         {"{}", R"({"choices":null})", R"({"choices":[1,null,{}]})", R"({"choices":[{"delta":null}]})",
          R"({"choices":[{"delta":{"content":5,"tool_calls":[7,{},{"function":9},{"index":"x"}]}}]})",
          R"({"usage":{"prompt_tokens":"many"},"timings":[]})", R"({"error":null})"}) {
        static_cast<void>(read({piece}));
    }
    EXPECT_EQ(read({}).error().code, ErrorCode::corrupt);
    EXPECT_EQ(read({"{}"}).error().code, ErrorCode::corrupt);
    EXPECT_EQ(read({end("stop")})->text, "");
    const auto cut = read({delta(R"("content":"half")")});
    EXPECT_EQ(cut->finish, Finish::length);
    EXPECT_EQ(cut->warnings.size(), 1U);
}

TEST(OllamaReplies, ArePutTogether) {
    ReplyReader reader(kNobody, {}, 1000);
    for (const char* line :
         {R"({"message":{"role":"assistant","content":"","thinking":"hm"},"done":false})",
          R"({"message":{"role":"assistant","content":"yes"},"done":false})",
          R"({"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":false})",
          R"({"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":9,)"
          R"("prompt_eval_duration":130079000,"eval_duration":4232710000})"}) {
        reader.take_ollama(*parse_object(line));
    }
    EXPECT_TRUE(reader.counted());
    const auto reply = reader.finish();
    EXPECT_EQ(reply->text, "yes");
    EXPECT_EQ(reply->thinking, "hm");
    EXPECT_EQ(reply->finish, Finish::tool_calls);
    EXPECT_EQ(reply->usage.prompt_tokens, 26);
    EXPECT_EQ(reply->usage.completion_time, std::chrono::milliseconds(4232));
}

TEST(Complaints, BecomeOneLineOfWords) {
    const std::pair<std::string, std::string> cases[] = {
        {R"({"error":{"message":"no\nsuch thing","code":5}})", "no such thing"},
        {R"({"error":"busy"})", "busy"},
        {R"({"detail":[{"loc":["body"],"msg":"field required"}]})", "field required"},
        {R"([{"error":{"message":"in an array"}}])", "in an array"},
        {"plain \x1b[31mtext\r\n", "plain  [31mtext"},
        {"", ""},
    };
    for (const auto& [body, words] : cases) EXPECT_EQ(complaint_words(body), words);
    EXPECT_LE(complaint_words(std::string(1 << 20, '\xff')).size(), 310U);
}

}  // namespace
}  // namespace ec::model
