// The reason phrases of HTTP status codes, which problem documents show as titles too.
#pragma once

#include <string_view>

namespace ec {

/// "Not Found" for 404; of a status that nothing here answers with, that of its class.
std::string_view http_reason(int status);

}  // namespace ec
