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
inline constexpr std::size_t kMostMessages = 10'000;
inline constexpr std::size_t kMostNeighbours = 4096;
/// JSON values in a frame to the host: one takes a few bytes there and a hundred once it is read.
inline constexpr std::size_t kMostValues = 250'000;

/// Raised whenever a frame changes: a host that is shared may have been started by another installation.
inline constexpr std::int64_t kProtocolVersion = 2;

// --- to the host ---
/// The first frame to a host that is shared; one that a client started itself needs none.
struct Hello {
    std::int64_t version = kProtocolVersion;
};
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
    bool operator==(const Load&) const = default;
};
struct Chat {
    std::int64_t id = 0;
    ChatRequest request;
    unsigned n = 1;
};
struct Text {
    std::int64_t id = 0;
    TextRequest request;
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
using ToHost = std::variant<Hello, Load, Chat, Text, Embed, Cancel, Pause, Resume>;

// --- from the host ---
/// To a Hello of the same version.
struct Welcome {
    std::int64_t version = kProtocolVersion;
};
struct Loaded {
    std::int64_t context = 0;
    std::int64_t parameters = 0;
    std::int64_t width = 0;  ///< of an embedding
    bool fills = false;      ///< gaps in a text
    std::vector<double> batch_cost;
    std::vector<std::string> warnings;
};
/// How far the prompt is read. A request that waits for others' is told so from time to time with a share of 0; id 0: a
/// load that waits.
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
using FromHost = std::variant<Welcome, Loaded, Progress, Chunk, Reply, Vectors, Done, Failed>;

std::string encode(const ToHost& message);
std::string encode(const FromHost& message);
Result<ToHost> decode_to_host(std::string_view frame);
Result<FromHost> decode_from_host(std::string_view frame);

}  // namespace ec::model::embedded
