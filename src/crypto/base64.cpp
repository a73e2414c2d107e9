#include <ec/crypto/base64.hpp>

#include "sodium_bytes.hpp"

namespace ec::crypto {
namespace {

// libsodium's does not look anything up in tables, so that the time it takes tells nothing of a secret.
std::string encode(std::string_view bytes, int variant) {
    const std::size_t with_nul = sodium_base64_encoded_len(bytes.size(), variant);
    std::string text(with_nul - 1, '\0');
    sodium_bin2base64(text.data(), with_nul, bytes_of(bytes), bytes.size(), variant);
    return text;
}

Result<std::string> decode(std::string_view text, int variant) {
    std::string bytes(text.size() / 4 * 3 + 3, '\0');
    std::size_t size = 0;
    // Without a place for the end of what could be read, anything left over is an error; so are bits behind the end.
    if (sodium_base642bin(bytes_of(bytes), bytes.size(), text.data(), text.size(), nullptr, &size, nullptr, variant) !=
        0)
        return fail(ErrorCode::corrupt, "this is no base64");
    bytes.resize(size);
    return bytes;
}

}  // namespace

std::string base64(std::string_view bytes) { return encode(bytes, sodium_base64_VARIANT_ORIGINAL); }

std::string base64url(std::string_view bytes) { return encode(bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING); }

Result<std::string> from_base64(std::string_view text) { return decode(text, sodium_base64_VARIANT_ORIGINAL); }

Result<std::string> from_base64url(std::string_view text) {
    return decode(text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

}  // namespace ec::crypto
