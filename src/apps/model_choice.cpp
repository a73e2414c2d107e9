#include "model_choice.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <ec/model/embedded.hpp>
#include <ec/model/openai.hpp>

#include "config.hpp"
#include "metered_model.hpp"
#include "review_stores.hpp"

namespace ec::apps {
namespace {

bool looks_like_a_file(const std::string& words) {
    return words.ends_with(".gguf") || words.starts_with('/') || words.starts_with("./") || words.starts_with("../");
}

Result<std::unique_ptr<model::ChatModel>> served(const std::string& words, ModelPorts& ports) {
    model::OpenAiOptions options;
    EC_ASSIGN(options.address, model::parse_model_address(words));
    if (const char* key = std::getenv("EDGECODER_API_KEY"); key != nullptr) options.api_key = Secret(key);
    options.notes_dir = ports.data_dir() / "models" / "notes";
    const bool local = options.address.local;
    std::unique_ptr<model::ChatModel> model =
        model::make_openai_model(ports.http(), std::move(options), ports.clock(), ports.waiter());
    if (local) return model;
    EC_ASSIGN(const Config config, load_config());
    EC_ASSIGN(const agent::ReviewSettings review, load_review_settings());
    EC_ASSIGN(agent::ReviewQueue queue, open_review_queue());
    return make_metered_model(std::move(model), std::move(queue), config.price, review.budget);
}

Result<std::unique_ptr<model::ChatModel>> embedded(const std::filesystem::path& file, ModelPorts& ports) {
    model::EmbeddedOptions options;
    options.file = file;
    options.cache_dir = ports.data_dir() / "models" / "prefixes";
    return model::make_embedded_model(options);
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

Result<std::unique_ptr<model::ChatModel>> choose_model(const std::string& words, ModelPorts& ports) {
    if (words == "none") return nullptr;
    if (words.starts_with("http://") || words.starts_with("https://")) return served(words, ports);
    if (looks_like_a_file(words)) return embedded(words, ports);
    return fail(ErrorCode::invalid_argument, fmt::format("there is no model named {} here", words),
                "edgecoder model list shows those there are; or give a GGUF file, BASE_URL#MODEL, or none");
}

Result<std::string> default_model() {
    if (const char* words = std::getenv("EDGECODER_MODEL"); words != nullptr && *words != '\0') return words;
    EC_ASSIGN(const Config config, load_config());
    return config.model.empty() ? "none" : config.model;
}

}  // namespace ec::apps
