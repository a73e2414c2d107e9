// A model behind a scripted server on loopback, with time that does not pass.
#pragma once

#include <gtest/gtest.h>

#include <ec/core/fs.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>
#include <ec/net/testing/scripted_server.hpp>
#include <string>
#include <vector>

namespace ec::model::testing {

using net::testing::Peer;
using net::testing::ScriptedServer;
using net::testing::SeenRequest;

class NoEgress final : public net::EgressSink {
public:
    Status record(const net::EgressEntry& entry) override {
        hosts.push_back(entry.host);
        return {};
    }
    std::vector<std::string> hosts;
};

class NoWait final : public Waiter {
public:
    bool wait(std::chrono::milliseconds time, std::stop_token stop) override {
        waits.push_back(time);
        if (meanwhile) meanwhile();
        return !stop.stop_requested();
    }
    std::vector<std::chrono::milliseconds> waits;
    std::function<void()> meanwhile;
};

/// One event of a stream, and an answer made of them.
inline bool event(const Peer& peer, const std::string& data) { return peer.chunk("data: " + data + "\n\n"); }
inline bool stream(const Peer& peer, const std::vector<std::string>& events) {
    bool sent = peer.begin(200, "text/event-stream");
    for (const std::string& data : events) sent = sent && event(peer, data);
    return sent && peer.chunk("");
}
inline std::string word(const std::string& text) {
    return R"({"choices":[{"index":0,"delta":{"content":")" + text + R"("}}]})";
}
inline const std::string kStop = R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})";
inline std::string usage(int prompt) {
    return R"({"choices":[],"usage":{"prompt_tokens":)" + std::to_string(prompt) + R"(,"completion_tokens":2}})";
}
inline bool hi(const Peer& peer) { return stream(peer, {word("hi"), kStop, usage(10), "[DONE]"}); }

inline ChatRequest ask(std::string text = "hello") {
    ChatRequest request;
    request.messages = {{Role::user, std::move(text), {}, {}}};
    return request;
}

class OpenAiFixture : public ::testing::Test {
protected:
    std::unique_ptr<ServedModel> model_at(const std::string& base_url, const std::string& key = "") {
        OpenAiOptions options;
        options.address = *parse_model_address(base_url + "#m");
        options.api_key = Secret(key);
        options.notes_dir = folder_.path() / "notes";
        return make_openai_model(*http_, std::move(options), clock_, waiter_);
    }
    void serve(ScriptedServer::Script script) { server_ = std::make_unique<ScriptedServer>(std::move(script)); }
    Result<ChatReply> complete(const ChatRequest& request = ask(), const OnDelta& on_delta = {}) {
        if (!model_) model_ = model_at(server_->url());
        return model_->complete(request, on_delta, {});
    }
    Error failure(const ChatRequest& request = ask()) {
        const auto reply = complete(request);
        return reply ? Error{ErrorCode::internal, "it did not fail", {}} : reply.error();
    }
    /// How many requests had this target.
    std::size_t asked(std::string_view target) {
        std::size_t count = 0;
        for (const SeenRequest& request : server_->requests()) count += request.target == target ? 1 : 0;
        return count;
    }

    TempDir folder_ = *TempDir::create();
    NoEgress egress_;
    NoWait waiter_;
    ManualClock clock_;
    std::unique_ptr<net::HttpClient> http_ = net::make_http_client(egress_, "test");
    std::unique_ptr<ScriptedServer> server_;
    std::unique_ptr<ServedModel> model_;
};

}  // namespace ec::model::testing
