// Addresses, request bodies, counts and notes: the parts that need no server.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <ec/core/fs.hpp>
#include <fstream>

#include "openai/prompt_check.hpp"
#include "openai/request_body.hpp"
#include "openai/server_notes.hpp"

namespace ec::model {
namespace {

TEST(ModelAddresses, AreAUrlAndAName) {
    const std::pair<const char*, const char*> cases[] = {
        {"http://localhost:11434#qwen2.5-coder:7b", "http://localhost:11434/v1#qwen2.5-coder:7b"},
        {"http://localhost:8080/v1#m", "http://localhost:8080/v1#m"},
        {"http://localhost:8080/v1/#m", "http://localhost:8080/v1#m"},
        {"http://localhost:8080/v1/chat/completions#m", "http://localhost:8080/v1#m"},
        {"https://openrouter.ai/api/v1#a/b#c", "https://openrouter.ai/api/v1#a/b#c"},
        {"https://example.com/llm#m", "https://example.com/llm/v1#m"},
        {"https://example.com/v1beta/openai/#m", "https://example.com/v1beta/openai#m"},
        {"HTTP://[::1]:80#m", "http://[::1]/v1#m"},
    };
    for (const auto& [text, expected] : cases) {
        const auto address = parse_model_address(text);
        ASSERT_TRUE(address) << text << ": " << address.error().message;
        EXPECT_EQ(address->text(), expected);
        EXPECT_EQ(parse_model_address(address->text())->text(), expected);
    }
    EXPECT_TRUE(parse_model_address("http://localhost#m")->local);
    EXPECT_FALSE(parse_model_address("http://example.com#m")->local);
    EXPECT_EQ(parse_model_address("http://localhost:11434/x/v1#m")->root(), "http://localhost:11434/x");
}

TEST(ModelAddresses, SayWhatIsWrongWithThem) {
    for (const char* text :
         {"", "#", "#m", "http://localhost", "http://localhost#", "localhost:11434#m", "http://me:secret@localhost#m",
          "http://localhost?x#m", "ftp://localhost#m", "http://localhost#a\nb", "http://localhost#\xff"}) {
        const auto address = parse_model_address(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error().code, ErrorCode::invalid_argument);
        EXPECT_EQ(address.error().message.find("secret"), std::string::npos);
        EXPECT_FALSE(address.error().remedy.empty());
    }
}

ChatRequest conversation() {
    ChatRequest request;
    request.messages = {{Role::system, "Be brief.", {}, {}},
                        {Role::user, "Read \"a\"\n", {}, {}},
                        {Role::assistant, "", {{"c1", "read", {{"path", "a"}}}}, {}},
                        {Role::tool, "text", {}, "c1"}};
    request.tools = {{"read", "Reads.", R"({"type":"object" })"}, {"list", "Lists.", ""}};
    request.sampling.stop = {"END"};
    return request;
}

TEST(RequestBodies, AreWhatOpenAiDocuments) {
    EXPECT_EQ(
        openai_body("m", conversation(), {}),
        R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"top_p":0.95,)"
        R"("seed":1,"max_tokens":4096,"stop":["END"],"tools":[{"type":"function","function":{"name":"read",)"
        R"("description":"Reads.","parameters":{"type":"object" }}},{"type":"function","function":{"name":"list",)"
        R"("description":"Lists.","parameters":{"type":"object","properties":{}}}}],"messages":[)"
        R"({"role":"system","content":"Be brief."},{"role":"user","content":"Read \"a\"\n"},)"
        R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":)"
        R"({"name":"read","arguments":"{\"path\":\"a\"}"}}]},{"role":"tool","content":"text","tool_call_id":"c1"}]})");
}

TEST(RequestBodies, AreWhatOllamaDocuments) {
    ChatRequest request = conversation();
    request.tools.clear();
    EXPECT_EQ(
        ollama_body("m", request, {}, 8192),
        R"({"model":"m","stream":true,"options":{"num_ctx":8192,"num_predict":4096,"temperature":0.2,"top_p":0.95,)"
        R"("seed":1,"stop":["END"]},"messages":[{"role":"system","content":"Be brief."},)"
        R"({"role":"user","content":"Read \"a\"\n"},{"role":"assistant","content":"","tool_calls":[{"function":)"
        R"({"name":"read","arguments":{"path":"a"}}}]},{"role":"tool","content":"text","tool_name":"read"}]})");
}

TEST(RequestBodies, BeginWithTheBodyOfTheTurnBefore) {
    ChatRequest first = conversation();
    ChatRequest second = first;
    second.messages.push_back({Role::assistant, "done", {}, {}});
    for (const bool ollama : {false, true}) {
        const std::string a = ollama ? ollama_body("m", first, {}, 8192) : openai_body("m", first, {});
        const std::string b = ollama ? ollama_body("m", second, {}, 8192) : openai_body("m", second, {});
        EXPECT_TRUE(b.starts_with(a.substr(0, a.size() - 2)));
    }
}

TEST(RequestBodies, LeaveOutWhatTheServerDoesNotTake) {
    Refusals all{true, true, true, true, true, true};
    const std::string body = openai_body("m", conversation(), all);
    EXPECT_TRUE(body.starts_with(R"({"model":"m","stream":true,"max_completion_tokens":4096,"messages":[)")) << body;
    EXPECT_NE(body.find(R"(<tools>\n{\"type\":\"function\",\"function\":{\"name\":\"read\")"), std::string::npos);
    EXPECT_NE(body.find(R"(<tool_call>\n{\"name\": \"read\", \"arguments\": {\"path\":\"a\"}}\n</tool_call>)"),
              std::string::npos);
    EXPECT_NE(body.find(R"({"role":"user","content":"<tool_response>\ntext\n</tool_response>"})"), std::string::npos);
}

TEST(RequestBodies, AreJsonWhateverTheTextsHold) {
    ChatRequest request = conversation();
    request.messages[1].text = std::string("\0\x01\xff\xe2\x28\xa1\"\\", 8);
    EXPECT_TRUE(json::parse(openai_body("a\"b", request, {})));
    EXPECT_TRUE(json::parse(ollama_body("a\"b", request, {}, 1)));
    EXPECT_TRUE(json::parse(openai_body("", {}, {})));
}

TEST(PromptCounts, ChooseAContextThatHoldsPromptAndAnswer) {
    EXPECT_EQ(wanted_context(100, 512, 0), 8192);
    EXPECT_EQ(wanted_context(35'000, 4096, 0), 32768);  // (10,000 + 4,096) * 1.25
    EXPECT_EQ(wanted_context(35'000, 4096, 16384), 16384);
    EXPECT_EQ(wanted_context(100, 512, 2048), 2048);
    EXPECT_EQ(wanted_context(std::size_t{1} << 40, 4096, 0), std::int64_t{1} << 22);
}

TEST(PromptCounts, GiveACutPromptAway) {
    EXPECT_TRUE(cut_words(55'000, 2051, 0));  // Ollama's default, measured by others: 15,750 tokens sent, 2,051 read
    EXPECT_TRUE(cut_words(20'000, 4096, 0));
    EXPECT_TRUE(cut_words(20'000, 4095, 0));
    EXPECT_TRUE(cut_words(40'000, 6000, 6000));
    EXPECT_EQ(*cut_words(35'000, 2048, 0), "the server read only 2048 of about 10000 tokens of the prompt");
}

TEST(PromptCounts, LeavePlausibleOnesAlone) {
    EXPECT_FALSE(cut_words(100, 40, 0));
    EXPECT_FALSE(cut_words(35'000, 10'000, 0));
    EXPECT_FALSE(cut_words(35'000, 6'000, 0));  // six bytes a token
    EXPECT_FALSE(cut_words(14'300, 4096, 0));   // a prompt that happens to have that size
    EXPECT_FALSE(cut_words(35'000, 12, 0));     // what was not cached
    EXPECT_FALSE(cut_words(35'000, 0, 0));
}

class NotesTest : public ::testing::Test {
protected:
    TempDir folder_ = *TempDir::create();
    std::filesystem::path dir_ = folder_.path() / "notes";
    ModelAddress address_ = *parse_model_address("http://localhost#m");
    std::filesystem::path only_file() const { return std::filesystem::directory_iterator(dir_)->path(); }
};

TEST_F(NotesTest, AreReadAsTheyWereWritten) {
    ServerNotes notes;
    notes.kind = ServerKind::ollama;
    notes.context = 32768;
    notes.parameters = 7'000'000'000;
    notes.dialect = ToolDialect::xml_function;
    notes.reads_in_full = false;
    notes.verified_tokens = 5000;
    notes.refusals.seed = notes.refusals.tools = true;
    notes.fills = FillWay::words;
    ASSERT_TRUE(save_notes(dir_, address_, notes));
    EXPECT_EQ(load_notes(dir_, address_), notes);
    EXPECT_EQ(load_notes(dir_, *parse_model_address("http://localhost#other")), ServerNotes{});
    struct stat info{};
    ASSERT_EQ(::stat(only_file().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(NotesTest, ThatCannotBeReadAreAsNone) {
    EXPECT_EQ(load_notes(dir_, address_), ServerNotes{});
    EXPECT_EQ(load_notes("", address_), ServerNotes{});
    EXPECT_TRUE(save_notes("", address_, {}));
    ASSERT_TRUE(save_notes(dir_, address_, {}));
    const auto file = only_file();
    for (const std::string& text :
         {std::string(), std::string("{"), std::string("[]"), std::string("\xff\0", 2), std::string(200'000, ' '),
          std::string(R"({"address":"http://localhost/v1#m","context":"many","server":"ollama"})"),
          std::string(R"({"address":"http://elsewhere/v1#m","server":"ollama"})")}) {
        std::ofstream(file, std::ios::binary) << text;
        EXPECT_EQ(load_notes(dir_, address_), ServerNotes{}) << text.substr(0, 100);
    }
    std::ofstream(file) << R"({"address":"http://localhost/v1#m","context":-5,"verified_tokens":9e99,"x":1})";
    EXPECT_EQ(load_notes(dir_, address_).context, 0);
}

TEST(Secrets, AreNotShown) {
    const Secret key("hunter2");
    EXPECT_EQ(format_as(key), "***");
    Secret moved = key;
    const Secret taken = std::move(moved);
    EXPECT_EQ(taken.reveal(), "hunter2");
    EXPECT_TRUE(Secret().empty());
}

}  // namespace
}  // namespace ec::model
