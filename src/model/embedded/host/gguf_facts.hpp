// What a GGUF file says of itself, read without loading it, and what it will need.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string>

namespace ec::model::embedded {

struct GgufFacts {
    std::string architecture;
    std::uint64_t bytes = 0;  ///< of all parts
    std::int64_t layers = 0;
    std::int64_t width = 0;
    std::int64_t context = 0;          ///< that it was trained with
    std::int64_t cache_per_token = 0;  ///< bytes of keys and values in 16 bits, all layers counted as full attention
    bool pools = false;                ///< says how the vectors of tokens become one of a text
    std::string identity;              ///< differs between different models; names of cached prefixes begin with it
};

/// `not_found`, or `corrupt` for what is no GGUF, is cut short or lacks the dimensions of a model.
Result<GgufFacts> read_gguf_facts(const std::filesystem::path& file);

/// How a model is laid out in memory.
struct Budget {
    std::int64_t context = 0;  ///< tokens
};

/// Chooses a context that fits into `memory_bytes`: `wanted` (0: the model's own, at most 32768), less where it must
/// be, never below 1024 or what was asked for. `too_large` with the figures when that does not fit.
Result<Budget> plan_memory(const GgufFacts& facts, std::int64_t wanted, std::int64_t memory_bytes,
                           bool quantised_cache);

/// Bytes that a model with that context takes: weights, buffers, keys and values.
std::int64_t memory_of(const GgufFacts& facts, std::int64_t context, bool quantised_cache);

/// Bytes that programs can still take without pushing others out.
std::int64_t available_memory();

}  // namespace ec::model::embedded
