// Requests of OpenAI's clients: the first byte picks the API. Whatever went in is a value with known bounds or an error
// with a 4xx status and a sentence, every tool's result answers a call, and an answer to it is JSON again.
#include <set>
#include <string>
#include <string_view>

#include "fuzzing.hpp"
#include "openai_api/forms.hpp"
#include "openai_api/requests.hpp"

namespace {

using namespace ec::apps::openai;
using ec::fuzzing::require;

void check(const ApiError& error) {
    require(error.status >= 400 && error.status < 500 && !error.code.empty() && !error.message.empty());
    require(ec::json::parse(error_body(error)).has_value());
}

void check(const ec::model::Sampling& sampling) {
    require(sampling.temperature >= 0 && sampling.temperature <= 2 && sampling.top_p >= 0 && sampling.top_p <= 1);
    require(sampling.max_tokens >= 0 && sampling.stop.size() <= 16);
}

void check(const ChatAsk& ask) {
    require(!ask.request.messages.empty());
    check(ask.request.sampling);
    std::set<std::string> calls;
    for (const ec::model::Message& message : ask.request.messages) {
        for (const ec::model::ToolCall& call : message.calls) calls.insert(call.id);
        require(message.role != ec::model::Role::tool || calls.contains(message.call_id));
    }
    ec::model::ChatReply reply;
    reply.text = ask.request.messages.back().text;
    require(ec::json::parse(make_responses_form({"1", 1, ask.model}, ask.echo)->whole(reply)).has_value());
}

template <class T>
void check_text(const Decoded<T>& decoded) {
    if (!decoded) return check(decoded.error());
    check(decoded->request.sampling);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0 || size > 65536) return 0;
    const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0: {
            const auto chat = decode_chat(body);
            chat ? check(*chat) : check(chat.error());
            break;
        }
        case 1: {
            const auto responses = decode_responses(body);
            responses ? check(*responses) : check(responses.error());
            break;
        }
        case 2:
            check_text(decode_completions(body));
            break;
        case 3:
            check_text(decode_infill(body));
            break;
        default: {
            const auto embeddings = decode_embeddings(body);
            if (!embeddings) check(embeddings.error());
            if (embeddings) require(!embeddings->input.empty() && embeddings->input.size() <= 2048);
        }
    }
    return 0;
}
