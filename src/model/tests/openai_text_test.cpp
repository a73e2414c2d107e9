// Texts that go on, gaps that are filled, answers of a given form and calls that must be made, as servers take them.
#include "openai/request_body.hpp"
#include "openai_fixture.hpp"

namespace ec::model {
namespace {

using namespace testing;

ChatRequest with_tool() {
    ChatRequest request = ask("hi");
    request.tools = {{"read", "", ""}};
    return request;
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST(RequestBodies, SayWhichToolMustBeCalled) {
    ChatRequest request = with_tool();
    EXPECT_FALSE(holds(openai_body("m", request, {}), "tool_choice"));
    request.tool_choice = ToolChoice::none;
    EXPECT_TRUE(holds(openai_body("m", request, {}), R"(],"tool_choice":"none","messages":)"));
    request.tool_choice = ToolChoice::required;
    EXPECT_TRUE(holds(openai_body("m", request, {}), R"(],"tool_choice":"required","messages":)"));
    request.must_call = "re\"ad";
    const std::string named = openai_body("m", request, {});
    EXPECT_TRUE(holds(named, R"("tool_choice":{"type":"function","function":{"name":"re\"ad"}},"messages":)")) << named;
    request.tools.clear();
    EXPECT_FALSE(holds(openai_body("m", request, {}), "tool_choice"));
}

TEST(RequestBodies, SayItInWordsWhereAServerHasNoFieldForIt) {
    ChatRequest request = with_tool();
    request.tool_choice = ToolChoice::required;
    request.must_call = "read";
    Refusals no_tools;
    no_tools.tools = true;
    for (const std::string& body : {ollama_body("m", request, {}, 1), openai_body("m", request, no_tools)}) {
        EXPECT_FALSE(holds(body, "tool_choice")) << body;
        EXPECT_TRUE(holds(body, R"("content":"hi\n\nAnswer with a call of read and nothing else.")")) << body;
        EXPECT_TRUE(holds(body, R"(name\":\"read)") || holds(body, R"("name":"read")")) << body;
    }
    request.tool_choice = ToolChoice::none;
    for (const std::string& body : {ollama_body("m", request, {}, 1), openai_body("m", request, no_tools)}) {
        EXPECT_FALSE(holds(body, "read")) << body;
    }
}

TEST(RequestBodies, GiveTheFormOfTheAnswer) {
    ChatRequest request = ask("hi");
    request.response_schema = R"({"type": "object"})";
    EXPECT_TRUE(holds(openai_body("m", request, {}),
                      R"("response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,)"
                      R"("schema":{"type": "object"}}},"messages":)"));
    EXPECT_TRUE(holds(ollama_body("m", request, {}, 1), R"(},"format":{"type": "object"},"messages":)"));
    request.response_schema = "{}";
    EXPECT_TRUE(holds(openai_body("m", request, {}), R"("response_format":{"type":"json_object"})"));
    EXPECT_TRUE(holds(ollama_body("m", request, {}, 1), R"("format":"json")"));
}

TextRequest gap() {
    TextRequest request;
    request.prompt = "a = ";
    request.suffix = "\nb";
    request.path = "x.py";
    request.neighbours = {{"n.py", "n = 1\n"}};
    request.sampling.max_tokens = 16;
    request.sampling.stop = {"\n\n"};
    return request;
}

TEST(RequestBodies, OfTextsAreWhatTheServersDocument) {
    const TextRequest request = gap();
    EXPECT_EQ(completion_body("m", "a\"", request.sampling, {}),
              R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"temperature":0.2,"top_p":0.95,)"
              R"("seed":1,"max_tokens":16,"stop":["\n\n"],"prompt":"a\""})");
    EXPECT_EQ(infill_body("m", request),
              R"({"model":"m","stream":true,"cache_prompt":true,"temperature":0.2,"top_p":0.95,"seed":1,)"
              R"("n_predict":16,"stop":["\n\n"],"input_extra":[{"filename":"n.py","text":"n = 1\n"}],)"
              R"("input_prefix":"a = ","input_suffix":"\nb"})");
    EXPECT_EQ(generate_body("m", "p", "s", request.sampling, 8192),
              R"({"model":"m","stream":true,"suffix":"s","options":{"num_ctx":8192,"num_predict":16,)"
              R"("temperature":0.2,"top_p":0.95,"seed":1,"stop":["\n\n"]},"prompt":"p"})");
    EXPECT_TRUE(holds(generate_body("m", "p", std::nullopt, {}, 1), R"("stream":true,"raw":true,"options")"));
}

class ServedTextTest : public OpenAiFixture {
protected:
    /// A server without what llama-server and Ollama have, unless `infill_` or `ollama_`.
    void SetUp() override {
        serve([this](const SeenRequest& request, const Peer& peer) {
            if (request.target == "/api/version" && ollama_) return peer.answer(200, R"({"version":"0.15.5"})");
            if (request.target == "/api/generate" && ollama_) return generate(request, peer);
            if (request.target == "/infill") return infill(peer);
            if (request.target == "/v1/completions" && !ollama_) {
                return stream(peer, {R"({"choices":[{"index":0,"text":"<think>4"}]})",
                                     R"({"choices":[{"index":0,"text":"2</think>","finish_reason":"stop"}]})",
                                     usage(10), "[DONE]"});
            }
            return peer.answer(404, R"({"error":"no such path"})");
        });
    }
    bool infill(const Peer& peer) const {
        if (infill_status_ != 200) return peer.answer(infill_status_, infill_body_);
        const bool sent = peer.begin(200, "text/event-stream") &&
                          event(peer, R"({"index":0,"content":"4","stop":false})") &&
                          event(peer, R"({"index":0,"content":"2","stop":false})") &&
                          event(peer, R"({"content":"","stop":true,"stop_type":"limit","tokens_evaluated":30,)"
                                      R"("tokens_predicted":2,"timings":{"cache_n":25,"prompt_ms":7}})");
        peer.wait_for_end();
        return sent && false;
    }
    bool generate(const SeenRequest& request, const Peer& peer) const {
        if (holds(request.body, R"("suffix")") && !inserts_) {
            return peer.answer(400, R"({"error":"registry.ollama.ai/library/m does not support insert"})");
        }
        return peer.begin(200, "application/x-ndjson") && peer.chunk("{\"response\":\"4\",\"done\":false}\n") &&
               peer.chunk(R"({"response":"2","done":true,"done_reason":"stop","prompt_eval_count":30,"eval_count":2})"
                          "\n") &&
               peer.chunk("");
    }
    Result<ChatReply> ask_text(const TextRequest& request, const std::string& name = "m") {
        if (!model_ || model_->facts().name != server_->url("/v1#" + name)) model_ = named(name);
        return model_->complete_text(request, {}, {});
    }
    std::unique_ptr<ServedModel> named(const std::string& name) {
        OpenAiOptions options;
        options.address = *parse_model_address(server_->url() + "#" + name);
        options.notes_dir = folder_.path() / "notes";
        return make_openai_model(*http_, std::move(options), clock_, waiter_);
    }
    std::string last_body() { return server_->requests().back().body; }

    bool ollama_ = false;
    bool inserts_ = false;
    int infill_status_ = 404;
    std::string infill_body_ = R"({"error":{"code":404,"message":"File Not Found"}})";
};

TEST_F(ServedTextTest, GoesOnWithATextAsItIs) {
    TextRequest request;
    request.prompt = "x = ";
    std::string seen;
    model_ = named("m");
    const auto reply = model_->complete_text(request, [&](const Delta& delta) { seen += delta.text; }, {});
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "<think>42</think>");  // what looks like thinking is the text's own
    EXPECT_EQ(seen, reply->text);
    EXPECT_EQ(reply->usage.prompt_tokens, 10);
    EXPECT_EQ(reply->finish, Finish::stop);
    EXPECT_TRUE(holds(last_body(), R"("prompt":"x = ")"));
}

TEST_F(ServedTextTest, FillsAGapByTheServersOwnMeansWhereItHasThem) {
    infill_status_ = 200;
    const auto reply = ask_text(gap());
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "42");
    EXPECT_EQ(reply->finish, Finish::length);
    EXPECT_EQ(reply->usage.prompt_tokens, 30);
    EXPECT_EQ(reply->usage.cached_tokens, 25);
    EXPECT_TRUE(model_->facts().fills);
    EXPECT_TRUE(named("m")->facts().fills);  // it is in the notes
    const std::size_t before = server_->requests().size();
    ASSERT_TRUE(named("m")->complete_text(gap(), {}, {}));
    EXPECT_EQ(server_->requests().size(), before + 1);
}

TEST_F(ServedTextTest, FillsAGapInTheWordsOfTheFamilyElsewhereAndRemembersIt) {
    ASSERT_TRUE(ask_text(gap(), "qwen2.5-coder:7b"));
    EXPECT_TRUE(holds(last_body(), R"("prompt":"<|repo_name|>repository\n<|file_sep|>n.py\nn = 1\n<|file_sep|>x.py\n)"
                                   R"(<|fim_prefix|>a = <|fim_suffix|>\nb<|fim_middle|>")"))
        << last_body();
    EXPECT_TRUE(holds(last_body(), R"("stop":["\n\n","<|fim_prefix|>")")) << last_body();
    EXPECT_EQ(asked("/infill"), 1U);
    ASSERT_TRUE(named("qwen2.5-coder:7b")->complete_text(gap(), {}, {}));
    EXPECT_EQ(asked("/infill"), 1U);
}

TEST_F(ServedTextTest, TakesManyAnswersForNotHavingIt) {
    const std::pair<int, const char*> cases[] = {
        {501, R"({"error":{"code":501,"message":"Infill is not supported by this model"}})"},
        {200, "<html>hello</html>"},
        {405, ""},
        {400, R"({"error":"bad"})"},
    };
    for (const auto& [status, body] : cases) {
        serve([code = status, page = std::string(body)](const SeenRequest& request, const Peer& peer) {
            if (request.target == "/infill") return peer.answer(code, page);
            if (request.method == "GET") return peer.answer(404, "");
            return stream(peer, {R"({"choices":[{"text":"x","finish_reason":"stop"}]})", "[DONE]"});
        });
        const auto reply = named("starcoder2")->complete_text(gap(), {}, {});
        ASSERT_TRUE(reply) << status << reply.error().message;
        EXPECT_EQ(reply->text, "x");
    }
    EXPECT_TRUE(waiter_.waits.empty());
}

TEST_F(ServedTextTest, FindsAnotherWayWhenAServerLostItsOwn) {
    infill_status_ = 200;
    ASSERT_TRUE(ask_text(gap(), "starcoder2"));
    infill_status_ = 400;
    infill_body_ = R"({"error":{"message":"the request exceeds the available context size"}})";
    EXPECT_TRUE(holds(ask_text(gap(), "starcoder2").error().message, "context size"));
    infill_status_ = 404;
    EXPECT_TRUE(ask_text(gap(), "starcoder2"));
    EXPECT_EQ(asked("/v1/completions"), 1U);
}

TEST_F(ServedTextTest, SaysSoWhereNobodyKnowsHowToFill) {
    const auto reply = ask_text(gap(), "llama3");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_TRUE(holds(reply.error().message, "fills no gaps")) << reply.error().message;
    EXPECT_FALSE(reply.error().remedy.empty());
    EXPECT_FALSE(model_->facts().fills);
    EXPECT_EQ(asked("/v1/completions"), 0U);
}

TEST_F(ServedTextTest, LeavesAServerInTroubleItsTroubles) {
    infill_status_ = 503;
    infill_body_ = R"({"error":{"code":503,"message":"Loading model"}})";
    const auto reply = ask_text(gap(), "qwen2.5-coder");
    ASSERT_FALSE(reply);
    EXPECT_TRUE(holds(reply.error().message, "Loading model"));
    EXPECT_EQ(asked("/v1/completions"), 0U);
    EXPECT_EQ(asked("/infill"), 2U);  // a fill is not waited for
    infill_status_ = 401;
    EXPECT_EQ(ask_text(gap(), "qwen2.5-coder").error().code, ErrorCode::denied);
}

TEST_F(ServedTextTest, AsksOllamaByItsOwnProtocol) {
    ollama_ = true;
    const auto reply = ask_text(gap(), "qwen2.5-coder");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "42");
    EXPECT_EQ(reply->usage.completion_tokens, 2);
    EXPECT_TRUE(holds(last_body(), R"("raw":true)"));
    EXPECT_TRUE(holds(last_body(), "<|fim_suffix|>"));
    TextRequest plain;
    plain.prompt = "x = ";
    ASSERT_TRUE(ask_text(plain, "qwen2.5-coder"));
    EXPECT_TRUE(holds(last_body(), R"("prompt":"x = "})"));
    EXPECT_EQ(asked("/api/version"), 1U);
}

TEST_F(ServedTextTest, LeavesAnUnknownFamilyToOllamasTemplate) {
    ollama_ = true;
    EXPECT_EQ(ask_text(gap(), "mine").error().code, ErrorCode::unavailable);
    EXPECT_FALSE(model_->facts().fills);
    inserts_ = true;
    const auto reply = ask_text(gap(), "mine");
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_TRUE(holds(last_body(), R"("suffix":"\nb")"));
    EXPECT_TRUE(model_->facts().fills);
}

TEST_F(ServedTextTest, CutsWhatAKnownContextDoesNotHold) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/models") return peer.answer(200, R"({"data":[{"id":"m","max_model_len":4096}]})");
        if (request.method == "GET" || request.target == "/infill") return peer.answer(404, "");
        return stream(peer, {R"({"choices":[{"text":"x","finish_reason":"stop"}]})", "[DONE]"});
    });
    TextRequest large = gap();
    large.prompt = std::string(40'000, 'p') + "near";
    ASSERT_TRUE(ask_text(large, "starcoder2"));
    EXPECT_LT(last_body().size(), 14'000U);
    EXPECT_TRUE(holds(last_body(), "ppnear<fim_suffix>"));
    large.suffix.reset();
    EXPECT_EQ(ask_text(large, "starcoder2").error().code, ErrorCode::unavailable);
}

TEST_F(ServedTextTest, RefusesASchemaThatIsNone) {
    for (const char* schema : {"{", "7", "\"x\"", "[]", "{}, \"n\": 1"}) {
        ChatRequest request = ask();
        request.response_schema = schema;
        EXPECT_EQ(failure(request).code, ErrorCode::invalid_argument) << schema;
    }
    EXPECT_TRUE(server_->requests().empty());
}

}  // namespace
}  // namespace ec::model
