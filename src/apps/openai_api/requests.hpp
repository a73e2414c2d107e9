// What clients ask for, out of the bytes of a body. One function an API; each takes hostile bytes and gives a value or
// the error that the client gets. Unknown fields are ignored, and so are tools of a kind that we cannot offer to a
// model. Sampling that a request does not name is what model::Sampling says.
//
// Contracts: OpenAI's API reference for chat completions, responses, completions and embeddings; llama.cpp's server
// README for /infill.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/model/chat.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api_error.hpp"

namespace ec::apps::openai {

/// A conversation: POST /v1/chat/completions and /v1/responses.
struct ChatAsk {
    std::string model;  ///< empty: whatever is the default
    model::ChatRequest request;
    bool seeded = false;  ///< the request names its seed
    bool stream = false;
    bool include_usage = false;                   ///< of chat streams: a last chunk with the usage
    std::map<std::string, std::string> metadata;  ///< at most 16, as OpenAI allows
    json::Object echo;                            ///< of responses: what the answer repeats of its request
};
Decoded<ChatAsk> decode_chat(std::string_view body);
Decoded<ChatAsk> decode_responses(std::string_view body);

/// POST /v1/completions.
struct TextAsk {
    std::string model;
    model::TextRequest request;
    bool seeded = false;
    bool stream = false;
    bool include_usage = false;
    bool echo = false;  ///< the prompt stands before the answer
};
Decoded<TextAsk> decode_completions(std::string_view body);

/// POST /infill.
struct InfillAsk {
    std::string model;
    model::TextRequest request;  ///< sampling.max_tokens 0: only read the prompt, as a warm-up
    bool seeded = false;
    bool stream = false;
    std::optional<std::int64_t> indent;         ///< n_indent: spaces that every line of the answer begins with
    std::chrono::milliseconds predict_time{0};  ///< 0: as long as it takes
    std::vector<std::string> response_fields;   ///< "timings/prompt_n": only those, under these names
    bool names_neighbours = false;              ///< input_extra was there, even if empty
};
Decoded<InfillAsk> decode_infill(std::string_view body);

/// POST /v1/embeddings.
struct EmbeddingsAsk {
    std::string model;
    std::vector<std::string> input;
    bool base64 = false;  ///< vectors as little-endian floats in base64
};
Decoded<EmbeddingsAsk> decode_embeddings(std::string_view body);

}  // namespace ec::apps::openai
