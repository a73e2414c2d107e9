#include <algorithm>
#include <cstring>
#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>

#include "sodium_bytes.hpp"

namespace ec::crypto {

Result<Signature> Signature::parse(std::string_view hex) {
    Signature signature;
    if (from_hex(hex, signature.bytes_)) return signature;
    return fail(ErrorCode::invalid_argument, "an Ed25519 signature is 128 hexadecimal digits");
}

Result<Signature> Signature::from_bytes(std::string_view bytes) {
    if (bytes.size() != kBytes) return fail(ErrorCode::invalid_argument, "an Ed25519 signature is 64 bytes");
    Signature signature;
    std::memcpy(signature.bytes_.data(), bytes.data(), kBytes);
    return signature;
}

std::string Signature::hex() const { return to_hex(bytes_); }

Result<PublicKey> PublicKey::parse(std::string_view hex) {
    PublicKey key;
    if (from_hex(hex, key.bytes_)) return key;
    return fail(ErrorCode::invalid_argument, "an Ed25519 key is 64 hexadecimal digits");
}

Result<PublicKey> PublicKey::from_bytes(std::string_view bytes) {
    if (bytes.size() != kBytes) return fail(ErrorCode::invalid_argument, "an Ed25519 key is 32 bytes");
    PublicKey key;
    std::memcpy(key.bytes_.data(), bytes.data(), kBytes);
    return key;
}

std::string PublicKey::hex() const { return to_hex(bytes_); }

bool PublicKey::verifies(const Signature& signature, std::string_view message) const {
    return crypto_sign_verify_detached(signature.bytes_.data(), bytes_of(message), message.size(), bytes_.data()) == 0;
}

Result<SecretKey> SecretKey::generate() {
    if (sodium_init() < 0) return fail(ErrorCode::unavailable, "this machine gives no random numbers for a key");
    SecretKey key;
    PublicKey ignored;
    crypto_sign_keypair(ignored.bytes_.data(), key.bytes_.data());
    return key;
}

Result<SecretKey> SecretKey::parse(std::string_view hex) {
    std::array<std::uint8_t, 32> seed{};
    SecretKey key;
    PublicKey ignored;
    const bool whole = from_hex(hex, seed);
    if (whole) crypto_sign_seed_keypair(ignored.bytes_.data(), key.bytes_.data(), seed.data());
    sodium_memzero(seed.data(), seed.size());
    if (!whole) return fail(ErrorCode::invalid_argument, "a secret Ed25519 key is 64 hexadecimal digits");
    return key;
}

SecretKey::~SecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

PublicKey SecretKey::public_key() const {
    PublicKey key;
    std::copy_n(bytes_.begin() + 32, PublicKey::kBytes, key.bytes_.begin());
    return key;
}

Signature SecretKey::sign(std::string_view message) const {
    Signature signature;
    crypto_sign_detached(signature.bytes_.data(), nullptr, bytes_of(message), message.size(), bytes_.data());
    return signature;
}

std::string SecretKey::seed_hex() const { return to_hex(std::span(bytes_).first<32>()); }

}  // namespace ec::crypto
