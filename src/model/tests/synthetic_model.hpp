// Models with random weights in the shape of real ones, with a real tokenizer and chat template: what they write is
// noise, while speed, memory, caches, grammars and cancelling are those of the real thing.
#pragma once

#include <cstdint>
#include <ec/core/result.hpp>
#include <filesystem>
#include <string_view>

namespace ec::model::testing {

/// Dimensions of a Qwen2 model. Widths are multiples of 32, the size of a quantised block.
struct Shape {
    std::uint32_t layers = 2;
    std::uint32_t width = 64;
    std::uint32_t feed_forward = 128;
    std::uint32_t heads = 4;
    std::uint32_t key_value_heads = 2;
    std::uint32_t context = 4096;
    /// The vocabulary is cut to its most frequent words, which loads in a tenth of the time; 0: all of it.
    std::uint32_t words = 0;
    /// With a cut vocabulary: the control tokens of Qwen2.5-Coder for gaps in a text are added.
    bool gaps = false;
};

/// "tiny" (2 MB, for unit tests), "tiny-coder" (the same with tokens for gaps), "qwen2.5-0.5b" or "qwen2.5-1.5b".
Result<Shape> shape(std::string_view name);

/// What the generator takes from elsewhere: a vocabulary-only GGUF and a Jinja chat template.
struct Ingredients {
    std::filesystem::path vocabulary;
    std::filesystem::path chat_template;
};
/// Those that the build unpacked.
Ingredients unpacked_ingredients();

/// Writes a GGUF: block weights Q4_0, the (tied) embedding Q8_0, norms F32. The same seed gives the same file.
Status write_synthetic_model(const std::filesystem::path& path, const Shape& shape, const Ingredients& ingredients,
                             std::uint64_t seed);

}  // namespace ec::model::testing
