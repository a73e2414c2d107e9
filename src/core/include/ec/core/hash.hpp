// Non-cryptographic 128-bit content hash (XXH3): names of candidates and cache keys, never a security decision.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ec {

struct Hash128 {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    auto operator<=>(const Hash128&) const = default;
    [[nodiscard]] std::string hex() const;
};

Hash128 hash128(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace ec

template <>
struct std::hash<ec::Hash128> {
    std::size_t operator()(const ec::Hash128& value) const noexcept { return static_cast<std::size_t>(value.low); }
};
