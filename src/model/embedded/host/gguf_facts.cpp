#include "gguf_facts.hpp"

#include <fmt/format.h>
#include <gguf.h>
#include <llama.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ec/core/fs.hpp>
#include <ec/core/hash.hpp>
#include <ec/core/text.hpp>
#include <memory>
#include <optional>
#include <vector>

#include "llama_handles.hpp"

namespace ec::model::embedded {
namespace {

constexpr std::int64_t kLargestDefault = 32768;
constexpr std::int64_t kSmallestContext = 1024;
// Graph buffers, logits and the tokenizer; the first grows with the width of the model.
constexpr std::int64_t kFixedBytes = 160 << 20;
constexpr std::int64_t kBytesPerWidth = 96 << 10;
constexpr std::int64_t kMostParts = 1000;
// Beyond these llama.cpp ends the process (LLAMA_MAX_LAYERS), or figures would not fit into 63 bits.
constexpr std::int64_t kMostLayers = 512;
constexpr std::int64_t kMostHeads = 4096;
constexpr std::int64_t kWidestHead = 1 << 14;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 32;
constexpr std::uint64_t kMostBytes = 1ULL << 50;

using GgufHandle = std::unique_ptr<gguf_context, FreeWith<&gguf_free>>;

// gguf asserts the type of what is asked for, so it is looked at first.
std::optional<std::int64_t> whole(const gguf_context* gguf, std::int64_t key) {
    switch (gguf_get_kv_type(gguf, key)) {
        case GGUF_TYPE_UINT32:
            return gguf_get_val_u32(gguf, key);
        case GGUF_TYPE_INT32:
            return gguf_get_val_i32(gguf, key);
        case GGUF_TYPE_UINT16:
            return gguf_get_val_u16(gguf, key);
        case GGUF_TYPE_UINT64:
            return static_cast<std::int64_t>(std::min<std::uint64_t>(gguf_get_val_u64(gguf, key), 1ULL << 40));
        default:
            return std::nullopt;
    }
}

std::int64_t number(const gguf_context* gguf, const std::string& key, std::int64_t fallback) {
    const std::int64_t at = gguf_find_key(gguf, key.c_str());
    if (at < 0) return fallback;
    const std::int64_t value = whole(gguf, at).value_or(fallback);
    return value < 0 || value > (std::int64_t{1} << 40) ? fallback : value;
}

std::string text(const gguf_context* gguf, const char* key) {
    const std::int64_t at = gguf_find_key(gguf, key);
    if (at < 0 || gguf_get_kv_type(gguf, at) != GGUF_TYPE_STRING) return {};
    return gguf_get_val_str(gguf, at);
}

// Heads may differ from layer to layer; then the most of any are counted for all.
std::int64_t most_heads(const gguf_context* gguf, const std::string& key, std::int64_t fallback) {
    const std::int64_t at = gguf_find_key(gguf, key.c_str());
    if (at < 0) return fallback;
    if (gguf_get_kv_type(gguf, at) != GGUF_TYPE_ARRAY) return whole(gguf, at).value_or(fallback);
    const gguf_type type = gguf_get_arr_type(gguf, at);
    const std::size_t n = gguf_get_arr_n(gguf, at);
    if ((type != GGUF_TYPE_INT32 && type != GGUF_TYPE_UINT32) || n == 0) return fallback;
    const auto* heads = static_cast<const std::uint32_t*>(gguf_get_arr_data(gguf, at));
    return *std::max_element(heads, heads + n);
}

// Parts are named NAME-00001-of-00003.gguf; the first was given.
Result<std::uint64_t> size_of_parts(const std::filesystem::path& file, std::int64_t parts) {
    std::uint64_t total = 0;
    std::array<char, 4096> prefix{};
    std::array<char, 4200> part{};
    const bool split = parts > 1 && llama_split_prefix(prefix.data(), prefix.size(), file.c_str(), 0,
                                                       static_cast<std::int32_t>(parts)) > 0;
    for (std::int32_t i = 0; i < (split ? parts : 1); ++i) {
        std::filesystem::path path = file;
        if (split) {
            llama_split_path(part.data(), part.size(), prefix.data(), i, static_cast<std::int32_t>(parts));
            path = part.data();
        }
        std::error_code error;
        const std::uintmax_t bytes = std::filesystem::file_size(path, error);
        if (error) return fail(ErrorCode::not_found, "a part of the model is missing: " + path.string());
        if (bytes > kMostBytes - total) return fail(ErrorCode::corrupt, path.string() + " has an impossible size");
        total += bytes;
    }
    return total;
}

Status check_whole(const gguf_context* gguf, std::uint64_t bytes, const std::filesystem::path& file) {
    std::uint64_t end = gguf_get_data_offset(gguf);
    for (std::int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) {
        const std::uint64_t tensor = gguf_get_data_offset(gguf) + gguf_get_tensor_offset(gguf, i);
        const std::uint64_t size = gguf_get_tensor_size(gguf, i);
        if (tensor + size < tensor) return fail(ErrorCode::corrupt, file.string() + " has a tensor of impossible size");
        end = std::max(end, tensor + size);
    }
    if (end <= bytes) return {};
    return fail(ErrorCode::corrupt, fmt::format("{} is cut short: it holds {} of {} bytes", file.string(), bytes, end),
                "download the model again");
}

std::string identity_of(const gguf_context* gguf, std::uint64_t bytes, const std::filesystem::path& file) {
    std::string facts = fmt::format("{} {} {}", gguf_get_n_kv(gguf), gguf_get_n_tensors(gguf), bytes);
    for (std::int64_t i = 0; i < gguf_get_n_tensors(gguf); ++i) facts += gguf_get_tensor_name(gguf, i);
    std::error_code error;
    const auto changed = std::filesystem::last_write_time(file, error);
    if (!error) facts += std::to_string(changed.time_since_epoch().count());
    return hash128(facts).hex();
}

bool within(std::int64_t value, std::int64_t least, std::int64_t most) { return value >= least && value <= most; }

Result<std::int64_t> cache_per_token(const gguf_context* gguf, const GgufFacts& facts,
                                     const std::filesystem::path& file) {
    const std::string attention = facts.architecture + ".attention.";
    const std::int64_t heads = most_heads(gguf, attention + "head_count", 1);
    const std::int64_t kv_heads = most_heads(gguf, attention + "head_count_kv", heads);
    const std::int64_t head = facts.width / std::max<std::int64_t>(heads, 1);
    const std::int64_t key = number(gguf, attention + "key_length", std::min(head, kWidestHead));
    const std::int64_t value = number(gguf, attention + "value_length", std::min(head, kWidestHead));
    if (!within(heads, 0, kMostHeads) || !within(kv_heads, 0, kMostHeads) || key > kWidestHead || value > kWidestHead) {
        return fail(ErrorCode::corrupt, file.string() + " claims attention heads that no model has");
    }
    return facts.layers * kv_heads * (key + value) * 2;
}

std::string mib(std::int64_t bytes) { return fmt::format("{} MiB", (bytes + (1 << 20) - 1) >> 20); }

}  // namespace

Result<GgufFacts> read_gguf_facts(const std::filesystem::path& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return fail(ErrorCode::not_found, "there is no model file " + file.string());
    }
    const std::uint64_t own_bytes = std::filesystem::file_size(file, error);
    const GgufHandle gguf(gguf_init_from_file(file.c_str(), {true, nullptr}));
    if (!gguf) {
        const std::string why = take_complaint();
        return fail(ErrorCode::corrupt, file.string() + " is no GGUF file" + (why.empty() ? "" : ": " + why));
    }
    EC_TRY(check_whole(gguf.get(), own_bytes, file));
    GgufFacts facts;
    facts.architecture = text(gguf.get(), "general.architecture");
    const std::string& own = facts.architecture;
    if (own.empty()) return fail(ErrorCode::corrupt, file.string() + " does not say which architecture it has");
    const std::int64_t parts = number(gguf.get(), "split.count", 1);
    if (parts > kMostParts) return fail(ErrorCode::corrupt, file.string() + " claims to have too many parts");
    EC_ASSIGN(facts.bytes, size_of_parts(file, parts));
    facts.layers = number(gguf.get(), own + ".block_count", 0);
    facts.width = number(gguf.get(), own + ".embedding_length", 0);
    facts.context = number(gguf.get(), own + ".context_length", 0);
    if (!within(facts.layers, 1, kMostLayers) || !within(facts.width, 1, 1 << 20) ||
        !within(facts.context, 1, kMostTokens)) {
        return fail(ErrorCode::corrupt, file.string() + " does not say how large the model is, or is too large");
    }
    EC_ASSIGN(facts.cache_per_token, cache_per_token(gguf.get(), facts, file));
    facts.pools = number(gguf.get(), own + ".pooling_type", 0) != 0;
    facts.identity = identity_of(gguf.get(), facts.bytes, file);
    return facts;
}

namespace {

std::int64_t fixed_bytes(const GgufFacts& facts) {
    return kFixedBytes + facts.width * kBytesPerWidth + static_cast<std::int64_t>(facts.bytes);
}

std::int64_t token_bytes(const GgufFacts& facts, bool quantised_cache) {
    // Q8_0: 34 bytes for 32 numbers
    return std::max<std::int64_t>(1, quantised_cache ? facts.cache_per_token * 34 / 64 : facts.cache_per_token);
}

}  // namespace

std::int64_t memory_of(const GgufFacts& facts, std::int64_t context, bool quantised_cache) {
    return fixed_bytes(facts) + token_bytes(facts, quantised_cache) * context;
}

Result<Budget> plan_memory(const GgufFacts& facts, std::int64_t wanted, std::int64_t memory_bytes,
                           bool quantised_cache) {
    const std::int64_t fixed = fixed_bytes(facts);
    const std::int64_t token = token_bytes(facts, quantised_cache);
    const std::int64_t room = memory_bytes - fixed;
    const std::int64_t least = wanted > 0 ? wanted : std::min(kSmallestContext, facts.context);
    if (room < token * least) {
        return fail(
            ErrorCode::too_large,
            fmt::format("the model needs {} for its weights and buffers and {} for {} tokens of context, and {} "
                        "may be used",
                        mib(fixed), mib(token * least), least, mib(std::max<std::int64_t>(memory_bytes, 0))),
            "take a smaller or more quantised model, a smaller context, or close other programs");
    }
    const std::int64_t most = wanted > 0 ? wanted : std::min(facts.context, kLargestDefault);
    return Budget{std::min(most, room / token / 256 * 256 + (room / token < 256 ? room / token : 0))};
}

std::int64_t available_memory() {
    if (const auto info = read_file("/proc/meminfo", 1 << 16)) {
        for (const std::string_view line : split_lines(*info)) {
            if (!line.starts_with("MemAvailable:")) continue;
            const std::string_view digits = trim(line.substr(13));
            std::int64_t kib = 0;
            if (std::from_chars(digits.data(), digits.data() + digits.size(), kib).ec == std::errc()) return kib * 1024;
        }
    }
    return std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE) / 2;
}

}  // namespace ec::model::embedded
