// Base64 (RFC 4648): the standard alphabet with padding, and the one for URLs without. Pure functions.
#pragma once

#include <ec/core/result.hpp>
#include <string>
#include <string_view>

namespace ec::crypto {

std::string base64(std::string_view bytes);
std::string base64url(std::string_view bytes);
/// Not for secrets: the time that reading takes may depend on the text. Exactly what base64() writes; `corrupt` for
/// anything else, also for bits that are not zero behind the last byte.
Result<std::string> from_base64(std::string_view text);
Result<std::string> from_base64url(std::string_view text);

}  // namespace ec::crypto
