// Which word a person meant who mistyped one.
#pragma once

#include <span>
#include <string_view>

namespace ec {

/// The one of `known` with the fewest letters changed, left out, added or swapped with their neighbour; empty when all
/// are too far away: more than one for a word of four letters, two up to eight, a third of longer ones. The first of
/// several as near. `word` may be hostile: beyond 32 bytes nothing is near.
std::string_view closest_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace ec
