// Ed25519 signatures (RFC 8032): make a key, sign, verify.
//
// Keys are written as 64 hexadecimal digits, a secret key as that of its seed. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <ec/core/result.hpp>
#include <string>
#include <string_view>

namespace ec::crypto {

class Signature {
public:
    static constexpr std::size_t kBytes = 64;
    static Result<Signature> parse(std::string_view hex);
    /// Exactly kBytes bytes; `invalid_argument` otherwise. So PublicKey::from_bytes.
    static Result<Signature> from_bytes(std::string_view bytes);
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }

private:
    friend class PublicKey;
    friend class SecretKey;
    std::array<std::uint8_t, kBytes> bytes_{};
};

class PublicKey {
public:
    static constexpr std::size_t kBytes = 32;
    static Result<PublicKey> parse(std::string_view hex);
    static Result<PublicKey> from_bytes(std::string_view bytes);
    [[nodiscard]] std::string hex() const;
    [[nodiscard]] std::string_view bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), kBytes}; }
    /// Whether the owner of this key signed exactly `message`. Weak keys and malleable signatures are refused.
    [[nodiscard]] bool verifies(const Signature& signature, std::string_view message) const;
    auto operator<=>(const PublicKey&) const = default;

private:
    friend class SecretKey;
    std::array<std::uint8_t, kBytes> bytes_{};
};

/// Wiped when it ends.
class SecretKey {
public:
    static Result<SecretKey> generate();
    /// From the seed's hexadecimal digits, as seed_hex() gives them.
    static Result<SecretKey> parse(std::string_view hex);
    SecretKey(const SecretKey&) = default;
    SecretKey& operator=(const SecretKey&) = default;
    SecretKey(SecretKey&&) noexcept = default;  ///< what is left behind is wiped when it ends
    SecretKey& operator=(SecretKey&&) noexcept = default;
    ~SecretKey();

    [[nodiscard]] PublicKey public_key() const;
    [[nodiscard]] Signature sign(std::string_view message) const;
    [[nodiscard]] std::string seed_hex() const;

private:
    friend class BoxSecretKey;
    SecretKey() = default;
    std::array<std::uint8_t, 64> bytes_{};  ///< seed, then public key
};

}  // namespace ec::crypto
