// Source maps (revision 3): where the pieces of a generated script come from.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ec::repair {

/// One piece of generated text that has a source. All numbers count from 0.
struct MapSegment {
    int line = 0;  ///< of the generated script
    std::int64_t column = 0;
    int source = 0;
    int source_line = 0;
};

/// The pieces of a map's "mappings", in their order; those before the first mistake when the text is not well formed.
std::vector<MapSegment> decode_mappings(std::string_view mappings);

}  // namespace ec::repair
