// What the fuzz programs and the tests over the same entries share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ec/core/rng.hpp>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ec::fuzzing {

/// A promise; libFuzzer and gtest both report the abort with its input.
inline void require(bool holds) {
    if (!holds) std::abort();
}

inline void feed(std::string_view bytes) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

/// Short texts that begin or end something in many formats.
inline constexpr std::string_view kAnyWords[] = {"[", "{", "<", "\"", "0", " "};

/// Flips, inserts, deletes, repeats: the mutations that break parsers.
inline std::string mutated(std::string text, Rng& rng, std::span<const std::string_view> words = kAnyWords) {
    for (std::uint64_t times = 1 + rng.below(6); times > 0 && !text.empty(); --times) {
        const std::size_t at = rng.below(text.size());
        switch (rng.below(6)) {
            case 0:
                text[at] = static_cast<char>(rng.below(256));
                break;
            case 1:
                text.insert(at, 1, static_cast<char>(rng.below(256)));
                break;
            case 2:
                text.erase(at, 1 + rng.below(40));
                break;
            case 3:
                text.insert(at, text.substr(rng.below(text.size()), rng.below(200)));
                break;
            case 4:
                text.insert(at, words[rng.below(words.size())]);
                break;
            default:
                text.insert(at, std::string(1 + rng.below(300), "[{<\"0 "[rng.below(6)]));
                break;
        }
    }
    return text;
}

/// Feeds the seeds as they are and `rounds` mutations of them. With EC_FUZZ_SEEDS=DIR the seeds are also left there,
/// for libFuzzer to begin with.
inline void feed_mutations(const std::vector<std::string>& seeds, int rounds, std::uint64_t seed) {
    const char* dir = std::getenv("EC_FUZZ_SEEDS");
    for (std::size_t i = 0; i < seeds.size(); ++i) {
        feed(seeds[i]);
        if (dir != nullptr) std::ofstream(std::string(dir) + "/seed" + std::to_string(i), std::ios::binary) << seeds[i];
    }
    Rng rng(seed);
    for (int round = 0; round < rounds; ++round) feed(mutated(seeds[rng.below(seeds.size())], rng));
}

}  // namespace ec::fuzzing
