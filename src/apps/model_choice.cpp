#include "model_choice.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ec/model/embedded.hpp>
#include <ec/model/openai.hpp>

#include "config.hpp"
#include "data_dir.hpp"
#include "kept_vectors.hpp"
#include "metered_model.hpp"
#include "model_library.hpp"
#include "review_stores.hpp"

namespace ec::apps {
namespace {

bool looks_like_a_file(const std::string& words) {
    return words.ends_with(".gguf") || words.starts_with('/') || words.starts_with("./") || words.starts_with("../");
}

/// A model that is not on this machine costs money as far as anybody knows: the daily cap holds for it.
Result<std::unique_ptr<model::ChatModel>> capped(std::unique_ptr<model::ChatModel> model) {
    if (model->facts().local) return model;
    EC_ASSIGN(const Config config, load_config());
    EC_ASSIGN(const agent::ReviewSettings review, load_review_settings());
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    return make_metered_model(std::move(model), std::move(queue), config.price, review.budget);
}

Result<std::unique_ptr<model::ChatModel>> embedded(const std::filesystem::path& file, const std::string& name,
                                                   ModelPorts& ports) {
    EC_TRY(check_can_chat(file, name));
    model::EmbeddedOptions options;
    options.file = file;
    options.name = name;
    options.cache_dir = ports.data_dir() / "models" / "prefixes";
    options.shared_socket = shared_inference();
    options.private_host = ports.private_host();
    return model::make_embedded_model(options);
}

// A file that was never in the library has no signature.
Status check_loose_file(const std::string& words) {
    EC_ASSIGN(const model::ModelPolicy policy, effective_model_policy());
    std::error_code error;
    const std::filesystem::path real = std::filesystem::weakly_canonical(words, error);
    if (!policy.require_signatures && policy.allows("file:" + real.string())) return {};
    return fail(ErrorCode::denied, fmt::format("the policy of this machine does not let {} be used as it is", words),
                "pull a model that the policy allows, such as the signed manifest your administrators publish");
}

Result<std::filesystem::path> library_file(const std::string& name, ModelPorts& ports) {
    EC_ASSIGN(const model::Library library, open_library(ports));
    return library.usable_file(name);
}

/// Which file it is, as far as its vectors go.
std::string identity_of(const std::filesystem::path& file) {
    std::error_code error;
    const auto size = std::filesystem::file_size(file, error);
    const auto time = std::filesystem::last_write_time(file, error).time_since_epoch().count();
    return fmt::format("{} {} {}", std::filesystem::weakly_canonical(file, error).string(), size, time);
}

}  // namespace

ModelPorts::ModelPorts(std::filesystem::path data_dir, net::FileEgressLedger ledger, std::string who)
    : data_dir_(std::move(data_dir)),
      ledger_(std::move(ledger)),
      http_(net::make_http_client(ledger_, std::move(who))) {}

Result<std::unique_ptr<ModelPorts>> ModelPorts::open(const std::filesystem::path& data_dir, std::string who) {
    if (data_dir.empty()) {
        return fail(ErrorCode::unavailable, "there is no place for the egress ledger, so no model can be asked",
                    "set EDGECODER_DATA_DIR or HOME");
    }
    EC_ASSIGN(net::FileEgressLedger ledger, net::FileEgressLedger::open(data_dir));
    return std::unique_ptr<ModelPorts>(new ModelPorts(data_dir, std::move(ledger), std::move(who)));
}

Result<std::unique_ptr<model::ServedModel>> serve_model(const std::string& words, ModelPorts& ports) {
    model::OpenAiOptions options;
    EC_ASSIGN(options.address, model::parse_model_address(words));
    if (const char* key = std::getenv("EDGECODER_API_KEY"); key != nullptr) options.api_key = Secret(key);
    if (!options.api_key.empty() && !options.address.local && options.address.base_url.starts_with("http://")) {
        return fail(ErrorCode::denied, "the key would go over the network in clear",
                    "use https, or unset EDGECODER_API_KEY");
    }
    options.notes_dir = ports.data_dir() / "models" / "notes";
    return model::make_openai_model(ports.http(), std::move(options), ports.clock(), ports.waiter());
}

Result<std::unique_ptr<model::ChatModel>> choose_model(const std::string& words, ModelPorts& ports) {
    if (words == "none") return nullptr;
    if (words.starts_with("http://") || words.starts_with("https://")) {
        EC_ASSIGN(auto served, serve_model(words, ports));
        return capped(std::move(served));
    }
    if (looks_like_a_file(words)) {
        EC_TRY(check_loose_file(words));
        return embedded(words, std::filesystem::path(words).stem().string(), ports);
    }
    const auto file = library_file(words, ports);
    if (file) return embedded(*file, words, ports);
    if (file.error().code != ErrorCode::not_found) return fail(file.error());
    return fail(ErrorCode::invalid_argument, file.error().message,
                file.error().remedy + "; or give a GGUF file, BASE_URL#MODEL, or none");
}

Result<std::unique_ptr<codeindex::Embedder>> configured_embedder(ModelPorts& ports, std::stop_token stop) {
    EC_ASSIGN(const Config config, load_config());
    if (config.embeddings.empty()) return nullptr;
    return open_embedder(config.embeddings, ports, std::move(stop));
}

Result<std::unique_ptr<codeindex::Embedder>> open_embedder(const std::string& words, ModelPorts& ports,
                                                           std::stop_token stop) {
    model::EmbeddedOptions options;
    if (looks_like_a_file(words)) {
        EC_TRY(check_loose_file(words));
        options.file = words;
    } else {
        EC_ASSIGN(options.file, library_file(words, ports));
        options.name = words;
    }
    options.shared_socket = shared_inference();
    options.private_host = ports.private_host();
    EC_ASSIGN(auto embedder, model::make_embedder(options, std::move(stop)));
    EC_ASSIGN(auto kept, KeptVectors::open(ports.data_dir() / "embeddings" / "vectors.db", identity_of(options.file),
                                           std::move(embedder)));
    return kept;
}

std::filesystem::path shared_inference() {
    const char* words = std::getenv("EDGECODER_SHARED_INFERENCE");
    if (words != nullptr && std::string_view(words) == "off") return {};
    return inference_socket().value_or(std::filesystem::path());
}

Status check_can_chat(const std::filesystem::path& file, const std::string& name) {
    // What is wrong with a file that cannot be read is said where it is loaded.
    const auto facts = model::read_model_file(file);
    if (!facts || !facts->embeds) return {};
    return fail(ErrorCode::invalid_argument, fmt::format("{} is an embedding model; it cannot chat", name),
                "edgecoder model use NAME --embeddings lets search use it; to chat choose another one: edgecoder model "
                "list shows the models here, with --catalogue those to pull");
}

Result<std::string> default_model() {
    if (const char* words = std::getenv("EDGECODER_MODEL"); words != nullptr && *words != '\0') return words;
    EC_ASSIGN(const Config config, load_config());
    return config.model;
}

}  // namespace ec::apps
