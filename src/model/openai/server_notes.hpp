// What was found out about a model behind an address, and the small file that keeps it.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/model/openai.hpp>
#include <filesystem>
#include <optional>

#include "openai/request_body.hpp"

namespace ec::model {

enum class ServerKind { unknown, openai, ollama };

/// How gaps in a text are filled there: llama-server's /infill, Ollama's `suffix`, or a prompt in the words of the
/// model's family.
enum class FillWay { unknown, infill, suffix, words };

struct ServerNotes {
    ServerKind kind = ServerKind::unknown;
    std::int64_t context = 0;     ///< tokens; 0 unknown
    std::int64_t parameters = 0;  ///< 0 unknown
    std::optional<ToolDialect> dialect;
    std::optional<bool> reads_in_full;  ///< whether prompts reach the model whole, as far as was seen
    std::int64_t verified_tokens = 0;   ///< the largest prompt that was seen to arrive whole
    Refusals refusals;
    FillWay fills = FillWay::unknown;
    bool operator==(const ServerNotes&) const = default;
};

/// The notes of this address in `dir`; fresh ones when there are none that can be read, or `dir` is empty.
ServerNotes load_notes(const std::filesystem::path& dir, const ModelAddress& address);
/// Mode 0600, in a folder that is made when it is missing. Does nothing when `dir` is empty.
Status save_notes(const std::filesystem::path& dir, const ModelAddress& address, const ServerNotes& notes);

}  // namespace ec::model
