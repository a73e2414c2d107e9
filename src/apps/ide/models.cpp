#include "models.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ec/core/closest_word.hpp>
#include <ec/model/embedded.hpp>
#include <ec/model/library.hpp>
#include <ec/model/openai.hpp>

#include "../config.hpp"
#include "../model_library.hpp"

namespace ec::apps::ide {
namespace {

constexpr std::size_t kLongestName = 512;

bool is_default(std::string_view asked) { return asked.empty() || asked == "auto" || asked == "default"; }

bool is_address(std::string_view words) { return words.starts_with("http://") || words.starts_with("https://"); }

/// How a model that is named by other words than a name of the library is offered.
Destination from_words(const std::string& words, std::string why) {
    Destination made{.id = words, .words = words, .local = true, .embeds = false, .why = std::move(why)};
    if (is_address(words)) {
        const auto address = model::parse_model_address(words);
        if (address) made.id = address->model;
        made.local = address && address->local;
    } else if (words.contains('/')) {
        made.id = std::filesystem::path(words).stem().string();
    }
    return made;
}

/// A name as the value of a header may hold it.
std::string header_text(std::string_view text) {
    std::string out;
    for (const char c : text) out += c < 0x20 || c > 0x7e || c == '"' || c == ';' || c == '\\' ? '?' : c;
    return out;
}

}  // namespace

std::string_view name(Purpose purpose) {
    switch (purpose) {
        case Purpose::fill:
            return "fill";
        case Purpose::embed:
            return "embed";
        case Purpose::chat:
            break;
    }
    return "chat";
}

std::string Destination::route() const {
    return fmt::format("{}; model={}; why=\"{}\"", local ? "local" : "remote", header_text(id), header_text(why));
}

Seat::Seat(Destination where, Purpose purpose, std::filesystem::path data_dir, std::shared_ptr<model::PrivateHost> host,
           Lane::Limits limits)
    : where_(std::move(where)),
      purpose_(purpose),
      data_dir_(std::move(data_dir)),
      host_(std::move(host)),
      lane_({.open = [this](const std::stop_token& stop) { return open(stop); }, .close = [this] { close(); }},
            limits) {}

Status Seat::open(const std::stop_token& stop) {
    EC_ASSIGN(ports_, ModelPorts::open(data_dir_, "ide"));
    ports_->use_private_host(host_);
    if (purpose_ == Purpose::embed) {
        EC_ASSIGN(embedder_, open_embedder(where_.words, *ports_, stop));
        return {};
    }
    EC_ASSIGN(model_, choose_model(where_.words, *ports_));
    return {};
}

void Seat::close() {
    embedder_ = nullptr;
    model_ = nullptr;
    ports_ = nullptr;
}

Models::Models(Settings settings, std::unique_ptr<ModelPorts> ports)
    : settings_(std::move(settings)), host_(model::make_private_host({})), ports_(std::move(ports)) {}

Result<std::unique_ptr<Models>> Models::open(Settings settings) {
    EC_ASSIGN(auto ports, ModelPorts::open(settings.data_dir, "ide"));
    return std::unique_ptr<Models>(new Models(std::move(settings), std::move(ports)));
}

bool Models::embeds(const std::filesystem::path& file) const {
    constexpr std::size_t kMost = 1024;
    std::error_code error;
    const std::string key = fmt::format("{} {} {}", file.string(), std::filesystem::file_size(file, error),
                                        std::filesystem::last_write_time(file, error).time_since_epoch().count());
    const std::scoped_lock lock(mutex_);
    if (const auto known = embeds_.find(key); known != embeds_.end()) return known->second;
    const auto facts = model::read_model_file(file);
    if (embeds_.size() >= kMost) embeds_.clear();
    return embeds_[key] = facts && facts->embeds;
}

// What cannot be read is not offered; `edgecoder model list` says why.
std::vector<Destination> Models::library() const {
    std::vector<Destination> found;
    const auto library = open_library(*ports_);
    if (!library) return found;
    const auto entries = library->list();
    if (!entries) return found;
    for (const model::LibraryEntry& entry : *entries) {
        if (!entry.trouble.empty()) continue;
        found.push_back({.id = entry.manifest.name,
                         .words = entry.manifest.name,
                         .local = true,
                         .embeds = embeds(entry.file),
                         .why = "named in the request, and in the library"});
    }
    return found;
}

std::vector<Destination> Models::list() const {
    std::vector<Destination> all = library();
    const auto add = [&](Destination made) {
        const auto same_words = [&](const Destination& other) { return other.words == made.words; };
        if (std::ranges::any_of(all, same_words)) return;
        const auto same_id = [&](const Destination& other) { return other.id == made.id; };
        if (std::ranges::any_of(all, same_id)) made.id = made.words;
        all.push_back(std::move(made));
    };
    const auto by_default = default_model();
    if (by_default && !by_default->empty() && *by_default != "none")
        add(from_words(*by_default, "named in the request, and the default model"));
    if (!settings_.fill.empty()) add(from_words(settings_.fill, "named in the request, and configured"));
    for (const std::string& words : settings_.configured)
        add(from_words(words, "named in the request, and configured"));
    return all;
}

openai::ApiError Models::unknown(std::string_view asked) const {
    std::vector<Destination> all = list();
    std::vector<std::string_view> names{kAgentModel};
    for (const Destination& each : all) names.push_back(each.id);
    const std::string_view close = closest_word(asked, names);
    std::string known;
    for (const std::string_view each : names) known += (known.empty() ? "" : ", ") + std::string(each);
    return {404, "model_not_found",
            close.empty() ? fmt::format("there is no model of this name here; there are {}", known)
                          : fmt::format("there is no model of this name here; did you mean {}?", close),
            "model"};
}

openai::Decoded<Destination> Models::find(std::string_view asked) const {
    if (asked.size() > kLongestName) return std::unexpected(unknown({}));
    if (asked == kAgentModel) {
        return std::unexpected(openai::ApiError{
            400, "unsupported_model", "edgecoder-agent answers /v1/chat/completions and /v1/responses only", "model"});
    }
    for (Destination& each : list()) {
        if (each.id == asked || each.words == asked) return std::move(each);
    }
    return std::unexpected(unknown(asked));
}

openai::Decoded<Destination> Models::chat(std::string_view asked) const {
    if (is_default(asked)) {
        const auto words = default_model();
        if (!words) return std::unexpected(openai::api_error(words.error()));
        if (words->empty() || *words == "none")
            return std::unexpected(openai::ApiError{
                503, "no_model", "there is no default model: edgecoder model use NAME sets one", "model"});
        return from_words(*words, asked.empty() ? "no model is named, so it is the default" : "the default model");
    }
    auto found = find(asked);
    if (found && found->embeds) {
        return std::unexpected(openai::ApiError{400, "unsupported_model",
                                                fmt::format("{} turns texts into vectors and does not chat", found->id),
                                                "model"});
    }
    return found;
}

openai::Decoded<Destination> Models::filler(std::string_view asked) const {
    if (is_default(asked) && !settings_.fill.empty()) return from_words(settings_.fill, "the model for gaps");
    auto found = chat(asked);
    if (!found || found->local || !is_default(asked)) return found;
    return std::unexpected(openai::ApiError{
        403, "remote_not_chosen",
        "the default model is on another machine, and a gap would go there with every key: name it in the request, or "
        "set fill in [service.ide] of config.toml",
        "model"});
}

openai::Decoded<Destination> Models::embedder(std::string_view asked) const {
    const auto config = load_config();
    if (!config) return std::unexpected(openai::api_error(config.error()));
    Destination configured = from_words(config->embeddings, "the configured embedding model");
    if (is_default(asked) || (!config->embeddings.empty() && (asked == configured.id || asked == configured.words))) {
        if (!config->embeddings.empty()) return configured;
        return std::unexpected(openai::ApiError{
            503, "no_model", "there is no embedding model: edgecoder model use NAME --embeddings sets one", "model"});
    }
    auto found = find(asked);
    if (found && !found->embeds) {
        return std::unexpected(openai::ApiError{400, "unsupported_model",
                                                fmt::format("{} turns no texts into vectors", found->id), "model"});
    }
    return found;
}

Seat& Models::seat(const Destination& where, Purpose purpose) {
    const std::scoped_lock lock(mutex_);
    std::unique_ptr<Seat>& seat = seats_[fmt::format("{} {}", name(purpose), where.words)];
    if (!seat) seat = std::make_unique<Seat>(where, purpose, settings_.data_dir, host_, settings_.limits);
    return *seat;
}

std::vector<Seat*> Models::seats() const {
    const std::scoped_lock lock(mutex_);
    std::vector<Seat*> all;
    for (const auto& [key, seat] : seats_) all.push_back(seat.get());
    return all;
}

}  // namespace ec::apps::ide
