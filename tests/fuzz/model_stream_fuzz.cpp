// What a model's server may answer, through the model's own door: arbitrary bytes as a stream, a document or a refusal.
// The first byte picks how it is taken, the second how the rest is cut into pieces; the answer must not depend on that.
#include <algorithm>
#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/text.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>
#include <set>
#include <string>
#include <string_view>

#include "fuzzing.hpp"

namespace {

using namespace ec;
using ec::fuzzing::require;

// Answers everything with the same bytes; a completion in pieces.
class ScriptedClient final : public net::HttpClient {
public:
    ScriptedClient(int status, std::string_view bytes, std::size_t step)
        : status_(status), bytes_(bytes), step_(step) {}

    Result<net::HttpResponse> send(const net::HttpRequest&, const net::ResponseSink& sink, std::stop_token) override {
        net::HttpResponse response;
        response.status = status_;
        if (!sink.on_body) {
            response.body = bytes_;
            return response;
        }
        EC_TRY(sink.on_head(response));
        for (std::string_view rest = bytes_; !rest.empty(); rest.remove_prefix(std::min(step_, rest.size()))) {
            EC_TRY(sink.on_body(rest.substr(0, step_)));
            if (sink.satisfied()) break;
        }
        return response;
    }

private:
    int status_;
    std::string_view bytes_;
    std::size_t step_;
};

class NoWait final : public Waiter {
public:
    bool wait(std::chrono::milliseconds, std::stop_token) override { return true; }
};

Result<model::ChatReply> answer(int status, bool ollama, std::string_view bytes, std::size_t step) {
    ScriptedClient client(status, bytes, step);
    const ManualClock clock;
    NoWait waiter;
    model::OpenAiOptions options;
    options.address = *model::parse_model_address(ollama ? "http://localhost:11434#m" : "http://localhost:1#m");
    const auto served = model::make_openai_model(client, options, clock, waiter);
    model::ChatRequest request;
    request.messages = {{model::Role::assistant, "", {{"call_1", "f", {}}}, {}}};
    std::string streamed;
    const auto reply = served->complete(request, [&](const model::Delta& delta) { streamed += delta.text; }, {});
    if (reply) require(streamed.size() >= reply->thinking.size());
    return reply;
}

// As a text that goes on, or as what fills a gap: what was streamed begins the answer.
void go_on(int status, bool ollama, bool gap, std::string_view bytes, std::size_t step) {
    ScriptedClient client(status, bytes, step);
    const ManualClock clock;
    NoWait waiter;
    model::OpenAiOptions options;
    options.address =
        *model::parse_model_address(ollama ? "http://localhost:11434#starcoder2" : "http://localhost:1#starcoder2");
    const auto served = model::make_openai_model(client, options, clock, waiter);
    model::TextRequest request;
    request.prompt = "a";
    if (gap) request.suffix = "b";
    std::string streamed;
    const auto reply = served->complete_text(request,
                                             [&](const model::Delta& delta) {
                                                 if (delta.kind == model::Delta::Kind::text) streamed += delta.text;
                                             },
                                             {});
    if (reply) require(is_valid_utf8(reply->text) && reply->text.starts_with(streamed));
}

void check(const model::ChatReply& reply) {
    require(is_valid_utf8(reply.text) && is_valid_utf8(reply.thinking));
    std::set<std::string> ids{"call_1"};
    for (const model::ToolCall& call : reply.calls) {
        require(!call.name.empty() && ids.insert(call.id).second);
    }
    require((reply.finish == model::Finish::tool_calls) <= !reply.calls.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    const int status = data[0] % 4 == 3 ? 400 : 200;
    const bool ollama = data[0] % 2 == 1;
    go_on(status, ollama, data[0] % 8 < 4, bytes, 1U + data[1]);
    const auto whole = answer(status, ollama, bytes, bytes.size());
    const auto pieces = answer(status, ollama, bytes, 1U + data[1]);
    require(whole.has_value() == pieces.has_value());
    if (!whole) {
        require(whole.error().message == pieces.error().message && is_valid_utf8(whole.error().message));
        return 0;
    }
    check(*whole);
    require(whole->text == pieces->text && whole->thinking == pieces->thinking && whole->calls == pieces->calls);
    return 0;
}
