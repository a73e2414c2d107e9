// A unified diff for people: coloured, with line numbers.
#pragma once

#include <string_view>
#include <vector>

#include "styled.hpp"

namespace ec::apps::session {

/// Rows of at most `width` columns. `+` and context lines carry their number in the new file, `-` lines the one in the
/// old. At most `most_rows` rows; a last one says how many lines of the diff are not shown. Text that is no diff is
/// shown as it is.
std::vector<Line> diff_rows(std::string_view patch, std::size_t width, std::size_t most_rows = 400);

}  // namespace ec::apps::session
