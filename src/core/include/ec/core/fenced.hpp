// Text as a code block of Markdown, whatever stands in it.
#pragma once

#include <string>
#include <string_view>

namespace ec {

/// Between two fences that nothing in `text` can end: three backticks, or one more than any run in it. Ends without a
/// newline.
std::string fenced(std::string_view text, std::string_view language = {});

}  // namespace ec
