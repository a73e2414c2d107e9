// A model behind HTTP: any server that speaks OpenAI's chat completions (llama-server, LM Studio, vLLM, clouds), and
// Ollama by its own protocol, because only that lets us say how much of the prompt is read.
//
// What kind of server it is, how large its context is and how it writes tool calls is found out at most once and kept
// in a small file per address and model (mode 0600). Nothing is asked of a server for that before a small prompt,
// except on Ollama's own port.
//
// Threads as ChatModel; the HttpClient is used by one call at a time. The ports outlive the model. Errors as ChatModel
// says; `not_found` for a model that the server does not have, with those it has; `denied` for a refused key.
#pragma once

#include <cstdint>
#include <ec/core/clock.hpp>
#include <ec/core/secret.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/chat.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace ec::net {
class HttpClient;
}

namespace ec::model {

/// Where a model answers. Built by parse_model_address() only, so the URL is known to be one.
struct ModelAddress {
    std::string base_url;  ///< with the API's version and without a slash at its end: "http://localhost:11434/v1"
    std::string model;
    bool local = true;  ///< a loopback address
    std::uint16_t port = 0;

    /// As typed after --model.
    [[nodiscard]] std::string text() const { return base_url + "#" + model; }
    /// `base_url` without the version: where servers keep what is not OpenAI's.
    [[nodiscard]] std::string root() const;
};

/// BASE_URL#MODEL. "/v1" may be missing, and "/chat/completions" may be there. `invalid_argument` with what is wrong.
Result<ModelAddress> parse_model_address(std::string_view text);

/// How a model writes a call of a tool: parsed by its server, or as text that has to be found and repaired.
enum class ToolDialect { native, hermes_tags, json_fence, xml_function, none };
std::string_view name(ToolDialect dialect);

/// Whether a prompt of a given size reaches the model whole.
struct ContextProbe {
    std::int64_t estimated_tokens = 0;  ///< of the prompt that was sent
    std::int64_t counted_tokens = 0;    ///< as the server says; 0 when it does not
    bool front_was_read = false;        ///< the model could repeat the marker at the prompt's front
    std::int64_t context = 0;           ///< tokens the server says it has; 0 unknown
    [[nodiscard]] bool read_in_full() const { return front_was_read; }
};

struct OpenAiOptions {
    ModelAddress address;
    Secret api_key;                                         ///< empty: none is sent
    std::filesystem::path notes_dir;                        ///< empty: nothing is remembered
    std::chrono::milliseconds connect_timeout{1500};        ///< nobody listening is known within two seconds
    std::chrono::milliseconds first_byte_timeout{600'000};  ///< a large prompt on a slow machine takes minutes
    std::chrono::milliseconds idle_timeout{120'000};
    std::uint64_t seed = 1;  ///< of the jitter between tries
};

class ServedModel : public ChatModel {
public:
    /// Sends one prompt of about `tokens` tokens with a marker at its front and asks for it back. Costs a completion.
    virtual Result<ContextProbe> probe_context(std::int64_t tokens, std::stop_token stop) = 0;
    /// Has the model call a tool once and remembers how it did. Costs a completion.
    virtual Result<ToolDialect> probe_dialect(std::stop_token stop) = 0;
};

std::unique_ptr<ServedModel> make_openai_model(net::HttpClient& http, OpenAiOptions options, const Clock& clock,
                                               Waiter& waiter);

}  // namespace ec::model
