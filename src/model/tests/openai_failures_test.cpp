// The model against servers that are busy, broken, hostile or not there.
#include "openai_fixture.hpp"

namespace ec::model {
namespace {

using namespace testing;
using namespace std::chrono_literals;

class OpenAiFailuresTest : public OpenAiFixture {};

TEST_F(OpenAiFailuresTest, NobodyListeningIsOneClearSentence) {
    std::uint16_t port = 0;
    {
        port = ScriptedServer({}).port();
    }
    const std::string url = "http://127.0.0.1:" + std::to_string(port);
    model_ = model_at(url);
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_EQ(error.message, "the model cannot be reached: nothing answers at " + url);
    EXPECT_NE(error.remedy.find("--model none"), std::string::npos);
    EXPECT_TRUE(waiter_.waits.empty());
}

TEST_F(OpenAiFailuresTest, ABusyServerIsAskedAgainWithJitter) {
    int left = 3;
    serve([&](const SeenRequest&, const Peer& peer) {
        return left-- > 0 ? peer.answer(left == 1 ? 429 : 503, "busy") : hi(peer);
    });
    ASSERT_TRUE(complete());
    ASSERT_EQ(waiter_.waits.size(), 3U);
    EXPECT_LE(waiter_.waits[0], 1000ms);
    EXPECT_LE(waiter_.waits[1], 2000ms);
    EXPECT_LE(waiter_.waits[2], 4000ms);
    EXPECT_GT(waiter_.waits[0] + waiter_.waits[1] + waiter_.waits[2], 0ms);
}

TEST_F(OpenAiFailuresTest, AServerThatStaysBusyIsGivenUp) {
    serve([](const SeenRequest&, const Peer& peer) { return peer.answer(503, R"({"error":{"message":"loading"}})"); });
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_EQ(error.message, server_->url("/v1") + " failed (HTTP 503): loading");
    EXPECT_EQ(server_->requests().size(), 4U);
}

TEST_F(OpenAiFailuresTest, AServerThatSaysHowLongIsWaitedFor) {
    int left = 1;
    const char* wish = "Retry-After: 7\r\n";
    serve([&](const SeenRequest&, const Peer& peer) { return left-- > 0 ? peer.answer(429, "", wish) : hi(peer); });
    ASSERT_TRUE(complete());
    ASSERT_EQ(waiter_.waits.size(), 1U);
    EXPECT_GE(waiter_.waits[0], 7s);
    EXPECT_LE(waiter_.waits[0], 8s);
    left = 4;
    wish = "Retry-After: 3600\r\n";  // longer than anybody waits
    EXPECT_EQ(failure().remedy, "it asks to be tried again in 3600 seconds");
    EXPECT_EQ(waiter_.waits.size(), 1U);
}

TEST_F(OpenAiFailuresTest, AConnectionThatBreaksBeforeTheAnswerIsTriedAgain) {
    int left = 2;
    serve([&](const SeenRequest&, const Peer& peer) {
        if (left-- > 0) {
            peer.reset();
            return false;
        }
        return hi(peer);
    });
    ASSERT_TRUE(complete());
    EXPECT_EQ(waiter_.waits.size(), 2U);
}

TEST_F(OpenAiFailuresTest, NothingIsTriedAgainOnceTextHasCome) {
    serve([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream") && event(peer, word("half"));
        return false;
    });
    std::string seen;
    const auto reply = complete(ask(), [&](const Delta& delta) { seen += delta.text; });
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().code, ErrorCode::io);
    EXPECT_EQ(seen, "half");
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenAiFailuresTest, AnErrorInTheStreamIsTriedAgainOnlyBeforeText) {
    bool text_first = false;
    serve([&](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream");
        if (text_first) event(peer, word("half"));
        return event(peer, R"({"error":{"code":503,"message":"out of memory"}})") && peer.chunk("");
    });
    EXPECT_EQ(failure().message, server_->url("/v1") + " failed (HTTP 503): out of memory");
    EXPECT_EQ(server_->requests().size(), 4U);
    text_first = true;
    EXPECT_EQ(failure().code, ErrorCode::unavailable);
    EXPECT_EQ(server_->requests().size(), 5U);
}

TEST_F(OpenAiFailuresTest, AMissingKeyIsAskedFor) {
    serve([](const SeenRequest&, const Peer& peer) { return peer.answer(401, R"({"error":{"message":"no key"}})"); });
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::denied);
    EXPECT_EQ(error.message, server_->url("/v1") + " refuses us (HTTP 401): no key");
    EXPECT_NE(error.remedy.find("EDGECODER_API_KEY"), std::string::npos);
}

TEST_F(OpenAiFailuresTest, AModelThatIsNotThereComesWithThoseThatAre) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/models") return peer.answer(200, R"({"data":[{"id":"a"},{"id":"b"},{"x":1},7]})");
        return peer.answer(404, R"({"error":{"message":"model not found"}})");
    });
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::not_found);
    EXPECT_EQ(error.message, server_->url("/v1") + " has no model m");
    EXPECT_EQ(error.remedy, "it offers a, b: choose one of these");
}

TEST_F(OpenAiFailuresTest, AServerThatDeniesTheModelItOffersIsTheOneAtFault) {
    serve([](const SeenRequest& request, const Peer& peer) {
        if (request.target == "/v1/models") return peer.answer(200, R"({"data":[{"id":"m"}]})");
        return peer.answer(404, R"({"error":{"message":"model not found"}})");
    });
    EXPECT_EQ(failure().code, ErrorCode::unavailable);
}

TEST_F(OpenAiFailuresTest, AServerOfAnotherKindIsNamed) {
    serve([](const SeenRequest&, const Peer& peer) { return peer.answer(404, "<html>nginx</html>"); });
    const Error error = failure();
    EXPECT_EQ(error.code, ErrorCode::unavailable);
    EXPECT_NE(error.message.find("<html>nginx</html>"), std::string::npos);
}

TEST_F(OpenAiFailuresTest, RefusalsHaveTheirMeaning) {
    struct Case {
        int status;
        const char* body;
        ErrorCode code;
    };
    Case now{};
    serve([&](const SeenRequest&, const Peer& peer) { return peer.answer(now.status, now.body); });
    for (const Case& one : {
             Case{400, R"({"error":{"message":"messages: field required"}})", ErrorCode::unavailable},
             Case{400, R"({"error":{"message":"the request exceeds the available context size"}})",
                  ErrorCode::unavailable},
             Case{400, R"({"error":{"message":"This model's maximum context length is 8192 tokens"}})",
                  ErrorCode::unavailable},
             Case{413, "", ErrorCode::unavailable},
             Case{402, "", ErrorCode::denied},
             Case{301, "", ErrorCode::unavailable},
             Case{501, "", ErrorCode::unavailable},
             Case{422, "\xff\xfe\x1b[31m", ErrorCode::unavailable},
         }) {
        now = one;
        const Error error = failure();
        EXPECT_EQ(error.code, one.code) << one.status << error.message;
        EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
    }
    EXPECT_TRUE(waiter_.waits.empty());
}

TEST_F(OpenAiFailuresTest, AnswersThatAreNoneAreTheServersFault) {
    std::string body;
    serve([&](const SeenRequest&, const Peer& peer) { return peer.answer(200, body); });
    for (const char* text : {"", "data: {broken\n\n", "data: 7\n\n", "data: [DONE", "{\"choices\":", "<html></html>",
                             "{}", "[]", R"({"choices":7})", R"({"choices":[{"message":"hi","finish_reason":"stop"}]})",
                             R"({"choices":[{"message":{"content":7},"finish_reason":"stop"}]})",
                             "data: {\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]\n\n"}) {
        body = text;
        EXPECT_EQ(failure().code, ErrorCode::unavailable) << text;
    }
}

TEST_F(OpenAiFailuresTest, ALineWithoutEndIsRefused) {
    serve([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream") && peer.chunk("data: ");
        const std::string piece(1 << 20, 'x');
        for (int i = 0; i < 64; ++i) {
            if (!peer.chunk(piece)) return false;
        }
        return peer.chunk("");
    });
    EXPECT_EQ(failure().code, ErrorCode::unavailable);
}

TEST_F(OpenAiFailuresTest, AModelThatNeverEndsIsCutOff) {
    serve([](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream");
        while (event(peer, word(std::string(1000, 'x')))) continue;
        return false;
    });
    ChatRequest request = ask();
    request.sampling.max_tokens = 100;
    const auto reply = complete(request);
    ASSERT_TRUE(reply) << reply.error().message;
    EXPECT_EQ(reply->finish, Finish::length);
    EXPECT_LT(reply->text.size(), 100'000U);
    ASSERT_EQ(reply->warnings.size(), 1U);
}

TEST_F(OpenAiFailuresTest, AServerThatOnlyShowsSignsOfLifeIsGivenUp) {
    serve([this](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream");
        while (peer.chunk(": ping\n\n")) clock_.advance(1min);
        return false;
    });
    EXPECT_EQ(failure().code, ErrorCode::unavailable);
}

TEST_F(OpenAiFailuresTest, AStopEndsTheAnswerAndTheWaiting) {
    std::stop_source stop;
    serve([&](const SeenRequest&, const Peer& peer) {
        peer.begin(200, "text/event-stream") && event(peer, word("half"));
        stop.request_stop();
        peer.wait_for_end();
        return false;
    });
    model_ = model_at(server_->url());
    EXPECT_EQ(model_->complete(ask(), {}, stop.get_token()).error().code, ErrorCode::cancelled);
    std::stop_source later;
    serve([&](const SeenRequest&, const Peer& peer) { return peer.answer(503, ""); });
    waiter_.meanwhile = [&] { later.request_stop(); };
    model_ = model_at(server_->url());
    EXPECT_EQ(model_->complete(ask(), {}, later.get_token()).error().code, ErrorCode::cancelled);
    EXPECT_EQ(server_->requests().size(), 1U);
}

TEST_F(OpenAiFailuresTest, NotesThatCannotBeWrittenDoNotMatter) {
    serve([](const SeenRequest& request, const Peer& peer) {
        return request.method == "GET" ? peer.answer(404, "") : hi(peer);
    });
    ASSERT_TRUE(write_file_atomic(folder_.path() / "notes", "a file where the folder should be"));
    EXPECT_TRUE(complete(ask(std::string(35'000, 'x'))));
}

}  // namespace
}  // namespace ec::model
