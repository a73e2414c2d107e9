#include "model_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ec/net/http_client.hpp>
#include <thread>

#include "config.hpp"
#include "data_dir.hpp"

namespace ec::apps {
namespace {

constexpr const char* kMachinePolicy = "/etc/edgecoder/models.toml";
constexpr std::size_t kWordsAThread = 6U << 20;  // 48 MiB, more than a core's share of caches
constexpr unsigned kMostThreads = 16;

std::string variable(const char* name, std::string_view fallback) {
    const char* value = std::getenv(name);
    std::string text(value != nullptr && *value != '\0' ? std::string_view(value) : fallback);
    while (text.ends_with('/')) text.pop_back();
    return text;
}

// Bytes a second that all cores together read; the best of three passes over memory that was written before.
double memory_bandwidth() {
    using Clock = std::chrono::steady_clock;
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, kMostThreads);
    std::vector<std::vector<std::uint64_t>> blocks(threads);
    for (auto& block : blocks) block.assign(kWordsAThread, 1);
    double best = 0;
    for (int pass = 0; pass < 3; ++pass) {
        std::vector<std::uint64_t> sums(threads);
        const auto begun = Clock::now();
        {
            std::vector<std::jthread> readers;
            for (unsigned i = 0; i < threads; ++i) {
                readers.emplace_back([&block = blocks[i], &sum = sums[i]] {
                    std::uint64_t total = 0;
                    for (const std::uint64_t word : block) total += word;
                    sum = total;
                });
            }
        }
        const double seconds = std::chrono::duration<double>(Clock::now() - begun).count();
        // The sums are looked at, so that the reading cannot be left out.
        if (sums.front() == kWordsAThread && seconds > 0) {
            best = std::max(best, static_cast<double>(threads) * kWordsAThread * sizeof(std::uint64_t) / seconds);
        }
    }
    return best;
}

}  // namespace

Result<model::ModelPolicy> effective_model_policy() {
    EC_ASSIGN(const model::ModelPolicy machine, model::read_model_policy(kMachinePolicy));
    const std::filesystem::path folder = config_dir();
    if (folder.empty()) return machine;
    EC_ASSIGN(const model::ModelPolicy personal, model::read_model_policy(folder / "config.toml", "models"));
    return machine.narrowed(personal);
}

model::SourceBases source_bases() {
    model::SourceBases bases;
    bases.hugging_face = variable("EDGECODER_HF_BASE", model::kHuggingFace);
    bases.ollama = variable("EDGECODER_OLLAMA_BASE", model::kOllama);
    // Nobody on the way may read it.
    const auto hub = net::Url::parse(bases.hugging_face);
    if (hub && (hub->scheme == "https" || hub->loopback())) bases.hugging_face_token = Secret(variable("HF_TOKEN", ""));
    return bases;
}

Result<model::Library> open_library(ModelPorts& ports) {
    model::LibraryOptions options;
    options.directory = ports.data_dir() / "models";
    EC_ASSIGN(options.policy, effective_model_policy());
    options.bases = source_bases();
    return model::Library(std::move(options), ports.http(), ports.waiter());
}

SpeedEstimate estimate_speed(const std::vector<model::LibraryEntry>& measured, double bytes_per_token) {
    if (bytes_per_token <= 0) return {};
    const model::LibraryEntry* nearest = nullptr;
    for (const model::LibraryEntry& entry : measured) {
        if (entry.speed.decode_per_second <= 0) continue;
        const auto distance = [&](const model::LibraryEntry& e) {
            const double size = static_cast<double>(e.manifest.size);
            return std::max(size, bytes_per_token) / std::max(1.0, std::min(size, bytes_per_token));
        };
        if (nearest == nullptr || distance(entry) < distance(*nearest)) nearest = &entry;
    }
    if (nearest != nullptr) {
        const double speed =
            nearest->speed.decode_per_second * static_cast<double>(nearest->manifest.size) / bytes_per_token;
        return {speed, fmt::format("scaled by size from {} as measured here", nearest->manifest.name)};
    }
    const double bandwidth = memory_bandwidth();
    return {bandwidth / bytes_per_token,
            fmt::format("at most: the memory here delivers {:.0f} GB/s, measured now", bandwidth / 1e9)};
}

}  // namespace ec::apps
