// How many columns of a terminal a text takes: a table in the manner of wcwidth(3), the same on every machine.
#pragma once

#include <cstddef>
#include <string_view>

namespace ec::apps::session {

/// A code point and the bytes it came in. Bytes that are not UTF-8 come one at a time as U+FFFD.
struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 0;
};
/// The first code point of `text`, which must not be empty.
CodePoint first_code_point(std::string_view text);
/// Where the code point that ends at `end` begins; `end` must lie between 1 and text.size().
std::size_t previous_code_point(std::string_view text, std::size_t end);

/// Columns: 0 for combining marks and joiners, 2 for East Asian wide characters and emoji, else 1. Controls count 0.
int cell_width(char32_t code_point);
/// Sum over all code points.
std::size_t cell_width(std::string_view text);
/// The longest beginning of `text` that fits in `cells` columns, with the marks that belong to its last character.
std::string_view fitting_prefix(std::string_view text, std::size_t cells);

}  // namespace ec::apps::session
