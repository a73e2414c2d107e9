#include "openai/prompt_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace ec::model {
namespace {

constexpr std::int64_t kLeastContext = 8192;
constexpr std::int64_t kMostContext = std::int64_t{1} << 22;
constexpr std::int64_t kLeastCount = 256;
constexpr std::int64_t kSmallestLimit = 2048;

// Counts that are a server's limit rather than a prompt's size, give or take the token that begins it.
bool looks_like_a_limit(std::int64_t counted, std::int64_t limit) {
    for (const std::int64_t size : {counted, counted + 1, counted - 1}) {
        if (size >= kSmallestLimit && std::has_single_bit(static_cast<std::uint64_t>(size))) return true;
    }
    return limit > 0 && counted <= limit && counted >= limit - 1;
}

}  // namespace

std::int64_t estimated_tokens(std::size_t bytes) { return static_cast<std::int64_t>(bytes) * 2 / 7; }

std::int64_t least_tokens(std::size_t bytes) { return static_cast<std::int64_t>(bytes) / 6; }

std::int64_t wanted_context(std::size_t bytes, std::int64_t max_tokens, std::int64_t context) {
    const std::int64_t needed = std::min(kMostContext, (estimated_tokens(bytes) + max_tokens) * 5 / 4);
    const auto rounded =
        static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(std::max(needed, kLeastContext))));
    return context > 0 ? std::min(rounded, context) : rounded;
}

std::optional<std::string> cut_words(std::size_t bytes, std::int64_t counted, std::int64_t limit) {
    if (counted < kLeastCount) return std::nullopt;
    const std::int64_t estimate = estimated_tokens(bytes);
    const bool far_fewer = counted < least_tokens(bytes) / 2;
    const bool at_a_limit = looks_like_a_limit(counted, limit) && estimate > counted + counted / 10;
    if (!far_fewer && !at_a_limit) return std::nullopt;
    return fmt::format("the server read only {} of about {} tokens of the prompt", counted, estimate);
}

}  // namespace ec::model
