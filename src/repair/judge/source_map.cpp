#include "judge/source_map.hpp"

#include <array>
#include <optional>

namespace ec::repair {
namespace {

constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::int64_t kLargest = 1LL << 31;

/// Takes one variable-length number off the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
    std::int64_t value = 0;
    for (int shift = 0; shift < 35 && !text.empty(); shift += 5) {
        const std::size_t digit = kDigits.find(text.front());
        if (digit == std::string_view::npos) return std::nullopt;
        text.remove_prefix(1);
        value += static_cast<std::int64_t>(digit & 31U) << shift;
        if ((digit & 32U) == 0) return (value & 1) != 0 ? -(value >> 1) : value >> 1;
    }
    return std::nullopt;
}

}  // namespace

std::vector<MapSegment> decode_mappings(std::string_view mappings) {
    std::vector<MapSegment> segments;
    int line = 0;
    std::int64_t column = 0;
    std::array<std::int64_t, 4> origin{};  // source, line, column, name: each relative to the one before
    while (!mappings.empty()) {
        if (mappings.front() == ';' || mappings.front() == ',') {
            if (mappings.front() == ';') {
                ++line;
                column = 0;
            }
            mappings.remove_prefix(1);
            continue;
        }
        const auto step = take_number(mappings);
        if (!step) return segments;
        column += *step;
        std::size_t field = 0;
        for (; field < origin.size() && !mappings.empty() && mappings.front() != ',' && mappings.front() != ';';
             ++field) {
            const auto delta = take_number(mappings);
            if (!delta) return segments;
            origin.at(field) += *delta;
            if (origin.at(field) < 0 || origin.at(field) > kLargest) return segments;
        }
        if (column < 0 || column > kLargest) return segments;
        if (field >= 3) segments.push_back({line, column, static_cast<int>(origin[0]), static_cast<int>(origin[1])});
    }
    return segments;
}

}  // namespace ec::repair
