// Sealing: bytes that only the holder of a key can read or have written.
//
// A SealKey is symmetric (XChaCha20-Poly1305, RFC 8439 with the nonce of draft-irtf-cfrg-xchacha); a BoxKey pair is
// X25519, and sealing to its public half is libsodium's crypto_box_seal: anybody can seal, the sender stays unknown.
// Every sealed text carries its own random nonce. Values; any thread. Keys are wiped when they end.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <ec/crypto/sha256.hpp>
#include <ec/crypto/signing.hpp>
#include <string>
#include <string_view>

namespace ec::crypto {

class SealKey {
public:
    static constexpr std::size_t kBytes = 32;
    static constexpr std::size_t kOverhead = 40;  ///< nonce and tag: how much longer a sealed text is

    static SealKey generate();
    /// Exactly kBytes bytes; `corrupt` otherwise.
    static Result<SealKey> from_bytes(std::string_view bytes);
    SealKey(const SealKey&) = default;
    SealKey& operator=(const SealKey&) = default;
    SealKey(SealKey&&) noexcept = default;  ///< what is left behind is wiped when it ends
    SealKey& operator=(SealKey&&) noexcept = default;
    ~SealKey();

    /// A key for one purpose: HMAC-SHA256 of this one over `label`.
    [[nodiscard]] SealKey derive(std::string_view label) const;
    /// A name for `bytes` that tells nothing to whoever has not this key: HMAC-SHA256 (RFC 2104).
    [[nodiscard]] Sha256Digest name_of(std::string_view bytes) const;
    /// `context` is not in what comes out, and open() must be given the same.
    [[nodiscard]] std::string seal(std::string_view plain, std::string_view context) const;
    /// `denied` when it was not sealed with this key and context, or was changed since.
    [[nodiscard]] Result<std::string> open(std::string_view sealed, std::string_view context) const;
    /// For sealing it to somebody; kBytes bytes.
    [[nodiscard]] std::string_view reveal() const;

private:
    SealKey() = default;
    std::array<char, kBytes> bytes_{};
};

class BoxPublicKey {
public:
    static constexpr std::size_t kBytes = 32;
    static Result<BoxPublicKey> parse(std::string_view hex);
    /// The one whose secret half the owner of an Ed25519 key can make; `invalid_argument` for a weak key.
    static Result<BoxPublicKey> of(const PublicKey& key);
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] std::string seal(std::string_view plain) const;
    auto operator<=>(const BoxPublicKey&) const = default;

private:
    friend class BoxSecretKey;
    std::array<std::uint8_t, kBytes> bytes_{};
};

class BoxSecretKey {
public:
    static BoxSecretKey generate();
    /// 64 hexadecimal digits.
    static Result<BoxSecretKey> parse(std::string_view hex);
    /// The secret half that belongs to BoxPublicKey::of the same key.
    static BoxSecretKey of(const SecretKey& key);
    BoxSecretKey(const BoxSecretKey&) = default;
    BoxSecretKey& operator=(const BoxSecretKey&) = default;
    ~BoxSecretKey();

    [[nodiscard]] BoxPublicKey public_key() const;
    /// `denied` when it was sealed to somebody else, or was changed since.
    [[nodiscard]] Result<std::string> open(std::string_view sealed) const;
    [[nodiscard]] std::string hex() const;

private:
    BoxSecretKey() = default;
    std::array<std::uint8_t, 32> bytes_{};
};

}  // namespace ec::crypto
