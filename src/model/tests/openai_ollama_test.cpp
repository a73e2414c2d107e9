// Ollama, by its own protocol, as its documentation of the API describes it.
#include <filesystem>

#include "openai_fixture.hpp"

namespace ec::model {
namespace {

using namespace testing;

class OllamaTest : public OpenAiFixture {
protected:
    void SetUp() override {
        serve([this](const SeenRequest& request, const Peer& peer) {
            if (request.target == "/api/version") return peer.answer(200, R"({"version":"0.15.5"})");
            if (request.target == "/api/show") return peer.answer(show_status_, show_);
            if (request.target == "/v1/models") return peer.answer(200, R"({"data":[{"id":"other:7b"}]})");
            if (request.target == "/api/chat") return chat(peer);
            return peer.answer(404, "404 page not found");
        });
    }
    bool chat(const Peer& peer) const {
        if (chat_status_ != 200) return peer.answer(chat_status_, chat_body_);
        return peer.begin(200, "application/x-ndjson") &&
               peer.chunk(R"({"message":{"role":"assistant","content":"he"},"done":false})"
                          "\n{\"message\":") &&
               peer.chunk("{\"content\":\"llo\"},\"done\":false}\n\n" + last_) && peer.chunk("");
    }
    /// A prompt that is large enough to look at the server first.
    static ChatRequest large(std::size_t bytes = 35'000) { return ask(std::string(bytes, 'x')); }

    std::string show_ = R"({"model_info":{"general.architecture":"qwen2","general.parameter_count":7615616512,)"
                        R"("qwen2.context_length":32768},"capabilities":["completion","tools"]})";
    int show_status_ = 200;
    int chat_status_ = 200;
    std::string chat_body_;
    std::string last_ =
        R"({"message":{"content":""},"done":true,"done_reason":"stop","prompt_eval_count":9000,"eval_count":2})"
        "\n";
};

TEST_F(OllamaTest, IsAskedWithAContextThatHoldsThePrompt) {
    const auto reply = complete(large());
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "hello");
    EXPECT_EQ(reply->usage.prompt_tokens, 9000);
    EXPECT_TRUE(reply->warnings.empty());
    EXPECT_NE(server_->requests().back().body.find(R"("num_ctx":32768)"), std::string::npos);
    EXPECT_EQ(model_->facts().context, 32768);
    EXPECT_EQ(model_->facts().parameters, 7615616512);
    EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(OllamaTest, IsRememberedSoThatTheNextStartAsksOnce) {
    ASSERT_TRUE(complete(large()));
    const std::size_t before = server_->requests().size();
    model_ = model_at(server_->url());
    EXPECT_EQ(model_->facts().context, 32768);
    ASSERT_TRUE(complete(ask("hi")));
    ASSERT_EQ(server_->requests().size(), before + 1);
    EXPECT_EQ(server_->requests().back().target, "/api/chat");
    EXPECT_NE(server_->requests().back().body.find(R"("num_ctx":8192)"), std::string::npos);
}

TEST_F(OllamaTest, KeepsItsContextSoThatTheModelIsNotLoadedAgain) {
    ASSERT_TRUE(complete(large()));
    ASSERT_TRUE(complete(ask("small")));
    EXPECT_NE(server_->requests().back().body.find(R"("num_ctx":32768)"), std::string::npos);
}

TEST_F(OllamaTest, IsWarnedAboutWhenItCutThePrompt) {
    last_ = R"({"done":true,"done_reason":"stop","prompt_eval_count":2051})";  // the last line needs no end
    const auto reply = complete(large(55'000));
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->warnings.size(), 1U);
    EXPECT_TRUE(reply->warnings[0].starts_with("the server read only 2051 of about")) << reply->warnings[0];
}

TEST_F(OllamaTest, IsNotBelievedToReadEverythingWhenItCountsOnlyWhatWasNotCached) {
    last_ = R"({"done":true,"done_reason":"stop","prompt_eval_count":12})";
    EXPECT_TRUE(complete(large())->warnings.empty());
    const auto notes = *read_file(std::filesystem::directory_iterator(folder_.path() / "notes")->path());
    EXPECT_NE(notes.find(R"("reads_in_full":"unknown")"), std::string::npos) << notes;
}

TEST_F(OllamaTest, GetsToolsInWordsForAModelThatTakesNone) {
    show_ = R"({"capabilities":["completion"]})";
    ChatRequest request = large();
    request.tools = {{"read", "Reads.", ""}};
    ASSERT_TRUE(complete(request));
    const std::string body = server_->requests().back().body;
    EXPECT_EQ(body.find(R"("tools":)"), std::string::npos);
    EXPECT_NE(body.find("<tools>"), std::string::npos);
    EXPECT_FALSE(model_->facts().native_tools);
}

TEST_F(OllamaTest, SaysWhichModelsItHas) {
    show_status_ = 404;
    chat_status_ = 404;
    chat_body_ = R"({"error":"model 'm' not found"})";
    const Error error = failure(large());
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.remedy, "it offers other:7b: choose one of these");
}

TEST_F(OllamaTest, ReportsAnErrorLine) {
    last_ = R"({"error":"model runner has unexpectedly stopped"})"
            "\n";
    const Error error = failure(large());
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_NE(error.message.find("unexpectedly stopped"), std::string::npos);
}

TEST_F(OllamaTest, IsForgottenWhenAnotherServerTookItsPlace) {
    ASSERT_TRUE(complete(large()));
    const std::string address = server_->url();
    // The same address cannot be had again for sure, so its notes are put where the other server is.
    ScriptedServer other([](const SeenRequest& request, const Peer& peer) {
        return request.target == "/v1/chat/completions" ? hi(peer) : peer.answer(404, "404 page not found");
    });
    const auto old = std::filesystem::directory_iterator(folder_.path() / "notes")->path();
    std::string notes = *read_file(old);
    notes.replace(notes.find(address), address.size(), other.url());
    std::filesystem::remove(old);
    ASSERT_TRUE(model_at(other.url())->complete(large(), {}, {}));  // makes its own notes, which are replaced now
    const auto file = std::filesystem::directory_iterator(folder_.path() / "notes")->path();
    ASSERT_TRUE(write_file_atomic(file, notes));
    model_ = model_at(other.url());
    EXPECT_EQ(complete()->text, "hi");
    EXPECT_EQ(other.requests().at(other.requests().size() - 2).target, "/api/chat");
}

TEST_F(OllamaTest, ThatDoesNotTellItsContextIsStillAsked) {
    for (const char* report : {"{}", "no json", R"({"model_info":{"general.architecture":7,"x":[]}})", "[]"}) {
        show_ = report;
        std::filesystem::remove_all(folder_.path() / "notes");
        model_ = model_at(server_->url());
        EXPECT_TRUE(complete(large())) << report;
        EXPECT_EQ(model_->facts().context, 0);
    }
}

// What would be at Ollama's own port, which a test must not take.
class FakeOllama final : public net::HttpClient {
public:
    Result<net::HttpResponse> send(const net::HttpRequest& request, const net::ResponseSink& sink,
                                   std::stop_token) override {
        asked.push_back(request.url);
        if (!running) return fail(ErrorCode::unavailable, "nothing answers at http://localhost:11434");
        net::HttpResponse response;
        response.status = 200;
        response.body = R"({"version":"0.15.5"})";
        if (!request.url.ends_with("/api/chat")) return response;
        EC_TRY(sink.on_head(response));
        EC_TRY(sink.on_body("{\"message\":{\"content\":\"hi\"},\"done\":true}\n"));
        return response;
    }
    bool running = true;
    std::vector<std::string> asked;
};

TEST(OllamasPort, IsLookedAtOnceAndThenAskedInItsOwnWay) {
    FakeOllama ollama;
    NoWait waiter;
    const ManualClock clock;
    OpenAiOptions options;
    options.address = *parse_model_address("http://localhost:11434#m");
    const auto model = make_openai_model(ollama, options, clock, waiter);
    EXPECT_EQ(model->complete(ask("hi"), {}, {})->text, "hi");
    EXPECT_EQ(model->complete(ask("hi"), {}, {})->text, "hi");
    const std::string root = "http://localhost:11434";
    EXPECT_EQ(ollama.asked, (std::vector<std::string>{root + "/api/version", root + "/api/show", root + "/api/chat",
                                                      root + "/api/chat"}));
}

TEST(OllamasPort, ComesWithTheCommandThatStartsIt) {
    FakeOllama ollama;
    ollama.running = false;
    NoWait waiter;
    const ManualClock clock;
    OpenAiOptions options;
    options.address = *parse_model_address("http://localhost:11434#m");
    const auto reply = make_openai_model(ollama, options, clock, waiter)->complete(ask("hi"), {}, {});
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::unavailable);
    EXPECT_EQ(reply.error().remedy, "start it with `ollama serve`, or use --model none");
    EXPECT_EQ(ollama.asked.size(), 1U);
}

TEST(OllamasPort, IsLookedAtAgainWhenSomethingAnswersThere) {
    FakeOllama ollama;
    NoWait waiter;
    const ManualClock clock;
    OpenAiOptions options;
    options.address = *parse_model_address("http://localhost:11434#m");
    const auto model = make_openai_model(ollama, options, clock, waiter);
    ollama.running = false;
    EXPECT_FALSE(model->complete(ask("hi"), {}, {}));
    ollama.running = true;
    EXPECT_TRUE(model->complete(ask("hi"), {}, {}));
    EXPECT_EQ(ollama.asked.back(), "http://localhost:11434/api/chat");
}

}  // namespace
}  // namespace ec::model
