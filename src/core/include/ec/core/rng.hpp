// Rng: a small deterministic generator (xoshiro256**, Blackman and Vigna 2018, seeded with SplitMix64). The same seed
// gives the same numbers on every machine. Not for secrets.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace ec {

class Rng {
public:
    explicit Rng(std::uint64_t seed) {
        for (auto& word : state_) {
            seed += 0x9e3779b97f4a7c15ULL;
            std::uint64_t z = seed;
            z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
            z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
            word = z ^ (z >> 31);
        }
    }

    std::uint64_t next() {
        const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
        const std::uint64_t t = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= t;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Uniform in [0, bound); bound must be positive. Lemire's multiply-shift, without bias.
    std::uint64_t below(std::uint64_t bound) {
        __extension__ typedef unsigned __int128 uint128;
        for (;;) {
            const uint128 product = static_cast<uint128>(next()) * bound;
            const auto low = static_cast<std::uint64_t>(product);
            if (low >= bound || low >= (0 - bound) % bound) return static_cast<std::uint64_t>(product >> 64);
        }
    }

private:
    std::array<std::uint64_t, 4> state_{};
};

}  // namespace ec
