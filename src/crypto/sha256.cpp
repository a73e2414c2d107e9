#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <ec/crypto/sha256.hpp>

#include "sha256_blocks.hpp"

namespace ec::crypto {
namespace {

int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

crypto_hash_sha256_state* state_in(std::array<std::uint8_t, 104>& bytes) {
    static_assert(sizeof(crypto_hash_sha256_state) <= 104 && alignof(crypto_hash_sha256_state) <= 8);
    return reinterpret_cast<crypto_hash_sha256_state*>(bytes.data());
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string hex;
    hex.reserve(2 * bytes.size());
    for (const std::uint8_t byte : bytes) {
        hex += "0123456789abcdef"[byte >> 4U];
        hex += "0123456789abcdef"[byte & 15U];
    }
    return hex;
}

bool from_hex(std::string_view hex, std::span<std::uint8_t> bytes) {
    if (hex.size() != 2 * bytes.size()) return false;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = digit(hex[2 * i]);
        const int low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return true;
}

Result<Sha256Digest> Sha256Digest::parse(std::string_view hex) {
    Sha256Digest digest;
    if (from_hex(hex, digest.bytes_)) return digest;
    return fail(ErrorCode::invalid_argument, "a SHA-256 is 64 hexadecimal digits");
}

Result<Sha256Digest> Sha256Digest::from_bytes(std::string_view bytes) {
    if (bytes.size() != kBytes) return fail(ErrorCode::invalid_argument, "a SHA-256 is 32 bytes");
    Sha256Digest digest;
    std::memcpy(digest.bytes_.data(), bytes.data(), kBytes);
    return digest;
}

std::string Sha256Digest::hex() const { return to_hex(bytes_); }

Sha256::Sha256() { crypto_hash_sha256_init(state_in(state_)); }

// libsodium's state is a public one: the words of the hash, the bits so far, and the block that is not full yet. Whole
// blocks are done here where the processor can, the rest there.
void Sha256::update(std::string_view bytes) {
    static const bool kFast = has_sha256_instructions();
    constexpr std::size_t kBlock = 64;
    crypto_hash_sha256_state* const state = state_in(state_);
    const auto take = [&](std::size_t size) {
        crypto_hash_sha256_update(state, reinterpret_cast<const unsigned char*>(bytes.data()), size);
        bytes.remove_prefix(size);
    };
    if (const std::size_t filled = state->count / 8 % kBlock; kFast && filled != 0)
        take(std::min(bytes.size(), kBlock - filled));
    if (const std::size_t blocks = bytes.size() / kBlock; kFast && blocks != 0) {
        compress_blocks(state->state, reinterpret_cast<const unsigned char*>(bytes.data()), blocks);
        state->count += blocks * kBlock * 8;
        bytes.remove_prefix(blocks * kBlock);
    }
    take(bytes.size());
}

Sha256Digest Sha256::finish() {
    std::array<std::uint8_t, Sha256Digest::kBytes> bytes{};
    crypto_hash_sha256_final(state_in(state_), bytes.data());
    crypto_hash_sha256_init(state_in(state_));
    return Sha256Digest(bytes);
}

Sha256Digest sha256(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

}  // namespace ec::crypto
