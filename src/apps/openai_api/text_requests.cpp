#include <fmt/format.h>

#include "decode.hpp"
#include "requests.hpp"

namespace ec::apps::openai {
namespace {

constexpr std::size_t kMostExcerpts = 256;

std::string read_prompt(Fields& body) {
    const json::Value* prompt = body.find("prompt");
    if (prompt == nullptr) return {};
    if (prompt->is_string()) return std::string(prompt->get_string());
    const json::Array* list = prompt->if_array();
    if (list != nullptr && list->size() == 1 && list->front().is_string())
        return std::string(list->front().get_string());
    if (list != nullptr && !list->empty() && (list->front().is_number() || list->front().is_array()))
        body.reject("prompt", "unsupported_value", "prompt must be text: tokens differ from model to model");
    else if (list != nullptr && list->size() > 1)
        body.reject("prompt", "unsupported_value", "one prompt at a time here");
    else
        body.reject("prompt", "invalid_type", "prompt must be a string");
    return {};
}

std::vector<model::Excerpt> read_extra(Fields& body) {
    std::vector<model::Excerpt> excerpts;
    const json::Array* list = body.list("input_extra");
    if (list == nullptr) return excerpts;
    if (list->size() > kMostExcerpts) {
        body.reject("input_extra", "invalid_value", fmt::format("input_extra may have {} pieces", kMostExcerpts));
        return excerpts;
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
        const json::Object* object = object_in(*list, i, "input_extra", body.failure());
        if (object == nullptr) break;
        Fields piece(*object, fmt::format("input_extra[{}]", i), body.failure());
        excerpts.push_back({piece.text("filename"), piece.text("text")});
    }
    return excerpts;
}

}  // namespace

Decoded<TextAsk> decode_completions(std::string_view bytes) {
    return decode_body<TextAsk>(bytes, [](Fields& body, TextAsk& ask) {
        ask.request.prompt = read_prompt(body);
        if (body.find("suffix") != nullptr) ask.request.suffix = body.text("suffix");
        if (ask.request.prompt.empty() && ask.request.suffix.value_or("").empty())
            body.reject("prompt", "missing_required_parameter", "prompt must be a string");
        ask.stream = body.flag("stream");
        ask.echo = body.flag("echo");
        ask.request.sampling.max_tokens = 256;
        read_max_tokens(body, {"max_tokens"}, ask.request.sampling);
        ask.seeded = read_sampling(body, ask.request.sampling);
        for (const std::string_view key : {"n", "best_of"}) {
            if (body.integer(key, 1, 128).value_or(1) != 1)
                body.reject(key, "unsupported_value", fmt::format("{} must be 1 here", key));
        }
        if (const json::Object* options = body.object("stream_options"))
            ask.include_usage = Fields(*options, "stream_options", body.failure()).flag("include_usage");
    });
}

Decoded<InfillAsk> decode_infill(std::string_view bytes) {
    return decode_body<InfillAsk>(bytes, [](Fields& body, InfillAsk& ask) {
        // llama.cpp puts `prompt`, the part of the cursor's line before it, behind the prefix.
        ask.request.prompt = body.text("input_prefix") + read_prompt(body);
        ask.request.suffix = body.text("input_suffix");
        ask.request.path = body.text("filename");
        ask.names_neighbours = body.find("input_extra") != nullptr;
        ask.request.neighbours = read_extra(body);
        ask.stream = body.flag("stream");
        ask.request.sampling.max_tokens = 128;
        if (const auto most = body.integer("n_predict", -2, kMostTokens); most && *most >= 0)
            ask.request.sampling.max_tokens = static_cast<int>(*most);
        ask.seeded = read_sampling(body, ask.request.sampling);
        ask.indent = body.integer("n_indent", 0, 1024);
        // 0 and less mean no limit there.
        ask.predict_time = std::chrono::milliseconds(
            std::max<std::int64_t>(0, body.integer("t_max_predict_ms", -1, 3'600'000).value_or(0)));
        ask.response_fields = body.texts("response_fields");
    });
}

}  // namespace ec::apps::openai
