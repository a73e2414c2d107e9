#include <algorithm>
#include <ec/crypto/sealed.hpp>

#include "sodium_bytes.hpp"

namespace ec::crypto {
namespace {

constexpr std::size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(SealKey::kOverhead == kNonce + kTag && SealKey::kBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(BoxPublicKey::kBytes == crypto_box_PUBLICKEYBYTES);

/// HMAC-SHA256 (RFC 2104) with a key of less than a block.
Sha256Digest hmac(std::string_view key, std::string_view bytes) {
    std::array<char, 64> pad{};
    const auto keyed = [&](char with, std::string_view text) {
        pad.fill(with);
        for (std::size_t i = 0; i < key.size(); ++i) pad[i] = static_cast<char>(pad[i] ^ key[i]);
        Sha256 hash;
        hash.update({pad.data(), pad.size()});
        hash.update(text);
        return hash.finish();
    };
    const Sha256Digest inner = keyed(0x36, bytes);
    const Sha256Digest outer = keyed(0x5c, inner.bytes());
    sodium_memzero(pad.data(), pad.size());
    return outer;
}

}  // namespace

SealKey SealKey::generate() {
    prepare_sodium();
    SealKey key;
    randombytes_buf(key.bytes_.data(), kBytes);
    return key;
}

Result<SealKey> SealKey::from_bytes(std::string_view bytes) {
    if (bytes.size() != kBytes) return fail(ErrorCode::corrupt, "a key for sealing is 32 bytes");
    prepare_sodium();
    SealKey key;
    std::ranges::copy(bytes, key.bytes_.begin());
    return key;
}

SealKey::~SealKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

std::string_view SealKey::reveal() const { return {bytes_.data(), bytes_.size()}; }

SealKey SealKey::derive(std::string_view label) const {
    Sha256Digest derived = hmac(reveal(), label);
    SealKey key;
    std::ranges::copy(derived.bytes(), key.bytes_.begin());
    sodium_memzero(&derived, sizeof derived);
    return key;
}

Sha256Digest SealKey::name_of(std::string_view bytes) const { return hmac(reveal(), bytes); }

std::string SealKey::seal(std::string_view plain, std::string_view context) const {
    std::string sealed(plain.size() + kOverhead, '\0');
    unsigned char* const nonce = bytes_of(sealed);
    randombytes_buf(nonce, kNonce);
    crypto_aead_xchacha20poly1305_ietf_encrypt(nonce + kNonce, nullptr, bytes_of(plain), plain.size(),
                                               bytes_of(context), context.size(), nullptr, nonce, bytes_of(reveal()));
    return sealed;
}

Result<std::string> SealKey::open(std::string_view sealed, std::string_view context) const {
    const auto refusal = [] { return fail(ErrorCode::denied, "this was not sealed with this key for this place"); };
    if (sealed.size() < kOverhead) return refusal();
    std::string plain(sealed.size() - kOverhead, '\0');
    const unsigned char* const nonce = bytes_of(sealed);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(bytes_of(plain), nullptr, nullptr, nonce + kNonce,
                                                   sealed.size() - kNonce, bytes_of(context), context.size(), nonce,
                                                   bytes_of(reveal())) != 0)
        return refusal();
    return plain;
}

Result<BoxPublicKey> BoxPublicKey::parse(std::string_view hex) {
    BoxPublicKey key;
    if (!from_hex(hex, key.bytes_)) return fail(ErrorCode::invalid_argument, "an X25519 key is 64 hexadecimal digits");
    prepare_sodium();
    // A point of small order makes a secret that everybody knows.
    std::array<std::uint8_t, crypto_scalarmult_BYTES> shared{};
    constexpr std::array<std::uint8_t, crypto_scalarmult_SCALARBYTES> kAny{1};
    if (crypto_scalarmult(shared.data(), kAny.data(), key.bytes_.data()) != 0)
        return fail(ErrorCode::invalid_argument, "this X25519 key is a weak one");
    return key;
}

Result<BoxPublicKey> BoxPublicKey::of(const PublicKey& key) {
    BoxPublicKey box;
    if (crypto_sign_ed25519_pk_to_curve25519(box.bytes_.data(), bytes_of(key.bytes())) != 0)
        return fail(ErrorCode::invalid_argument, "this Ed25519 key is a weak one, or none");
    return box;
}

std::string BoxPublicKey::hex() const { return to_hex(bytes_); }

std::string BoxPublicKey::seal(std::string_view plain) const {
    prepare_sodium();
    std::string sealed(plain.size() + crypto_box_SEALBYTES, '\0');
    if (crypto_box_seal(bytes_of(sealed), bytes_of(plain), plain.size(), bytes_.data()) != 0)
        throw std::logic_error("sealed to a key that was never read");
    return sealed;
}

BoxSecretKey BoxSecretKey::generate() {
    prepare_sodium();
    BoxSecretKey key;
    randombytes_buf(key.bytes_.data(), key.bytes_.size());
    return key;
}

Result<BoxSecretKey> BoxSecretKey::parse(std::string_view hex) {
    BoxSecretKey key;
    if (!from_hex(hex, key.bytes_))
        return fail(ErrorCode::invalid_argument, "a secret X25519 key is 64 hexadecimal digits");
    return key;
}

BoxSecretKey BoxSecretKey::of(const SecretKey& key) {
    BoxSecretKey box;
    crypto_sign_ed25519_sk_to_curve25519(box.bytes_.data(), key.bytes_.data());
    return box;
}

BoxSecretKey::~BoxSecretKey() { sodium_memzero(bytes_.data(), bytes_.size()); }

BoxPublicKey BoxSecretKey::public_key() const {
    prepare_sodium();
    BoxPublicKey key;
    crypto_scalarmult_base(key.bytes_.data(), bytes_.data());
    return key;
}

Result<std::string> BoxSecretKey::open(std::string_view sealed) const {
    const auto refusal = [] { return fail(ErrorCode::denied, "this was not sealed to this key"); };
    if (sealed.size() < crypto_box_SEALBYTES) return refusal();
    const BoxPublicKey own = public_key();
    std::string plain(sealed.size() - crypto_box_SEALBYTES, '\0');
    if (crypto_box_seal_open(bytes_of(plain), bytes_of(sealed), sealed.size(), own.bytes_.data(), bytes_.data()) != 0)
        return refusal();
    return plain;
}

std::string BoxSecretKey::hex() const { return to_hex(bytes_); }

}  // namespace ec::crypto
