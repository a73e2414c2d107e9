// What an embedded model's client and its host say to each other: frames of a little-endian u32 byte count and one JSON
// document. Each side checks what the other says; neither trusts a number or a field it did not check.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/model/chat.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ec::model::embedded {

inline constexpr std::size_t kLargestFrame = 64U << 20;
inline constexpr unsigned kMostSamples = 256;
inline constexpr std::size_t kMostTexts = 4096;

// --- to the host ---
struct Load {
    std::string file;
    std::int64_t threads = 0;
    std::int64_t context = 0;
    std::int64_t memory_bytes = 0;
    std::int64_t gpu_layers = -1;
    bool quantised_cache = false;
    bool embeddings = false;
    std::string cache_dir;
    std::int64_t cache_bytes = 0;
};
struct Chat {
    std::int64_t id = 0;
    ChatRequest request;
    unsigned n = 1;
};
struct Embed {
    std::int64_t id = 0;
    std::vector<std::string> texts;
};
/// Ends the request of that number, which answers with Done or Failed{cancelled}; unknown numbers are ignored.
struct Cancel {
    std::int64_t id = 0;
};
struct Pause {};
struct Resume {};
using ToHost = std::variant<Load, Chat, Embed, Cancel, Pause, Resume>;

// --- from the host ---
struct Loaded {
    std::int64_t context = 0;
    std::int64_t parameters = 0;
    std::int64_t width = 0;  ///< of an embedding
    std::vector<double> batch_cost;
    std::vector<std::string> warnings;
};
struct Progress {
    std::int64_t id = 0;
    double share = 0;
};
struct Chunk {
    std::int64_t id = 0;
    bool thinking = false;
    std::string text;
};
/// Sample `index` of a request is complete.
struct Reply {
    std::int64_t id = 0;
    unsigned index = 0;
    ChatReply reply;
};
struct Vectors {
    std::int64_t id = 0;
    std::vector<std::vector<float>> vectors;
};
/// No more comes for that request.
struct Done {
    std::int64_t id = 0;
};
/// Id 0: the load, or a frame that could not be read.
struct Failed {
    std::int64_t id = 0;
    Error error;
};
using FromHost = std::variant<Loaded, Progress, Chunk, Reply, Vectors, Done, Failed>;

std::string encode(const ToHost& message);
std::string encode(const FromHost& message);
Result<ToHost> decode_to_host(std::string_view frame);
Result<FromHost> decode_from_host(std::string_view frame);

}  // namespace ec::model::embedded
