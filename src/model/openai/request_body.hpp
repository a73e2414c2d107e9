// A conversation in the words of OpenAI's chat completions and of Ollama's own protocol.
//
// Both bodies end with the messages, and nothing that changes from turn to turn stands before them: the body of a turn,
// without its end, begins the body of the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ec/model/chat.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace ec::model {

/// What a server was found not to take.
struct Refusals {
    bool tools = false;           ///< they are described in the system prompt instead, calls and answers are text
    bool max_tokens = false;      ///< it wants max_completion_tokens
    bool temperature = false;     ///< a model with fixed sampling; top_p goes too
    bool stream_options = false;  ///< no counts in a stream
    bool seed = false;
    bool stop = false;
    bool operator==(const Refusals&) const = default;
};

/// https://platform.openai.com/docs/api-reference/chat/create
std::string openai_body(const std::string& model, const ChatRequest& request, const Refusals& refusals);
/// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion; `num_ctx` in tokens.
std::string ollama_body(const std::string& model, const ChatRequest& request, const Refusals& refusals,
                        std::int64_t num_ctx);

/// https://platform.openai.com/docs/api-reference/completions/create; the prompt goes out as it stands.
std::string completion_body(const std::string& model, std::string_view prompt, const Sampling& sampling,
                            const Refusals& refusals);
/// llama-server's /infill, https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
std::string infill_body(const std::string& model, const TextRequest& request);
/// https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-completion; with a suffix the server's template
/// of the model fills the gap, without one the prompt goes in as it stands.
std::string generate_body(const std::string& model, std::string_view prompt, const std::optional<std::string>& suffix,
                          const Sampling& sampling, std::int64_t num_ctx);

/// The request with its tools described in the system prompt and its calls and their answers as text, in the form that
/// Hermes models were trained on: <tool_call>{"name":…,"arguments":…}</tool_call>.
ChatRequest with_tools_as_text(const ChatRequest& request);

/// Bytes that the model has to read: texts, calls and tools.
std::size_t prompt_bytes(const ChatRequest& request);
std::size_t prompt_bytes(const TextRequest& request);

}  // namespace ec::model
