// The processes that run embedded models. Only edgecoder-inference links this, and llama.cpp with it. One of these
// functions is used once a process: llama.cpp's log and backends are global.
#pragma once

#include <chrono>
#include <cstdint>
#include <ec/core/fd.hpp>
#include <ec/core/result.hpp>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace ec::model {

/// Serves requests on a socket until the other side closes it, and returns the exit status of the process. The frames
/// are those of src/model/embedded/protocol.hpp.
int serve_embedded(UniqueFd socket);

struct SharedHostOptions {
    std::filesystem::path socket;   ///< made with its folder
    std::int64_t memory_bytes = 0;  ///< of all models together; 0: seven tenths of what is available now
    std::size_t clients = 32;
    /// Requests that wait may hold so much over all clients, and incomplete frames as much.
    std::size_t waiting_bytes = std::size_t{256} << 20;
    /// A client's hello, and the rest of a frame that it began, must come within.
    std::chrono::milliseconds owed = std::chrono::seconds(30);
    /// How long one client's pauses may hold up the requests of others, and how long one request may be held up by all.
    /// As much time without a pause gives a client its own back.
    std::chrono::milliseconds longest_pause = std::chrono::seconds(60);
    /// How often a client hears that its request still waits.
    std::chrono::milliseconds reminder = std::chrono::seconds(30);
    /// How long requests that are there may still take once it is stopped.
    std::chrono::milliseconds drain = std::chrono::seconds(30);
    /// A model that has had no client for so long is unloaded.
    std::chrono::milliseconds unused = std::chrono::minutes(15);
};

/// Serves this user's programs at a socket, the same models for all of them, until `stop`; then answers what was asked
/// and returns. `ready` is called when clients can come. `unavailable` when a host is there already.
Status serve_shared(const SharedHostOptions& options, const std::function<void()>& ready, std::stop_token stop);

}  // namespace ec::model
