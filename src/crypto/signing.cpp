#include <sodium.h>

#include <algorithm>
#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>

namespace ec::crypto {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

Result<Signature> Signature::parse(std::string_view hex) {
    Signature signature;
    if (from_hex(hex, signature.bytes_)) return signature;
    return fail(ErrorCode::invalid_argument, "an Ed25519 signature is 128 hexadecimal digits");
}

std::string Signature::hex() const { return to_hex(bytes_); }

Result<PublicKey> PublicKey::parse(std::string_view hex) {
    PublicKey key;
    if (from_hex(hex, key.bytes_)) return key;
    return fail(ErrorCode::invalid_argument, "an Ed25519 key is 64 hexadecimal digits");
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
