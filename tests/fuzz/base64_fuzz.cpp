// Texts as both kinds of base64, and the same bytes written. What is read is exactly what would be written for it, so
// that one text stands for one sequence of bytes and one sequence of bytes for one text.
#include <ec/crypto/base64.hpp>
#include <string>

#include "fuzzing.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ec::crypto;
    using ec::fuzzing::require;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto bytes = from_base64(text)) require(base64(*bytes) == text);
    if (const auto bytes = from_base64url(text)) require(base64url(*bytes) == text);
    require(from_base64(base64(text)) == text);
    require(from_base64url(base64url(text)) == text);
    return 0;
}
