#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <ec/core/fenced.hpp>

namespace ec {

std::string fenced(std::string_view text, std::string_view language) {
    std::size_t longest = 2;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const std::string fence(longest + 1, '`');
    return fmt::format("{}{}\n{}{}{}", fence, language, text, text.empty() || text.ends_with('\n') ? "" : "\n", fence);
}

}  // namespace ec
