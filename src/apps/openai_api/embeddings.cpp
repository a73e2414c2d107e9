#include "embeddings.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>

#include "decode.hpp"

namespace ec::apps::openai {

namespace {
constexpr std::size_t kMostInputs = 2048;  // as OpenAI's
}

Decoded<EmbeddingsAsk> decode_embeddings(std::string_view bytes) {
    return decode_body<EmbeddingsAsk>(bytes, [](Fields& body, EmbeddingsAsk& ask) {
        const json::Value* input = body.find("input");
        const json::Array* list = input == nullptr ? nullptr : input->if_array();
        if (list != nullptr && !list->empty() && (list->front().is_number() || list->front().is_array()))
            body.reject("input", "unsupported_value", "input must be text: tokens differ from model to model");
        ask.input = body.texts("input");
        if (ask.input.empty() || ask.input.size() > kMostInputs)
            body.reject("input", "missing_required_parameter", "input must be a string or an array of at most 2048");
        for (const std::string& text : ask.input) {
            if (text.empty()) body.reject("input", "invalid_value", "an empty text has no vector");
        }
        const std::string format = body.text("encoding_format", "float");
        ask.base64 = format == "base64";
        if (!ask.base64 && format != "float")
            body.reject("encoding_format", "invalid_value", "encoding_format is float or base64");
    });
}

std::string embeddings_body(std::string_view model, std::span<const std::vector<float>> vectors, bool as_base64,
                            std::size_t tokens) {
    json::Array data;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        json::Object entry{{"object", "embedding"}, {"index", i}};
        if (as_base64) {
            std::string bytes;
            for (const float number : vectors[i]) {
                const auto word = std::bit_cast<std::uint32_t>(number);
                for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xffU);
            }
            entry["embedding"] = base64(bytes);
        } else {
            json::Array numbers;
            numbers.reserve(vectors[i].size());
            for (const float number : vectors[i]) numbers.emplace_back(static_cast<double>(number));
            entry["embedding"] = std::move(numbers);
        }
        data.emplace_back(std::move(entry));
    }
    return json::write(json::Object{{"object", "list"},
                                    {"data", std::move(data)},
                                    {"model", model},
                                    {"usage", json::Object{{"prompt_tokens", tokens}, {"total_tokens", tokens}}}}) +
           "\n";
}

}  // namespace ec::apps::openai
