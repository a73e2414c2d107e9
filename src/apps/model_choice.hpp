// From the words after --model to a model: none, a name from the library, a GGUF file, or BASE_URL#MODEL.
#pragma once

#include <ec/codeindex/embedder.hpp>
#include <ec/core/clock.hpp>
#include <ec/core/result.hpp>
#include <ec/core/waiter.hpp>
#include <ec/model/chat.hpp>
#include <ec/model/embedded.hpp>
#include <ec/model/openai.hpp>
#include <ec/net/http_client.hpp>
#include <filesystem>
#include <memory>
#include <string>

namespace ec::apps {

/// What models stand on; outlives every model made from it.
class ModelPorts {
public:
    /// The ledger is opened at the first request that needs it, so that nothing of it is touched without one.
    static Result<std::unique_ptr<ModelPorts>> open(const std::filesystem::path& data_dir, std::string who);

    [[nodiscard]] net::HttpClient& http() { return *http_; }
    [[nodiscard]] const Clock& clock() const { return clock_; }
    [[nodiscard]] Waiter& waiter() { return waiter_; }
    [[nodiscard]] const std::filesystem::path& data_dir() const { return data_dir_; }
    /// The host that embedded models of these ports share with others of this program; null: each has its own.
    [[nodiscard]] const std::shared_ptr<model::PrivateHost>& private_host() const { return private_host_; }
    void use_private_host(std::shared_ptr<model::PrivateHost> host) { private_host_ = std::move(host); }

private:
    ModelPorts(std::filesystem::path data_dir, net::FileEgressLedger ledger, std::string who);
    std::filesystem::path data_dir_;
    net::FileEgressLedger ledger_;
    SystemClock clock_;
    SystemWaiter waiter_;
    std::unique_ptr<net::HttpClient> http_;
    std::shared_ptr<model::PrivateHost> private_host_;
};

/// A model behind HTTP, from BASE_URL#MODEL.
Result<std::unique_ptr<model::ServedModel>> serve_model(const std::string& words, ModelPorts& ports);

/// Null for "none". `invalid_argument` for words that name no model here, with what would.
Result<std::unique_ptr<model::ChatModel>> choose_model(const std::string& words, ModelPorts& ports);

/// What `embeddings` of [model] in the configuration names, with the vectors that it made before; null without one.
Result<std::unique_ptr<codeindex::Embedder>> configured_embedder(ModelPorts& ports, std::stop_token stop);

/// The embedder that a name of the library or a GGUF file is, with the vectors that it made before.
Result<std::unique_ptr<codeindex::Embedder>> open_embedder(const std::string& words, ModelPorts& ports,
                                                           std::stop_token stop);

/// Where embedded models look for the host that this user's programs share; empty with EDGECODER_SHARED_INFERENCE=off,
/// which keeps every model in a process of its own.
std::filesystem::path shared_inference();

/// `invalid_argument`, calling the model `name`, for a file that only turns texts into vectors. Reads its head.
Status check_can_chat(const std::filesystem::path& file, const std::string& name);

/// $EDGECODER_MODEL, else `default` of [model] in the configuration; empty where nobody has chosen one.
Result<std::string> default_model();

}  // namespace ec::apps
