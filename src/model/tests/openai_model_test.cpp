// The model against a server that behaves, in all the ways that servers do.
#include "openai_fixture.hpp"

namespace ec::model {
namespace {

using namespace testing;

class OpenAiModelTest : public OpenAiFixture {};

TEST_F(OpenAiModelTest, AsksOnceForAHelloAndStreamsTheAnswer) {
    serve([](const SeenRequest&, const Peer& peer) {
        return stream(peer, {R"({"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]})", word("he"),
                             word("llo"), kStop, usage(10), "[DONE]"});
    });
    std::string seen;
    const auto reply = complete(ask("hi"), [&](const Delta& delta) {
        seen += delta.kind == Delta::Kind::text ? std::string(delta.text) + "|" : "?";
    });
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "hello");
    EXPECT_EQ(seen, "he|llo|");
    EXPECT_EQ(reply->usage.prompt_tokens, 10);
    EXPECT_TRUE(reply->warnings.empty());
    ASSERT_EQ(server_->requests().size(), 1U);
    EXPECT_EQ(server_->requests()[0].target, "/v1/chat/completions");
    EXPECT_FALSE(server_->requests()[0].has("Authorization"));
    EXPECT_TRUE(egress_.hosts.empty());
    EXPECT_TRUE(model_->facts().local);
    EXPECT_EQ(model_->facts().where, server_->url("/v1"));
    EXPECT_EQ(model_->facts().name, server_->url("/v1#m"));
}

TEST_F(OpenAiModelTest, KeepsTheConnection) {
    serve([](const SeenRequest&, const Peer& peer) { return hi(peer); });
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(complete());
    EXPECT_EQ(server_->connections(), 1U);
}

TEST_F(OpenAiModelTest, SendsTheKeyAndShowsItNowhere) {
    serve([](const SeenRequest& request, const Peer& peer) {
        EXPECT_TRUE(request.has("Authorization: Bearer hunter2\r\n"));
        return peer.answer(403, R"({"error":"hunter2 is no good key"})");
    });
    model_ = model_at(server_->url(), "hunter2");
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::denied);
    EXPECT_EQ((error.message + error.remedy).find("hunter2"), std::string::npos) << error.message;
    EXPECT_EQ(error.remedy, "check EDGECODER_API_KEY");
}

TEST_F(OpenAiModelTest, ReadsAServerThatDoesNotStream) {
    serve([](const SeenRequest&, const Peer& peer) {
        return peer.answer(200, R"( {"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}],)"
                                R"("usage":{"prompt_tokens":5}})");
    });
    const auto reply = complete();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "whole");
}

TEST_F(OpenAiModelTest, ReadsStreamsWithCommentsCrLfAndNoEndMark) {
    serve([](const SeenRequest&, const Peer& peer) {
        return peer.begin(200, "text/plain") &&
               peer.chunk("\n: OPENROUTER PROCESSING\r\n\r\ndata:" + word("a") + "\r\n\r\n") &&
               peer.chunk("event: x\r\nid: 1\r\ndata: " + kStop + "\r\n\r\n") && peer.chunk("");
    });
    const auto reply = complete();
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->text, "a");
    EXPECT_TRUE(reply->warnings.empty());
}

TEST_F(OpenAiModelTest, DoesNotWaitForAServerThatNeverEndsAfterTheEndMark) {
    serve([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream") && event(peer, word("a")) && event(peer, kStop) && event(peer, "[DONE]");
        peer.wait_for_end();
        return false;
    });
    const auto reply = complete();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->text, "a");
    EXPECT_TRUE(complete());
}

TEST_F(OpenAiModelTest, MendsTextThatIsNoUtf8) {
    serve([](const SeenRequest&, const Peer& peer) { return stream(peer, {word("caf\xe9"), kStop, "[DONE]"}); });
    EXPECT_EQ(complete()->text, "caf\xef\xbf\xbd");
}

TEST_F(OpenAiModelTest, LearnsWhatAServerDoesNotTakeAndRemembersIt) {
    serve([](const SeenRequest& request, const Peer& peer) {
        for (const char* word : {"stream_options", "max_tokens", "temperature"}) {
            if (request.body.find('"' + std::string(word) + '"') == std::string::npos) continue;
            return peer.answer(400, R"({"error":{"message":"Unsupported parameter: ')" + std::string(word) + R"('"}})");
        }
        return hi(peer);
    });
    ASSERT_TRUE(complete());
    EXPECT_EQ(server_->requests().size(), 4U);
    EXPECT_TRUE(waiter_.waits.empty());
    model_ = model_at(server_->url());
    ASSERT_TRUE(complete());
    EXPECT_EQ(server_->requests().size(), 5U);
}

TEST_F(OpenAiModelTest, LearnsNothingFromARefusalThatWasAboutSomethingElse) {
    serve([](const SeenRequest&, const Peer& peer) {
        return peer.answer(400, R"({"error":{"message":"max_tokens is too large, this model supports 100"}})");
    });
    EXPECT_EQ(failure().code, ErrorCode::unavailable);
    EXPECT_NE(server_->requests().at(1).body.find("max_completion_tokens"), std::string::npos);
    EXPECT_FALSE(complete());
    EXPECT_NE(server_->requests().at(2).body.find(R"("max_tokens":)"), std::string::npos);
}

TEST_F(OpenAiModelTest, TellsAModelAboutToolsInWordsWhereTheServerTakesNone) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.body.find(R"("tools":)") == std::string::npos) return hi(peer);
        return peer.answer(400, R"({"error":{"message":"registry.ollama.ai/library/m does not support tools"}})");
    });
    ChatRequest request = ask();
    request.tools = {{"read", "Reads.", ""}};
    ASSERT_TRUE(complete(request));
    EXPECT_NE(server_->requests().back().body.find("<tools>"), std::string::npos);
    EXPECT_FALSE(model_->facts().native_tools);
}

TEST_F(OpenAiModelTest, FindsOutHowAModelCallsToolsAndRemembersIt) {
    std::string text;
    serve([&](const SeenRequest& request, const Peer& peer) {
        EXPECT_NE(request.body.find("report_number"), std::string::npos);
        return stream(peer, {text, kStop, "[DONE]"});
    });
    const std::pair<std::string, ToolDialect> cases[] = {
        {R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"report_number","arguments":"{\"value\":7}"}}]}}]})",
         ToolDialect::native},
        {word(R"(<tool_call>{\"name\": \"report_number\", \"arguments\": {\"value\": 7}}</tool_call>)"),
         ToolDialect::hermes_tags},
        {word(R"(<tool_call><function=report_number><parameter=value>7</parameter></function>)"),
         ToolDialect::xml_function},
        {word(R"(```json\n{\"name\": \"report_number\"}\n```)"), ToolDialect::json_fence},
        {word("The number is 7."), ToolDialect::none},
    };
    for (const auto& [answer, dialect] : cases) {
        text = answer;
        model_ = model_at(server_->url());
        EXPECT_EQ(*model_->probe_dialect({}), dialect);
        EXPECT_EQ(model_at(server_->url())->facts().native_tools, dialect == ToolDialect::native);
    }
}

TEST_F(OpenAiModelTest, WarnsLoudlyWhenThePromptWasCut) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.method == "GET") return peer.answer(404, "");
        return stream(peer, {word("x"), kStop, usage(4096), "[DONE]"});
    });
    const auto reply = complete(ask(std::string(35'000, 'x')));
    ASSERT_TRUE(reply);
    ASSERT_EQ(reply->warnings.size(), 1U);
    EXPECT_TRUE(reply->warnings[0].starts_with("the server read only 4096 of about 10000 tokens of the prompt"))
        << reply->warnings[0];
}

TEST_F(OpenAiModelTest, RefusesAPromptThatCannotFit) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/models") return peer.answer(200, R"({"data":[{"id":"m","max_model_len":4096}]})");
        if (request.method == "GET") return peer.answer(404, "");
        return hi(peer);
    });
    EXPECT_EQ(failure(ask(std::string(50'000, 'x'))).code, ErrorCode::unavailable);
    EXPECT_EQ(asked("/v1/chat/completions"), 0U);
    EXPECT_EQ(model_->facts().context, 4096);
}

TEST_F(OpenAiModelTest, AsksAgainBeforeItRefusesWithARememberedContext) {
    int context = 4096;
    serve([&](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/models") {
            return peer.answer(200, R"({"data":[{"id":"m","max_model_len":)" + std::to_string(context) + "}]}");
        }
        return request.method == "GET" ? peer.answer(404, "")
                                       : stream(peer, {word("x"), kStop, usage(14'000), "[DONE]"});
    });
    ASSERT_TRUE(complete(ask(std::string(10'000, 'x'))));
    context = 65536;
    model_ = model_at(server_->url());
    EXPECT_EQ(model_->facts().context, 4096);
    EXPECT_TRUE(complete(ask(std::string(50'000, 'x'))));
    EXPECT_EQ(model_->facts().context, 65536);
}

std::string marker_in(const std::string& body) {
    const std::size_t at = body.find("The marker is ");
    return at == std::string::npos ? "" : body.substr(at + 14, 9);
}

TEST_F(OpenAiModelTest, AsksForAMarkerWhereTheServerDoesNotCount) {
    bool reads = true;
    serve([&](const SeenRequest& request, const Peer& peer) {
        if (request.method == "GET") return peer.answer(404, "");
        const std::string marker = marker_in(request.body);
        return stream(peer, {word(reads && !marker.empty() ? marker : "who knows"), kStop, "[DONE]"});
    });
    ASSERT_TRUE(complete(ask("small")));
    EXPECT_EQ(server_->requests().size(), 1U);  // nothing else is asked before or after a small prompt
    EXPECT_TRUE(complete(ask(std::string(35'000, 'x')))->warnings.empty());
    EXPECT_EQ(asked("/v1/chat/completions"), 3U);
    EXPECT_TRUE(complete(ask(std::string(35'000, 'x')))->warnings.empty());
    EXPECT_EQ(asked("/v1/chat/completions"), 4U);  // it is known now
    reads = false;
    const auto reply = complete(ask(std::string(70'000, 'x')));
    ASSERT_EQ(reply->warnings.size(), 1U);
    EXPECT_TRUE(reply->warnings[0].starts_with("the model cannot say what stood in the first line"))
        << reply->warnings[0];
    EXPECT_EQ(complete(ask(std::string(80'000, 'x')))->warnings.size(), 1U);
    EXPECT_EQ(asked("/v1/chat/completions"), 7U);  // said again without being tried again
}

TEST_F(OpenAiModelTest, ProbesAContextOnRequest) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/props") return peer.answer(200, R"({"default_generation_settings":{"n_ctx":16384}})");
        if (request.method == "GET") return peer.answer(404, "");
        return stream(peer, {word(marker_in(request.body)), kStop, usage(3000), "[DONE]"});
    });
    model_ = model_at(server_->url());
    const auto probe = model_->probe_context(3000, {});
    ASSERT_TRUE(probe) << probe.error().message;
    EXPECT_TRUE(probe->read_in_full());
    EXPECT_EQ(probe->counted_tokens, 3000);
    EXPECT_NEAR(static_cast<double>(probe->estimated_tokens), 3000, 100);
    EXPECT_EQ(probe->context, 16384);
}

TEST_F(OpenAiModelTest, AnswersSeveralTimesWithDifferentSeeds) {
    serve([](const SeenRequest&, const Peer& peer) { return hi(peer); });
    model_ = model_at(server_->url());
    EXPECT_EQ(model_->sample(ask(), 3, {}, {})->size(), 3U);
    const auto requests = server_->requests();
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NE(requests[i].body.find("\"seed\":" + std::to_string(i + 1)), std::string::npos);
    }
}

TEST_F(OpenAiModelTest, SaysThatAnUnencryptedServerElsewhereCanBeRead) {
    serve([](const SeenRequest&, const Peer& peer) { return hi(peer); });
    model_ = model_at("http://0.0.0.0:" + std::to_string(server_->port()), "key");
    const auto reply = complete();
    ASSERT_TRUE(reply) << reply.error().message;
    ASSERT_EQ(reply->warnings.size(), 1U);
    EXPECT_NE(reply->warnings[0].find("prompts and the key"), std::string::npos);
    EXPECT_FALSE(model_->facts().local);
    EXPECT_EQ(egress_.hosts, (std::vector<std::string>{"0.0.0.0", "0.0.0.0"}));
    EXPECT_TRUE(complete()->warnings.empty());
}

}  // namespace
}  // namespace ec::model
